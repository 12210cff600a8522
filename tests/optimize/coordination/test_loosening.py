"""The first linear program of a large region: rows left out, and what that changes."""

from dataclasses import replace

import numpy as np
import pytest

from energy.optimize.kinds.commitment import TIME_ROWS
from energy.optimize.search.loosening import LEAST_ROW, loosened, rows_left_out
from tests.optimize.coordination.test_bound import task_of
from tests.optimize.coordination.towns import towns

PERIODS = 24


def task_of_towns(seed, *, proportional):
    return task_of(towns(3, seed=seed, periods=PERIODS, proportional=proportional)[1])


def rows_of(task, names):
    groups = [group for group in task.layout.groups if group.kind.name == "chp"]
    named = [
        group.rows(name).ravel() for group in groups for name in names if name in group.prototype.constraints
    ]
    return np.concatenate(named)


@pytest.mark.parametrize("seed", range(6))
def test_rows_for_least_loads_that_say_nothing_change_neither_cost_nor_prices(seed):
    task = task_of_towns(seed, proportional=True)
    layout, numbers = task.layout, task.numbers
    lower, upper = numbers.row_lower.copy(), numbers.row_upper.copy()
    for group in layout.groups:
        for name in TIME_ROWS:
            if name in group.prototype.constraints:
                lower[group.rows(name)], upper[group.rows(name)] = -np.inf, np.inf
    task.solver.bound_rows(lower, upper)
    with_least_loads = task.solver.solve(seconds_max=30.0)
    found = loosened(task_of_towns(seed, proportional=True))
    assert found.objective_eur == pytest.approx(with_least_loads.objective_eur, rel=1e-7)


@pytest.mark.parametrize("seed", range(6))
def test_point_found_keeps_the_least_loads_all_the_same(seed):
    task = task_of_towns(seed, proportional=True)
    found = loosened(task)
    for group in (group for group in task.layout.groups if group.kind.name == "chp"):
        machine = group.columns("on"), group.columns("load_kw")
        on, load_kw = (found.column[columns] for columns in machine)
        rated_kw = task.numbers.upper[machine[1]].max(axis=1, keepdims=True)
        assert (load_kw >= 0.5 * rated_kw * on - 1e-4).all()
        assert (load_kw <= rated_kw * on + 1e-4).all()


def test_rows_for_least_loads_stay_where_running_costs_by_itself():
    task = task_of_towns(1, proportional=False)
    left_out = np.concatenate(list(rows_left_out(task.layout, task.numbers)))
    assert np.isin(rows_of(task, TIME_ROWS), left_out).all()
    assert not np.isin(rows_of(task, [LEAST_ROW]), left_out).any()


def test_rows_for_least_loads_stay_where_a_machine_must_run():
    task = task_of_towns(1, proportional=True)
    group = next(group for group in task.layout.groups if group.kind.name == "chp")
    lower = task.numbers.lower.copy()
    lower[group.columns("on")[0, 3]] = 1.0
    left_out = np.concatenate(list(rows_left_out(task.layout, replace(task.numbers, lower=lower))))
    least_rows = group.rows(LEAST_ROW)[0]
    assert np.isin(least_rows, left_out).tolist() == [period != 3 for period in range(PERIODS)]
