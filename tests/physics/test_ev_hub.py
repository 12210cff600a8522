"""A charging hub accounts for every kilowatt hour wished."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from energy.physics.deferrable import Cohort, DeferrableState
from energy.physics.ev_hub import step_ev_hub
from energy.region.asset import DeviceAddress, Name
from energy.region.ev_hub import EvHub

steps_s = st.floats(0.01, 4000.0)
arrivals = st.floats(0.0, 400.0)
bounds = st.floats(0.0, 500.0)


def hub(*, ramp_kw_per_s: float = 20.0, dwell_h: float = 2.0) -> EvHub:
    return EvHub(
        id="hub",
        name=Name(de="Ladepark", en="Charging hub"),
        device=DeviceAddress(profile="generic_ev_hub", host="127.0.0.1"),
        kind="ev_hub",
        power_kw_max=300.0,
        power_kw_safe=50.0,
        dwell_h=dwell_h,
        ramp_kw_per_s=ramp_kw_per_s,
    )


def run(asset: EvHub, state: DeferrableState, orders: list[tuple[float, float, float]]) -> DeferrableState:
    for arriving_kw, bound_kw, dt_s in orders:
        state = step_ev_hub(asset, state, arriving_kw=arriving_kw, power_kw_max=bound_kw, dt_s=dt_s)
    return state


@given(st.lists(st.tuples(arrivals, bounds, steps_s), max_size=15))
@settings(deadline=None)
def test_delivered_unserved_and_backlog_add_up_to_what_arrived(
    orders: list[tuple[float, float, float]],
) -> None:
    state = run(hub(), DeferrableState(), orders)
    accounted_kwh = state.energy_kwh_drawn + state.energy_kwh_unserved + state.energy_kwh_backlog
    assert accounted_kwh == pytest.approx(state.energy_kwh_arrived, abs=1e-6)
    assert 0.0 <= state.energy_kwh_urgent <= state.energy_kwh_backlog
    assert 0.0 <= state.power_kw <= 300.0
    assert state.energy_kwh_unserved >= 0.0


@given(
    st.lists(st.tuples(arrivals, bounds, steps_s), max_size=6),
    arrivals,
    bounds,
    steps_s,
    st.floats(0.01, 0.99),
)
@settings(deadline=None)
def test_two_parts_of_a_step_end_where_the_whole_step_ends(
    before: list[tuple[float, float, float]], arriving_kw: float, bound_kw: float, dt_s: float, part: float
) -> None:
    asset = hub(ramp_kw_per_s=0.5)
    state = run(asset, DeferrableState(), before)
    whole = run(asset, state, [(arriving_kw, bound_kw, dt_s)])
    both = run(
        asset,
        state,
        [(arriving_kw, bound_kw, dt_s * part), (arriving_kw, bound_kw, dt_s * (1.0 - part))],
    )
    assert both.energy_kwh_drawn == pytest.approx(whole.energy_kwh_drawn, abs=1e-5)
    assert both.energy_kwh_arrived == pytest.approx(whole.energy_kwh_arrived, abs=1e-6)
    assert both.energy_kwh_backlog == pytest.approx(whole.energy_kwh_backlog, abs=1e-5)


@given(st.lists(st.tuples(arrivals, bounds, steps_s), max_size=10))
@settings(deadline=None)
def test_it_draws_at_most_its_bound_once_the_ramp_is_over(orders: list[tuple[float, float, float]]) -> None:
    asset, state = hub(ramp_kw_per_s=1e5), DeferrableState()
    for arriving_kw, bound_kw, dt_s in orders:
        after = run(asset, state, [(arriving_kw, bound_kw, dt_s)])
        drawn_kwh = after.energy_kwh_drawn - state.energy_kwh_drawn
        ramp_kwh = 300.0 * 0.003 / 3600.0
        assert drawn_kwh <= min(bound_kw, 300.0) * dt_s / 3600.0 + ramp_kwh + 1e-9
        state = after


def test_who_leaves_first_is_served_first() -> None:
    cohorts = (Cohort(3600.0, 10.0), Cohort(7200.0, 10.0))
    state = DeferrableState(cohorts=cohorts, energy_kwh_arrived=20.0)
    after = step_ev_hub(hub(ramp_kw_per_s=1e6), state, arriving_kw=0.0, power_kw_max=60.0, dt_s=900.0)
    assert [cohort.due_s for cohort in after.cohorts] == [7200.0]
    assert after.energy_kwh_backlog == pytest.approx(5.0, abs=1e-3)


def test_what_is_wanted_at_departure_counts_as_unserved() -> None:
    state = DeferrableState(cohorts=(Cohort(900.0, 10.0),), energy_kwh_arrived=10.0)
    after = step_ev_hub(hub(ramp_kw_per_s=1e6), state, arriving_kw=0.0, power_kw_max=20.0, dt_s=1200.0)
    assert after.energy_kwh_unserved == pytest.approx(5.0, abs=1e-3)
    assert after.cohorts == ()
    assert after.power_kw == 0.0


def test_each_vehicle_stays_at_least_dwell_h() -> None:
    asset = hub(dwell_h=2.0)
    state = run(asset, DeferrableState(), [(100.0, 0.0, 900.0), (0.0, 0.0, 7199.0)])
    assert state.energy_kwh_unserved == 0.0
    assert state.energy_kwh_backlog == pytest.approx(25.0)
    assert state.energy_kwh_urgent == pytest.approx(25.0)
    assert run(asset, state, [(0.0, 0.0, 1.0)]).energy_kwh_unserved == pytest.approx(25.0)


def test_it_draws_no_more_than_is_wanted() -> None:
    state = run(hub(ramp_kw_per_s=1e6), DeferrableState(), [(40.0, 300.0, 900.0)])
    assert state.power_kw == 40.0
    assert state.energy_kwh_drawn == pytest.approx(10.0)
    assert state.energy_kwh_backlog == pytest.approx(0.0, abs=1e-6)


@pytest.mark.parametrize("wrong", [float("nan"), float("inf")])
def test_a_bound_that_is_no_number_is_refused_not_clamped(wrong: float) -> None:
    with pytest.raises(ValueError, match="power_kw_max"):
        step_ev_hub(hub(), DeferrableState(), arriving_kw=1.0, power_kw_max=wrong, dt_s=5.0)
