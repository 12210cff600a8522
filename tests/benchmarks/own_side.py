"""Our side of the linear program: the steps of ``Optimizer.solve`` without any search for decisions."""

import time
from dataclasses import dataclass

import numpy as np

from energy.domain import Plan, Rung
from energy.optimize.highs.instance import Solution
from energy.optimize.highs.solver import LinearSolver
from energy.optimize.matrix.layout import Layout
from energy.optimize.matrix.tile import Numbers, Tiler
from energy.optimize.problem import Problem
from energy.optimize.read import read_plan
from energy.periods import PERIOD_H
from tests.benchmarks.region_family import Family
from tests.benchmarks.region_state import FirstPeriod

RUNS_FROM = 0.5
"""A CHP that the linear program lets run by so much is taken to run."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Planned:
    """A plan, what it costs, and how long it took until HiGHS had the program."""

    plan: Plan
    objective_eur: float
    update_s: float


class OwnSide:
    """A region's linear program that is kept and planned again."""

    def __init__(self, *, seconds_max: float) -> None:
        self._seconds_max = seconds_max
        self._solver = LinearSolver()
        self._tiler = Tiler()

    def pass_problem(self, problem: Problem) -> tuple[Layout, Numbers]:
        """Bring HiGHS up to date with a problem, whole or what changed."""
        layout, numbers = self._tiler.at(problem)
        self._solver.update(layout, numbers)
        return layout, numbers

    def plan(self, problem: Problem) -> Planned:
        """Plan, from the problem to everything that a plan says."""
        began = time.process_time()
        layout, numbers = self.pass_problem(problem)
        update_s = time.process_time() - began
        solution: Solution = self._solver.solve(seconds_max=self._seconds_max)
        plan = read_plan(
            problem,
            layout=layout,
            numbers=numbers,
            solution=solution,
            plan_id="benchmark",
            issued_at=problem.start,
            rung=Rung.OPTIMAL,
            status=str(solution.end),
            gap=None,
        )
        return Planned(plan=plan, objective_eur=solution.objective_eur, update_s=update_s)


def first_period_of(family: Family, plan: Plan) -> FirstPeriod:
    """Look up what a plan of a region of the family does first."""

    def first(kind: str, state: str, count: int) -> list[float]:
        return [float(plan.assets[f"{kind}_{i}"].states[state][0]) for i in range(count)]

    sessions = range(family.session_kw.size)
    return FirstPeriod(
        battery_kwh=np.array(first("battery", "energy_kwh", family.battery_kw.size)),
        store_kwh=np.array(first("heat_storage", "energy_kwh", family.chp_kw.size)),
        charged_kwh=PERIOD_H * np.array([float(plan.assets[f"ev_hub_{i}"].power_kw[0]) for i in sessions]),
        running=np.array(first("chp", "running", family.chp_kw.size)) >= RUNS_FROM,
        import_kw=max(0.0, float(plan.assets["grid_point_0"].power_kw[0])),
    )
