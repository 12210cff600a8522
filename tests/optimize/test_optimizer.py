"""The optimiser's manners: extremes still get a plan, a warm solver is no other, every end has its name."""

import numpy as np
import pytest

from energy.domain import Level, Rung
from energy.errors import NoPlan
from energy.optimize.cost import stored_energy_kwh
from energy.optimize.highs.solver import LinearSolver
from energy.optimize.matrix.layout import layout_of
from energy.optimize.matrix.tile import numbers_of
from energy.optimize.optimizer import Optimizer
from energy.optimize.penalties import BREACH_EUR_PER_KWH
from energy.periods import PERIOD, PERIOD_H


def total(plan):
    return sum(plan.objective_eur.values())


def test_battery_does_not_burn_energy_at_negative_prices(tiny, plan):
    price = [-0.3, -0.3, -0.25, -0.3, 0.1, 0.1]
    region = tiny.region(
        tiny.asset("load"), tiny.asset("battery", wear_eur_per_kwh=0.0), import_surcharge_eur_per_kwh=0.01
    )
    problem = tiny.problem(
        region,
        price,
        expected_kw={"load": [100.0] * 6},
        states={"battery": {"energy_kwh": 880.0}},
    )
    made = plan(region, problem)
    battery = problem.members[1]
    power, energy = made.assets["battery"].power_kw, made.assets["battery"].states["energy_kwh"]
    np.testing.assert_allclose(energy, stored_energy_kwh(battery, power), atol=1e-3)
    assert made.rung is Rung.OPTIMAL
    assert made.gap is not None
    assert made.gap <= 1e-5


def test_at_the_time_limit_the_plan_is_an_incumbent_with_its_gap(tiny):
    period = np.arange(192)
    price = np.where((period > 50) & (period < 90), -0.2, 0.05 + 0.02 * np.sin(period / 30))
    region = tiny.region(
        tiny.asset("load"), tiny.asset("battery", wear_eur_per_kwh=0.0), import_surcharge_eur_per_kwh=0.01
    )
    problem = tiny.problem(
        region,
        price,
        expected_kw={"load": np.full(192, 100.0)},
        states={"battery": {"energy_kwh": 400.0}},
    )
    made = Optimizer(region).solve(problem, plan_id="p", issued_at=tiny.start, seconds_max=1.0, gap=0.0)
    assert made.rung is Rung.INCUMBENT
    assert made.gap is not None
    assert made.gap > 0.0


def test_same_problems_in_the_same_order_give_the_same_plans(tiny):
    region = tiny.region(tiny.asset("load"), tiny.asset("battery"), tiny.asset("ev_hub"))
    runs = []
    for _run in range(2):
        rng, optimizer = np.random.default_rng(4), Optimizer(region)
        powers = []
        for _step in range(5):
            problem = tiny.problem(
                region,
                rng.normal(0.05, 0.1, 96),
                expected_kw={"load": rng.random(96) * 300.0, "ev_hub": rng.random(96) * 50.0},
                states={"battery": {"energy_kwh": 500.0}},
            )
            made = optimizer.solve(problem, plan_id="p", issued_at=tiny.start, seconds_max=20.0, gap=1e-3)
            powers += [asset.power_kw.tobytes() for asset in made.assets.values()]
        runs.append(powers)
    assert runs[0] == runs[1]


def test_energy_measured_outside_its_band_finds_a_way_back(tiny, plan):
    region = tiny.region(tiny.asset("load"), tiny.asset("battery"))
    for measured, name in ((20.0, "energy_kwh_min"), (980.0, "energy_kwh_max")):
        problem = tiny.problem(
            region,
            [0.1] * 6,
            expected_kw={"load": [100.0] * 6},
            states={"battery": {"energy_kwh": measured}},
        )
        made = plan(region, problem)
        energy = made.assets["battery"].states["energy_kwh"]
        assert 100.0 - 1e-6 <= energy[-1] <= 900.0 + 1e-6
        assert not any(breach.asset_id == "grid_point" for breach in made.breaches)
        inside = 100.0 - 1e-6 <= energy[0] <= 900.0 + 1e-6
        assert inside or [breach.name for breach in made.breaches] == [name]


def test_limit_that_demands_more_than_is_stored_is_kept_as_far_as_possible(tiny, plan):
    region = tiny.region(tiny.asset("load"), tiny.asset("battery", efficiency_discharge=1.0))
    problem = tiny.problem(
        region,
        [0.1] * 2,
        expected_kw={"load": [1000.0] * 2},
        states={"battery": {"energy_kwh": 150.0}},
        limits=[tiny.limit("battery", None, -300.0)],
    )
    made = plan(region, problem)
    assert made.assets["battery"].power_kw.sum() == pytest.approx(-200.0)
    (breach,) = made.breaches
    assert (breach.asset_id, breach.name) == ("battery", "power_kw_max")
    assert breach.cost_eur == pytest.approx(BREACH_EUR_PER_KWH * (600.0 - 200.0) * PERIOD_H)


