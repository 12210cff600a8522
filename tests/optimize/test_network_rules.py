"""The fallback's habits in heat, hydrogen, water and on feeders."""

import numpy as np
import pytest

from energy.optimize.fallback.rules import rules_plan


def by_rules(problem, tiny):
    return rules_plan(problem, plan_id="r", issued_at=tiny.start)


def heat_region(tiny, **chp):
    return tiny.region(
        tiny.asset("chp", **chp), tiny.asset("boiler"), tiny.asset("heat_load"), tiny.asset("heat_storage")
    )


def heat_problem(tiny, region, *, filled_kwh, demand_kw=400.0, periods=8, running_s=0.0):
    return tiny.problem(
        region,
        [0.1] * periods,
        expected_kw={"heat_load": [demand_kw] * periods},
        states={
            "heat_storage": {"energy_kwh": filled_kwh},
            "chp": {"running_s": running_s, "standing_s": 0.0 if running_s else 9000.0},
        },
    )


def test_chp_runs_when_its_store_is_low_and_stands_when_it_is_full(tiny):
    region = heat_region(tiny)
    low = by_rules(heat_problem(tiny, region, filled_kwh=100.0), tiny)
    full = by_rules(heat_problem(tiny, region, filled_kwh=1900.0), tiny)
    assert low.assets["chp"].power_kw[0] == -400.0
    assert full.assets["chp"].states["running"].max() == 0.0


def test_chp_keeps_its_least_times_by_rules(tiny):
    region = heat_region(tiny)
    just_started = by_rules(heat_problem(tiny, region, filled_kwh=1500.0, running_s=900.0), tiny)
    assert just_started.assets["chp"].states["running"][:3].tolist() == [1.0, 1.0, 1.0]


def test_boiler_covers_what_the_store_cannot(tiny):
    region = tiny.region(tiny.asset("boiler"), tiny.asset("heat_load"), tiny.asset("heat_storage"))
    problem = tiny.problem(
        region,
        [0.1] * 2,
        expected_kw={"heat_load": [1000.0, 1000.0]},
        states={"heat_storage": {"energy_kwh": 50.0}},
    )
    plan = by_rules(problem, tiny)
    heat = {name: asset.states["heat_kw"] for name, asset in plan.assets.items() if "heat_kw" in asset.states}
    assert heat["heat_storage"][0] == pytest.approx(-199.5, abs=1.0)
    assert heat["boiler"].tolist() == pytest.approx([-1000.0 - heat["heat_storage"][0], -900.0])
    assert heat["heat_load"][1] == pytest.approx(900.0)
    assert [(b.name, b.asset_id) for b in plan.breaches] == [("unserved_heat", "heat_load")]


def test_electrolyser_prefers_the_cheap_half(tiny):
    region = tiny.region(tiny.asset("electrolyser"), tiny.asset("hydrogen_storage"))
    price = np.where(np.arange(96) % 2 < 1, 0.02, 0.2)
    price[40:60] = 0.02
    problem = tiny.problem(
        region,
        price,
        states={
            "hydrogen_storage": {"energy_kwh": 1900.0},
            "electrolyser": {"running_s": 0.0, "standing_s": 9000.0},
        },
    )
    plan = by_rules(problem, tiny)
    running = plan.assets["electrolyser"].states["running"]
    assert plan.objective_eur["unserved"] == 0.0
    assert running[40:60].mean() > running[60:].mean()


def test_reservoir_fills_in_the_cheap_half_and_keeps_its_reserve(tiny):
    region = tiny.region(tiny.asset("pumped_reservoir"))
    price = np.repeat([0.02, 0.2], 48)
    problem = tiny.problem(
        region,
        price,
        expected_kw={"pumped_reservoir": np.full(96, 40.0)},
        states={"pumped_reservoir": {"volume_m3": 300.0}},
    )
    plan = by_rules(problem, tiny)
    pumped, volume = (
        plan.assets["pumped_reservoir"].power_kw,
        plan.assets["pumped_reservoir"].states["volume_m3"],
    )
    assert pumped[:48].sum() > pumped[48:].sum()
    assert volume.min() >= 200.0
    assert not plan.breaches


def test_a_feeders_limit_is_kept_by_its_battery_then_by_curtailing_behind_it(tiny):
    region = tiny.region(
        tiny.asset("pv", feeder="feeder"),
        tiny.asset("pv", "pv_elsewhere"),
        tiny.asset("battery", feeder="feeder", efficiency_charge=1.0),
        tiny.asset("feeder", power_kw_max=100.0),
    )
    problem = tiny.problem(
        region,
        [0.1],
        expected_kw={"pv": [-700.0], "pv_elsewhere": [-700.0]},
        states={"battery": {"energy_kwh": 850.0}},
    )
    plan = by_rules(problem, tiny)
    assert plan.assets["battery"].power_kw.tolist() == [200.0]
    assert plan.assets["pv"].power_kw.tolist() == [-300.0]
    assert plan.assets["pv_elsewhere"].power_kw.tolist() == [-700.0]
    assert plan.assets["feeder"].power_kw.tolist() == [-100.0]


def test_the_grid_points_limit_does_not_break_a_feeders(tiny):
    region = tiny.region(
        tiny.asset("load"),
        tiny.asset("battery", feeder="feeder", efficiency_discharge=1.0),
        tiny.asset("feeder", power_kw_max=100.0),
        grid=tiny.asset("grid_point", power_kw_import_max=200.0),
    )
    problem = tiny.problem(
        region, [0.1], expected_kw={"load": [500.0]}, states={"battery": {"energy_kwh": 800.0}}
    )
    plan = by_rules(problem, tiny)
    assert plan.assets["feeder"].power_kw.tolist() == [-100.0]
    assert [(b.asset_id, b.size) for b in plan.breaches] == [("grid_point", 200.0)]
