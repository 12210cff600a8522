"""Plans by coordination: workers change nothing, and where nobody answers there is a plan all the same."""

import time

import numpy as np
import pytest

from energy.optimize.coordination.coordinate import Coordinator, Task
from energy.optimize.coordination.workforce import Workforce
from energy.optimize.highs.solver import LinearSolver
from energy.optimize.matrix.layout import layout_of
from energy.optimize.matrix.tile import numbers_of
from energy.optimize.search.commit import seats_of, solve_coordinated
from energy.optimize.search.loosening import loosened
from tests.optimize.coordination.towns import towns


def coordinated(problem, workforce):
    layout = layout_of(problem)
    numbers = numbers_of(layout, problem)
    solver = LinearSolver()
    solver.update(layout, numbers)
    task = Task(
        solver=solver,
        layout=layout,
        numbers=numbers,
        coordinator=Coordinator(workforce),
        deadline=time.perf_counter() + 600.0,
        gap=1e-4,
    )
    try:
        made = solve_coordinated(task, seats_of(layout, problem), loosened(task), None)
    finally:
        workforce.close()
    return made, made.solution.column[task.coordinator.components(layout).binary]


@pytest.fixture(scope="module")
def problem():
    return towns(5, seed=5, periods=24)[1]


def test_workers_change_nothing(problem):
    alone, _on = coordinated(problem, Workforce(workers=0))
    pooled, _on = coordinated(problem, Workforce(workers=2, decisions_min=1))
    assert alone.bound_eur == pooled.bound_eur
    np.testing.assert_array_equal(alone.solution.column, pooled.solution.column)
    assert alone.bound_eur <= alone.solution.objective_eur


class Nobody(Workforce):
    """Answers nothing, as if every worker were lost."""

    def solve(self, pieces, *, deadline):  # noqa: ARG002 - as the class has it
        return [None] * len(pieces)


def test_without_any_answer_there_is_a_plan_and_an_honest_gap(problem):
    made, on = coordinated(problem, Nobody(workers=0))
    full, _on = coordinated(problem, Workforce(workers=0))
    assert made.bound_eur <= full.bound_eur + 1e-6
    assert full.bound_eur <= made.solution.objective_eur
    assert on.size
    np.testing.assert_allclose(on, np.round(on), atol=1e-6)
