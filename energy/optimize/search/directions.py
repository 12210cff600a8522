"""Stores that charge and discharge at once in the linear program: each period gets one direction."""

import time
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from energy.domain import FloatArray
from energy.errors import NoPlan
from energy.optimize.highs.instance import End, Solution, Solved, relative_gap
from energy.optimize.highs.mixed import solve_mixed
from energy.optimize.highs.program import Exclusive
from energy.optimize.highs.solver import LinearSolver, fixed_upper, mixed_of
from energy.optimize.matrix.form import BoolArray, IntArray
from energy.optimize.matrix.layout import Layout
from energy.optimize.matrix.tile import Numbers

BOTH_WAYS_KW = 1e-4
"""Charging and discharging at once below this is the solver's tolerance, not a plan."""
ROUNDS_MAX = 5
"""Times that exclusivity is added where a plan broke it; the last round adds it everywhere."""
MIXED_SHARE = 0.7
"""Share of the time left that a mixed-integer run may take; the rest is for the linear run that gives
prices."""
SECONDS_RESERVE = 2.0
"""The linear run with directions fixed may overrun the limit by this much: without it there is no plan at
all."""


def exclusive_pairs(layout: Layout) -> Exclusive:
    """Gather all pairs of columns of which one must be zero."""
    first: list[IntArray] = []
    second: list[IntArray] = []
    for group in layout.groups:
        if group.kind.exclusive is not None and group.kind.exclusive[0] in group.prototype.variables:
            first.append(group.columns(group.kind.exclusive[0]).ravel())
            second.append(group.columns(group.kind.exclusive[1]).ravel())
    return Exclusive(first=_joined(first), second=_joined(second))


def both_ways(pairs: Exclusive, column: FloatArray) -> BoolArray:
    """Tell which pairs are both in use."""
    both: BoolArray = np.minimum(column[pairs.first], column[pairs.second]) > BOTH_WAYS_KW
    return both


def some(pairs: Exclusive, chosen: BoolArray) -> Exclusive:
    """Pick pairs."""
    return Exclusive(first=pairs.first[chosen], second=pairs.second[chosen])


def one_way(
    solver: LinearSolver,
    layout: Layout,
    numbers: Numbers,
    linear: Solution,
    *,
    deadline: float,
    gap: float,
) -> Solved:
    """Give each store one direction a period, from the linear solution of these numbers on.

    The direction that leads is fixed first. Only where that costs more than the gap are directions searched
    for, from there on; what the search does not better stands. ``deadline`` is a moment of
    ``time.perf_counter``.

    Raises:
        NoPlan: no feasible point within the time limit, or directions could not be kept apart.
    """
    pairs = exclusive_pairs(layout)
    if not both_ways(pairs, linear.column).any():
        return Solved(solution=linear, bound_eur=linear.bound_eur, end=linear.end)
    led = _by_lead(solver, numbers, pairs, linear, deadline=deadline)
    if led is not None and relative_gap(led.objective_eur, linear.bound_eur) <= gap:
        return Solved(solution=led, bound_eur=linear.bound_eur, end=linear.end)
    try:
        searched = _searched(solver, layout, numbers, linear, led, deadline=deadline, gap=gap)
    except NoPlan:
        if led is None:
            raise
        return Solved(solution=led, bound_eur=linear.bound_eur, end=End.TIME_LIMIT)
    if led is not None and led.objective_eur < searched.solution.objective_eur:
        return replace(searched, solution=led)
    return searched


def _by_lead(
    solver: LinearSolver, numbers: Numbers, pairs: Exclusive, linear: Solution, *, deadline: float
) -> Solution | None:
    """Fix the direction that leads where both are in use; None where no time is left for it."""
    broken = both_ways(pairs, linear.column)
    try:
        return solve_one_way(solver, numbers, pairs, chosen=broken, column=linear.column, deadline=deadline)
    except NoPlan:
        return None


def _searched(
    solver: LinearSolver,
    layout: Layout,
    numbers: Numbers,
    linear: Solution,
    led: Solution | None,
    *,
    deadline: float,
    gap: float,
) -> Solved:
    """Search directions where the linear program used both, and where burning energy could pay."""
    pairs = exclusive_pairs(layout)
    best, bound_eur, end = linear, linear.bound_eur, linear.end
    chosen = np.zeros(pairs.count, dtype=np.bool_)
    burning_pays = _where_burning_pays(layout, pairs, linear)
    for round_ in range(ROUNDS_MAX):
        broken = both_ways(pairs, best.column) & ~chosen
        if not broken.any():
            break
        chosen = chosen | broken | burning_pays if round_ < ROUNDS_MAX - 1 else np.ones_like(chosen)
        left_s = MIXED_SHARE * (deadline - time.perf_counter())
        try:
            none = np.zeros(0, dtype=np.int64)
            program = mixed_of(layout, numbers, binary=none, exclusive=some(pairs, chosen))
            known = None if led is None else led.column
            best = solve_mixed(program, seconds_max=left_s, gap=gap, known=known)
        except NoPlan:
            chosen, end = chosen | both_ways(pairs, best.column), End.TIME_LIMIT
            break
        bound_eur, end = max(bound_eur, best.bound_eur), best.end
    fixed = solve_one_way(solver, numbers, pairs, chosen=chosen, column=best.column, deadline=deadline)
    return Solved(solution=fixed, bound_eur=bound_eur, end=end)


def solve_one_way(
    solver: LinearSolver,
    numbers: Numbers,
    pairs: Exclusive,
    *,
    chosen: BoolArray,
    column: FloatArray,
    deadline: float,
) -> Solution:
    """Fix the directions found, so that the linear program gives prices; fix more where needed.

    Raises:
        NoPlan: no feasible point within the time limit, or directions could not be kept apart.
    """
    directions = column
    for round_ in range(ROUNDS_MAX):
        solver.bound(numbers.lower, fixed_upper(numbers, some(pairs, chosen), directions))
        left_s = max(SECONDS_RESERVE, deadline - time.perf_counter())
        solution = solver.solve(seconds_max=left_s)
        broken = both_ways(pairs, solution.column) & ~chosen
        if not broken.any():
            return solution
        directions = directions.copy()
        for side in (pairs.first, pairs.second):
            directions[side[broken]] = solution.column[side[broken]]
        chosen = chosen | broken if round_ < ROUNDS_MAX - 2 else np.ones_like(chosen)
    raise NoPlan("charging and discharging at once could not be ruled out")


def _where_burning_pays(layout: Layout, pairs: Exclusive, solution: Solution) -> BoolArray:
    """Tell the pairs whose own balance has a negative price: only there can losing energy on purpose pay."""
    balance_row = layout.row_index[layout.column_start[pairs.first]]
    where: BoolArray = solution.row_dual[balance_row] > 0.0
    return where


def _joined(parts: Sequence[IntArray]) -> IntArray:
    return np.concatenate([np.zeros(0, dtype=np.int64), *parts])
