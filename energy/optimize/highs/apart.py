"""A small linear program solved by itself, in an instance of its own: the large one keeps its basis."""

from dataclasses import dataclass

import highspy
import numpy as np

from energy.domain import FloatArray
from energy.errors import NoPlan
from energy.optimize.highs.solver import End, expect, new_highs, run
from energy.optimize.matrix.form import IntArray


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Program:
    """A linear program by itself, to be minimised; its matrix as (row, column, value) of each entry."""

    cost: FloatArray
    lower: FloatArray
    upper: FloatArray
    row_lower: FloatArray
    row_upper: FloatArray
    row: IntArray
    column: IntArray
    value: FloatArray


def solve_apart(program: Program, *, seconds_max: float, iterations_max: int) -> FloatArray:
    """Solve a program in an instance of its own and give its columns.

    Raises:
        NoPlan: no optimal point within the limits, or HiGHS failed.
    """
    order = np.lexsort((program.row, program.column))
    counts = np.bincount(program.column, minlength=program.cost.size)
    lp = highspy.HighsLp()
    lp.num_col_, lp.num_row_ = program.cost.size, program.row_lower.size
    lp.col_cost_, lp.col_lower_, lp.col_upper_ = program.cost, program.lower, program.upper
    lp.row_lower_, lp.row_upper_ = program.row_lower, program.row_upper
    lp.a_matrix_.format_ = highspy.MatrixFormat.kColwise
    lp.a_matrix_.num_col_, lp.a_matrix_.num_row_ = lp.num_col_, lp.num_row_
    lp.a_matrix_.start_ = np.concatenate([[0], np.cumsum(counts)]).astype(np.int32)
    lp.a_matrix_.index_ = program.row[order].astype(np.int32)
    lp.a_matrix_.value_ = program.value[order]
    highs = new_highs()
    expect(highs.setOptionValue("simplex_iteration_limit", iterations_max), "simplex_iteration_limit")
    expect(highs.passModel(lp), "passModel")
    solution = run(highs, seconds_max=seconds_max)
    if solution.end is not End.OPTIMAL:
        raise NoPlan("the solver ended at its time limit")
    return solution.column
