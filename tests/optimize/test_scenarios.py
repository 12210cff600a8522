"""Decisions for several courses at once, on cases small enough to solve by hand."""

from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from energy.errors import NoPlan
from energy.optimize.items import FixedPower
from energy.optimize.matrix.layout import layout_of
from energy.optimize.matrix.tile import numbers_of
from energy.optimize.optimizer import Optimizer
from energy.optimize.uncertainty.scenarios import Hedge, Hedged, Hedger, Scenario
from tests.optimize.obedience import check_plan
from tests.optimize.random_regions import USUAL

NO_RUNS = np.zeros(0, dtype=np.int64)


def region_of(tiny: Any) -> Any:
    """A battery without losses, 100 kWh of room, and a peak that costs 10 EUR/kW above 1,000 kW."""
    battery = tiny.asset(
        "battery",
        energy_kwh_min=0.0,
        energy_kwh_max=200.0,
        efficiency_charge=1.0,
        efficiency_discharge=1.0,
        wear_eur_per_kwh=0.0,
    )
    return tiny.region(tiny.asset("load"), battery, capacity_charge_eur_per_kw_year=10.0)


def problem_of(tiny: Any, region: Any, load_kw: list[float], price: list[float]) -> Any:
    return tiny.problem(
        region,
        price,
        expected_kw={"load": load_kw},
        states={"battery": {"energy_kwh": 100.0}},
        billed_peak_kw=1000.0,
        end_at_start=False,
    )


def hedge_of(
    tiny: Any, region: Any, *, probability: float, weight: float = 0.0, level: float = 0.8
) -> tuple[Any, Hedge]:
    """Now a kWh earns 0.50 EUR, later nothing; in the other course the load is then 400 kW above the peak."""
    price = [0.5, 0.0, 0.0]
    expected = problem_of(tiny, region, [1000.0, 1000.0, 1000.0], price)
    high = problem_of(tiny, region, [1000.0, 1400.0, 1000.0], price)
    other = Scenario(probability=probability, problem=high)
    return expected, Hedge(others=(other,), risk_weight=weight, risk_level=level)


def decide(tiny: Any, **dial: float) -> Hedged:
    region = region_of(tiny)
    expected, hedge = hedge_of(tiny, region, **dial)
    layout = layout_of(expected)
    return Hedger().decide(layout, numbers_of(layout, expected), hedge, fixed=NO_RUNS, seconds_max=10.0)


def discharged_kw(tiny: Any, **dial: float) -> float:
    region = region_of(tiny)
    expected, hedge = hedge_of(tiny, region, **dial)
    plan = Optimizer(region).solve(
        expected, plan_id="p", issued_at=tiny.start, seconds_max=10.0, gap=1e-6, hedge=hedge
    )
    return -float(plan.assets["battery"].power_kw[0])


def test_what_cannot_wait_serves_every_course(tiny: Any, plan: Any) -> None:
    """Selling 1 kW now earns 0.125 EUR; keeping it saves 10 EUR of the peak with probability 0.02, 0.2 EUR.

    So all 400 kW stay in store, where the plan of the expected course alone sells them now.
    """
    region = region_of(tiny)
    expected, _ = hedge_of(tiny, region, probability=0.02)
    assert plan(region, expected).assets["battery"].power_kw[0] == pytest.approx(-400.0, abs=1e-4)
    assert discharged_kw(tiny, probability=0.02) == pytest.approx(0.0, abs=1e-4)
    assert discharged_kw(tiny, probability=0.01) == pytest.approx(400.0, abs=1e-4)


def test_risk_weighs_the_dear_course_as_computed_by_hand(tiny: Any) -> None:
    """Probability 0.01, level 0.8: a kW kept costs 0.125 and saves 0.1 in the mean, 0.5 in the dearest fifth.

    So it is kept from weight 0.0625 on, where (1 - w) 0.025 = w 0.375. Import at first costs 75 EUR (600 kW)
    or 125 EUR; the peak 4,000 EUR.
    """
    sold, held = decide(tiny, probability=0.01, weight=0.06), decide(tiny, probability=0.01, weight=0.07)
    assert sold.cost_eur == pytest.approx([75.0, 4075.0], abs=1e-3)
    assert held.cost_eur == pytest.approx([125.0, 125.0], abs=1e-3)
    assert sold.mean_eur == pytest.approx(115.0, abs=1e-3)
    assert sold.cvar_eur(0.8) == pytest.approx(75.0 + 4000.0 * 0.05, abs=1e-3)


