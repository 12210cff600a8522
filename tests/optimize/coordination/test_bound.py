"""The bound from prices: never above the best plan, which an exact search of the whole region judges."""

import time
from dataclasses import replace

import numpy as np
import pytest

from energy.optimize.coordination.components import components_of, coupling_rows
from energy.optimize.coordination.coordinate import Coordinator, Task
from energy.optimize.coordination.workforce import Workforce
from energy.optimize.highs.mixed import solve_mixed
from energy.optimize.highs.solver import LinearSolver, mixed_of
from energy.optimize.matrix.layout import layout_of
from energy.optimize.matrix.tile import numbers_of
from energy.optimize.search.commit import seats_of, solve_coordinated
from energy.optimize.search.directions import both_ways, exclusive_pairs
from energy.optimize.search.loosening import loosened
from tests.optimize.coordination.towns import towns

PERIODS = 12
SEEDS = range(12)


def task_of(problem, *, gap=1e-5):
    layout = layout_of(problem)
    numbers = numbers_of(layout, problem)
    solver = LinearSolver()
    solver.update(layout, numbers)
    return Task(
        solver=solver,
        layout=layout,
        numbers=numbers,
        coordinator=Coordinator(Workforce(workers=0)),
        deadline=time.perf_counter() + 60.0,
        gap=gap,
    )


@pytest.mark.parametrize("price_mean", [0.08, -0.01])
@pytest.mark.parametrize("seed", SEEDS)
def test_bound_never_exceeds_the_optimum_and_no_plan_undercuts_it(seed, price_mean):
    proportional = seed % 2 == 1
    _region, problem = towns(
        1 + seed % 3, seed=seed, periods=PERIODS, price_mean=price_mean, proportional=proportional
    )
    task = task_of(problem)
    components = task.coordinator.components(task.layout)
    pairs = exclusive_pairs(task.layout)
    whole = mixed_of(task.layout, task.numbers, binary=components.binary, exclusive=pairs)
    exact = solve_mixed(whole, seconds_max=60.0, gap=1e-7)
    tolerance_eur = 1e-4 + 1e-6 * abs(exact.objective_eur)
    for is_large, relax in ((True, loosened), (False, lambda task: task.solver.solve(seconds_max=30.0))):
        task = replace(task_of(problem), is_large=is_large)
        relaxed = relax(task)
        made = solve_coordinated(task, seats_of(task.layout, problem), relaxed, None)
        assert relaxed.bound_eur - tolerance_eur <= made.bound_eur <= exact.objective_eur + tolerance_eur
        assert made.solution.objective_eur >= exact.bound_eur - tolerance_eur
        on = made.solution.column[components.binary]
        np.testing.assert_allclose(on, np.round(on), atol=1e-6)
        assert not both_ways(pairs, made.solution.column).any()


def test_region_falls_apart_into_towns_and_their_networks():
    _region, problem = towns(4, seed=1, periods=PERIODS)
    layout = layout_of(problem)
    components = components_of(layout)
    assert components.with_binary.size == 4 + 2, "a CHP with its network a town, an electrolyser in two"
    coupling = coupling_rows(layout)
    assert coupling.sum() == (1 + 3) * PERIODS, "the region's electricity and three feeders"
    column = np.repeat(np.arange(layout.columns), np.diff(layout.column_start))
    inside = ~coupling[layout.row_index]
    rows = layout.row_index[inside]
    of_row = np.full(layout.rows, -1)
    of_row[rows] = components.of_column[column[inside]]
    assert (of_row[rows] == components.of_column[column[inside]]).all(), "no row joins two components"


def test_parts_hold_each_coefficient_but_those_of_the_prices():
    _region, problem = towns(3, seed=2, periods=PERIODS)
    task = task_of(problem)
    components = task.coordinator.components(task.layout)
    every = np.unique(components.of_column).tolist()
    parts = task.coordinator.parts(task.layout, every)
    assert sum(part.columns.size for part in parts) == task.layout.columns
    inside = ~coupling_rows(task.layout)[task.layout.row_index]
    assert sum(part.place.size for part in parts) == inside.sum()
    for part in parts:
        column = np.repeat(np.arange(part.columns.size), np.diff(part.column_start))
        for local, place in enumerate(part.place):
            region_column = np.searchsorted(task.layout.column_start, place, side="right") - 1
            assert part.columns[column[local]] == region_column
            assert part.rows[part.row_index[local]] == task.layout.row_index[place]
