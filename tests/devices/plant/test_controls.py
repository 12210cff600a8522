"""What a simulated device makes of what is written: enabling, timers, mirrors, heartbeat, own control."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from energy.devices.codec import encode
from energy.devices.plant.faults import FaultKind
from energy.domain import Point, Quality
from tests.devices.plant.maps import SG_READY, TWO_LIMITS
from tests.devices.plant.site import Bench, bench

LIMIT = Point.POWER_KW_MIN
SETPOINT = Point.POWER_KW_SETPOINT


@pytest.fixture
def inverter(tmp_path: Path) -> Bench:
    """SunSpec models 701 to 715: a limit with its enabling register, its timer and what it reverts to."""
    return bench(tmp_path / "site", "pv", "sunspec_inverter_7xx")


@pytest.fixture
def old_inverter(tmp_path: Path) -> Bench:
    """SunSpec model 123: a limit with its enabling register and its timer."""
    return bench(tmp_path / "site", "pv_free", "sunspec_inverter_1xx")


@pytest.fixture
def two_limits(tmp_path: Path) -> Bench:
    return bench(tmp_path / "site", "battery", "two_limits", own_map=TWO_LIMITS)


@pytest.fixture
def pump(tmp_path: Path) -> Bench:
    return bench(tmp_path / "site", "heat_pump", "sg_ready", own_map=SG_READY)


def limit(device: Bench, power_kw: float, *, lasts_s: float | None = None, falls_to_kw: float | None = None):
    """Write a limit as the driver does: timers first, then the value, then what puts it in force."""
    if lasts_s is not None:
        assert device.write_step("WMaxLimPctRvrtTms", lasts_s) == 0
    if falls_to_kw is not None:
        assert device.write_step("WMaxLimPctRvrt", falls_to_kw) == 0
    assert device.set(LIMIT, power_kw) == 0
    assert device.write_step("WMaxLimPctEna", 1) == 0


def test_a_value_waits_until_it_is_enabled(inverter: Bench) -> None:
    before_kw = inverter.power_kw
    assert before_kw < -100.0
    inverter.set(LIMIT, -100.0)
    inverter.wait(30)
    assert inverter.power_kw == pytest.approx(before_kw, rel=0.05)
    assert inverter.value(LIMIT) == -100.0
    inverter.write_step("WMaxLimPctEna", 1)
    inverter.wait(30)
    assert inverter.power_kw == pytest.approx(-100.0)


def test_what_is_disabled_is_in_force_no_more(inverter: Bench) -> None:
    limit(inverter, -100.0)
    inverter.wait(30)
    inverter.write_step("WMaxLimPctEna", 0)
    inverter.wait(30)
    assert inverter.power_kw < -200.0
    assert inverter.value(LIMIT) == -100.0


def test_a_timer_counts_down_and_starts_again_with_value_or_enabling(inverter: Bench) -> None:
    limit(inverter, -100.0, lasts_s=60.0, falls_to_kw=-600.0)
    assert inverter.value(Point.REVERSION_S) == 60.0
    inverter.wait(40)
    assert inverter.value(Point.REVERSION_S) == 20.0
    inverter.set(LIMIT, -150.0)
    assert inverter.value(Point.REVERSION_S) == 60.0
    inverter.wait(40)
    inverter.write_step("WMaxLimPctEna", 1)
    inverter.wait(40)
    assert inverter.value(LIMIT) == -150.0
    assert inverter.value(Point.REVERSION_S) == 20.0


def test_a_timer_that_ends_leads_to_what_was_set_up_for_that(inverter: Bench) -> None:
    limit(inverter, -100.0, lasts_s=60.0, falls_to_kw=-240.0)
    inverter.wait(65)
    assert inverter.value(LIMIT) == -240.0
    assert inverter.read(inverter.step("WMaxLimPctEna")) == [1]
    assert inverter.value(Point.REVERSION_S) == 0.0
    inverter.wait(30)
    assert inverter.power_kw == pytest.approx(-240.0)


def test_a_timer_that_ends_with_nothing_set_up_lifts_the_limit_and_disables(
    old_inverter: Bench,
) -> None:
    old_inverter.write_step("WMaxLimPct_RvrtTms", 60.0)
    old_inverter.set(LIMIT, -100.0)
    old_inverter.write_step("WMaxLim_Ena", 1)
    old_inverter.wait(55)
    assert old_inverter.power_kw == pytest.approx(-100.0)
    old_inverter.wait(35)
    assert old_inverter.read(old_inverter.step("WMaxLim_Ena")) == [0]
    assert old_inverter.field.world.shown("it")[LIMIT] == -2000.0
    assert old_inverter.power_kw < -200.0
    assert old_inverter.value(LIMIT) == -100.0


def test_the_written_time_counts_and_nought_is_no_timer(inverter: Bench) -> None:
    limit(inverter, -100.0, lasts_s=0.0)
    inverter.wait(3600)
    assert inverter.power_kw == pytest.approx(-100.0)
    assert inverter.value(Point.REVERSION_S) == 0.0


def test_a_new_time_counts_from_the_next_value_on(inverter: Bench) -> None:
    limit(inverter, -100.0, lasts_s=600.0)
    inverter.write_step("WMaxLimPctRvrtTms", 10.0)
    inverter.wait(60)
    assert inverter.value(LIMIT) == -100.0
    assert inverter.value(Point.REVERSION_S) == 540.0
    inverter.set(LIMIT, -100.0)
    assert inverter.value(Point.REVERSION_S) == 10.0


def test_the_stricter_of_value_and_mirror_holds(two_limits: Bench) -> None:
    two_limits.write_step("Mirror", -500.0)
    two_limits.set(SETPOINT, -800.0)
    assert two_limits.value(SETPOINT, readback=True) == -500.0
    two_limits.write_step("Mirror", -900.0)
    assert two_limits.value(SETPOINT, readback=True) == -800.0
    two_limits.wait(30)
    assert two_limits.power_kw == pytest.approx(-800.0)


def test_a_watchdog_with_a_heartbeat_is_fed_by_the_counter_alone(two_limits: Bench) -> None:
    counter = two_limits.content.heartbeat.written
    two_limits.write_step("Mirror", 500.0)
    for beat in range(1, 9):
        two_limits.set(SETPOINT, 500.0)
        two_limits.write(counter, [beat])
        two_limits.wait(60)
    assert two_limits.value(SETPOINT, readback=True) == 500.0
    for _ in range(3):
        two_limits.set(SETPOINT, 500.0)
        two_limits.write(counter, [8])
        two_limits.wait(50)
    assert two_limits.value(SETPOINT, readback=True) == 0.0


def test_a_device_shows_by_counting_that_it_lives(two_limits: Bench) -> None:
    counter = two_limits.content.heartbeat.shown
    before = two_limits.read(counter)
    two_limits.wait(30)
    assert two_limits.read(counter) == [(before[0] + 30) % 65535]
    two_limits.break_it(FaultKind.FROZEN)
    frozen = two_limits.read(counter)
    two_limits.wait(30)
    assert two_limits.read(counter) == frozen


def test_a_device_with_a_control_of_its_own_goes_back_to_it(pump: Bench) -> None:
    pump.wait(60)
    assert pump.power_kw == 800.0
    assert pump.set(SETPOINT, 0.0) == 0
    pump.wait(60)
    assert (pump.value(SETPOINT), pump.power_kw) == (0.0, 800.0)
    assert pump.write_step("SgReadyEnable", 1) == 0
    pump.wait(60)
    assert (pump.value(SETPOINT), pump.power_kw) == (0.0, 0.0)
    pump.wait(300)
    assert pump.read(pump.step("SgReadyEnable")) == [0]
    assert pump.power_kw == 800.0


def test_bit_fields_share_a_register(two_limits: Bench) -> None:
    assert two_limits.read(two_limits.point(Point.FAULT_FLAGS)) == [1 << 4]
    assert two_limits.value(Point.OPERATING_STATE) == 1.0
    two_limits.write_step("Mirror", 500.0)
    two_limits.set(SETPOINT, 500.0)
    two_limits.wait(30)
    assert two_limits.value(Point.OPERATING_STATE) == 2.0
    assert two_limits.value(Point.ENERGY_KWH) == pytest.approx(1000.0, abs=5.0)


def test_several_registers_are_written_at_once_or_none_of_them(two_limits: Bench) -> None:
    value, mirror = two_limits.point(SETPOINT), two_limits.step("Mirror")
    both = [*encode(value, 300.0), *encode(mirror, 300.0)]
    assert two_limits.write(value, both) == 0
    assert two_limits.value(SETPOINT, readback=True) == 300.0
    too_much = [*encode(value, 300.0), *encode(mirror, 400.0), 0]
    assert two_limits.write(value, too_much) == 2
    half = encode(value, 200.0)[:1]
    assert two_limits.write(value, half) == 2
    assert two_limits.value(SETPOINT, readback=True) == 300.0


def test_a_read_only_register_beside_a_writable_one_refuses(two_limits: Bench) -> None:
    assert two_limits.write(two_limits.step("Mirror"), [1, 2]) == 2


def test_a_restart_forgets_everything_that_was_written(inverter: Bench) -> None:
    limit(inverter, -100.0, lasts_s=600.0, falls_to_kw=-240.0)
    inverter.break_it(FaultKind.REBOOTED)
    inverter.wait(15)
    assert inverter.read(inverter.step("WMaxLimPctEna")) == [0]
    assert inverter.read(inverter.step("WMaxLimPctRvrtTms")) == [0, 0]
    assert inverter.value(LIMIT) == -2000.0
    assert inverter.field.world.shown("it")[LIMIT] == -600.0


def test_what_was_never_written_shows_what_the_device_does_by_itself(inverter: Bench) -> None:
    assert inverter.value(LIMIT) == -2000.0
    assert inverter.read(inverter.step("WMaxLimPctRvrtTms")) == [0, 0]


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    actions=st.lists(
        st.one_of(
            st.tuples(st.just("value"), st.integers(-2000, 0)),
            st.tuples(st.just("enable"), st.integers(0, 1)),
            st.tuples(st.just("timer"), st.integers(0, 120)),
            st.tuples(st.just("wait"), st.integers(1, 90)),
        ),
        max_size=12,
    )
)
def test_whatever_is_written_an_armed_limit_never_outlives_its_timer(
    inverter: Bench, actions: list[tuple[str, int]]
) -> None:
    inverter.break_it(FaultKind.REBOOTED)
    inverter.wait(10)
    steps = {"enable": "WMaxLimPctEna", "timer": "WMaxLimPctRvrtTms"}
    for kind, number in actions:
        if kind == "wait":
            left_s = inverter.value(Point.REVERSION_S)
            was_running = left_s is not None and left_s > 0.0
            inverter.wait(number)
            inverter.seen(inverter.point(LIMIT))  # a hold drops when somebody looks
            if was_running and number >= left_s:
                assert not inverter.field.world.holds["it"].is_commanded
        elif kind == "value":
            assert inverter.set(LIMIT, number) == 0
        else:
            assert inverter.write_step(steps[kind], number) == 0
        value, quality = inverter.seen(inverter.point(LIMIT))
        assert quality is Quality.GOOD
        assert -2000.0 <= value <= 0.0
