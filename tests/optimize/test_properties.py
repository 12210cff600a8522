"""What must hold of every plan of every region in which kinds meet."""

import pytest
from hypothesis import given, settings

from energy.domain import Rung
from energy.optimize.cost import cost_parts_eur
from energy.optimize.fallback.rules import rules_plan
from energy.optimize.optimizer import Optimizer
from tests.optimize.obedience import check_plan
from tests.optimize.random_regions import meetings

EUR, SHARE = 1e-2, 1e-5
"""Of what a plan costs: rows kept to 1e-7, multiplied by prices of up to 200 EUR/kWh."""


def total(plan):
    return sum(plan.objective_eur.values())


def loose(amount_eur):
    return EUR + SHARE * abs(amount_eur)


def proven(tiny, meeting, *, search="rounding", gap=1e-4):
    region, problem = meeting.build(tiny)
    return problem, solved(region, problem, tiny, search=search, gap=gap)


def solved(region, problem, tiny, *, search="rounding", gap=1e-4):
    return Optimizer(region).solve_proven(
        problem, plan_id="p", issued_at=tiny.start, seconds_max=20.0, gap=gap, search=search
    )


@settings(deadline=None, derandomize=True, max_examples=40)
@given(meeting=meetings())
def test_every_region_has_a_plan_that_obeys_physics_and_adds_up(tiny, meeting):
    problem, found = proven(tiny, meeting)
    plan = found.plan
    assert plan.rung in {Rung.OPTIMAL, Rung.INCUMBENT}
    check_plan(problem, plan)
    for part, amount_eur in cost_parts_eur(problem, plan.assets).items():
        assert plan.objective_eur[part] == pytest.approx(amount_eur, abs=EUR, rel=SHARE), part
    assert found.bound_eur <= total(plan) + loose(total(plan))
    assert plan.gap is not None


@settings(deadline=None, derandomize=True, max_examples=40)
@given(meeting=meetings())
def test_rules_obey_physics_and_are_never_cheaper_than_the_bound(tiny, meeting):
    problem, found = proven(tiny, meeting)
    by_rules = rules_plan(problem, plan_id="r", issued_at=tiny.start)
    check_plan(problem, by_rules)
    assert total(by_rules) >= found.bound_eur - loose(found.bound_eur)
    account = cost_parts_eur(problem, by_rules.assets)
    assert total(by_rules) == pytest.approx(sum(account.values()), abs=EUR, rel=SHARE)
