"""A heat network's books close, its store keeps its bounds, and nobody freezes while there is heat."""

import dataclasses

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from energy.physics.carrier import CarrierState
from energy.physics.chp import curve_of_chp
from energy.physics.heat_network import HeatNetwork, first_heat_network, step_heat_network
from energy.physics.heat_pump import curve_of_heat_pump
from energy.physics.heat_storage import heat_pool_of
from energy.region.chp import Chp
from energy.region.heat_storage import HeatStorage
from tests.physics.assets import boiler, chp, heat_load, heat_pump, heat_storage


def network(*stores: HeatStorage, machines: tuple = (chp(), heat_pump()), loads: int = 1) -> HeatNetwork:
    """Put a network together."""
    return HeatNetwork(
        loads=tuple(heat_load(id=f"heat_{index}") for index in range(loads)),
        stores=stores,
        boilers=(boiler(),),
        machines=machines,
        pool=heat_pool_of(stores),
        curves=tuple(
            curve_of_chp(one) if isinstance(one, Chp) else curve_of_heat_pump(one, temperature_c=0.0)
            for one in machines
        ),
    )


WITH_STORE = network(heat_storage())
BARE = network()
demands = st.floats(0.0, 4500.0)
setpoints = st.tuples(st.none() | st.floats(-1100.0, 0.0), st.none() | st.floats(0.0, 500.0))
steps_s = st.floats(1.0, 7200.0)
temperatures = st.floats(-20.0, 35.0)
orders = st.lists(st.tuples(demands, setpoints, temperatures, steps_s), min_size=1, max_size=10)


def run(one: HeatNetwork, state: CarrierState, order: tuple, part: float = 1.0) -> CarrierState:
    demand_kw, setpoints_kw, temperature_c, dt_s = order
    return step_heat_network(
        one,
        state,
        demands_kw=[demand_kw],
        setpoints_kw=setpoints_kw,
        temperature_c=temperature_c,
        dt_s=dt_s * part,
    )


def made_kwh(state: CarrierState) -> float:
    return sum(machine.output_kwh for machine in state.machines) + state.energy_kwh_backup


@pytest.mark.parametrize("one", [WITH_STORE, BARE])
@given(orders=orders)
@settings(deadline=None)
def test_what_is_made_and_lacking_is_what_is_demanded_dumped_stored_and_lost(
    one: HeatNetwork, orders: list
) -> None:
    first = state = first_heat_network(one, demands_kw=[orders[0][0]])
    for order in orders:
        state = run(one, state, order)
        assert -1e-9 <= state.energy_kwh <= one.pool.energy_kwh_max + 1e-6
        given_kwh = made_kwh(state) + state.energy_kwh_unserved - state.energy_kwh_dumped
        kept_kwh = state.energy_kwh - first.energy_kwh + state.energy_kwh_lost
        assert given_kwh == pytest.approx(state.energy_kwh_demanded + kept_kwh, abs=1e-5)
        [delivery] = state.deliveries
        assert delivery.energy_kwh + delivery.energy_kwh_unserved == pytest.approx(
            state.energy_kwh_demanded, abs=1e-5
        )


@given(orders=orders)
@settings(deadline=None)
def test_the_flows_that_are_shown_balance(orders: list) -> None:
    state = first_heat_network(WITH_STORE, demands_kw=[orders[0][0]])
    for order in orders:
        state = run(WITH_STORE, state, order)
        curves = [WITH_STORE.curves[0], curve_of_heat_pump(heat_pump(), temperature_c=order[2])]
        heat_kw = sum(curve.output_kw(machine) for curve, machine in zip(curves, state.machines, strict=True))
        given_kw = heat_kw + state.backup_kw + state.unserved_kw
        assert given_kw == pytest.approx(min(order[0], 4000.0) + state.flow_kw + state.dumped_kw, abs=1e-6)


@pytest.mark.parametrize("one", [WITH_STORE, BARE])
@given(before=orders, order=st.tuples(demands, setpoints, temperatures, steps_s), part=st.floats(0.05, 0.95))
@settings(deadline=None)
def test_two_parts_of_a_step_end_where_the_whole_step_ends(
    one: HeatNetwork, before: list, order: tuple, part: float
) -> None:
    state = first_heat_network(one, demands_kw=[1000.0])
    for earlier in before:
        state = run(one, state, earlier)
    whole = run(one, state, order)
    both = run(one, run(one, state, order, part), order, 1.0 - part)
    assert both.energy_kwh == pytest.approx(whole.energy_kwh, abs=1e-2)
    assert made_kwh(both) == pytest.approx(made_kwh(whole), abs=1e-2)
    assert both.energy_kwh_unserved == pytest.approx(whole.energy_kwh_unserved, abs=1e-2)
    assert both.energy_kwh_dumped == pytest.approx(whole.energy_kwh_dumped, abs=1e-2)


def test_the_boiler_gives_nothing_while_the_store_can() -> None:
    state = first_heat_network(WITH_STORE, demands_kw=[1000.0])
    state = run(WITH_STORE, state, (1000.0, (0.0, 0.0), 0.0, 3600.0))
    assert state.energy_kwh_backup == 0.0
    assert state.flow_kw == -1000.0
    state = run(WITH_STORE, state, (1000.0, (0.0, 0.0), 0.0, 7200.0))
    assert state.energy_kwh == 0.0
    assert (state.backup_kw, state.flow_kw) == (1000.0, 0.0)
    assert state.energy_kwh_unserved == 0.0


