"""A small region of all kinds: plans obey physics, the account adds up, rules never beat the optimum."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from energy.optimize.cost import balance_kw, cost_parts_eur, exchange_of, flow_of
from energy.optimize.fallback.rules import rules_plan
from energy.optimize.items import BlockLoad
from energy.optimize.network_cost import stored_heat_kwh
from energy.optimize.network_items import HeatStore, HydrogenStore, Machine, Reservoir
from energy.optimize.optimizer import Optimizer
from energy.region.objective import Objective

PERIODS = 24
DT_H = 0.25


@st.composite
def cases(draw):
    """Draw the numbers of a region with every kind."""
    return {
        "seed": draw(st.integers(0, 10_000)),
        "price_mean": draw(st.sampled_from([-0.02, 0.05, 0.1, 0.3])),
        "heat_share": draw(st.sampled_from([0.1, 0.5, 0.95])),
        "filled": draw(st.sampled_from([0.02, 0.5, 1.0, None])),
        "running_s": draw(st.sampled_from([0.0, 900.0, 7200.0, None])),
        "feeder_kw": draw(st.sampled_from([150.0, 600.0, 1e5])),
        "deep_eur": draw(st.sampled_from([0.01, 0.1])),
        "ramp_kw_per_s": draw(st.sampled_from([0.04, 10.0])),
        "chp_kw": draw(st.sampled_from([None, -400.0, -210.0])),
        "curve": draw(st.sampled_from([{}, {"power_kw_middle": 250.0, "hydrogen_kw_middle": 180.0}])),
        "limit": draw(st.sampled_from([None, "chp", "electrolyser", "heat_pump"])),
        "unavailable": draw(st.sampled_from([(), ("chp",), ("electrolyser", "boiler", "pumped_reservoir")])),
        "nominated": draw(st.booleans()),
        "weight": draw(st.sampled_from([0.0, 0.02])),
    }


def weights_of(weight):
    return Objective(
        co2_weight_eur_per_t=3000.0 * weight,
        import_weight_eur_per_kwh=weight,
        export_weight_eur_per_kwh=weight / 2.0,
        nomination_weight_eur_per_kwh=10.0 * weight,
    )


def states_of(case):
    states = {
        "ev_hub": {"energy_kwh_backlog": 60.0, "energy_kwh_urgent": 10.0},
        "flexible_load": {"energy_kwh_backlog": 30.0, "energy_kwh_urgent": 10.0},
    }
    if case["filled"] is not None:
        states |= {
            "battery": {"energy_kwh": 1000.0 * case["filled"]},
            "heat_storage": {"energy_kwh": 2000.0 * case["filled"]},
            "hydrogen_storage": {"energy_kwh": 2000.0 * case["filled"]},
            "pumped_reservoir": {"volume_m3": 1000.0 * case["filled"]},
        }
    if case["running_s"] is not None:
        standing_s = 0.0 if case["running_s"] > 0.0 else 600.0
        mill_kwh = {"energy_kwh_backlog": 100.0, "energy_kwh_urgent": 30.0}
        states["mill"] = mill_kwh | {"running_s": min(case["running_s"], 1200.0)}
        for machine in ("chp", "heat_pump", "electrolyser"):
            states[machine] = {"running_s": case["running_s"], "standing_s": standing_s}
        if case["chp_kw"] is not None:
            states["chp"]["power_kw"] = case["chp_kw"] if case["running_s"] > 0.0 else 0.0
    return states


def region_and_problem(tiny, case):
    random = np.random.default_rng(case["seed"])
    region = tiny.region(
        tiny.asset("load"),
        tiny.asset("pv", curtailment_eur_per_kwh=0.01, feeder="feeder"),
        tiny.asset(
            "battery",
            feeder="feeder",
            energy_kwh_reserve=50.0,
            wear_depth_kwh=300.0,
            wear_deep_eur_per_kwh=case["deep_eur"],
        ),
        tiny.asset("ev_hub", dwell_h=1.5),
        tiny.asset("flexible_load", feeder="feeder"),
        tiny.asset("flexible_load", "shed", mode="shed", shift_h=0.0, unserved_eur_per_kwh=0.2),
        tiny.asset("flexible_load", "mill", mode="block", block_h=0.75, shift_h=2.0, power_kw_max=80.0),
        tiny.asset("chp", feeder="feeder", ramp_kw_per_s=case["ramp_kw_per_s"]),
        tiny.asset("heat_pump", ramp_kw_per_s=case["ramp_kw_per_s"]),
        tiny.asset("boiler"),
        tiny.asset("heat_load"),
        tiny.asset("heat_storage"),
        tiny.asset("electrolyser", **case["curve"]),
        tiny.asset("hydrogen_storage"),
        tiny.asset("pumped_reservoir"),
        tiny.asset("feeder", power_kw_max=case["feeder_kw"]),
        grid=tiny.asset("grid_point", power_kw_import_max=1500.0, power_kw_export_max=800.0),
        import_surcharge_eur_per_kwh=0.02,
        capacity_charge_eur_per_kw_year=5.0,
        imbalance_eur_per_kwh=0.065,
        co2_eur_per_t=40.0,
        import_co2_kg_per_kwh=0.4,
    )
    region = replace(region, objective=weights_of(case["weight"]))
    some = lambda most: np.round(most * random.random(PERIODS), 3)  # noqa: E731 - a short name
    expected = {
        "load": some(300.0),
        "pv": -some(600.0),
        "ev_hub": some(150.0),
        "flexible_load": some(200.0),
        "shed": some(100.0),
        "mill": some(60.0),
        "heat_load": case["heat_share"] * (500.0 + some(500.0)),
        "pumped_reservoir": some(60.0),
    }
    forced = {"chp": (-400.0, -250.0), "electrolyser": (200.0, 300.0), "heat_pump": (0.0, 0.0)}
    limits = []
    if case["limit"] is not None:
        limits = [tiny.limit(case["limit"], *forced[case["limit"]])]
    nominated = np.where(np.arange(PERIODS) < PERIODS // 2, 400.0, np.nan)
    problem = tiny.problem(
        region,
        case["price_mean"] + 0.08 * random.standard_normal(PERIODS),
        expected_kw=expected,
        states=states_of(case),
        limits=limits,
        unavailable=case["unavailable"],
        billed_peak_kw=500.0,
        temperature_c=some(10.0) - 5.0,
        nominated_kw=nominated if case["nominated"] else None,
    )
    return region, problem


def total(plan):
    return sum(plan.objective_eur.values())


@settings(deadline=None, max_examples=25)
@given(case=cases())
def test_plan_obeys_physics_and_its_account_adds_up(tiny, case):
    region, problem = region_and_problem(tiny, case)
    proven = Optimizer(region).solve_proven(
        problem, plan_id="p", issued_at=tiny.start, seconds_max=20.0, gap=1e-4
    )
    made = proven.plan
    check_physics(problem, made)
    for part, amount_eur in cost_parts_eur(problem, made.assets).items():
        assert made.objective_eur[part] == pytest.approx(amount_eur, abs=1e-2, rel=1e-5), part
    assert proven.bound_eur <= total(made) + 1e-3
    by_rules = rules_plan(problem, plan_id="r", issued_at=tiny.start)
    check_physics(problem, by_rules)
    assert total(by_rules) >= proven.bound_eur - 1e-2 - 1e-5 * abs(proven.bound_eur)


def check_physics(problem, made):
    assets = made.assets
    np.testing.assert_allclose(assets["grid_point"].power_kw, exchange_of(problem, assets), atol=1e-5)
    np.testing.assert_allclose(assets["feeder"].power_kw, flow_of(problem, assets, "feeder"), atol=1e-5)
    for surplus in problem.surpluses:
        # What is not used at all is the only thing that may be left over; nothing may be missing.
        assert (balance_kw(problem, assets, surplus.asset_id) <= 1e-5).all(), surplus.asset_id
    for item in problem.members:
        plan = assets[item.asset_id]
        match item:
            case Machine():
                check_machine(item, plan)
            case BlockLoad():
                check_blocks(item, plan)
            case HeatStore() if item.energy_kwh is not None:
                energy = plan.states["energy_kwh"]
                np.testing.assert_allclose(energy, stored_heat_kwh(item, plan.states["heat_kw"]), atol=1e-3)
                assert (energy >= -1e-3).all()
                assert (energy <= max(item.energy_kwh_max, item.energy_kwh) + 1e-3).all()
            case HydrogenStore() if item.energy_kwh is not None:
                stored = item.energy_kwh + DT_H * np.cumsum(plan.states["hydrogen_kw_stored"])
                np.testing.assert_allclose(plan.states["energy_kwh"], stored, atol=1e-3)
            case Reservoir():
                volume = plan.states["volume_m3"]
                assert (volume >= -1e-3).all()
                assert (volume <= max(1000.0, item.energy_kwh * item.m3_per_kwh) + 1e-3).all()


def check_machine(item, plan):
    on = plan.states["running"]
    np.testing.assert_allclose(on, np.round(on), atol=1e-6)
    standby = getattr(item, "power_kw_standby", 0.0)
    load = np.abs(plan.power_kw) - standby * (1.0 - on)
    assert (load >= on * item.power_kw_least - 1e-5).all()
    assert (load <= on * item.power_kw_rated + 1e-5).all()
    assert (on <= item.running_share_max + 1e-6).all()
    assert (on >= item.running_share_min - 1e-6).all()
    if item.ramp_kw is not None:
        check_ramp(item, load, np.round(on))
    switches = np.flatnonzero(np.diff(np.round(on), prepend=float(item.running_before)))
    for first, second in pairwise(switches):
        least = item.uptime_periods if on[first] > 0.5 else item.downtime_periods
        assert second - first >= least


def check_ramp(item, load, on):
    started, stopped = np.diff(on) > 0.0, np.diff(on) < 0.0
    change = np.diff(load)
    assert (np.abs(change[(on[1:] > 0.0) & (on[:-1] > 0.0)]) <= item.ramp_kw + 1e-5).all()
    assert (load[1:][started] <= item.power_kw_least + 1e-5).all()
    trips = item.running_share_max[1:] < 1.0
    assert (load[:-1][stopped & ~trips] <= item.power_kw_least + 1e-5).all()
    if on[0] > 0.0:
        assert item.load_kw_first_min - 1e-5 <= load[0] <= item.load_kw_first_max + 1e-5


def check_blocks(item, plan):
    own_kw = plan.power_kw - item.carried_kw
    period = 0
    while period < own_kw.size:
        run = own_kw[period : period + item.block_periods]
        if run[0] > 1e-6:
            np.testing.assert_allclose(run, item.block_kw, atol=1e-6)
            assert item.begin_share_max[period] == 1.0
            period += run.size
        else:
            period += 1
    assert (plan.states["energy_kwh_backlog"] >= -1e-6).all()
    assert (plan.states["power_kw_unserved"] >= -1e-6).all()


@settings(deadline=None, max_examples=6)
@given(case=cases())
def test_the_exact_search_is_at_least_as_good_and_bounded_by_what_it_proves(tiny, case):
    region, problem = region_and_problem(tiny, case)
    common = {"plan_id": "p", "issued_at": tiny.start, "seconds_max": 10.0, "gap": 1e-4}
    rounded = Optimizer(region).solve_proven(problem, **common)
    exact = Optimizer(region).solve_proven(problem, search="exact", **common)
    check_physics(problem, exact.plan)
    assert total(exact.plan) <= total(rounded.plan) + 1e-3 + 2e-4 * abs(total(rounded.plan))
    assert rounded.bound_eur - 1e-3 <= exact.bound_eur <= total(exact.plan) + 1e-3
