"""More freedom never costs more, and the order of assets says nothing."""

from dataclasses import replace

import numpy as np
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from energy.optimize.items import BlockLoad, Charging, Exchange, FeederFlow, FixedPower, Source, Storage
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
LITTLE_KW, DT_H = 1e-2, 0.25
GAP, GAP_SMALL = 1e-3, 1e-6
EUR_PER_KWH = 1e-3
"""A price is a dual of the solver (to 1e-7 EUR), held against differences of costs (to 1e-6 EUR)."""


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
        case BlockLoad():
            changes = {"begun_kwh_min": 0.0 * item.begun_kwh_min, "due_kwh": 0.0 * item.due_kwh}
        case Charging():
            changes = {"power_kw_max": MORE * item.power_kw_max, "due_kwh": 0.5 * item.due_kwh}
        case Source():
            changes = {"curtailed_kw_min": 0.0 * item.available_kw, "curtailed_kw_max": item.available_kw}
        case Machine():
            changes = {"uptime_periods": 1, "downtime_periods": 1, "start_eur": 0.5 * item.start_eur}
        case Boiling():
            changes = {"heat_kw_max": MORE * item.heat_kw_max}
        case Exchange():
            changes = {**shifted(item), "billed_peak_kw": item.billed_peak_kw + MORE_KW}
        case FeederFlow():
            changes = shifted(item)
        case HeatStore() | HydrogenStore() | Reservoir():
            changes = roomier(item)
    return replace(item, **changes)


def roomier(item):
    room = {"energy_kwh_max": MORE * item.energy_kwh_max}
    match item:
        case HeatStore():
            return {**room, "heat_kw_max": MORE * item.heat_kw_max}
        case HydrogenStore():
            return {**room, "energy_kwh_min": 0.0}
    return {**room, "power_kw_max": MORE * item.power_kw_max}


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


@settings(deadline=None, derandomize=True, max_examples=40)
@given(meeting=meetings(machines=False), place=st.integers(0, 30))
def test_more_freedom_never_costs_more(tiny, meeting, place):
    region, problem = meeting.build(tiny)
    other = loosened(problem, place)
    tight, free = (solved(region, one, tiny, gap=GAP_SMALL) for one in (problem, other))
    unproven = never_costs_more(tight, free)
    # Only where losing energy pays is a store's direction a whole number that leaves something unproven.
    assert unproven <= loose(total(free.plan)) or problem.market_eur_per_kwh.min() < 0.0


@settings(deadline=None, derandomize=True, max_examples=15)
@given(meeting=meetings(), place=st.integers(0, 30))
def test_more_freedom_of_machines_never_costs_more(tiny, meeting, place):
    region, problem = meeting.build(tiny)
    other = loosened(problem, place)
    tight, free = (solved(region, one, tiny, search="exact", gap=GAP) for one in (problem, other))
    unproven = never_costs_more(tight, free)
    assert unproven <= loose(total(free.plan)) + GAP * max(1.0, abs(total(free.plan)))


@settings(deadline=None, derandomize=True, max_examples=15)
@given(meeting=meetings(), order=st.integers(0, 1000))
def test_the_order_of_assets_changes_no_cost(tiny, meeting, order):
    one, other = (each(tiny, search="exact", gap=GAP) for each in builders(meeting, order))
    for first, second in ((one, other), (other, one)):
        assert first.bound_eur <= total(second.plan) + loose(total(second.plan))
        assert total(first.plan) <= total(second.plan) + loose(total(second.plan)) + GAP * abs(
            total(first.plan)
        )


@settings(deadline=None, derandomize=True, max_examples=25)
@given(meeting=meetings(machines=False), order=st.integers(0, 1000))
def test_the_order_of_assets_changes_no_price_that_is_the_only_one(tiny, meeting, order):
    one, other = (
        each(tiny, gap=GAP_SMALL).plan.marginal_price_eur_per_kwh["electricity"]
        for each in builders(meeting, order)
    )
    differ = np.flatnonzero(np.abs(one - other) > EUR_PER_KWH)
    # At a negative price a store's direction is a whole number, and the price is that of its direction.
    assume(min(one.min(), other.min()) >= 0.0)
    if differ.size:
        # At a kink one more kWh costs more than one less saves: each price between both is right.
        less, more = (cost_of_one_kwh(tiny, meeting, int(differ[0]), sign) for sign in (-1.0, 1.0))
        for price in (one[differ[0]], other[differ[0]]):
            assert less - EUR_PER_KWH <= price <= more + EUR_PER_KWH


def cost_of_one_kwh(tiny, meeting, period, sign):
    """Give what a little more (or less) drawn at the busbar costs (or saves) by the kWh."""
    region, problem = meeting.build(tiny)
    kw = np.zeros(problem.periods)
    kw[period] = sign * LITTLE_KW
    extra = FixedPower(asset_id="extra", power_kw=kw)
    changed = replace(problem, members=(*problem.members, extra))
    costs = [total(solved(region, each, tiny, gap=GAP_SMALL).plan) for each in (problem, changed)]
    return (costs[1] - costs[0]) / (sign * LITTLE_KW * DT_H)


def builders(meeting, order):
    for each in (meeting, meeting.in_order(order)):
        yield lambda tiny, each=each, **how: proven(tiny, each, **how)[1]
