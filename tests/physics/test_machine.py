"""A machine keeps its range, its ramp and its minimum times, however the step is cut."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from energy.physics.chp import curve_of_chp
from energy.physics.electrolyser import curve_of_electrolyser
from energy.physics.heat_pump import curve_of_heat_pump
from energy.physics.machine import Curve, MachineState, advance, phase_of
from tests.physics.assets import chp, electrolyser, heat_pump

CHP = curve_of_chp(chp())
ELECTROLYSER = curve_of_electrolyser(electrolyser())
HOUR_S = 3600.0

wanted = st.floats(0.0, 1500.0)
steps_s = st.floats(0.5, 9000.0)
orders = st.lists(st.tuples(wanted, steps_s), min_size=1, max_size=10)


def run(
    curve: Curve, state: MachineState, wanted_kw: float, dt_s: float, *, blocked: bool = False
) -> MachineState:
    """Step a machine through all its phases."""
    left_s = dt_s
    while left_s > 0.0:
        phase = phase_of(curve, state, wanted_kw=wanted_kw, is_blocked=blocked)
        span_s = min(left_s, phase.lasts_s)
        state = advance(curve, phase, dt_s=span_s)
        left_s -= span_s
    return state


@given(orders)
@settings(deadline=None)
def test_it_runs_between_least_and_rated_or_stands(orders: list[tuple[float, float]]) -> None:
    state = MachineState()
    for wanted_kw, dt_s in orders:
        state = run(CHP, state, wanted_kw, dt_s)
        if state.is_running:
            assert 500.0 - 1e-6 <= state.level_kw <= 1000.0 + 1e-6
            assert state.standing_s == 0.0
        else:
            assert (state.level_kw, state.running_s) == (0.0, 0.0)


@given(orders, wanted, steps_s, st.floats(0.01, 0.99))
@settings(deadline=None)
def test_two_parts_of_a_step_end_where_the_whole_step_ends(
    before: list[tuple[float, float]], wanted_kw: float, dt_s: float, part: float
) -> None:
    state = MachineState()
    for order in before:
        state = run(CHP, state, *order)
    whole = run(CHP, state, wanted_kw, dt_s)
    both = run(CHP, run(CHP, state, wanted_kw, dt_s * part), wanted_kw, dt_s * (1.0 - part))
    assert both.starts == whole.starts
    for name in ("level_kw", "energy_kwh", "output_kwh", "fuel_kwh", "running_s", "standing_s"):
        assert getattr(both, name) == pytest.approx(getattr(whole, name), abs=1e-3), name


@given(st.lists(st.tuples(wanted, st.floats(10.0, 4000.0)), min_size=5, max_size=30))
@settings(deadline=None)
def test_it_keeps_its_minimum_times_whatever_it_is_told(orders: list[tuple[float, float]]) -> None:
    state, since_s, ran = MachineState(), 1e9, False
    for wanted_kw, dt_s in orders:
        for _ in range(int(dt_s // 10.0)):
            state = run(CHP, state, wanted_kw, 10.0)
            if state.is_running is ran:
                since_s += 10.0
                continue
            assert since_s >= (2.0 if ran else 1.0) * HOUR_S - 10.0
            ran, since_s = state.is_running, 0.0


def test_less_than_half_the_least_load_means_standing() -> None:
    assert not run(CHP, MachineState(), 249.0, 60.0).is_running
    state = run(CHP, MachineState(), 251.0, 60.0)
    assert (state.is_running, state.level_kw, state.starts) == (True, 500.0, 1)


def test_power_follows_the_ramp_from_the_least_load() -> None:
    state = run(CHP, MachineState(), 1000.0, 60.0)
    assert state.level_kw == 800.0
    assert state.energy_kwh == pytest.approx(650.0 / 60.0)


def test_an_hour_at_rated_power_burns_and_heats_what_the_sheet_says() -> None:
    running = run(CHP, MachineState(), 1000.0, 200.0)
    after = run(CHP, running, 1000.0, HOUR_S)
    assert after.energy_kwh - running.energy_kwh == pytest.approx(1000.0)
    assert after.output_kwh - running.output_kwh == pytest.approx(1600.0)
    assert after.fuel_kwh - running.fuel_kwh == pytest.approx(3000.0)


def test_a_stop_before_the_minimum_up_time_waits_at_the_least_load() -> None:
    state = run(CHP, run(CHP, MachineState(), 1000.0, HOUR_S), 0.0, 0.5 * HOUR_S)
    assert (state.is_running, state.level_kw) == (True, 500.0)
    state = run(CHP, state, 0.0, HOUR_S)
    assert not state.is_running
    assert state.standing_s == pytest.approx(0.5 * HOUR_S, abs=1e-3)


def test_protection_stops_it_at_once_and_keeps_it_standing() -> None:
    state = run(CHP, run(CHP, MachineState(), 1000.0, 60.0), 1000.0, 60.0, blocked=True)
    assert (state.is_running, state.standing_s, state.level_kw) == (False, 60.0, 0.0)
    assert run(CHP, state, 1000.0, HOUR_S, blocked=True).starts == 1


def test_an_electrolyser_draws_its_standby_while_it_stands() -> None:
    state = run(ELECTROLYSER, MachineState(level_kw=10.0), 10.0, HOUR_S)
    assert state.energy_kwh == pytest.approx(10.0)
    assert state.output_kwh == 0.0


def test_a_heat_pump_gives_more_heat_the_warmer_it_is() -> None:
    cold, mild, hot = (curve_of_heat_pump(heat_pump(), temperature_c=one) for one in (-15.0, 5.0, 40.0))
    assert (cold.output_kw_per_kw, mild.output_kw_per_kw, hot.output_kw_per_kw) == (1.5, 3.5, 5.0)


@pytest.mark.parametrize("wrong", [float("nan"), float("inf")])
def test_what_is_no_number_is_refused_not_clamped(wrong: float) -> None:
    with pytest.raises(ValueError, match="wanted_kw"):
        phase_of(CHP, MachineState(), wanted_kw=wrong, is_blocked=False)
    with pytest.raises(ValueError, match="temperature_c"):
        curve_of_heat_pump(heat_pump(), temperature_c=wrong)
