"""A solver that fails in any way ends in a rung that has a name: incumbent, or no plan and then the rules."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from energy.domain import Rung
from energy.errors import NoPlan
from energy.optimize.cost import cost_parts_eur
from energy.optimize.files.planning import plan_from_files
from energy.optimize.highs.solver import LinearSolver
from energy.optimize.matrix.layout import layout_of
from energy.optimize.matrix.tile import numbers_of
from energy.optimize.optimizer import Optimizer
from energy.region.loader import load_region
from tests.optimize.obedience import check_plan
from tests.optimize.random_regions import USUAL

CASE = Path(__file__).parents[1] / "cases" / "optimize" / "whole_region_meeting"
WHOLE = replace(USUAL, periods=192)
SMALL = replace(WHOLE, periods=8)


@pytest.fixture
def solver(tiny):
    """Give a solver, and a sound problem for it."""
    problem = SMALL.build(tiny)[1]
    layout = layout_of(problem)
    return LinearSolver(), layout, numbers_of(layout, problem)


def optimum(solver):
    linear, layout, numbers = solver
    linear.update(layout, numbers)
    return linear.solve(seconds_max=20.0).objective_eur


def spoilt(numbers, name, value):
    if name == "offset_eur":
        return replace(numbers, offset_eur=value)
    values = getattr(numbers, name).copy()
    values[values.size // 3] = value
    return replace(numbers, **{name: values})


@pytest.mark.parametrize("warm", [False, True], ids=["first", "later"])
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf], ids=str)
@pytest.mark.parametrize("name", ["cost_eur", "coefficients", "offset_eur"])
def test_numbers_that_are_not_finite_never_become_a_plan(solver, name, value, warm):
    linear, layout, numbers = solver
    wanted = optimum(solver) if warm else None
    with pytest.raises(NoPlan, match=f"not finite: {name}"):
        linear.update(layout, spoilt(numbers, name, value))
    assert wanted is None or optimum(solver) == pytest.approx(wanted)


@pytest.mark.parametrize("warm", [False, True], ids=["first", "later"])
@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("lower", np.nan),
        ("lower", np.inf),
        ("upper", np.nan),
        ("upper", -np.inf),
        ("row_lower", np.nan),
        ("row_upper", np.nan),
    ],
)
def test_bounds_that_the_solver_refuses_end_in_no_plan_and_are_forgotten(solver, name, value, warm):
    linear, layout, numbers = solver
    wanted = optimum(solver) if warm else None
    with pytest.raises(NoPlan, match="the solver refused"):
        linear.update(layout, spoilt(numbers, name, value))
    found = optimum(solver)
    assert wanted is None or found == pytest.approx(wanted)


def test_a_program_without_a_least_cost_is_no_plan(solver):
    linear, layout, numbers = solver
    free = np.flatnonzero(np.isinf(numbers.upper))
    earns = numbers.cost_eur.copy()
    earns[free] = -1e3
    linear.update(layout, replace(numbers, cost_eur=earns))
    with pytest.raises(NoPlan, match=r"without a plan: (Unbounded|Primal infeasible or unbounded)"):
        linear.solve(seconds_max=5.0)
    optimum(solver)


def test_a_solver_stopped_before_its_first_step_is_no_plan(solver):
    linear, layout, numbers = solver
    linear.update(layout, numbers)
    for option in ("simplex_iteration_limit", "ipm_iteration_limit"):
        linear._highs.setOptionValue(option, 0)
    linear._highs.setOptionValue("presolve", "off")
    with pytest.raises(NoPlan, match="without a plan: Iteration limit"):
        linear.solve(seconds_max=5.0)


@pytest.mark.parametrize("seconds_max", [float("nan"), -1.0, 0.0, 1e-9, 0.049, 0.051, 0.1, 0.2, 0.4, 0.8])
def test_whatever_the_time_limit_there_is_a_sound_plan_or_none(tiny, seconds_max):
    region, problem = WHOLE.build(tiny)
    try:
        plan = Optimizer(region).solve(
            problem, plan_id="p", issued_at=tiny.start, seconds_max=seconds_max, gap=0.0, search="exact"
        )
    except NoPlan:
        return  # the caller's next rung is the last plan, then the rules
    assert plan.rung in {Rung.OPTIMAL, Rung.INCUMBENT}
    assert (plan.gap is None) or plan.gap >= 0.0
    check_plan(problem, plan)
    account = cost_parts_eur(problem, plan.assets)
    assert sum(plan.objective_eur.values()) == pytest.approx(sum(account.values()), abs=1e-2, rel=1e-5)


def test_planning_from_files_goes_down_to_the_rules_and_says_why():
    region = load_region(str(CASE))
    plan = plan_from_files(region, CASE / "series.csv", CASE / "state.json", None, seconds_max=0.0)
    assert (plan["status"], plan["gap"], plan["periods"]) == ("rules", None, 96)
    assert "rules: the solver has too little time left to start" in plan["notes"]
    assert plan["objective_eur"] == pytest.approx(sum(plan["objective_parts_eur"].values()))
