"""Plans a region again and again: the matrix is laid out once, HiGHS stays warm."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np

from energy.domain import FloatArray, Plan, Rung
from energy.errors import NoPlan
from energy.optimize.problem import Problem
from energy.optimize.prototype import BoolArray, IntArray
from energy.optimize.read import read_plan
from energy.optimize.solver import (
    End,
    Exclusive,
    LinearSolver,
    Solution,
    fixed_upper,
    solve_exclusive,
)
from energy.optimize.tile import Layout, Numbers, layout_of, numbers_of, signature_of
from energy.region.model import Region

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


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Solved:
    """A plan's numbers: the linear solution, and the bound proven on the way."""

    solution: Solution
    bound_eur: float
    end: End


class Optimizer:
    """Optimises one region; keeps the compiled matrix and the solver between plans."""

    def __init__(self, region: Region) -> None:
        self._region = region
        self._layout: Layout | None = None
        self._solver = LinearSolver()

    def solve(
        self,
        problem: Problem,
        *,
        plan_id: str,
        issued_at: datetime,
        seconds_max: float,
        gap: float,
        problem_s: float = 0.0,
    ) -> Plan:
        """Find the plan of least cost.

        Args:
            problem: from ``problem_from`` for this region.
            plan_id: the plan's id.
            issued_at: when the plan is issued.
            seconds_max: the solver's time limit.
            gap: relative gap at which a search among whole-number decisions may stop.
            problem_s: what making the problem took, reported in ``wall_s``.

        Raises:
            NoPlan: no feasible point within the time limit, or the solver failed.
            ValueError: the problem is another region's.
        """
        if problem.region_id != self._region.id:
            raise ValueError(f"problem of region {problem.region_id!r}, optimiser of {self._region.id!r}")
        began = time.perf_counter()
        layout = self._layout_for(problem)
        numbers = numbers_of(layout, problem)
        self._solver.update(layout, numbers)
        built = time.perf_counter()
        solved = _solve(self._solver, layout, numbers, seconds_max=seconds_max, gap=gap)
        solved_at = time.perf_counter()
        plan = read_plan(
            problem,
            layout=layout,
            numbers=numbers,
            solution=solved.solution,
            plan_id=plan_id,
            issued_at=issued_at,
            rung=Rung.OPTIMAL if solved.end is End.OPTIMAL else Rung.INCUMBENT,
            status=str(solved.end),
            gap=_gap(solved),
        )
        wall_s = {
            "problem_s": problem_s,
            "build_s": built - began,
            "solve_s": solved_at - built,
            "read_s": time.perf_counter() - solved_at,
        }
        return replace(plan, wall_s=wall_s)

    def _layout_for(self, problem: Problem) -> Layout:
        layout = self._layout
        if layout is None or layout.periods != problem.periods or layout.signature != signature_of(problem):
            layout = layout_of(problem)
            self._layout = layout
        return layout


def _solve(
    solver: LinearSolver, layout: Layout, numbers: Numbers, *, seconds_max: float, gap: float
) -> Solved:
    """Solve the linear program; where it charges and discharges at once, decide and solve again."""
    deadline = time.perf_counter() + seconds_max
    pairs = _exclusive_pairs(layout)
    best = solver.solve(seconds_max=seconds_max)
    bound_eur, end = best.bound_eur, best.end
    chosen = np.zeros(pairs.count, dtype=np.bool_)
    burning_pays = _where_burning_pays(pairs, best, layout.periods)
    for round_ in range(ROUNDS_MAX):
        broken = _both_ways(pairs, best.column) & ~chosen
        if not broken.any():
            break
        chosen = chosen | broken | burning_pays if round_ < ROUNDS_MAX - 1 else np.ones_like(chosen)
        left_s = MIXED_SHARE * (deadline - time.perf_counter())
        try:
            best = solve_exclusive(layout, numbers, _some(pairs, chosen), seconds_max=left_s, gap=gap)
        except NoPlan:
            chosen, end = chosen | _both_ways(pairs, best.column), End.TIME_LIMIT
            break
        bound_eur, end = max(bound_eur, best.bound_eur), best.end
    if not chosen.any():
        return Solved(solution=best, bound_eur=bound_eur, end=end)
    fixed = _solve_fixed(solver, numbers, pairs, chosen=chosen, column=best.column, deadline=deadline)
    return Solved(solution=fixed, bound_eur=bound_eur, end=end)


def _solve_fixed(
    solver: LinearSolver,
    numbers: Numbers,
    pairs: Exclusive,
    *,
    chosen: BoolArray,
    column: FloatArray,
    deadline: float,
) -> Solution:
    """Fix the directions found, so that the linear program gives prices; fix more where needed."""
    directions = column
    for round_ in range(ROUNDS_MAX):
        solver.bound(numbers.lower, fixed_upper(numbers, _some(pairs, chosen), directions))
        left_s = max(SECONDS_RESERVE, deadline - time.perf_counter())
        solution = solver.solve(seconds_max=left_s)
        broken = _both_ways(pairs, solution.column)
        if not broken.any():
            return solution
        chosen = chosen | broken if round_ < ROUNDS_MAX - 2 else np.ones_like(chosen)
    raise NoPlan("charging and discharging at once could not be ruled out")


def _exclusive_pairs(layout: Layout) -> Exclusive:
    first: list[IntArray] = []
    second: list[IntArray] = []
    for group in layout.groups:
        if group.kind.exclusive is not None:
            first.append(group.columns(group.kind.exclusive[0]).ravel())
            second.append(group.columns(group.kind.exclusive[1]).ravel())
    return Exclusive(first=_joined(first), second=_joined(second))


def _where_burning_pays(pairs: Exclusive, solution: Solution, periods: int) -> BoolArray:
    """Tell the pairs in periods of negative marginal price: only there can losing energy on purpose pay."""
    negative = solution.row_dual[:periods] > 0.0
    where: BoolArray = np.tile(negative, pairs.count // periods)
    return where


def _joined(parts: Sequence[IntArray]) -> IntArray:
    return np.concatenate([np.zeros(0, dtype=np.int64), *parts])


def _some(pairs: Exclusive, chosen: BoolArray) -> Exclusive:
    return Exclusive(first=pairs.first[chosen], second=pairs.second[chosen])


def _both_ways(pairs: Exclusive, column: FloatArray) -> BoolArray:
    both: BoolArray = np.minimum(column[pairs.first], column[pairs.second]) > BOTH_WAYS_KW
    return both


def _gap(solved: Solved) -> float | None:
    """Give the proven relative distance to the best possible plan; None where nothing was proven."""
    if not np.isfinite(solved.bound_eur):
        return None
    distance = max(0.0, solved.solution.objective_eur - solved.bound_eur)
    return distance / max(1.0, abs(solved.solution.objective_eur))
