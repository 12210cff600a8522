"""A hydrogen network makes what is taken, and its books close."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from energy.physics.carrier import CarrierState
from energy.physics.hydrogen_network import (
    HydrogenNetwork,
    _makers,
    first_hydrogen_network,
    step_hydrogen_network,
)
from energy.physics.hydrogen_storage import hydrogen_pool_of, offtake_of
from tests.physics.assets import electrolyser, hydrogen_storage

BERLIN = ZoneInfo("Europe/Berlin")
STORES, MACHINES = (hydrogen_storage(),), (electrolyser(),)
POOL = hydrogen_pool_of(STORES)
NETWORK = HydrogenNetwork(stores=STORES, machines=MACHINES, pool=POOL, makers=_makers(POOL, STORES, MACHINES))
orders = st.lists(
    st.tuples(st.floats(0.0, 900.0), st.none() | st.floats(0.0, 1200.0), st.floats(1.0, 7200.0)),
    min_size=1,
    max_size=12,
)


def run(state: CarrierState, order: tuple, part: float = 1.0) -> CarrierState:
    offtake_kw, setpoint_kw, dt_s = order
    return step_hydrogen_network(
        NETWORK, state, offtakes_kw=[offtake_kw], setpoints_kw=[setpoint_kw], dt_s=dt_s * part
    )


@given(orders)
@settings(deadline=None)
def test_made_and_unserved_is_taken_and_stored(orders: list) -> None:
    first = state = first_hydrogen_network(NETWORK, offtakes_kw=[0.0])
    assert first.energy_kwh == 2750.0
    for order in orders:
        state = run(state, order)
        assert 500.0 <= state.energy_kwh <= 5000.0 + 1e-6
        given_kwh = state.machines[0].output_kwh + state.energy_kwh_unserved
        taken_kwh = state.energy_kwh_demanded + state.energy_kwh - first.energy_kwh
        assert given_kwh == pytest.approx(taken_kwh, abs=1e-5)
        assert state.energy_kwh_dumped == pytest.approx(0.0, abs=1e-5)


@given(orders, st.floats(0.05, 0.95))
@settings(deadline=None)
def test_two_parts_of_a_step_end_where_the_whole_step_ends(orders: list, part: float) -> None:
    state = first_hydrogen_network(NETWORK, offtakes_kw=[0.0])
    for order in orders[:-1]:
        state = run(state, order)
    whole = run(state, orders[-1])
    both = run(run(state, orders[-1], part), orders[-1], 1.0 - part)
    assert both.energy_kwh == pytest.approx(whole.energy_kwh, abs=1e-3)
    assert both.machines[0].energy_kwh == pytest.approx(whole.machines[0].energy_kwh, abs=1e-3)


def test_on_its_own_it_makes_the_daily_offtake_evenly_over_the_day() -> None:
    state = first_hydrogen_network(NETWORK, offtakes_kw=[0.0])
    for hour in range(48):
        state = run(state, (500.0 if 6 <= hour % 24 < 18 else 0.0, None, 3600.0))
    assert state.energy_kwh_unserved == 0.0
    assert state.machines[0].starts == 1
    assert state.machines[0].output_kwh == pytest.approx(2 * 6000.0, rel=1e-3)


def test_a_full_store_stops_it_and_it_comes_back_when_there_is_room() -> None:
    state = first_hydrogen_network(NETWORK, offtakes_kw=[0.0])
    state = run(state, (0.0, 1000.0, 5 * 3600.0))
    assert (state.is_full, state.energy_kwh, state.machines[0].is_running) == (True, 5000.0, False)
    assert state.machines[0].level_kw == 10.0
    state = run(state, (500.0, 1000.0, 3600.0))
    assert state.machines[0].is_running


def test_below_its_least_content_the_store_gives_nothing() -> None:
    state = first_hydrogen_network(NETWORK, offtakes_kw=[900.0])
    state = run(state, (900.0, 10.0, 4 * 3600.0))
    assert state.energy_kwh == 500.0
    assert state.energy_kwh_unserved == pytest.approx(4 * 900.0 - 2250.0)
    assert state.deliveries[0].flow_kw == 0.0


@pytest.mark.parametrize(
    ("day", "hours"), [(date(2020, 3, 29), 5.0), (date(2020, 10, 25), 7.0), (date(2020, 6, 1), 6.0)]
)
def test_a_days_offtake_is_the_same_over_a_clock_change(day: date, hours: float) -> None:
    store = hydrogen_storage(offtake_from="00:00", offtake_until="06:00")
    begin_s, end_s, power_kw = offtake_of(store, day=day, zone=BERLIN)
    assert end_s - begin_s == hours * 3600.0
    assert power_kw * (end_s - begin_s) / 3600.0 == pytest.approx(6000.0)


def test_the_offtake_keeps_to_local_time() -> None:
    begin_s, _, power_kw = offtake_of(STORES[0], day=date(2020, 7, 1), zone=BERLIN)
    assert datetime.fromtimestamp(begin_s, tz=UTC).hour == 4
    assert power_kw == 500.0


@pytest.mark.parametrize("wrong", [(float("nan"), 0.0, 5.0), (0.0, float("nan"), 5.0), (0.0, 0.0, -1.0)])
def test_what_is_no_number_is_refused(wrong: tuple) -> None:
    with pytest.raises(ValueError, match="must"):
        run(first_hydrogen_network(NETWORK, offtakes_kw=[0.0]), wrong)
