"""The first linear program of a large region: without rows that its parts state again.

Left out are the rows that only say when a machine may switch, and those for its least load where they say
nothing as long as fractions are allowed: a machine whose running neither earns nor moves anything beside its
load runs by its load's share of the rated load, and then carries more than that share of its least load.
Fewer rows give a bound all the same.
"""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from energy.domain import FloatArray
from energy.optimize.coordination.coordinate import Task
from energy.optimize.coordination.piece import seconds_left
from energy.optimize.highs.instance import Solution
from energy.optimize.kinds.commitment import TIME_ROWS
from energy.optimize.matrix.form import BoolArray, IntArray
from energy.optimize.matrix.group import Group
from energy.optimize.matrix.layout import Layout
from energy.optimize.matrix.prototype import OWN
from energy.optimize.matrix.tile import Numbers

ON, LEAST_ROW, RATED_ROW = "on", "least_load", "rated_load"
NOTHING = 1e-9
"""Smaller coefficients HiGHS leaves out itself (its option small_matrix_value); so small a cost is none."""


def loosened(task: Task) -> Solution:
    """Solve without these rows: quicker, and a bound. The point found keeps the rows for least loads."""
    layout, numbers = task.layout, task.numbers
    lower, upper = numbers.row_lower.copy(), numbers.row_upper.copy()
    for rows in rows_left_out(layout, numbers):
        lower[rows], upper[rows] = -np.inf, np.inf
    task.solver.bound_rows(lower, upper)
    if task.is_large:
        task.solver.forget()
    found = task.solver.solve(seconds_max=seconds_left(task.deadline))
    task.solver.bound_rows(numbers.row_lower, numbers.row_upper)
    return replace(found, column=_with_least_loads(layout, numbers, found.column))


def rows_left_out(layout: Layout, numbers: Numbers) -> Iterator[IntArray]:
    """Give the rows left out, group by group."""
    for group in layout.groups:
        for name in TIME_ROWS:
            if name in group.prototype.constraints:
                yield group.rows(name).ravel()
        if LEAST_ROW in group.prototype.constraints:
            yield group.rows(LEAST_ROW)[_says_nothing(group, numbers)]


def _says_nothing(group: Group, numbers: Numbers) -> BoolArray:
    """Tell where running neither earns nor moves anything, and is not demanded; shape (assets, periods)."""
    p, on = group.prototype, group.columns(ON)
    links = [p.constraints[name] for name in (LEAST_ROW, RATED_ROW, *TIME_ROWS) if name in p.constraints]
    elsewhere = (p.entry_balance != OWN) | ~np.isin(p.entry_row, np.concatenate(links))
    column, entries = _entries(group, elsewhere)
    moves = np.zeros((p.columns, group.assets))
    size = np.abs(group.coefficients_of_group(numbers.coefficients)[:, entries])
    np.maximum.at(moves, column, size.T)
    silent: BoolArray = moves[p.variables[ON]].T < NOTHING
    return silent & (numbers.cost_eur[on] > -NOTHING) & (numbers.lower[on] <= 0.0)


def _with_least_loads(layout: Layout, numbers: Numbers, column: FloatArray) -> FloatArray:
    """Let machines run by no more than their load allows, where that changes nothing else."""
    kept = column.copy()
    for group in layout.groups:
        p = group.prototype
        if LEAST_ROW not in p.constraints:
            continue
        least_rows = (p.entry_balance == OWN) & np.isin(p.entry_row, p.constraints[LEAST_ROW])
        _column, entries = _entries(group, least_rows)
        least_kw = -group.coefficients_of_group(numbers.coefficients)[:, entries]
        on, load_kw = column[group.columns(ON)], np.maximum(0.0, column[group.columns("load_kw")])
        most = np.divide(load_kw, least_kw, out=np.ones_like(on), where=least_kw > 0.0)
        silent = _says_nothing(group, numbers)
        kept[group.columns(ON)[silent]] = np.minimum(on, most)[silent]
    return kept


def _entries(group: Group, chosen: BoolArray) -> tuple[IntArray, IntArray]:
    """Give the columns and the places of chosen coefficients of running, by period."""
    p = group.prototype
    column = np.repeat(np.arange(p.columns), np.diff(p.column_start))
    entries = np.flatnonzero(np.isin(column, p.variables[ON]) & chosen)
    return column[entries], entries
