"""Machines' runs held on to: the runs planned before are priced too, and replaced only where that pays."""

import time
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from energy.domain import FloatArray
from energy.errors import NoPlan
from energy.optimize.highs.instance import End, Solved
from energy.optimize.highs.solver import LinearSolver
from energy.optimize.items import BlockLoad
from energy.optimize.matrix.layout import Layout
from energy.optimize.matrix.tile import Numbers
from energy.optimize.search.commit import Seat
from energy.optimize.search.directions import one_way
from energy.optimize.search.rounding import Wish
from energy.optimize.steady.before import Before

UNKNOWN_SHARE = 0.01
"""Where the plan before says nothing, running as the new plan does counts by this much: it only fills in."""


def hold_runs(
    solver: LinearSolver,
    layout: Layout,
    numbers: Numbers,
    seats: Sequence[Seat],
    *,
    solved: Solved,
    before: Before | None,
    deadline: float,
    gap: float,
    saving_eur_min: float,
) -> Solved:
    """Give the plan with the runs of the plan before, unless the new one saves more than ``saving_eur_min``.

    The bound stays, so the gap that is told is that of the plan given. ``deadline`` is a moment of
    ``time.perf_counter``; where no time is left the new plan stands.
    """
    new = [np.round(solved.solution.column[seat.on]) for seat in seats]
    held = [_held(seat, _before(seat, before), own) for seat, own in zip(seats, new, strict=True)]
    if all(np.array_equal(one, other) for one, other in zip(held, new, strict=True)):
        return solved
    on = np.concatenate([seat.on for seat in seats])
    lower, upper = numbers.lower.copy(), numbers.upper.copy()
    lower[on] = upper[on] = np.concatenate(held)
    fixed = replace(numbers, lower=lower, upper=upper)
    try:
        solver.bound(lower, upper)
        linear = solver.solve(seconds_max=deadline - time.perf_counter())
        kept = one_way(solver, layout, fixed, linear, deadline=deadline, gap=gap)
    except NoPlan:
        return solved
    dearer_eur = kept.solution.objective_eur - solved.solution.objective_eur
    if kept.end is not End.OPTIMAL or dearer_eur > saving_eur_min:
        return solved
    return Solved(solution=kept.solution, bound_eur=solved.bound_eur, end=solved.end)


def _held(seat: Seat, before: FloatArray | None, new: FloatArray) -> FloatArray:
    """Give the profile that can be kept nearest to the one before: least times, outages may have changed."""
    if before is None:
        return new
    as_new = UNKNOWN_SHARE * (1.0 - 2.0 * new)
    wish = Wish(running_eur=np.where(np.isnan(before), as_new, 1.0 - 2.0 * before), start_eur=0.0)
    return seat.profile(wish, unserved_eur=float(new.size))


def _before(seat: Seat, before: Before | None) -> FloatArray | None:
    """Give what was planned before: when a machine runs, when blocks begin; None where unknown."""
    if before is None:
        return None
    if isinstance(seat.item, BlockLoad):
        power_kw = before.power_kw.get(seat.item.asset_id)
        return None if power_kw is None else _begins(seat.item, power_kw)
    return before.running_fraction.get(seat.item.asset_id)


def _begins(item: BlockLoad, power_kw: FloatArray) -> FloatArray:
    """Find where runs begin in the power of a load in blocks; NaN where that is not known."""
    begins = np.where(np.isnan(power_kw), np.nan, 0.0)
    free_from = int(np.count_nonzero(item.carried_kw > 0.0))
    while (drawing := np.flatnonzero(power_kw[free_from:] > 0.5 * item.block_kw)).size:
        begin = free_from + int(drawing[0])
        begins[begin] = 1.0
        free_from = begin + item.block_periods
    return begins
