"""A load in blocks draws whole runs, accounts for every kilowatt hour, and breaks a run only at its bound."""

from dataclasses import fields

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from energy.physics.block_load import BlockState, step_block
from energy.region.flexible_load import FlexibleLoad
from tests.physics.assets import BASE

NUMBERS = {**BASE, "id": "mill", "kind": "flexible_load", "unserved_eur_per_kwh": 1.0, "ramp_kw_per_s": 10.0}
MILL = FlexibleLoad(**NUMBERS, mode="block", power_kw_max=80.0, block_h=0.75, shift_h=2.0)
orders = st.lists(
    st.tuples(st.floats(0.0, 120.0), st.sampled_from([0.0, 40.0, 80.0, 200.0]), st.floats(1.0, 4000.0)),
    min_size=1,
    max_size=12,
)


def step(state: BlockState, order: tuple, part: float = 1.0) -> BlockState:
    demand_kw, bound_kw, dt_s = order
    return step_block(MILL, state, demand_kw=demand_kw, power_kw_max=bound_kw, dt_s=dt_s * part)


@given(orders)
@settings(deadline=None)
def test_what_was_asked_for_is_drawn_waiting_or_lost(orders: list) -> None:
    state = BlockState()
    for order in orders:
        state = step(state, order)
    wanted_kwh = sum(demand_kw * dt_s / 3600.0 for demand_kw, _, dt_s in orders)
    assert state.energy_kwh_arrived == pytest.approx(wanted_kwh)
    accounted_kwh = state.energy_kwh_drawn + state.energy_kwh_unserved + state.energy_kwh_backlog
    assert accounted_kwh == pytest.approx(wanted_kwh, abs=1e-6)
    assert state.part_kwh < MILL.block_kwh
    assert state.power_kw in {0.0, 80.0}


@given(orders, st.floats(0.05, 0.95))
@settings(deadline=None)
def test_two_parts_of_a_step_end_where_the_whole_step_ends(orders: list, part: float) -> None:
    state = BlockState()
    for order in orders[:-1]:
        state = step(state, order)
    whole = step(state, orders[-1])
    both = step(step(state, orders[-1], part), orders[-1], 1.0 - part)
    for name in (field.name for field in fields(BlockState) if field.name != "begin_by_s"):
        assert getattr(both, name) == pytest.approx(getattr(whole, name), abs=1e-4), name


def test_a_run_begins_once_it_is_whole_and_goes_to_its_end() -> None:
    state = step(BlockState(), (60.0, 80.0, 3600.0))
    assert (state.is_running, state.energy_kwh_drawn) == (True, 0.0)
    state = step(state, (0.0, 80.0, 2700.0))
    assert not state.is_running
    assert state.energy_kwh_drawn == pytest.approx(60.0)
    assert state.energy_kwh_backlog == pytest.approx(0.0, abs=1e-6)


def test_a_bound_below_its_power_breaks_a_run_and_what_was_left_waits() -> None:
    state = step(step(BlockState(), (60.0, 80.0, 3600.0)), (0.0, 80.0, 900.0))
    state = step(state, (0.0, 79.0, 900.0))
    assert (state.power_kw, state.blocks_broken) == (0.0, 1)
    assert state.energy_kwh_drawn == pytest.approx(20.0)
    assert state.part_kwh == pytest.approx(40.0)


def test_a_block_that_did_not_begin_in_time_is_lost() -> None:
    state = step(BlockState(), (60.0, 0.0, 3600.0))
    assert state.energy_kwh_urgent == pytest.approx(0.0)
    state = step(state, (0.0, 0.0, 900.0))
    assert state.energy_kwh_urgent == pytest.approx(60.0)
    state = step(state, (0.0, 0.0, 3600.0))
    assert state.energy_kwh_unserved == pytest.approx(60.0)
