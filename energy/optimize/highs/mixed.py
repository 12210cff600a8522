"""A mixed-integer program in an instance of HiGHS of its own: a whole region, or a part of one."""

from dataclasses import dataclass

import highspy
import numpy as np

from energy.domain import FloatArray
from energy.optimize.highs.solver import Exclusive, Solution, expect, new_highs, pass_program, run
from energy.optimize.matrix.form import Int32Array, IntArray
from energy.optimize.matrix.layout import Layout
from energy.optimize.matrix.tile import Numbers

GAP_EUR = 1e-6
"""Absolute gap at which a search ends in any case, the default of HiGHS."""
INTEGER = int(highspy.HighsVarType.kInteger.value)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Mixed:
    """A program in compressed columns; ``binary`` columns must be 0 or 1, of ``exclusive`` pairs one is 0."""

    cost_eur: FloatArray
    lower: FloatArray
    upper: FloatArray
    row_lower: FloatArray
    row_upper: FloatArray
    column_start: IntArray | Int32Array
    row_index: IntArray | Int32Array
    coefficients: FloatArray
    offset_eur: float
    binary: IntArray
    exclusive: Exclusive

    @property
    def columns(self) -> int:
        """How many columns there are."""
        return int(self.cost_eur.size)


def mixed_of(layout: Layout, numbers: Numbers, *, binary: IntArray, exclusive: Exclusive) -> Mixed:
    """Give the whole region as one mixed-integer program."""
    return Mixed(
        cost_eur=numbers.cost_eur,
        lower=numbers.lower,
        upper=numbers.upper,
        row_lower=numbers.row_lower,
        row_upper=numbers.row_upper,
        column_start=layout.column_start,
        row_index=layout.row_index,
        coefficients=numbers.coefficients,
        offset_eur=numbers.offset_eur,
        binary=binary,
        exclusive=exclusive,
    )


def solve_mixed(
    program: Mixed,
    *,
    seconds_max: float,
    gap: float,
    gap_eur: float = GAP_EUR,
    known: FloatArray | None = None,
) -> Solution:
    """Solve with whole numbers.

    Args:
        program: what to solve.
        seconds_max: time limit.
        gap: relative gap at which to stop.
        gap_eur: absolute gap at which to stop, whichever comes first.
        known: columns of a plan that is known already, to start from; None for none.

    Raises:
        NoPlan: no feasible point within the time limit, or HiGHS failed.
    """
    highs = new_highs()
    expect(highs.setOptionValue("mip_rel_gap", gap), "mip_rel_gap")
    expect(highs.setOptionValue("mip_abs_gap", gap_eur), "mip_abs_gap")
    pass_program(
        highs,
        cost_eur=program.cost_eur,
        lower=program.lower,
        upper=program.upper,
        row_lower=program.row_lower,
        row_upper=program.row_upper,
        column_start=program.column_start,
        row_index=program.row_index,
        coefficients=program.coefficients,
        offset_eur=program.offset_eur,
    )
    binary, exclusive = program.binary, program.exclusive
    kinds = np.full(binary.size, INTEGER, dtype=np.uint8)
    expect(highs.changeColsIntegrality(binary.size, binary.astype(np.int32), kinds), "changeColsIntegrality")
    if exclusive.count:
        _add_directions(highs, program)
    if known is not None:
        start = highspy.HighsSolution()
        directions = (known[exclusive.first] >= known[exclusive.second]).astype(np.float64)
        start.col_value = np.concatenate([known, directions]).tolist()
        expect(highs.setSolution(start), "setSolution")
    solution = run(highs, seconds_max=seconds_max)
    columns, rows = program.columns, program.row_lower.size
    return Solution(
        end=solution.end,
        objective_eur=solution.objective_eur,
        bound_eur=float(highs.getInfo().mip_dual_bound),
        column=solution.column[:columns],
        column_dual=np.zeros(columns),
        row=solution.row[:rows],
        row_dual=np.zeros(rows),
        priced=False,
    )


def _add_directions(highs: highspy.Highs, program: Mixed) -> None:
    """Add a yes-or-no column for each pair: 1 leaves the first of the two free, 0 the second."""
    exclusive, pairs = program.exclusive, program.exclusive.count
    zeros, ones = np.zeros(pairs), np.ones(pairs)
    none = np.zeros(0)
    binary = np.arange(program.columns, program.columns + pairs, dtype=np.int32)
    starts = np.zeros(pairs, dtype=np.int32)
    expect(highs.addCols(pairs, zeros, zeros, ones, 0, starts, none.astype(np.int32), none), "addCols")
    kinds = np.full(pairs, INTEGER, dtype=np.uint8)
    expect(highs.changeColsIntegrality(pairs, binary, kinds), "changeColsIntegrality")
    upper_first, upper_second = program.upper[exclusive.first], program.upper[exclusive.second]
    two = np.arange(0, 2 * pairs, 2, dtype=np.int32)
    minus_infinity = np.full(pairs, -np.inf)
    for column, slope, limit in (
        (exclusive.first, -upper_first, zeros),
        (exclusive.second, upper_second, upper_second),
    ):
        index = np.stack([column.astype(np.int32), binary], axis=1).ravel()
        value = np.stack([ones, slope], axis=1).ravel()
        expect(highs.addRows(pairs, minus_infinity, limit, index.size, two, index, value), "addRows")
