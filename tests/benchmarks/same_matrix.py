"""Holds the product's matrix against the hand-built one, entry by entry."""

import numpy as np
from scipy.sparse import csc_matrix

from energy.domain import FloatArray
from energy.optimize.matrix.form import Int32Array, IntArray
from energy.optimize.matrix.layout import Layout
from energy.optimize.matrix.tile import Numbers
from tests.benchmarks.hand_built import Matrix

SAME = 1e-9
"""Relative above 1. Both sides reach the same number by other roads: only the last digits may differ."""
DROPPED = 1e-9
"""HiGHS drops coefficients of this size (its option small_matrix_value), and so does the comparison."""


def differences(layout: Layout, numbers: Numbers, matrix: Matrix) -> list[str]:
    """Name every array in which the two sides differ, with the first place."""
    shape = (layout.rows, layout.columns)
    if shape != (matrix.row_lower.size, matrix.cost_eur.size):
        return [f"shape: {shape}, by hand {(matrix.row_lower.size, matrix.cost_eur.size)}"]
    found = [
        f"{name}[{place}]: {ours[place]}, by hand {theirs[place]}"
        for name in ("cost_eur", "lower", "upper", "row_lower", "row_upper")
        for ours, theirs in ((getattr(numbers, name), getattr(matrix, name)),)
        for place in _unequal(ours, theirs)[:1]
    ]
    ours = _canonical(numbers.coefficients, layout.row_index, layout.column_start, shape)
    theirs = _canonical(matrix.value, matrix.index, matrix.start, shape)
    if not (np.array_equal(ours.indptr, theirs.indptr) and np.array_equal(ours.indices, theirs.indices)):
        return [*found, f"pattern: {ours.nnz} entries, by hand {theirs.nnz}, or in other places"]
    places = _unequal(ours.data, theirs.data)[:1]
    return [*found, *(f"entry {i}: {ours.data[i]}, by hand {theirs.data[i]}" for i in places)]


def _unequal(ours: FloatArray, theirs: FloatArray) -> IntArray:
    with np.errstate(invalid="ignore"):
        apart = np.abs(ours - theirs) / np.maximum(1.0, np.abs(ours))
    return np.flatnonzero((ours != theirs) & ~(apart <= SAME))


def _canonical(
    value: FloatArray, index: Int32Array, start: Int32Array, shape: tuple[int, int]
) -> "csc_matrix[np.float64]":
    kept = np.where(np.abs(value) < DROPPED, 0.0, value)
    matrix = csc_matrix((kept, index, start), shape=shape)
    matrix.eliminate_zeros()
    matrix.sort_indices()
    return matrix
