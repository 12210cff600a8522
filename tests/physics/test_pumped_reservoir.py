"""A reservoir's water is accounted for, and its own control keeps the fire-water reserve."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from energy.physics.carrier import CarrierState
from energy.physics.pumped_reservoir import first_pumped_reservoir, step_pumped_reservoir, waterworks_of
from energy.region.pumped_reservoir import PumpedReservoir
from tests.physics.assets import BASE

RESERVOIR = PumpedReservoir(
    **BASE,
    id="water",
    kind="pumped_reservoir",
    power_kw_rated=400.0,
    volume_m3_min=500.0,
    volume_m3_max=3000.0,
    pump_kwh_per_m3=0.5,
    ramp_kw_per_s=10.0,
)
WORKS = waterworks_of(RESERVOIR)
orders = st.lists(
    st.tuples(st.floats(0.0, 600.0), st.none() | st.floats(0.0, 500.0), st.floats(1.0, 7200.0)),
    min_size=1,
    max_size=12,
)


def run(state: CarrierState, order: tuple, part: float = 1.0) -> CarrierState:
    demand_kw, setpoint_kw, dt_s = order
    return step_pumped_reservoir(WORKS, state, demand_kw=demand_kw, setpoint_kw=setpoint_kw, dt_s=dt_s * part)


def volume_m3(state: CarrierState) -> float:
    return WORKS.volume_m3(state.energy_kwh)


@given(orders)
@settings(deadline=None)
def test_pumped_and_lacking_is_drawn_and_stored(orders: list) -> None:
    first = state = first_pumped_reservoir(WORKS, demand_kw=0.0)
    assert volume_m3(first) == pytest.approx(2250.0)
    for order in orders:
        state = run(state, order)
        assert -1e-6 <= volume_m3(state) <= 3000.0 + 1e-6
        pumped_kwh = state.machines[0].energy_kwh + state.energy_kwh_unserved
        used_kwh = state.energy_kwh_demanded + state.energy_kwh - first.energy_kwh
        assert pumped_kwh == pytest.approx(used_kwh, abs=1e-5)


@given(orders, st.floats(0.05, 0.95))
@settings(deadline=None)
def test_two_parts_of_a_step_end_where_the_whole_step_ends(orders: list, part: float) -> None:
    state = first_pumped_reservoir(WORKS, demand_kw=0.0)
    for order in orders[:-1]:
        state = run(state, order)
    whole = run(state, orders[-1])
    both = run(run(state, orders[-1], part), orders[-1], 1.0 - part)
    assert both.energy_kwh == pytest.approx(whole.energy_kwh, abs=1e-3)
    assert both.energy_kwh_unserved == pytest.approx(whole.energy_kwh_unserved, abs=1e-3)


@given(st.lists(st.floats(0.0, 390.0), min_size=10, max_size=96))
@settings(deadline=None, max_examples=30)
def test_its_level_control_never_touches_the_reserve(demands_kw: list[float]) -> None:
    state = first_pumped_reservoir(WORKS, demand_kw=0.0)
    for demand_kw in demands_kw:
        state = run(state, (demand_kw, None, 900.0))
        assert volume_m3(state) > 1400.0
    assert state.energy_kwh_unserved == 0.0


def test_an_hour_of_pumping_lifts_what_its_power_lifts() -> None:
    state = run(first_pumped_reservoir(WORKS, demand_kw=0.0), (0.0, 100.0, 3600.0))
    assert volume_m3(state) == pytest.approx(2250.0 + 200.0, abs=1.0)
    assert state.machines[0].level_kw == 100.0


def test_the_pumps_stop_when_the_reservoir_is_full() -> None:
    state = run(first_pumped_reservoir(WORKS, demand_kw=0.0), (0.0, 400.0, 7200.0))
    assert volume_m3(state) == pytest.approx(3000.0)
    assert state.machines[0].level_kw == 0.0
    assert state.energy_kwh_dumped == 0.0


def test_nothing_but_control_keeps_it_from_running_empty() -> None:
    state = first_pumped_reservoir(WORKS, demand_kw=0.0)
    state = run(state, (600.0, 0.0, 2 * 3600.0))
    assert volume_m3(state) == 0.0
    assert WORKS.volume_m3(state.energy_kwh_unserved) == pytest.approx(2400.0 - 2250.0)


def test_what_is_no_number_is_refused() -> None:
    state = first_pumped_reservoir(WORKS, demand_kw=0.0)
    with pytest.raises(ValueError, match="wanted_kw"):
        run(state, (0.0, float("nan"), 5.0))
    with pytest.raises(ValueError, match="demand_kw"):
        run(state, (float("nan"), 0.0, 5.0))
