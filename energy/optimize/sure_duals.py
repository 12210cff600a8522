"""Which duals of an optimal plan are the only ones: where a plan is degenerate a solver gives one of several.

By complementary slackness every optimal dual vanishes at a row that stands at none of its sides, and prices
each column that stands at none of its bounds at exactly its cost. Where such a column meets one dual that is
not sure yet, this follows from the others, and so is sure itself. What is found so is sure; more may be.
"""

import numpy as np

from energy.domain import FloatArray
from energy.optimize.highs.instance import Solution
from energy.optimize.matrix.form import BoolArray
from energy.optimize.matrix.layout import Group, Layout
from energy.optimize.matrix.tile import Numbers

AT_BOUND = 1e-6
"""A value this near to its bound (relative above 1) stands at it."""
DUAL_EUR = 1e-6
"""A column or row between its bounds with a dual above ten times the solver's tolerance is not optimal."""
ROUNDS_MAX = 12
"""From the exchange through its peak and four feeders one in another, with some to spare."""


def beyond(value: FloatArray, bound: FloatArray) -> FloatArray:
    """Give by how much values lie above bounds, 0 where they stand at them."""
    apart = value - bound
    apart[np.abs(apart) <= AT_BOUND * np.maximum(1.0, np.minimum(np.abs(value), np.abs(bound)))] = 0.0
    return apart


def sure_duals(layout: Layout, numbers: Numbers, solution: Solution) -> BoolArray:
    """Tell the rows, shape (rows,), whose dual is the same in every optimal dual solution."""
    sure: BoolArray = (
        (beyond(solution.row, numbers.row_lower) > 0.0)
        & (beyond(numbers.row_upper, solution.row) > 0.0)
        & (np.abs(solution.row_dual) <= DUAL_EUR)
    )
    free = np.flatnonzero(
        (beyond(solution.column, numbers.lower) > 0.0)
        & (beyond(numbers.upper, solution.column) > 0.0)
        & (np.abs(solution.column_dual) <= DUAL_EUR)
    )
    sizes = layout.column_start[free + 1] - layout.column_start[free]
    column = np.repeat(np.arange(free.size), sizes)
    first = np.cumsum(sizes) - sizes
    entry = np.arange(column.size) - np.repeat(first - layout.column_start[free], sizes)
    counts = numbers.coefficients[entry] != 0.0
    row, column = layout.row_index[entry][counts], column[counts]
    for _round in range(ROUNDS_MAX):
        unknown = ~sure[row]
        row, column = row[unknown], column[unknown]
        alone = np.bincount(column, minlength=free.size) == 1
        found = row[alone[column]]
        if not found.size:
            break
        sure[found] = True
    return sure


def hang_on_unsure(group: Group, layout: Layout, numbers: Numbers, unsure: BoolArray) -> BoolArray:
    """Tell a group's columns, shape (assets, columns), that have a coefficient in one of these rows."""
    p, first = group.prototype, group.first_column
    start = layout.column_start[first : first + group.assets * p.columns + 1]
    entries = slice(start[0], start[-1])
    meets = unsure[layout.row_index[entries]] & (numbers.coefficients[entries] != 0.0)
    counted = np.concatenate([[0], np.cumsum(meets)])
    hang: BoolArray = np.diff(counted[start - start[0]]) > 0
    return hang.reshape(group.assets, p.columns)
