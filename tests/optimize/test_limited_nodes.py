"""Feeders in feeders, and municipalities whose exchange is limited: in plans, by rules and by the account."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from energy.optimize.cost import cost_parts_eur, flow_of, municipality_kw
from energy.optimize.fallback.rules import rules_plan
from energy.optimize.kinds.catalogue import balances_of, kind_of
from energy.optimize.matrix.layout import layout_of
from energy.region.model import Municipality

PRICES = [0.1, 0.3, 0.1, 0.3]


def total(made):
    return sum(made.objective_eur.values())


def places(tiny, *, import_kw=None, export_kw=None):
    """A town on two feeders beside a village; only the town is limited."""
    name = tiny.asset("load").name
    region = tiny.region(
        tiny.asset("load", feeder="inner", municipality="town"),
        tiny.asset("pv", feeder="outer", municipality="town"),
        tiny.asset("battery", municipality="town"),
        tiny.asset("load", "village_load", feeder="outer", municipality="village"),
        tiny.asset("feeder", "inner", feeder="outer", power_kw_max=250.0),
        tiny.asset("feeder", "outer", power_kw_max=400.0),
    )
    town = Municipality(id="town", name=name, power_kw_import_max=import_kw, power_kw_export_max=export_kw)
    return replace(region, municipalities=(town, Municipality(id="village", name=name)))


def problem_of(tiny, region, *, load_kw=200.0, pv_kw=0.0, village_kw=50.0):
    return tiny.problem(
        region,
        PRICES,
        expected_kw={
            "load": [load_kw] * 4,
            "pv": [-pv_kw] * 4,
            "village_load": [village_kw] * 4,
        },
        states={"battery": {"energy_kwh": 500.0}},
    )


def test_a_feeder_carries_what_stands_behind_the_feeders_behind_it(tiny, plan):
    region = places(tiny)
    problem = problem_of(tiny, region, pv_kw=30.0)
    made = plan(region, problem)
    assert made.assets["inner"].power_kw == pytest.approx(200.0)
    assert made.assets["outer"].power_kw == pytest.approx(200.0 - 30.0 + 50.0)
    assert flow_of(problem, made.assets, "outer") == pytest.approx(made.assets["outer"].power_kw)


def test_each_feeder_on_the_way_has_its_own_price(tiny, plan):
    region = places(tiny)
    problem = problem_of(tiny, region, load_kw=200.0, pv_kw=700.0)
    made = plan(region, problem)
    price = made.marginal_price_eur_per_kwh
    assert made.assets["outer"].power_kw == pytest.approx(-400.0)
    assert price["feeder.outer"] == pytest.approx(0.0), "curtailment sets the price behind the full feeder"
    assert price["feeder.inner"] == pytest.approx(price["feeder.outer"])
    assert price["electricity"] == pytest.approx(PRICES)


def test_nothing_changes_where_no_municipality_is_limited(tiny):
    problem = problem_of(tiny, places(tiny))
    assert problem.municipalities == ()
    assert not [item for item in problem.members if item.municipality is not None]
    assert not [name for name in layout_of(problem).balances if name.startswith("municipality.")]


def test_only_members_of_a_limited_municipality_enter_its_balance(tiny):
    problem = problem_of(tiny, places(tiny, import_kw=100.0))
    entering = {
        item.asset_id
        for item in problem.members
        if "municipality.town" in [balance for _readout, balance in balances_of(item)]
    }
    assert entering == {"load", "pv", "battery"}
    names = {kind_of(item).name for item in problem.members if item.asset_id != "battery"}
    assert names == {"fixed_in_municipality", "generator_in_municipality", "fixed"}


def test_a_municipality_keeps_its_limit_across_feeders(tiny, plan):
    free = plan(places(tiny), problem_of(tiny, places(tiny)))
    region = places(tiny, import_kw=150.0)
    problem = problem_of(tiny, region)
    made = plan(region, problem)
    flow_kw = municipality_kw(problem, made.assets, "municipality.town")
    assert municipality_kw(problem, free.assets, "municipality.town").max() > 150.0
    assert flow_kw.max() <= 150.0 + 1e-6
    binding = next(b for b in made.binding if b.asset_id == "municipality.town")
    assert binding.name == "power_kw_max"
    here = made.marginal_price_eur_per_kwh["municipality.town"]
    assert [here[period] * 0.25 for period in binding.periods] == pytest.approx(list(binding.worth_eur))
    assert "municipality.town" not in made.assets


def test_a_limit_that_cannot_be_kept_is_a_breach_of_its_size(tiny, plan):
    region = places(tiny, export_kw=0.0)
    # Uncurtailable yield beyond the load: the battery takes what it can.
    region = replace(
        region,
        assets=tuple(
            replace(asset, curtailable=False) if asset.id == "pv" else asset for asset in region.assets
        ),
    )
    problem = problem_of(tiny, region, load_kw=0.0, pv_kw=600.0)
    made = plan(region, problem)
    breach = next(b for b in made.breaches if b.asset_id == "municipality.town")
    assert (breach.name, breach.unit) == ("power_kw_min", "kW")
    flow_kw = municipality_kw(problem, made.assets, "municipality.town")
    assert breach.size == pytest.approx(-flow_kw.min())
    for part, amount_eur in cost_parts_eur(problem, made.assets).items():
        assert made.objective_eur[part] == pytest.approx(amount_eur, abs=1e-3), part


def test_a_looser_municipality_never_costs_more(tiny, plan):
    costs = []
    for limit_kw in (120.0, 150.0, 190.0, None):
        region = places(tiny, import_kw=limit_kw)
        costs.append(total(plan(region, problem_of(tiny, region))))
    assert all(later <= earlier + 1e-4 for earlier, later in pairwise(costs))


def test_rules_keep_nested_feeders_and_municipalities_where_they_can(tiny):
    region = places(tiny, import_kw=150.0, export_kw=100.0)
    problem = problem_of(tiny, region)
    made = rules_plan(problem, plan_id="r", issued_at=tiny.start)
    flow_kw = municipality_kw(problem, made.assets, "municipality.town")
    assert flow_kw.max() <= 150.0 + 1e-6
    sunny = problem_of(tiny, region, load_kw=50.0, pv_kw=700.0)
    made = rules_plan(sunny, plan_id="r", issued_at=tiny.start)
    assert (np.abs(made.assets["outer"].power_kw) <= 400.0 + 1e-6).all()
    assert (municipality_kw(sunny, made.assets, "municipality.town") >= -100.0 - 1e-6).all()
    assert made.breaches == ()


def test_rules_report_what_a_municipality_could_not_keep(tiny):
    region = places(tiny, import_kw=10.0)
    problem = problem_of(tiny, region, load_kw=900.0)
    made = rules_plan(problem, plan_id="r", issued_at=tiny.start)
    assert "municipality.town" in {breach.asset_id for breach in made.breaches}
    priced = sum(breach.cost_eur for breach in made.breaches)
    assert priced == pytest.approx(made.objective_eur["breach"])
