"""More freedom never costs more, and the order of assets says nothing."""

from dataclasses import replace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from energy.optimize.items import Charging, Exchange, FeederFlow, Source, Storage
from energy.optimize.network_items import (
    Boiling,
    HeatStore,
    HydrogenStore,
    Machine,
    Reservoir,
)
from tests.optimize.random_regions import meetings
from tests.optimize.test_properties import loose, proven, solved, total

MORE, MORE_KW = 1.5, 100.0
GAP, GAP_SMALL = 1e-3, 1e-6
EUR_PER_KWH = 1e-4
"""A price is a dual of the solver (to 1e-7 EUR on a row) over a quarter of an hour."""


def freer(item):
    """Give an item that may do all that it could, and more; the same where nothing can be loosened.

    Items are loosened, not the region: what a kWh left in a store is worth would change with the region.
    """
    changes = {}
    match item:
        case Storage():
            changes = {"energy_kwh_max": MORE * item.energy_kwh_max, "energy_kwh_min": 0.0}
            if (item.power_kw_min <= 0.0).all() and (item.power_kw_max >= 0.0).all():
                changes |= wider(item)
        case Charging():
            changes = {"power_kw_max": MORE * item.power_kw_max, "due_kwh": 0.5 * item.due_kwh}
        case Source():
            changes = {"curtailed_kw_min": 0.0 * item.available_kw, "curtailed_kw_max": item.available_kw}
        case Machine():
            changes = {"uptime_periods": 1, "downtime_periods": 1, "start_eur": 0.5 * item.start_eur}
        case Boiling():
            changes = {"heat_kw_max": MORE * item.heat_kw_max}
        case HeatStore():
            changes = {"heat_kw_max": MORE * item.heat_kw_max, "energy_kwh_max": MORE * item.energy_kwh_max}
        case HydrogenStore():
            changes = {"energy_kwh_max": MORE * item.energy_kwh_max, "energy_kwh_min": 0.0}
        case Reservoir():
            changes = {
                "energy_kwh_max": MORE * item.energy_kwh_max,
                "power_kw_max": MORE * item.power_kw_max,
            }
        case Exchange():
            changes = {**shifted(item), "billed_peak_kw": item.billed_peak_kw + MORE_KW}
        case FeederFlow():
            changes = shifted(item)
    return replace(item, **changes)


def wider(item):
    return {"power_kw_min": MORE * item.power_kw_min, "power_kw_max": MORE * item.power_kw_max}


def shifted(item):
    return {"power_kw_min": item.power_kw_min - MORE_KW, "power_kw_max": item.power_kw_max + MORE_KW}


def loosened(problem, place):
    """Give the problem with one of its items freer."""
    items = [*problem.members, *problem.feeders, problem.exchange]
    chosen = items[place % len(items)]

    def each(item):
        return freer(item) if item is chosen else item

    return replace(
        problem,
        members=tuple(each(item) for item in problem.members),
        feeders=tuple(each(item) for item in problem.feeders),
        exchange=each(problem.exchange),
    )


def never_costs_more(tight, free):
    """Hold the plan with more freedom against the other's cost, up to what its own search left unproven."""
    unproven = max(0.0, total(free.plan) - free.bound_eur)
    assert total(free.plan) <= total(tight.plan) + unproven + loose(total(tight.plan))
    return unproven


@settings(deadline=None, max_examples=40)
@given(meeting=meetings(machines=False), place=st.integers(0, 30))
def test_more_freedom_never_costs_more(tiny, meeting, place):
    region, problem = meeting.build(tiny)
    other = loosened(problem, place)
    tight, free = (solved(region, one, tiny, gap=GAP_SMALL) for one in (problem, other))
    unproven = never_costs_more(tight, free)
    # Only where losing energy pays is a store's direction a whole number that leaves something unproven.
    assert unproven <= loose(total(free.plan)) or problem.market_eur_per_kwh.min() < 0.0


@settings(deadline=None, max_examples=15)
@given(meeting=meetings(), place=st.integers(0, 30))
def test_more_freedom_of_machines_never_costs_more(tiny, meeting, place):
    region, problem = meeting.build(tiny)
    other = loosened(problem, place)
    tight, free = (solved(region, one, tiny, search="exact", gap=GAP) for one in (problem, other))
    unproven = never_costs_more(tight, free)
    assert unproven <= loose(total(free.plan)) + GAP * max(1.0, abs(total(free.plan)))


@settings(deadline=None, max_examples=15)
@given(meeting=meetings(), order=st.integers(0, 1000))
def test_the_order_of_assets_changes_no_cost(tiny, meeting, order):
    one, other = (each(tiny, search="exact", gap=GAP) for each in builders(meeting, order))
    for first, second in ((one, other), (other, one)):
        assert first.bound_eur <= total(second.plan) + loose(total(second.plan))
        assert total(first.plan) <= total(second.plan) + loose(total(second.plan)) + GAP * abs(
            total(first.plan)
        )


@settings(deadline=None, max_examples=30)
@given(meeting=meetings(machines=False), order=st.integers(0, 1000))
def test_the_order_of_assets_changes_no_price(tiny, meeting, order):
    one, other = (each(tiny, gap=GAP) for each in builders(meeting, order))
    for name, price in one.plan.marginal_price_eur_per_kwh.items():
        np.testing.assert_allclose(
            other.plan.marginal_price_eur_per_kwh[name], price, atol=EUR_PER_KWH, err_msg=name
        )


def builders(meeting, order):
    for each in (meeting, meeting.in_order(order)):
        yield lambda tiny, each=each, **how: proven(tiny, each, **how)[1]
