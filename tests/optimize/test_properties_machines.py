"""Ramps, bent curves, reserves and wear by depth keep physics and account in random regions."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings

from energy.optimize.cost import cost_parts_eur
from energy.optimize.fallback.rules import rules_plan
from energy.optimize.network_items import Electrolysis, Machine
from energy.optimize.optimizer import Optimizer
from tests.optimize.obedience import check_member
from tests.optimize.random_regions import meetings
from tests.optimize.test_every_kind import check_ramp

CHANGES = {
    "battery": {"energy_kwh_reserve": 80.0, "wear_depth_kwh": 300.0, "wear_deep_eur_per_kwh": 0.05},
    "chp": {"ramp_kw_per_s": 0.05},
    "heat_pump": {"ramp_kw_per_s": 0.03},
    "electrolyser": {"ramp_kw_per_s": 0.1, "power_kw_middle": 250.0, "hydrogen_kw_middle": 180.0},
}


@settings(deadline=None, max_examples=20)
@given(meeting=meetings())
def test_slow_bent_and_deep_plans_obey_physics_and_add_up(tiny, meeting):
    region, problem = replace(meeting, changes={**meeting.changes, **CHANGES}).build(tiny)
    common = {"plan_id": "p", "issued_at": tiny.start}
    proven = Optimizer(region).solve_proven(problem, seconds_max=20.0, gap=1e-4, **common)
    by_rules = rules_plan(problem, **common)
    for made in (proven.plan, by_rules):
        for item in problem.members:
            check_slow(item, made.assets[item.asset_id])
        for part, amount_eur in cost_parts_eur(problem, made.assets).items():
            assert made.objective_eur[part] == pytest.approx(amount_eur, abs=1e-2, rel=1e-5), part
    least_eur = proven.bound_eur - 1e-2 - 1e-5 * abs(proven.bound_eur)
    assert min(sum(made.objective_eur.values()) for made in (proven.plan, by_rules)) >= least_eur


def check_slow(item, plan):
    if not isinstance(item, Machine):
        check_member(item, plan)
        return
    on = np.round(plan.states["running"])
    load = np.abs(plan.power_kw) - getattr(item, "power_kw_standby", 0.0) * (1.0 - on)
    check_ramp(item, load, on)
    if isinstance(item, Electrolysis):
        powers = (item.power_kw_least, item.bend.power_kw, item.power_kw_rated)
        made = (item.hydrogen_kw_least, item.bend.hydrogen_kw, item.hydrogen_kw_rated)
        on_the_curve = on * np.interp(load, powers, made)
        np.testing.assert_allclose(-plan.states["hydrogen_kw"], on_the_curve, atol=2e-3)
    else:
        check_member(item, plan)