def test_the_boiler_helps_where_the_stores_pipe_is_too_narrow() -> None:
    state = first_heat_network(WITH_STORE, demands_kw=[2000.0])
    state = run(WITH_STORE, state, (2000.0, (0.0, 0.0), 0.0, 60.0))
    assert (state.flow_kw, state.backup_kw, state.unserved_kw) == (-1500.0, 500.0, 0.0)


def test_what_neither_store_nor_boiler_gives_is_unserved() -> None:
    state = dataclasses.replace(first_heat_network(WITH_STORE, demands_kw=[0.0]), energy_kwh=0.0)
    state = run(WITH_STORE, state, (1500.0, (0.0, 0.0), 0.0, 3600.0))
    assert state.energy_kwh_unserved == pytest.approx(500.0)
    assert state.deliveries[0].flow_kw == pytest.approx(1000.0)


def test_a_full_store_stops_the_machines_until_there_is_room() -> None:
    state = dataclasses.replace(first_heat_network(WITH_STORE, demands_kw=[0.0]), energy_kwh=3990.0)
    state = run(WITH_STORE, state, (100.0, (-1000.0, 0.0), 0.0, 600.0))
    assert state.is_full
    assert not state.machines[0].is_running
    assert state.energy_kwh <= 4000.0
    assert state.energy_kwh_dumped == 0.0
    later = run(WITH_STORE, state, (100.0, (-1000.0, 0.0), 0.0, 1800.0))
    assert (later.is_full, later.machines[0].is_running) == (True, False)
    later = run(WITH_STORE, later, (1000.0, (-1000.0, 0.0), 0.0, 3600.0))
    assert later.machines[0].is_running


def test_heat_beyond_the_stores_pipe_is_dumped() -> None:
    one = network(heat_storage(heat_kw_max=1000.0), machines=(chp(ramp_kw_per_s=1e6),))
    state = first_heat_network(one, demands_kw=[100.0])
    state = run(one, state, (100.0, (-1000.0,), 0.0, 3600.0))
    assert state.energy_kwh_dumped == pytest.approx(500.0, abs=0.1)


def test_its_own_control_lets_the_heat_pump_come_before_the_chp() -> None:
    state = first_heat_network(WITH_STORE, demands_kw=[800.0])
    seen = []
    for _ in range(8 * 12):
        state = run(WITH_STORE, state, (800.0, (None, None), 5.0, 300.0))
        seen.append((state.machines[0].is_running, state.machines[1].is_running))
    assert (False, True) in seen
    assert not any(chp_runs for chp_runs, _ in seen)


def test_its_own_control_starts_the_chp_when_the_store_runs_low_and_stops_it_before_it_is_full() -> None:
    one = network(heat_storage(), machines=(chp(),))
    state = first_heat_network(one, demands_kw=[1000.0])
    lows, highs = [], []
    for _ in range(48 * 12):
        before, state = state, run(one, state, (1000.0, (None,), 0.0, 300.0))
        if state.machines[0].is_running and not before.machines[0].is_running:
            lows.append(before.energy_kwh)
        if before.machines[0].is_running and not state.machines[0].is_running:
            highs.append(state.energy_kwh)
    assert lows
    assert all(1190.0 < low < 1300.0 for low in lows)
    assert highs
    assert all(3500.0 < high < 3700.0 for high in highs)
    assert (state.energy_kwh_unserved, state.energy_kwh_dumped) == (0.0, 0.0)


def test_without_a_store_the_machines_follow_the_demand_and_dump_nothing() -> None:
    state = first_heat_network(BARE, demands_kw=[0.0])
    for demand_kw in (1300.0, 2200.0, 1300.0, 3000.0):
        state = run(BARE, state, (demand_kw, (None, None), 0.0, 3600.0))
    assert state.machines[0].starts == 1
    settled = run(BARE, state, (1250.0, (None, None), 0.0, 3600.0))
    settled = run(BARE, settled, (1250.0, (None, None), 0.0, 3600.0))
    assert settled.machines[0].level_kw == pytest.approx(750.0)
    assert settled.unserved_kw == 0.0


def test_several_stores_of_one_network_are_equally_full() -> None:
    one = network(heat_storage(), heat_storage(id="second", energy_kwh_capacity=1000.0))
    assert [one.share_of(store) for store in one.stores] == [0.8, 0.2]
    assert one.pool.energy_kwh_max == 5000.0


def test_a_shortfall_is_shared_as_demanded() -> None:
    one = network(loads=2)
    state = first_heat_network(one, demands_kw=[0.0, 0.0])
    state = step_heat_network(
        one, state, demands_kw=[1500.0, 500.0], setpoints_kw=[0.0, 0.0], temperature_c=0.0, dt_s=3600.0
    )
    assert [one.energy_kwh_unserved for one in state.deliveries] == pytest.approx([750.0, 250.0])


@pytest.mark.parametrize(
    ("demand_kw", "setpoint_kw", "temperature_c", "dt_s"),
    [
        (float("nan"), 0.0, 0.0, 5.0),
        (1.0, float("nan"), 0.0, 5.0),
        (1.0, 0.0, float("nan"), 5.0),
        (1.0, 0.0, 0.0, float("nan")),
        (1.0, 0.0, 0.0, -5.0),
    ],
)
def test_what_is_no_number_is_refused(
    demand_kw: float, setpoint_kw: float, temperature_c: float, dt_s: float
) -> None:
    state = first_heat_network(WITH_STORE, demands_kw=[0.0])
    with pytest.raises(ValueError, match="must"):
        run(WITH_STORE, state, (demand_kw, (setpoint_kw, setpoint_kw), temperature_c, dt_s))
