"""What the solver says when it has no plan: the same words in every equal run."""

import numpy as np
import pytest

from energy.errors import NoPlan
from energy.optimize.highs.solver import LinearSolver
from energy.optimize.matrix.layout import layout_of
from energy.optimize.matrix.tile import numbers_of


@pytest.fixture
def solver_of(tiny):
    """Give a solver with a small problem, and how many columns that has."""
    problem = tiny.problem(tiny.region(tiny.asset("load")), [0.1], expected_kw={"load": [100.0]})
    layout = layout_of(problem)
    solver = LinearSolver()
    solver.update(layout, numbers_of(layout, problem))
    return solver, layout.columns


def test_no_duration_stands_in_the_words_of_a_solver_without_time(solver_of):
    solver, _ = solver_of
    with pytest.raises(NoPlan) as caught:
        solver.solve(seconds_max=0.0123)
    assert not any(character.isdigit() for character in str(caught.value))


def test_no_duration_stands_in_the_words_of_a_solver_without_a_plan(solver_of):
    solver, columns = solver_of
    nothing = np.zeros(columns)
    solver.bound(nothing, nothing)
    with pytest.raises(NoPlan, match="without a plan: Infeasible") as caught:
        solver.solve(seconds_max=5.0)
    assert not any(character.isdigit() for character in str(caught.value))
