"""A small linear program solved by itself, in an instance of its own: the large one keeps its basis."""

import numpy as np

from energy.domain import FloatArray
from energy.errors import NoPlan
from energy.optimize.highs.instance import End, expect, new_highs, pass_program, run
from energy.optimize.highs.program import Program
from energy.optimize.matrix.form import IntArray


def compressed(
    row: IntArray, column: IntArray, value: FloatArray, *, columns: int
) -> tuple[IntArray, IntArray, FloatArray]:
    """Give entries by column: where each column starts, then rows and values, ascending by row."""
    order = np.lexsort((row, column))
    start = np.concatenate([[0], np.cumsum(np.bincount(column, minlength=columns))])
    return start, row[order], value[order]


def solve_apart(program: Program, *, seconds_max: float, iterations_max: int) -> FloatArray:
    """Solve a program in an instance of its own and give its columns.

    Raises:
        NoPlan: no optimal point within the limits, or HiGHS failed.
    """
    highs = new_highs()
    expect(highs.setOptionValue("simplex_iteration_limit", iterations_max), "simplex_iteration_limit")
    pass_program(highs, program)
    solution = run(highs, seconds_max=seconds_max)
    if solution.end is not End.OPTIMAL:
        raise NoPlan("the solver ended at its time limit")
    return solution.column
