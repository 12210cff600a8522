"""Which duals of an optimal plan are the only ones: where a plan is degenerate a solver gives one of several.

By complementary slackness every optimal dual vanishes at a row that stands at none of its sides, and prices
each column that stands at none of its bounds at exactly its cost. Where such a column meets one dual that is
not sure yet, this follows from the others, and so is sure itself. What is found so is sure; more may be.
"""

import numpy as np

from energy.domain import FloatArray
from energy.optimize.highs.instance import Solution
from energy.optimize.matrix.form import BoolArray, IntArray
from energy.optimize.matrix.layout import Layout
from energy.optimize.matrix.stores import Strands
from energy.optimize.matrix.tile import Numbers

AT_BOUND = 1e-6
"""A value this near to its bound (relative above 1) stands at it."""
DUAL_EUR = 1e-6
"""A column or row between its bounds with a dual above ten times the solver's tolerance is not optimal."""
ROUNDS_MAX = 12
"""From the exchange through its peak and four feeders one in another, with some to spare."""


def is_beyond(value: FloatArray, bound: FloatArray) -> BoolArray:
    """Tell which values lie above bounds, and not at them."""
    at_bound = np.minimum(np.abs(value), np.abs(bound))
    np.maximum(at_bound, 1.0, out=at_bound)
    at_bound *= AT_BOUND
    above: BoolArray = value - bound > at_bound
    return above


def sure_duals(layout: Layout, numbers: Numbers, solution: Solution) -> BoolArray:
    """Tell the rows, shape (rows,), whose dual is the same in every optimal dual solution."""
    sure = np.zeros(layout.rows, dtype=np.bool_)
    sure[_free(solution.row, solution.row_dual, lower=numbers.row_lower, upper=numbers.row_upper)] = True
    free = _free(solution.column, solution.column_dual, lower=numbers.lower, upper=numbers.upper)
    row, column = _unsure_entries(layout, numbers, free, sure)
    # Of each column how many of its duals are not sure yet, and the sum of their rows: the row of a last one.
    left = np.bincount(column, minlength=free.size)
    rest = np.bincount(column, weights=row, minlength=free.size).astype(np.int64)
    found = rest[left == 1]
    is_new = np.zeros(layout.rows, dtype=np.bool_)
    for _round in range(ROUNDS_MAX):
        if not found.size:
            break
        sure[found] = is_new[found] = True
        met = np.flatnonzero(is_new[row])
        is_new[found] = False
        touched = column[met]
        np.subtract.at(left, touched, 1)
        np.subtract.at(rest, touched, row[met])
        found = rest[touched[left[touched] == 1]]
    return sure


def _unsure_entries(
    layout: Layout, numbers: Numbers, columns: IntArray, sure: BoolArray
) -> tuple[IntArray, IntArray]:
    """Give row and place in ``columns`` of each coefficient that these columns have in rows not sure yet."""
    start = layout.column_start[columns].astype(np.int64)
    sizes = layout.column_start[columns + 1] - start
    column = np.repeat(np.arange(columns.size), sizes)
    entry = np.arange(column.size) + np.repeat(start - (np.cumsum(sizes) - sizes), sizes)
    row = layout.row_index[entry].astype(np.int64)
    unsure = np.flatnonzero(~sure[row] & (numbers.coefficients[entry] != 0.0))
    return row[unsure], column[unsure]


def _free(value: FloatArray, dual: FloatArray, *, lower: FloatArray, upper: FloatArray) -> IntArray:
    """Give those that stand at none of their bounds and have no dual."""
    # First what costs least to tell: few are left for the bound that is as wide as the value is great.
    apart = (np.abs(dual) <= DUAL_EUR) & (value - lower > AT_BOUND) & (upper - value > AT_BOUND)
    maybe = np.flatnonzero(apart)
    value = value[maybe]
    free: IntArray = maybe[is_beyond(value, lower[maybe]) & is_beyond(upper[maybe], value)]
    return free


def hang_on(
    layout: Layout, numbers: Numbers, strands: Strands, unsure: BoolArray
) -> tuple[BoolArray, BoolArray]:
    """Tell the columns, shape (strands, periods), that have a coefficient in one of these rows.

    First in any, then in one that is no balance.
    """
    met = np.flatnonzero(unsure[layout.row_index[strands.entry]])
    entry = strands.entry[met]
    met, entry = (places[numbers.coefficients[entry] != 0.0] for places in (met, entry))
    column = np.searchsorted(strands.first_entry, met, side="right") - 1
    is_own = layout.row_index[entry] >= len(layout.balances) * layout.periods
    hang, own_hang = (np.zeros(strands.column.shape, dtype=np.bool_) for _ in range(2))
    hang.ravel()[column] = True
    own_hang.ravel()[column[is_own]] = True
    return hang, own_hang
