"""From the plan of the expected course to the hedged plan: first decisions for all courses, then the rest.

The plan that comes out is what was decided for now, with the best continuation on the expected course: it
closes its balances, its cost can be found again by hand and its prices are those of one linear program, which
a mean over courses would not give. What lies later is decided again before it comes.
"""

import time
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from energy.errors import NoPlan
from energy.optimize.highs.instance import Solved
from energy.optimize.highs.solver import LinearSolver
from energy.optimize.matrix.layout import Layout
from energy.optimize.matrix.tile import Numbers
from energy.optimize.search.commit import Seat
from energy.optimize.search.directions import one_way
from energy.optimize.uncertainty.scenarios import Hedge, Hedger, kept

STACK_SHARE = 0.7
"""Share of the time left that the courses' program may take; the rest is for the plan itself."""


def hedge_first_decisions(
    solver: LinearSolver,
    layout: Layout,
    numbers: Numbers,
    seats: Sequence[Seat],
    solved: Solved,
    *,
    hedger: Hedger,
    hedge: Hedge,
    deadline: float,
    gap: float,
) -> tuple[Solved, Numbers, tuple[str, ...]]:
    """Give the hedged plan, the numbers with what was decided, and notes; where it fails the plan as it was.

    The bound stays that of the expected course, so the plan's gap holds what hedging costs there.
    """
    runs = np.concatenate([np.zeros(0, dtype=np.int64), *(seat.on for seat in seats)])
    lower, upper = numbers.lower.copy(), numbers.upper.copy()
    lower[runs] = upper[runs] = np.round(solved.solution.column[runs])
    decided = replace(numbers, lower=lower, upper=upper)
    try:
        left_s = STACK_SHARE * (deadline - time.perf_counter())
        planned = solved.solution.column
        found = hedger.decide(layout, decided, hedge, fixed=runs, seconds_max=left_s, planned=planned)
        fixed = kept(decided, found)
        solver.bound(fixed.lower, fixed.upper)
        linear = solver.solve(seconds_max=deadline - time.perf_counter())
        again = one_way(solver, layout, fixed, linear, deadline=deadline, gap=gap)
    except NoPlan as error:
        return solved, numbers, (f"not_hedged: {error}",)
    return replace(again, bound_eur=solved.bound_eur), fixed, ()
