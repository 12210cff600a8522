"""A flexible load accounts for every kilowatt hour wanted: drawn, waiting, or lost."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from energy.physics.deferrable import DeferrableState
from energy.physics.flexible_load import ShedState, step_shed, step_shift
from energy.region.flexible_load import FlexibleLoad
from tests.physics.assets import BASE

NUMBERS = {
    **BASE,
    "id": "works",
    "kind": "flexible_load",
    "power_kw_max": 1000.0,
    "unserved_eur_per_kwh": 1.0,
}
SHIFT = FlexibleLoad(**NUMBERS, mode="shift", shift_h=2.0, ramp_kw_per_s=10.0)
SHED = FlexibleLoad(**NUMBERS, mode="shed", ramp_kw_per_s=0.5)
orders = st.lists(
    st.tuples(st.floats(0.0, 1000.0), st.floats(0.0, 1200.0), st.floats(1.0, 4000.0)), min_size=1, max_size=12
)


def shed(state: ShedState, order: tuple, part: float = 1.0) -> ShedState:
    demand_kw, bound_kw, dt_s = order
    return step_shed(SHED, state, demand_kw=demand_kw, power_kw_max=bound_kw, dt_s=dt_s * part)


def shift(state: DeferrableState, order: tuple, part: float = 1.0) -> DeferrableState:
    demand_kw, bound_kw, dt_s = order
    return step_shift(SHIFT, state, demand_kw=demand_kw, power_kw_max=bound_kw, dt_s=dt_s * part)


@given(orders)
@settings(deadline=None)
def test_wanted_is_drawn_waiting_or_lost(orders: list) -> None:
    waits, loses = DeferrableState(), ShedState(bound_kw=1000.0)
    for order in orders:
        waits, loses = shift(waits, order), shed(loses, order)
    wanted_kwh = sum(demand_kw * dt_s / 3600.0 for demand_kw, _, dt_s in orders)
    assert waits.energy_kwh_arrived == pytest.approx(wanted_kwh)
    assert loses.energy_kwh_arrived == pytest.approx(wanted_kwh)
    accounted_kwh = waits.energy_kwh_drawn + waits.energy_kwh_unserved + waits.energy_kwh_backlog
    assert accounted_kwh == pytest.approx(wanted_kwh, abs=1e-6)
    assert loses.energy_kwh_drawn + loses.energy_kwh_unserved == pytest.approx(wanted_kwh, abs=1e-6)


@given(orders, st.floats(0.05, 0.95))
@settings(deadline=None)
def test_two_parts_of_a_step_end_where_the_whole_step_ends(orders: list, part: float) -> None:
    state = ShedState(bound_kw=1000.0)
    for order in orders[:-1]:
        state = shed(state, order)
    whole = shed(state, orders[-1])
    both = shed(shed(state, orders[-1], part), orders[-1], 1.0 - part)
    assert both.energy_kwh_drawn == pytest.approx(whole.energy_kwh_drawn, abs=1e-6)
    assert both.power_kw == pytest.approx(whole.power_kw, abs=1e-6)


@given(st.lists(st.tuples(st.floats(0.0, 1000.0), st.floats(1.0, 900.0)), max_size=20))
@settings(deadline=None)
def test_without_a_bound_nothing_is_lost_however_demand_jumps(demands: list) -> None:
    state = ShedState(bound_kw=1000.0)
    for demand_kw, dt_s in demands:
        state = shed(state, (demand_kw, 1000.0, dt_s))
        assert state.power_kw == demand_kw
    assert state.energy_kwh_unserved == pytest.approx(0.0, abs=1e-9)


def test_a_bound_takes_hold_and_lets_go_at_the_ramp() -> None:
    state = shed(ShedState(bound_kw=1000.0, power_kw=600.0), (600.0, 300.0, 200.0))
    assert state.power_kw == 500.0
    state = shed(state, (600.0, 300.0, 3600.0))
    assert state.power_kw == 300.0
    assert shed(state, (600.0, 1000.0, 200.0)).power_kw == 400.0


def test_what_is_held_back_is_caught_up_within_its_time_or_counted() -> None:
    state = shift(DeferrableState(), (400.0, 0.0, 3600.0))
    assert (state.energy_kwh_backlog, state.energy_kwh_unserved) == (400.0, 0.0)
    caught = shift(state, (0.0, 1000.0, 3600.0))
    assert caught.energy_kwh_drawn == pytest.approx(400.0)
    late = shift(state, (0.0, 0.0, 3 * 3600.0))
    assert late.energy_kwh_unserved == pytest.approx(400.0)


@pytest.mark.parametrize("wrong", [float("nan"), float("inf")])
def test_what_is_no_number_is_refused_not_clamped(wrong: float) -> None:
    with pytest.raises(ValueError, match="power_kw_max"):
        shed(ShedState(bound_kw=1000.0), (1.0, wrong, 5.0))
    with pytest.raises(ValueError, match="demand_kw"):
        shed(ShedState(bound_kw=1000.0), (wrong, 1.0, 5.0))
