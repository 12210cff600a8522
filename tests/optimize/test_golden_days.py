"""Golden days of one kind, and where kinds meet: our plan, an independent one and what is written agree."""

import numpy as np
import pytest

from energy.optimize.files.planning import problem_of_files
from energy.optimize.optimizer import Optimizer
from tests.optimize.cases import days, load_day, meetings
from tests.optimize.independent import Day96

DT_H = 0.25


def energies_of(plan, wanted):
    """Give of a plan the same energies that are wanted, by asset."""
    found = {}
    for asset_id, amounts in wanted.items():
        asset = plan.assets[asset_id]
        own = found[asset_id] = {}
        for name in amounts:
            if name == "running_periods":
                own[name] = float(asset.states["running"].sum())
                continue
            carrier, _, side = name.partition("_kwh_")
            values = asset.power_kw if carrier == "power" else asset.states[f"{carrier}_kw"]
            sign = 1.0 if side == "drawn" else -1.0
            own[name] = DT_H * float(np.maximum(0.0, sign * values).sum())
    return found


def same(found, wanted, tolerance):
    for asset_id, amounts in wanted.items():
        for name, amount in amounts.items():
            limit = {"rel": tolerance["energy_fraction"], "abs": tolerance["kwh"]}
            assert found[asset_id][name] == pytest.approx(amount, **limit), (asset_id, name)


@pytest.mark.parametrize("folder", [*days(), *meetings()], ids=lambda folder: folder.name)
def test_the_day_costs_and_moves_what_an_independent_formulation_says(folder):
    day = load_day(folder)
    tolerance = day.expected["tolerance"]
    own = Day96(day, day.expected["terminal_eur_per_kwh"]).solve()
    assert own["objective_eur"] == pytest.approx(day.expected["objective_eur"], abs=tolerance["eur"])
    same(own["energies"], day.expected["energies"], tolerance)
    problem = problem_of_files(day.region, folder / "series.csv", folder / "state.json", None)
    proven = Optimizer(day.region).solve_proven(
        problem, plan_id="g", issued_at=problem.start, seconds_max=60.0, gap=1e-7, search="exact"
    )
    objective_eur = sum(proven.plan.objective_eur.values())
    assert objective_eur == pytest.approx(day.expected["objective_eur"], abs=tolerance["eur"])
    assert proven.bound_eur <= objective_eur + tolerance["eur"]
    wanted = day.expected["energies"]
    same(energies_of(proven.plan, wanted), wanted, tolerance)


@pytest.mark.parametrize("folder", [*days(), *meetings()], ids=lambda folder: folder.name)
def test_rounding_stays_within_a_hundredth_of_the_best(folder):
    day = load_day(folder)
    problem = problem_of_files(day.region, folder / "series.csv", folder / "state.json", None)
    plan = Optimizer(day.region).solve(
        problem, plan_id="g", issued_at=problem.start, seconds_max=60.0, gap=1e-3
    )
    best_eur = day.expected["objective_eur"]
    assert best_eur - 1e-3 <= sum(plan.objective_eur.values()) <= best_eur + 0.01 * abs(best_eur)
