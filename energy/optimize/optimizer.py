"""Plans a region again and again: the matrix is laid out once, HiGHS stays warm."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

import numpy as np

from energy.domain import Plan, Rung
from energy.errors import NoPlan
from energy.optimize.coordination.coordinate import Coordinator
from energy.optimize.coordination.workforce import Workforce
from energy.optimize.highs.instance import End, Solved, relative_gap
from energy.optimize.highs.solver import LinearSolver
from energy.optimize.matrix.layout import Layout
from energy.optimize.matrix.tile import Numbers, Tiler
from energy.optimize.problem import Problem
from energy.optimize.proof import notes_on_gap
from energy.optimize.read import read_plan
from energy.optimize.search.commit import Seat, seats_of, solve_exact, solve_rounded
from energy.optimize.steady.runs import hold_runs
from energy.optimize.steady.ties import settle, steadiness_of
from energy.optimize.uncertainty.hedged import hedge_first_decisions
from energy.optimize.uncertainty.scenarios import Hedge, Hedger
from energy.region.model import Region

Search = Literal["rounding", "exact"]
"""How to decide which machines run when: quickly, or to the gap."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Proven:
    """A plan, and what no plan of its problem can cost less than (minus infinity where nothing is proven)."""

    plan: Plan
    bound_eur: float
    notes: tuple[str, ...] = ()
    """What was left out on the way, and a gap that was missed, each with a code in front."""


class Optimizer:
    """Optimises one region; keeps the compiled matrix, the solver and its workers between plans.

    Args:
        region: what is planned.
        workforce: who solves the parts of a large region; None for this machine's cores.
    """

    def __init__(self, region: Region, *, workforce: Workforce | None = None) -> None:
        self._region = region
        self._tiler = Tiler()
        self._workforce = Workforce() if workforce is None else workforce
        self._coordinator = Coordinator(self._workforce)
        self._solver = LinearSolver()
        self._hedger = Hedger()

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
        hedge: Hedge | None = None,
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
            hedge=hedge,
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
        hedge: Hedge | None = None,
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
            hedge: other courses that the first decisions must serve too; None for none.

        Raises:
            NoPlan: no feasible point within the time limit, or the solver failed.
            ValueError: the problem is another region's.
        """
        if problem.region_id != self._region.id:
            raise ValueError(f"problem of region {problem.region_id!r}, optimiser of {self._region.id!r}")
        self._workforce.begin()
        began = time.perf_counter()
        layout, numbers = self._tiler.at(problem)
        self._solver.update(layout, numbers)
        built = time.perf_counter()
        search_in, seats = solve_exact if search == "exact" else solve_rounded, seats_of(layout, problem)
        limits = {"deadline": built + seconds_max, "gap": gap}
        solved = search_in(self._solver, layout, numbers, seats, coordinator=self._coordinator, **limits)
        solved_at = time.perf_counter()
        # The search alone is judged: runs held on to and hedging may cost more on purpose.
        decided, notes = numbers, (*self._workforce.notes, *notes_on_gap(_gap(solved), wanted=gap))
        solved = self._held(problem, layout, numbers, seats=seats, solved=solved, **limits)
        if hedge is not None:
            solved, decided, more = hedge_first_decisions(
                self._solver, layout, numbers, seats, solved, hedger=self._hedger, hedge=hedge, **limits
            )
            notes = (*notes, *more)
        # Ties come last: what was hedged is fixed in the bounds, so that they leave it alone.
        solved, more = self._settled(problem, layout, decided, seats=seats, solved=solved)
        settled_at = time.perf_counter()
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
            "steady_s": settled_at - solved_at,
            "read_s": time.perf_counter() - settled_at,
        }
        return Proven(plan=replace(plan, wall_s=wall_s), bound_eur=solved.bound_eur, notes=(*notes, *more))

    def _held(
        self,
        problem: Problem,
        layout: Layout,
        numbers: Numbers,
        *,
        seats: Sequence[Seat],
        solved: Solved,
        deadline: float,
        gap: float,
    ) -> Solved:
        """Hold on to the runs of the plan before where that pays."""
        control = self._region.control
        if not steadiness_of(control, problem.before).near_periods:
            return solved
        return hold_runs(
            self._solver,
            layout,
            numbers,
            seats,
            solved=solved,
            before=problem.before,
            deadline=deadline,
            gap=gap,
            saving_eur_min=control.run_change_eur,
        )

    def _settled(
        self, problem: Problem, layout: Layout, numbers: Numbers, *, seats: Sequence[Seat], solved: Solved
    ) -> tuple[Solved, tuple[str, ...]]:
        """Decide ties for the plan before; where they could not be decided, it is said."""
        steadiness = steadiness_of(self._region.control, problem.before)
        if not steadiness.near_periods or solved.end is not End.OPTIMAL:
            return solved, ()
        runs = np.concatenate([np.zeros(0, dtype=np.int64), *(seat.on for seat in seats)])
        try:
            solution = settle(layout, numbers, problem, solved.solution, fixed=runs, steadiness=steadiness)
        except NoPlan as error:
            return solved, (f"planned_anew: ties were left as they fell: {error}",)
        return replace(solved, solution=solution), ()


def _gap(solved: Solved) -> float | None:
    """Give the proven gap; None where nothing was proven."""
    if not np.isfinite(solved.bound_eur):
        return None
    return relative_gap(solved.solution.objective_eur, solved.bound_eur)
