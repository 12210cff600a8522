"""A battery keeps its bounds and its books, however the step is cut."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from energy.physics.battery import BatteryState, step_battery
from energy.region.asset import DeviceAddress, Name
from energy.region.battery import Battery

powers = st.floats(-3000.0, 3000.0)
steps_s = st.floats(0.01, 7200.0)
ways = st.tuples(st.floats(0.1, 2000.0), steps_s)
energies = st.floats(200.0, 1800.0)


def battery(*, ramp_kw_per_s: float = 50.0) -> Battery:
    return Battery(
        id="bat",
        name=Name(de="Speicher", en="Battery"),
        device=DeviceAddress(profile="generic_battery", host="127.0.0.1"),
        kind="battery",
        energy_kwh_capacity=2000.0,
        energy_kwh_min=200.0,
        energy_kwh_max=1800.0,
        power_kw_charge_max=1000.0,
        power_kw_discharge_max=900.0,
        efficiency_charge=0.95,
        efficiency_discharge=0.9,
        wear_eur_per_kwh=0.02,
        ramp_kw_per_s=ramp_kw_per_s,
    )


@given(energies, st.lists(st.tuples(powers, steps_s), max_size=12))
@settings(deadline=None)
def test_energy_stays_in_its_bounds_and_power_within_the_rating(
    energy_kwh: float, orders: list[tuple[float, float]]
) -> None:
    asset, state = battery(), BatteryState(energy_kwh=energy_kwh)
    for wanted_kw, dt_s in orders:
        state = step_battery(asset, state, wanted_kw=wanted_kw, dt_s=dt_s)
        assert asset.energy_kwh_min <= state.energy_kwh <= asset.energy_kwh_max
        assert -900.0 <= state.power_kw <= 1000.0


@given(energies, st.lists(st.tuples(powers, steps_s), max_size=12))
@settings(deadline=None)
def test_energy_in_store_is_what_was_drawn_and_fed_in_less_losses(
    energy_kwh: float, orders: list[tuple[float, float]]
) -> None:
    asset, state = battery(), BatteryState(energy_kwh=energy_kwh)
    for wanted_kw, dt_s in orders:
        state = step_battery(asset, state, wanted_kw=wanted_kw, dt_s=dt_s)
    expected_kwh = energy_kwh + state.energy_kwh_drawn * 0.95 - state.energy_kwh_fed_in / 0.9
    assert state.energy_kwh == pytest.approx(expected_kwh, abs=1e-6)


@given(energies, st.floats(-900.0, 1000.0), powers, ways, st.floats(0.01, 0.99))
@settings(deadline=None)
def test_two_parts_of_a_step_end_where_the_whole_step_ends(
    energy_kwh: float, power_kw: float, wanted_kw: float, way: tuple[float, float], part: float
) -> None:
    ramp_kw_per_s, dt_s = way
    asset = battery(ramp_kw_per_s=ramp_kw_per_s)
    state = BatteryState(energy_kwh=energy_kwh, power_kw=power_kw)
    whole = step_battery(asset, state, wanted_kw=wanted_kw, dt_s=dt_s)
    first = step_battery(asset, state, wanted_kw=wanted_kw, dt_s=dt_s * part)
    both = step_battery(asset, first, wanted_kw=wanted_kw, dt_s=dt_s * (1.0 - part))
    assert both.energy_kwh == pytest.approx(whole.energy_kwh, abs=1e-6)
    assert both.energy_kwh_drawn == pytest.approx(whole.energy_kwh_drawn, abs=1e-6)
    assert both.energy_kwh_fed_in == pytest.approx(whole.energy_kwh_fed_in, abs=1e-6)


@given(energies, st.floats(0.0, 1000.0), st.floats(0.0, 3000.0), steps_s)
@settings(deadline=None)
def test_charging_never_feeds_in(energy_kwh: float, power_kw: float, wanted_kw: float, dt_s: float) -> None:
    state = BatteryState(energy_kwh=energy_kwh, power_kw=power_kw)
    after = step_battery(battery(), state, wanted_kw=wanted_kw, dt_s=dt_s)
    assert after.energy_kwh_fed_in == 0.0
    assert after.energy_kwh >= energy_kwh


def test_discharge_stops_at_energy_kwh_min() -> None:
    state = step_battery(battery(), BatteryState(energy_kwh=210.0), wanted_kw=-900.0, dt_s=900.0)
    assert state.energy_kwh == 200.0
    assert state.power_kw == 0.0
    assert state.energy_kwh_fed_in == pytest.approx(9.0)


def test_charging_an_hour_stores_the_efficiency_of_what_is_drawn() -> None:
    asset = battery(ramp_kw_per_s=1e6)
    state = step_battery(asset, BatteryState(energy_kwh=500.0), wanted_kw=1000.0, dt_s=3600.0)
    assert state.energy_kwh == pytest.approx(1450.0, abs=0.01)
    assert state.power_kw == 1000.0


def test_power_follows_the_ramp() -> None:
    state = step_battery(
        battery(ramp_kw_per_s=10.0), BatteryState(energy_kwh=500.0), wanted_kw=400.0, dt_s=5.0
    )
    assert state.power_kw == 50.0


def test_a_store_outside_its_band_only_moves_back() -> None:
    over = BatteryState(energy_kwh=1950.0)
    assert step_battery(battery(), over, wanted_kw=500.0, dt_s=60.0).energy_kwh == 1950.0
    assert step_battery(battery(), over, wanted_kw=-500.0, dt_s=60.0).energy_kwh < 1950.0


@pytest.mark.parametrize("wrong", [float("nan"), float("inf"), -float("inf")])
def test_a_setpoint_that_is_no_number_is_refused_not_clamped(wrong: float) -> None:
    with pytest.raises(ValueError, match="wanted_kw"):
        step_battery(battery(), BatteryState(energy_kwh=500.0), wanted_kw=wrong, dt_s=5.0)


def test_time_does_not_run_backwards() -> None:
    with pytest.raises(ValueError, match="dt_s"):
        step_battery(battery(), BatteryState(energy_kwh=500.0), wanted_kw=1.0, dt_s=-5.0)
