"""A mixed-integer program in an instance of HiGHS of its own: a whole region, or a part of one."""

import highspy
import numpy as np

from energy.domain import FloatArray
from energy.optimize.highs.instance import Solution, expect, new_highs, pass_program, run
from energy.optimize.highs.program import Mixed

GAP_EUR = 1e-6
"""Absolute gap at which a search ends in any case, the default of HiGHS."""
INTEGER = int(highspy.HighsVarType.kInteger.value)


def solve_mixed(
    program: Mixed,
    *,
    seconds_max: float,
    gap: float,
    gap_eur: float = GAP_EUR,
    known: FloatArray | None = None,
    nodes_max: int | None = None,
) -> Solution:
    """Solve with whole numbers.

    Args:
        program: what to solve.
        seconds_max: time limit.
        gap: relative gap at which to stop.
        gap_eur: absolute gap at which to stop, whichever comes first.
        known: columns of a plan that is known already, to start from; None for none.
        nodes_max: nodes of the search tree after which to stop; None for any number.

    Raises:
        NoPlan: no feasible point within the time limit, or HiGHS failed.
    """
    highs = new_highs()
    for name, value in (
        ("mip_rel_gap", gap),
        ("mip_abs_gap", gap_eur),
        # It looks for any feasible point. Here one lies near every linear program, since wishes are soft, and
        # looking takes half the time of a small part.
        ("mip_heuristic_run_feasibility_jump", False),
    ):
        expect(highs.setOptionValue(name, value), name)
    if nodes_max is not None:
        expect(highs.setOptionValue("mip_max_nodes", nodes_max), "mip_max_nodes")
    pass_program(highs, program)
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
    # Without any whole number HiGHS solves a linear program, and leaves this bound at 0.
    is_linear = not binary.size and not exclusive.count
    return Solution(
        end=solution.end,
        objective_eur=solution.objective_eur,
        bound_eur=solution.bound_eur if is_linear else float(highs.getInfo().mip_dual_bound),
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