def test_more_weight_on_risk_never_raises_cvar(tiny: Any) -> None:
    cvar = [
        decide(tiny, probability=0.01, weight=weight).cvar_eur(0.8)
        for weight in (0.0, 0.05, 0.1, 0.3, 0.6, 1.0)
    ]
    assert all(later <= before + 1e-4 for before, later in pairwise(cvar))
    assert cvar[-1] < cvar[0] - 100.0


def test_courses_that_are_alike_cost_what_the_plan_costs(tiny: Any, plan: Any) -> None:
    region = region_of(tiny)
    expected, _ = hedge_of(tiny, region, probability=0.2)
    same = Hedge(others=(Scenario(probability=0.2, problem=expected),), risk_weight=0.5)
    alone = plan(region, expected)
    hedged = Optimizer(region).solve(
        expected, plan_id="p", issued_at=tiny.start, seconds_max=10.0, gap=1e-6, hedge=same
    )
    assert sum(hedged.objective_eur.values()) == pytest.approx(sum(alone.objective_eur.values()), abs=1e-4)


def test_the_same_problems_give_the_same_plans(tiny: Any) -> None:
    first, again = (decide(tiny, probability=0.02, weight=0.3) for _ in range(2))
    assert first.value.tobytes() == again.value.tobytes()
    assert first.cost_eur.tobytes() == again.cost_eur.tobytes()


def test_machines_run_alike_in_every_course(tiny: Any) -> None:
    """A region with heat is hedged too; what was decided stands in the plan's first period."""
    region = tiny.region(
        *(tiny.asset(kind) for kind in ("load", "battery", "chp", "boiler", "heat_load", "heat_storage")),
        imbalance_eur_per_kwh=0.065,
    )
    states = {"battery": {"energy_kwh": 500.0}, "heat_storage": {"energy_kwh": 800.0}}

    def problem(load_kw: float) -> Any:
        return tiny.problem(
            region,
            [0.1, 0.3, 0.05, 0.2] * 4,
            expected_kw={"load": [load_kw] * 16, "heat_load": [400.0] * 16},
            states=states,
            nominated_kw=np.full(16, 300.0),
        )

    hedge = Hedge(
        others=tuple(Scenario(probability=0.2, problem=problem(kw)) for kw in (500.0, 900.0)), risk_weight=0.2
    )
    plan = Optimizer(region).solve(
        problem(700.0), plan_id="p", issued_at=tiny.start, seconds_max=10.0, gap=1e-3, hedge=hedge
    )
    running = plan.assets["chp"].states["running"]
    assert set(np.round(running, 6)) <= {0.0, 1.0}
    total = sum(plan.assets[name].power_kw for name in ("load", "battery", "chp"))
    assert total == pytest.approx(plan.assets["grid_point"].power_kw, abs=1e-5)
    assert plan.gap is not None
    assert plan.gap >= 0.0


def test_a_course_of_another_structure_is_refused(tiny: Any) -> None:
    region = region_of(tiny)
    expected, _ = hedge_of(tiny, region, probability=0.2)
    forced = tiny.problem(
        region,
        [0.5, 0.0, 0.0],
        expected_kw={"load": [1000.0] * 3},
        states={"battery": {"energy_kwh": 100.0}},
        limits=[tiny.limit("battery", 10.0, None)],
    )
    layout = layout_of(expected)
    hedge = Hedge(others=(Scenario(probability=0.2, problem=forced),))
    with pytest.raises(NoPlan, match="structure"):
        Hedger().decide(layout, numbers_of(layout, expected), hedge, fixed=NO_RUNS, seconds_max=5.0)


