"""The gate: refuse what is no number, then ramp, then the hard limits last."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from energy.region.asset import DeviceAddress, Name
from energy.region.battery import Battery
from energy.safety import battery_bounds_kw, gate

BATTERY = Battery(
    id="b",
    kind="battery",
    name=Name(de="B", en="B"),
    device=DeviceAddress(profile="generic_battery", host="127.0.0.1"),
    energy_kwh_capacity=420.0,
    energy_kwh_min=20.0,
    energy_kwh_max=400.0,
    power_kw_charge_max=200.0,
    power_kw_discharge_max=150.0,
    efficiency_charge=0.9,
    efficiency_discharge=0.8,
    wear_eur_per_kwh=0.0,
    ramp_kw_per_s=10.0,
)


@pytest.mark.parametrize("wanted", [None, math.nan, math.inf, -math.inf])
def test_what_is_no_number_becomes_the_safe_state(wanted: float | None) -> None:
    gated = gate(wanted, bounds_kw=(-100.0, 100.0), held_kw=50.0, ramp_kw=10.0, safe_kw=0.0)
    assert gated.power_kw == 0.0
    assert gated.rule == "refused: not a number"


def test_a_limit_that_shrank_wins_over_the_ramp() -> None:
    gated = gate(90.0, bounds_kw=(-100.0, 20.0), held_kw=80.0, ramp_kw=10.0, safe_kw=0.0)
    assert (gated.power_kw, gated.rule) == (20.0, "hard limit")


def test_a_large_step_is_ramped() -> None:
    gated = gate(90.0, bounds_kw=(-100.0, 100.0), held_kw=0.0, ramp_kw=10.0, safe_kw=0.0)
    assert (gated.power_kw, gated.rule) == (10.0, "ramp")


@settings(deadline=None)
@given(
    wanted=st.floats(-1e6, 1e6),
    held=st.one_of(st.none(), st.floats(-500.0, 500.0)),
    low=st.floats(-300.0, 0.0),
    high=st.floats(0.0, 300.0),
    safe=st.floats(-500.0, 500.0),
)
def test_gating_twice_equals_gating_once(
    wanted: float, held: float | None, low: float, high: float, safe: float
) -> None:
    once = gate(wanted, bounds_kw=(low, high), held_kw=held, ramp_kw=25.0, safe_kw=safe)
    twice = gate(once.power_kw, bounds_kw=(low, high), held_kw=held, ramp_kw=25.0, safe_kw=safe)
    assert low <= once.power_kw <= high
    assert twice.power_kw == pytest.approx(once.power_kw)


@settings(deadline=None)
@given(energy=st.floats(-50.0, 500.0), horizon=st.floats(1.0, 3600.0))
def test_no_allowed_power_leaves_the_band_within_the_horizon(energy: float, horizon: float) -> None:
    bounds = battery_bounds_kw(BATTERY, energy, horizon_s=horizon)
    assert bounds is not None
    low, high = bounds
    hours = horizon / 3600.0
    after_discharge = energy + low * hours / BATTERY.efficiency_discharge
    after_charge = energy + high * hours * BATTERY.efficiency_charge
    assert low <= 0.0 <= high
    assert after_discharge >= min(energy, BATTERY.energy_kwh_min) - 1e-9
    assert after_charge <= max(energy, BATTERY.energy_kwh_max) + 1e-9


@pytest.mark.parametrize("energy", [None, math.nan, math.inf])
def test_an_unknown_store_allows_nothing(energy: float | None) -> None:
    assert battery_bounds_kw(BATTERY, energy, horizon_s=60.0) is None
