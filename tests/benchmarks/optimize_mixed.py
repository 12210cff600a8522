"""A region with its decisions: the product's own search with its proven gap, against one piece.

One piece is the hand-built program with the CHPs' decisions as whole numbers, handed to HiGHS whole. It
leaves out that a battery must not charge and discharge at once: that is easier for HiGHS, never harder.
"""

import time
from collections.abc import Iterator
from dataclasses import replace

from energy.domain import Plan
from energy.errors import NoPlan
from energy.optimize.coordination.workforce import Workforce
from energy.optimize.matrix.layout import layout_of
from energy.optimize.optimizer import Optimizer
from energy.optimize.problem import Problem
from energy.optimize.steady.before import before_of
from energy.region.model import Region
from tests.benchmarks.figure import Figure, figure_of, interleaved
from tests.benchmarks.hand_built import matrix_of
from tests.benchmarks.hand_highs import HandHighs, Solved
from tests.benchmarks.own_side import first_period_of
from tests.benchmarks.region_family import Family
from tests.benchmarks.region_of_family import inputs_of, problem_of, region_of
from tests.benchmarks.region_state import state_after, state_at_start

PAIRS = {"S": 5, "M": 3, "L": 1}
AGAINST_ONE_PIECE = ("S", "M")
"""Sizes at which one piece finds a plan within the time allowed."""
SECONDS_MAX = {"S": 60.0, "M": 120.0, "L": 600.0}
GAP = 0.001


def mixed_figures(size: str, family: Family) -> Iterator[Figure]:
    """Measure one size; seconds on the wall, since the search may use all cores, whose workers stay."""
    workforce = Workforce()
    try:
        yield from _figures(size, family, workforce)
    finally:
        workforce.close()


def _figures(size: str, family: Family, workforce: Workforce) -> Iterator[Figure]:
    region, state = region_of(family), state_at_start(family)
    problem = problem_of(region, inputs_of(family, state))
    layout_of(problem)  # its prototypes are compiled before anything is measured
    seconds_max = SECONDS_MAX[size]
    plans: list[Plan | None] = []

    def ours(_: int) -> float | None:
        began = time.perf_counter()
        plans.append(_plan(Optimizer(region, workforce=workforce), problem, seconds_max))
        return None if plans[-1] is None else time.perf_counter() - began

    def theirs(_: int) -> float | None:
        began = time.perf_counter()
        highs = HandHighs(seconds_max=seconds_max, gap=GAP)
        highs.pass_matrix(matrix_of(family, state))
        solved = _solved(highs)
        return time.perf_counter() - began if solved is not None and solved.gap <= GAP else None

    if size in AGAINST_ONE_PIECE:
        measured = interleaved(PAIRS[size], ours=ours, theirs=theirs)
    else:
        measured = [(ours(number), None) for number in range(PAIRS[size])]
    yield _figure(
        [taken_s for taken_s, _ in measured],
        name=f"optimize.milp_s.{size}",
        unit="s",
        against=f"absolute: from the problem to the plan, gap wanted {GAP:.1%}, {seconds_max:.0f} s allowed",
    )
    yield _figure(
        [None if plan is None else plan.gap for plan in plans],
        name=f"optimize.milp_gap.{size}",
        unit="of the cost",
        against="absolute: the proven gap of the plan; null where nothing is proven",
    )
    yield _next_figure(size, family, region, workforce, plans[-1])
    if size in AGAINST_ONE_PIECE:
        ratios = [None if a is None or b is None else a / b for a, b in measured]
        one_piece_s = [b for _a, b in measured if b is not None]
        yield _figure(
            ratios,
            name=f"optimize.milp_ratio.{size}",
            unit="seconds, ours/theirs",
            against=f"one piece in HiGHS to the same gap; null where that took over {seconds_max:.0f} s",
            more={"theirs_s_min": min(one_piece_s)} if one_piece_s else {},
        )


def _next_figure(
    size: str, family: Family, region: Region, workforce: Workforce, before: Plan | None
) -> Figure:
    """Plan again a quarter hour on, from where the plan before led, and hold on to it."""
    taken_s: list[float | None] = [None]
    more: dict[str, float] = {}
    if before is not None:
        state = state_after(state_at_start(family), first_period_of(family, before))
        problem = problem_of(region, inputs_of(family, state))
        held = before_of(before, region, start=problem.start, periods=problem.periods)
        began = time.perf_counter()
        plan = _plan(Optimizer(region, workforce=workforce), replace(problem, before=held), SECONDS_MAX[size])
        if plan is not None:
            taken_s = [time.perf_counter() - began]
            more = {"steady_s": plan.wall_s["steady_s"]}
    return _figure(
        taken_s,
        name=f"optimize.milp_next_s.{size}",
        unit="s",
        against="absolute: the plan a quarter hour on, ties and runs decided for the plan before",
        more=more,
    )


def _plan(optimizer: Optimizer, problem: Problem, seconds_max: float) -> Plan | None:
    try:
        return optimizer.solve(
            problem, plan_id="benchmark", issued_at=problem.start, seconds_max=seconds_max, gap=GAP
        )
    except NoPlan:
        return None


def _solved(highs: HandHighs) -> Solved | None:
    try:
        return highs.solve()
    except RuntimeError:
        return None


def _figure(
    values: list[float | None], *, name: str, unit: str, against: str, more: dict[str, float] | None = None
) -> Figure:
    """Make a figure of what was found; one without a value where any was not."""
    found = [value for value in values if value is not None]
    if len(found) < len(values):
        return Figure(name=name, value=None, unit=unit, against=against, n=len(values), more=more or {})
    return figure_of(found, name=name, unit=unit, against=against, more=more)
