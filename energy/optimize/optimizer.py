"""Plans a region again and again: the matrix is laid out once, HiGHS stays warm."""

import time
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

import numpy as np

from energy.domain import Plan, Rung
from energy.optimize.commit import seats_of, solve_exact, solve_rounded
from energy.optimize.problem import Problem
from energy.optimize.read import read_plan
from energy.optimize.solver import End, LinearSolver, Solved, relative_gap
from energy.optimize.tile import Layout, layout_of, numbers_of, signature_of
from energy.region.model import Region

Search = Literal["rounding", "exact"]
"""How to decide which machines run when: quickly, or to the gap."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Proven:
    """A plan, and what no plan of its problem can cost less than (minus infinity where nothing is proven)."""

    plan: Plan
    bound_eur: float


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
        search: Search = "rounding",
    ) -> Plan:
        """Find the plan of least cost; arguments and errors as ``solve_proven`` has them."""
        return self.solve_proven(
            problem,
            plan_id=plan_id,
            issued_at=issued_at,
            seconds_max=seconds_max,
            gap=gap,
            problem_s=problem_s,
            search=search,
        ).plan

    def solve_proven(
        self,
        problem: Problem,
        *,
        plan_id: str,
        issued_at: datetime,
        seconds_max: float,
        gap: float,
        problem_s: float = 0.0,
        search: Search = "rounding",
    ) -> Proven:
        """Find the plan of least cost, and what is proven about it.

        Args:
            problem: from ``problem_from`` for this region.
            plan_id: the plan's id.
            issued_at: when the plan is issued.
            seconds_max: the solver's time limit.
            gap: relative gap at which a search among whole-number decisions may stop. Rounding may end at
                a larger one, which the plan then says.
            problem_s: what making the problem took, reported in ``wall_s``.
            search: how machines are decided.

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
        search_in = solve_exact if search == "exact" else solve_rounded
        solved = search_in(
            self._solver,
            layout,
            numbers,
            seats_of(layout, problem),
            deadline=built + seconds_max,
            gap=gap,
        )
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
        return Proven(plan=replace(plan, wall_s=wall_s), bound_eur=solved.bound_eur)

    def _layout_for(self, problem: Problem) -> Layout:
        layout = self._layout
        if layout is None or layout.periods != problem.periods or layout.signature != signature_of(problem):
            layout = layout_of(problem)
            self._layout = layout
        return layout


def _gap(solved: Solved) -> float | None:
    """Give the proven gap; None where nothing was proven."""
    if not np.isfinite(solved.bound_eur):
        return None
    return relative_gap(solved.solution.objective_eur, solved.bound_eur)