def test_limits_of_the_grid_operator_hold_only_in_their_periods(tiny, plan):
    region = tiny.region(tiny.asset("load"), tiny.asset("pv"))
    problem = tiny.problem(
        region,
        [0.1] * 3,
        expected_kw={"load": [0.0] * 3, "pv": [-500.0] * 3},
        limits=[
            tiny.limit("pv", -200.0, None, start=problem_time(tiny, 1), until=problem_time(tiny, 2)),
            tiny.limit("pv", -450.0, -300.0, limit_id="lower", level=Level.OPERATOR),
        ],
    )
    made = plan(region, problem)
    np.testing.assert_allclose(made.assets["pv"].power_kw, [-450.0, -200.0, -450.0], atol=1e-6)
    assert [(breach.name, breach.size) for breach in made.breaches] == [("limit lower", 100.0)]


def problem_time(tiny, period):
    return tiny.start + period * PERIOD


def test_unknown_battery_and_unavailable_assets_stay_at_0_kw(tiny, plan):
    region = tiny.region(
        tiny.asset("load"), tiny.asset("battery"), tiny.asset("battery", "b2"), tiny.asset("pv")
    )
    problem = tiny.problem(
        region,
        [0.0, 0.3, 0.0, 0.3],
        expected_kw={"load": [100.0] * 4, "pv": [-50.0] * 4},
        states={"b2": {"energy_kwh": 500.0}},
        unavailable={"b2", "pv"},
    )
    made = plan(region, problem)
    for asset_id in ("battery", "b2", "pv"):
        np.testing.assert_allclose(made.assets[asset_id].power_kw, 0.0, atol=1e-9)
    assert "energy_kwh" not in made.assets["battery"].states
    assert len(problem.notes) == 3


def test_warm_plan_equals_a_cold_one(tiny):
    region = tiny.region(tiny.asset("load"), tiny.asset("battery"))
    warm = Optimizer(region)
    identity = {"plan_id": "p", "issued_at": tiny.start, "seconds_max": 20.0, "gap": 1e-4}
    rng = np.random.default_rng(1)
    for step in range(5):
        problem = tiny.problem(
            region,
            0.1 + 0.05 * rng.random(96),
            expected_kw={"load": 100.0 + 50.0 * rng.random(96)},
            states={"battery": {"energy_kwh": 300.0 + 10.0 * step}},
        )
        again = warm.solve(problem, **identity)
        assert again.rung is Rung.OPTIMAL
        assert total(again) == pytest.approx(total(Optimizer(region).solve(problem, **identity)))


def test_changed_efficiency_and_changed_assets_reach_the_solver(tiny):
    one = tiny.region(tiny.asset("load"), tiny.asset("battery"))
    other = tiny.region(tiny.asset("load"), tiny.asset("battery", efficiency_charge=0.5))
    more = tiny.region(tiny.asset("load"), tiny.asset("battery"), tiny.asset("battery", "b2"))
    identity = {"plan_id": "p", "issued_at": tiny.start, "seconds_max": 20.0, "gap": 1e-4}
    optimizer = Optimizer(one)
    for region in (one, other, more, one):
        problem = tiny.problem(
            region,
            [0.05, 0.05, 0.3, 0.3],
            expected_kw={"load": [600.0] * 4},
            states={asset.id: {"energy_kwh": 100.0} for asset in region.members[1:]},
        )
        cold = Optimizer(region).solve(problem, **identity)
        assert total(optimizer.solve(problem, **identity)) == pytest.approx(total(cold))


def test_the_time_limit_counts_from_the_start_of_each_run(tiny):
    region = tiny.region(tiny.asset("load"), tiny.asset("battery"))
    problem = tiny.problem(region, [0.1] * 4, expected_kw={"load": [1.0] * 4})
    layout = layout_of(problem)
    solver = LinearSolver()
    for _run in range(3):
        spent_s = solver._highs.getRunTime()
        solver.update(layout, numbers_of(layout, problem))
        solver.solve(seconds_max=5.0)
        assert solver._highs.getOptionValue("time_limit")[1] >= spent_s + 5.0


def test_no_time_gives_no_plan(tiny):
    region = tiny.region(tiny.asset("load"))
    problem = tiny.problem(region, [0.1], expected_kw={"load": [1.0]})
    with pytest.raises(NoPlan, match="too little"):
        Optimizer(region).solve(problem, plan_id="p", issued_at=tiny.start, seconds_max=0.0, gap=0.0)


def test_another_regions_problem_is_refused(tiny):
    region = tiny.region(tiny.asset("load"))
    problem = tiny.problem(region, [0.1], expected_kw={"load": [1.0]})
    other = type(region)(
        **{name: getattr(region, name) for name in region.__dataclass_fields__} | {"id": "other"}
    )
    with pytest.raises(ValueError, match="other"):
        Optimizer(other).solve(problem, plan_id="p", issued_at=tiny.start, seconds_max=1.0, gap=0.0)


def test_the_solver_writes_nothing_to_standard_output(tiny, plan, capfd):
    region = tiny.region(tiny.asset("load"))
    plan(region, tiny.problem(region, [0.1], expected_kw={"load": [1.0]}))
    assert capfd.readouterr().out == ""
