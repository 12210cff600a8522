"""The whole region as one mixed-integer program, searched from a plan on that is known already."""

import time

import numpy as np

from energy.errors import NoPlan
from energy.optimize.coordination.coordinate import Task, with_fixed
from energy.optimize.highs.instance import GAP_NOISE, End, Solution, Solved, is_near
from energy.optimize.highs.mixed import solve_mixed
from energy.optimize.highs.solver import mixed_of
from energy.optimize.search.directions import MIXED_SHARE, both_ways, exclusive_pairs, one_way, some


def is_within(solved: Solved, gap: float) -> bool:
    """Tell whether a plan is proven to be within a relative gap of the best."""
    return is_near(solved.solution.objective_eur, solved.bound_eur, gap=gap)


def search_whole(task: Task, quick: Solved, *, nodes_max: int | None = None) -> tuple[Solved, End]:
    """Search the whole region to the gap, over so many nodes at most; then price what was found.

    Gives the cheaper of the plan that was known and the one found, each with its own end and with all that
    is proven by now, and how the search ended. A plan as dear as the one known is none: it would only move
    what need not move.
    """
    found, bound_eur, end = _found(task, quick, nodes_max)
    made = Solved(solution=quick.solution, bound_eur=bound_eur, end=quick.end)
    if found is not None and _saves(found, quick.solution):
        priced = _priced(task, found)
        if priced is not None and priced.solution.priced and _saves(priced.solution, quick.solution):
            made = Solved(solution=priced.solution, bound_eur=bound_eur, end=priced.end)
    # What was found is worth nothing to a plan that could not follow it.
    is_proven = end is not End.OPTIMAL or is_within(made, task.gap)
    return made, end if is_proven else End.TIME_LIMIT


def _saves(found: Solution, known: Solution) -> bool:
    return not is_near(known.objective_eur, found.objective_eur, gap=GAP_NOISE)


def _found(task: Task, quick: Solved, nodes_max: int | None) -> tuple[Solution | None, float, End]:
    """Search, with one direction for the stores that used both; give what was found and proven at the end."""
    binary = task.coordinator.components(task.layout).binary
    pairs = exclusive_pairs(task.layout)
    chosen = np.zeros(pairs.count, dtype=np.bool_)
    found: Solution | None = None
    bound_eur, end = quick.bound_eur, End.TIME_LIMIT
    while (left_s := MIXED_SHARE * (task.deadline - time.perf_counter())) > 0.0:
        try:
            found = solve_mixed(
                mixed_of(task.layout, task.numbers, binary=binary, exclusive=some(pairs, chosen)),
                seconds_max=left_s,
                gap=task.gap,
                known=quick.solution.column,
                nodes_max=nodes_max,
            )
        except NoPlan:
            return found, bound_eur, End.TIME_LIMIT
        bound_eur, end = max(bound_eur, found.bound_eur), found.end
        broken = both_ways(pairs, found.column) & ~chosen
        if not broken.any() or end is not End.OPTIMAL:
            break
        chosen |= broken
    return found, bound_eur, end


def _priced(task: Task, found: Solution) -> Solved | None:
    """Price whole numbers by the linear program; None where that fails."""
    binary = task.coordinator.components(task.layout).binary
    fixed = with_fixed(task.numbers, binary, np.round(found.column[binary]), task.numbers.upper)
    try:
        task.solver.bound(fixed.lower, fixed.upper)
        linear = task.solver.solve(seconds_max=max(1.0, task.deadline - time.perf_counter()))
        return one_way(task.solver, task.layout, fixed, linear, deadline=task.deadline, gap=task.gap)
    except NoPlan:
        return None
