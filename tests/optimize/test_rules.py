"""The fallback's own habits; that it obeys physics is proven beside the optimum."""

import numpy as np
import pytest

from energy.optimize.fallback.rules import rules_plan


def by_rules(problem, tiny):
    return rules_plan(problem, plan_id="r", issued_at=tiny.start)


def test_battery_stores_surplus_and_gives_it_back_when_dear(tiny):
    region = tiny.region(
        tiny.asset("load"),
        tiny.asset("pv"),
        tiny.asset("battery", efficiency_charge=1.0, efficiency_discharge=1.0),
    )
    problem = tiny.problem(
        region,
        [0.05, 0.05, 0.2, 0.2],
        expected_kw={"load": [100.0, 100.0, 100.0, 100.0], "pv": [-300.0, 0.0, 0.0, 0.0]},
        states={"battery": {"energy_kwh": 100.0}},
    )
    plan = by_rules(problem, tiny)
    assert plan.assets["battery"].power_kw.tolist() == [200.0, 0.0, -100.0, -100.0]
    assert plan.assets["grid_point"].power_kw.tolist() == [0.0, 100.0, 0.0, 0.0]
    assert plan.assets["battery"].states["energy_kwh"].tolist() == [150.0, 150.0, 125.0, 100.0]


def test_import_limit_is_kept_by_battery_then_by_charging(tiny):
    region = tiny.region(
        tiny.asset("load"),
        tiny.asset("battery", efficiency_discharge=1.0),
        tiny.asset("ev_hub"),
        grid=tiny.asset("grid_point", power_kw_import_max=150.0),
    )
    problem = tiny.problem(
        region,
        [0.0, 0.1, 0.1],
        expected_kw={"load": [100.0] * 3, "ev_hub": [200.0, 0.0, 0.0]},
        states={"battery": {"energy_kwh": 120.0}},
    )
    plan = by_rules(problem, tiny)
    assert plan.assets["battery"].power_kw[0] == pytest.approx(-80.0)
    assert plan.assets["ev_hub"].power_kw[0] == pytest.approx(130.0)
    assert plan.assets["ev_hub"].power_kw.sum() == pytest.approx(200.0)
    assert plan.assets["grid_point"].power_kw.max() == pytest.approx(150.0)
    assert not plan.breaches


def test_export_limit_is_kept_by_battery_then_by_curtailment(tiny):
    region = tiny.region(
        tiny.asset("pv"),
        tiny.asset("battery", efficiency_charge=1.0),
        grid=tiny.asset("grid_point", power_kw_export_max=100.0),
    )
    problem = tiny.problem(
        region, [0.1], expected_kw={"pv": [-700.0]}, states={"battery": {"energy_kwh": 850.0}}
    )
    plan = by_rules(problem, tiny)
    assert plan.assets["battery"].power_kw.tolist() == [200.0]
    assert plan.assets["pv"].power_kw.tolist() == [-300.0]
    assert plan.assets["grid_point"].power_kw.tolist() == [-100.0]
    assert plan.assets["pv"].states["power_kw_curtailed"].tolist() == [400.0]


def test_a_source_that_runs_free_curtails_nothing(tiny):
    problem = tiny.problem(tiny.region(tiny.asset("wind")), [0.1, 0.1], expected_kw={"wind": [-50.0, 0.0]})
    assert by_rules(problem, tiny).assets["wind"].states["power_kw_curtailed"].tolist() == [0.0, 0.0]


def test_a_demanded_power_out_of_reach_is_a_breach_at_its_price(tiny):
    region = tiny.region(
        tiny.asset("load"), tiny.asset("battery", efficiency_discharge=1.0), tiny.asset("ev_hub")
    )
    problem = tiny.problem(
        region,
        [0.1, 0.1],
        expected_kw={"load": [500.0, 500.0], "ev_hub": [40.0, 0.0]},
        states={"battery": {"energy_kwh": 150.0}},
        limits=[tiny.limit("battery", None, -150.0), tiny.limit("ev_hub", 60.0, None)],
    )
    plan = by_rules(problem, tiny)
    found = {(b.asset_id, b.name): b for b in plan.breaches}
    assert found[("battery", "power_kw_max")].size == pytest.approx(150.0)
    assert found[("ev_hub", "power_kw_min")].size == pytest.approx(60.0)
    priced = [breach.cost_eur for breach in plan.breaches if breach.name != "unserved"]
    assert sum(priced) == pytest.approx(plan.objective_eur["breach"])
    assert plan.objective_eur["breach"] > 0.0


def test_what_cannot_be_kept_is_reported(tiny):
    region = tiny.region(
        tiny.asset("load"),
        tiny.asset("battery"),
        tiny.asset("ev_hub", power_kw_max=10.0, power_kw_safe=0.0, dwell_h=1.0),
        grid=tiny.asset("grid_point", power_kw_import_max=50.0),
    )
    problem = tiny.problem(
        region,
        [0.1] * 4,
        expected_kw={"load": [80.0] * 4, "ev_hub": [0.0] * 4},
        states={
            "battery": {"energy_kwh": 60.0},
            "ev_hub": {"energy_kwh_backlog": 8.0, "energy_kwh_urgent": 8.0},
        },
    )
    plan = by_rules(problem, tiny)
    found = {(b.asset_id, b.name): b.size for b in plan.breaches}
    assert found[("grid_point", "power_kw_max")] == pytest.approx(30.0)
    assert found[("battery", "energy_kwh_min")] == pytest.approx(40.0)
    assert found[("ev_hub", "unserved")] == pytest.approx(8.0)


def test_a_full_horizon_is_planned_without_the_solver(tiny):
    region = tiny.region(tiny.asset("load"), tiny.asset("battery"), tiny.asset("ev_hub"))
    problem = tiny.problem(
        region, np.full(192, 0.1), expected_kw={"load": np.full(192, 50.0), "ev_hub": np.full(192, 20.0)}
    )
    plan = by_rules(problem, tiny)
    assert plan.periods == 192
    assert "energy_kwh" not in plan.assets["battery"].states