def hedged(tiny: Any, region: Any, price: list[float], **other: Any) -> Any:
    """Plan a load of 1,000 kW, hedged against a third of other numbers."""
    usual = {"expected_kw": {"load": [1000.0] * len(price)}, "states": {"battery": {"energy_kwh": 100.0}}}
    problem = tiny.problem(region, price, **usual)
    course = Scenario(probability=0.3, problem=tiny.problem(region, price, **{**usual, **other}))
    return Optimizer(region).solve_proven(
        problem,
        plan_id="p",
        issued_at=tiny.start,
        seconds_max=10.0,
        gap=1e-6,
        hedge=Hedge(others=(course,)),
    )


def test_courses_that_burn_energy_at_once_leave_one_direction(tiny: Any) -> None:
    """At negative prices the courses' program may charge and discharge at once; a plan may not."""
    lossy = tiny.asset("battery", energy_kwh_min=0.0, energy_kwh_max=110.0, wear_eur_per_kwh=0.0)
    region = tiny.region(tiny.asset("load"), lossy)
    price = [-0.5, -0.4, -0.4, -0.4]
    proven = hedged(tiny, region, price, expected_kw={"load": [1000.0, 900.0, 900.0, 900.0]})
    assert proven.notes == ()
    energy_kwh = proven.plan.assets["battery"].states["energy_kwh"]
    assert energy_kwh.max() <= 110.0 + 1e-6


def test_what_was_hedged_is_no_limit_of_the_asset(tiny: Any) -> None:
    """A power kept back for another course is no bound that anything would be worth to relax."""
    region = region_of(tiny)
    expected, hedge = hedge_of(tiny, region, probability=0.02)
    plan = Optimizer(region).solve(
        expected, plan_id="p", issued_at=tiny.start, seconds_max=10.0, gap=1e-6, hedge=hedge
    )
    assert plan.assets["battery"].power_kw[0] == pytest.approx(0.0, abs=1e-4)
    at_first = {
        (limit.asset_id, limit.name)
        for limit in plan.binding
        if 0 in limit.periods and limit.asset_id == "battery"
    }
    assert not at_first & {("battery", "power_kw_min"), ("battery", "power_kw_max")}


def test_a_hedged_plan_decides_its_ties_too(tiny: Any) -> None:
    """At a flat price the battery may charge at any time: after what was hedged it leads over to evenly."""
    battery = tiny.asset(
        "battery", energy_kwh_min=0.0, wear_eur_per_kwh=0.0, efficiency_charge=1.0, efficiency_discharge=1.0
    )
    region = tiny.region(tiny.asset("load"), battery)
    region = replace(region, control=replace(region.control, steady_h=4.0))
    proven = hedged(tiny, region, [0.1] * 12 + [0.9] * 4)
    assert proven.notes == ()
    charged_kw = proven.plan.assets["battery"].power_kw[:12]
    assert charged_kw[2:].sum() > 100.0
    np.testing.assert_allclose(charged_kw[2:], charged_kw[2:].mean(), atol=1e-3)


@pytest.mark.parametrize("seed", [14, 15, 16])
def test_hedging_breaks_no_limit_that_the_plan_itself_kept(tiny: Any, seed: int) -> None:
    """Behind a narrow feeder with stores too full, a course could burn at once what no plan can."""
    meeting = replace(
        USUAL,
        seed=seed,
        behind_feeder=("battery", "chp"),
        price_mean=0.05,
        price_spread=0.2,
        filled=1.0,
        feeder_kw_max=50.0,
        periods=24,
    )
    region, problem = meeting.build(tiny)
    more = tuple(
        replace(item, power_kw=1.3 * item.power_kw) if isinstance(item, FixedPower) else item
        for item in problem.members
    )
    hedge = Hedge(others=(Scenario(probability=0.2, problem=replace(problem, members=more)),))
    plain, hedged = (
        Optimizer(region).solve_proven(
            problem, plan_id="p", issued_at=tiny.start, seconds_max=20.0, gap=1e-3, hedge=dial
        )
        for dial in (None, hedge)
    )
    assert hedged.notes == plain.notes, "hedging has nothing to say"
    check_plan(problem, hedged.plan)
    breach_eur = hedged.plan.objective_eur["breach"]
    assert breach_eur == pytest.approx(plain.plan.objective_eur["breach"], rel=1e-3, abs=1.0)
