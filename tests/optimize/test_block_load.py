"""A load in blocks: runs go to their end, wait for a whole block, and end early only by a limit."""

from itertools import product

import numpy as np
import pytest

from energy.optimize.fallback.rules import rules_plan
from energy.optimize.search.block_rounding import begins_of
from energy.periods import PERIOD

DT_H = 0.25


def mill(tiny, **changes):
    fields = {"mode": "block", "block_h": 0.75, "shift_h": 2.0, "power_kw_max": 80.0}
    return tiny.region(tiny.asset("flexible_load", "mill", **{**fields, **changes}))


def problem_of(
    tiny, region, price, *, wanted_kw=0.0, running_s=0.0, backlog_kwh=0.0, urgent_kwh=0.0, **inputs
):
    state = {
        "energy_kwh_backlog": backlog_kwh,
        "energy_kwh_urgent": urgent_kwh,
        "running_s": running_s,
    }
    expected = {"mill": np.full(len(price), wanted_kw)}
    return tiny.problem(region, price, expected_kw=expected, states={"mill": state}, **inputs)


def item_of(problem):
    return next(item for item in problem.members if item.asset_id == "mill")


def test_a_run_begins_where_power_is_cheap_and_goes_to_its_end(tiny, plan):
    region = mill(tiny)
    price = [0.3, 0.3, 0.1, 0.1, 0.1, 0.3, 0.3, 0.3, 0.3, 0.3]
    made = plan(region, problem_of(tiny, region, price, backlog_kwh=70.0))
    assert made.assets["mill"].power_kw == pytest.approx([0, 0, 80, 80, 80, 0, 0, 0, 0, 0])
    # 60 kWh are a run; what is less than one waits.
    assert made.assets["mill"].states["energy_kwh_backlog"][-1] == pytest.approx(10.0)
    assert made.objective_eur["unserved"] == pytest.approx(0.0)


def test_no_run_begins_before_all_of_it_was_asked_for(tiny, plan):
    region = mill(tiny)
    price = np.linspace(0.1, 0.3, 16)
    made = plan(region, problem_of(tiny, region, price, wanted_kw=40.0))
    # 10 kWh a quarter hour: after six of them a run of 60 kWh is whole.
    power_kw = made.assets["mill"].power_kw
    assert power_kw[:6] == pytest.approx(np.zeros(6))
    assert power_kw[6:9] == pytest.approx(np.full(3, 80.0))


def test_a_run_in_progress_goes_on_for_what_is_left_of_it(tiny, plan):
    region = mill(tiny)
    problem = problem_of(tiny, region, [0.3] * 6, running_s=1350.0, backlog_kwh=30.0)
    made = plan(region, problem)
    assert made.assets["mill"].power_kw == pytest.approx([80.0, 40.0, 0, 0, 0, 0])
    assert made.assets["mill"].states["energy_kwh_backlog"] == pytest.approx([10.0, 0, 0, 0, 0, 0])
    assert made.assets["mill"].states["running"] == pytest.approx([1, 1, 0, 0, 0, 0])


def test_a_limit_wins_over_a_run_and_what_broke_is_reported(tiny, plan):
    region = mill(tiny)
    limit = tiny.limit("mill", None, 50.0, start=tiny.start + PERIOD, until=tiny.start + 2 * PERIOD)
    problem = problem_of(tiny, region, [0.1] * 8, running_s=0.1, backlog_kwh=60.0, limits=[limit])
    made = plan(region, problem)
    assert made.assets["mill"].power_kw[:2] == pytest.approx([80.0, 0.0])
    broken = {breach.name: breach for breach in made.breaches}["block_broken"]
    assert broken.size == pytest.approx(40.0, abs=0.01)
    assert broken.unit == "kWh"


def test_what_cannot_begin_in_time_is_left_unserved_at_its_price(tiny, plan):
    region = mill(tiny, unserved_eur_per_kwh=2.0)
    problem = problem_of(
        tiny, region, [0.1] * 8, backlog_kwh=60.0, urgent_kwh=60.0, limits=[tiny.limit("mill", None, 10.0)]
    )
    made = plan(region, problem)
    assert made.objective_eur["unserved"] == pytest.approx(120.0)
    assert [(b.name, b.size) for b in made.breaches] == [("unserved", pytest.approx(60.0))]


def test_a_shared_limit_lets_one_mill_grind_after_the_other(tiny, plan):
    mills = [
        tiny.asset("flexible_load", name, mode="block", block_h=0.75, shift_h=3.0, power_kw_max=80.0)
        for name in ("one", "two", "three")
    ]
    region = tiny.region(*mills, grid=tiny.asset("grid_point", power_kw_import_max=100.0))
    names = [asset.id for asset in mills]
    state = {"energy_kwh_backlog": 60.0, "energy_kwh_urgent": 0.0, "running_s": 0.0}
    problem = tiny.problem(
        region,
        np.linspace(0.1, 0.2, 12),
        expected_kw={name: np.zeros(12) for name in names},
        states=dict.fromkeys(names, state),
    )
    made = plan(region, problem)
    total_kw = sum(made.assets[name].power_kw for name in names)
    assert total_kw == pytest.approx(np.repeat([80.0, 0.0], [9, 3]))
    assert not made.breaches


def test_rules_grind_as_soon_as_a_run_waits(tiny):
    region = mill(tiny)
    problem = problem_of(tiny, region, [0.3, 0.3, 0.1, 0.1, 0.1, 0.1], backlog_kwh=130.0)
    made = rules_plan(problem, plan_id="r", issued_at=tiny.start)
    assert made.assets["mill"].power_kw.tolist() == [80.0] * 6
    assert made.assets["mill"].states["energy_kwh_backlog"][-1] == pytest.approx(10.0)


@pytest.mark.parametrize("seed", range(6))
def test_begins_are_the_cheapest_of_all(tiny, seed):
    random = np.random.default_rng(seed)
    region = mill(tiny, shift_h=1.5)
    limit = tiny.limit("mill", None, 0.0, start=tiny.start + 5 * PERIOD, until=tiny.start + 6 * PERIOD)
    problem = problem_of(
        tiny,
        region,
        [0.1] * 9,
        wanted_kw=50.0,
        backlog_kwh=70.0,
        urgent_kwh=60.0,
        running_s=float(random.choice([0.0, 1500.0])),
        limits=[limit] if seed % 2 else [],
    )
    item, begin_eur = item_of(problem), random.normal(0.0, 10.0, 9)
    costs = {
        profile: cost
        for profile in product((0.0, 1.0), repeat=9)
        if (cost := cost_of(item, profile, begin_eur, unserved_eur=15.0)) is not None
    }
    found = tuple(begins_of(item, begin_eur, unserved_eur=15.0).tolist())
    assert costs[found] == pytest.approx(min(costs.values()))


def cost_of(item, profile, begin_eur, *, unserved_eur):
    """Price a profile of begins; None where it may not be run."""
    settled, cost, free_from = 0.0, 0.0, 0
    for period, begins in enumerate(profile):
        if begins:
            full = settled + item.block_kwh > item.begun_kwh_max[period] + 1e-6
            if period < free_from or item.begin_share_max[period] < 1.0 or full:
                return None
            free_from = period + item.block_periods
            settled += item.block_kwh
            cost += begin_eur[period]
        missed = max(0.0, item.begun_kwh_min[period] - settled)
        cost += unserved_eur * missed / item.block_kwh
        settled += missed
    return cost
