"""OPTIMISE: a plan against HiGHS alone on the identical matrix, cold and quarter hour after quarter hour."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from math import isclose

from energy.domain import Plan
from energy.optimize.optimizer import Optimizer
from energy.optimize.problem import Problem
from energy.optimize.prototype import compile_prototype
from energy.optimize.tile import Layout, Numbers, layout_of, numbers_of
from energy.region.model import Region
from tests.benchmarks.bare_highs import BareHighs
from tests.benchmarks.figure import Figure, Say, figure_of, interleaved, pairs_of
from tests.benchmarks.plannings import Plannings

SIZES: dict[str, int | None] = {"S": None, "M": 99}
"""S is the shipped region with its eight assets; M has about a hundred."""
COLD_PAIRS = {"S": 21, "M": 9}
WARM_PAIRS = {"S": 41, "M": 21}
SECONDS_MAX = 30.0
GAP = 0.001
SAME = 1e-6
"""Relative; a plan that had to choose directions of batteries would cost more than the linear program."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Step:
    """One planning, ready for both sides, and the cost that both must find."""

    problem: Problem
    problem_s: float
    numbers: Numbers
    objective_eur: float


def figures(say: Say) -> Iterator[Figure]:
    """Measure everything of this group."""
    for size, assets in SIZES.items():
        say(f"optimize: {size}")
        yield from figures_of(size, Plannings(assets), cold=COLD_PAIRS[size], warm=WARM_PAIRS[size])


def figures_of(size: str, plannings: Plannings, *, cold: int, warm: int) -> Iterator[Figure]:
    """Measure one region: the first planning cold, then a row of plannings warm."""
    region = plannings.region
    layout = layout_of(plannings.problem(plannings.inputs(0)))
    steps = _steps(plannings, layout, warm + 1)
    against = f"HiGHS alone, the identical matrix ({layout.columns} columns, {layout.rows} rows)"
    yield _cold_figure(size, region, layout, steps[0], cold, against)
    yield figure_of(
        [_compile_ms(steps[0].problem) for _ in range(cold)],
        name=f"optimize.compile_ms.{size}",
        unit="ms",
        against="absolute: compiling the prototypes and laying out the matrix, once a process; part of cold",
    )
    yield from _warm_figures(size, region, layout, steps, against)


def _steps(plannings: Plannings, layout: Layout, count: int) -> list[Step]:
    """Plan once in a row, so that each planning begins where the one before led."""
    optimizer, before = Optimizer(plannings.region), None
    steps: list[Step] = []
    for number in range(count):
        inputs = plannings.inputs(number, before)
        began = time.perf_counter()
        problem = plannings.problem(inputs)
        problem_s = time.perf_counter() - began
        before = _solve(optimizer, problem)
        steps.append(
            Step(
                problem=problem,
                problem_s=problem_s,
                numbers=numbers_of(layout, problem),
                objective_eur=sum(before.objective_eur.values()),
            )
        )
    return steps


def _cold_figure(size: str, region: Region, layout: Layout, step: Step, pairs: int, against: str) -> Figure:
    def ours(_: int) -> float:
        compile_prototype.cache_clear()
        began = time.perf_counter()
        _solve(Optimizer(region), step.problem)
        return time.perf_counter() - began

    def theirs(_: int) -> float:
        began = time.perf_counter()
        BareHighs().run_cold(layout, step.numbers)
        return time.perf_counter() - began

    return pairs_of(interleaved(pairs, ours=ours, theirs=theirs)).seconds_ratio(
        name=f"optimize.cold_ratio.{size}",
        against=f"{against}, both in a new instance; ours compiles its prototypes first",
    )


def _compile_ms(problem: Problem) -> float:
    compile_prototype.cache_clear()
    began = time.perf_counter()
    layout_of(problem)
    return 1000.0 * (time.perf_counter() - began)


def _warm_figures(
    size: str, region: Region, layout: Layout, steps: list[Step], against: str
) -> Iterator[Figure]:
    optimizer, bare = Optimizer(region), BareHighs()
    _solve(optimizer, steps[0].problem)
    bare.run_cold(layout, steps[0].numbers)
    own_ms: list[float] = []

    def ours(number: int) -> float:
        step = steps[number + 1]
        began = time.perf_counter()
        plan = _solve(optimizer, step.problem)
        wall_s = time.perf_counter() - began
        own_ms.append(1000.0 * (step.problem_s + plan.wall_s["build_s"] + plan.wall_s["read_s"]))
        return wall_s

    def theirs(number: int) -> float:
        step = steps[number + 1]
        began = time.perf_counter()
        objective_eur = bare.run_warm(layout, step.numbers)
        wall_s = time.perf_counter() - began
        assert isclose(objective_eur, step.objective_eur, rel_tol=SAME), "not the same problem on both sides"
        return wall_s

    measured = interleaved(len(steps) - 1, ours=ours, theirs=theirs)
    yield pairs_of(measured).seconds_ratio(
        name=f"optimize.warm_ratio.{size}",
        against=f"{against}, both one quarter hour on from the last basis",
    )
    yield figure_of(
        own_ms,
        name=f"optimize.own_time_ms.{size}",
        unit="ms",
        against="absolute: the problem, the numbers and reading the plan, without the solver",
    )


def _solve(optimizer: Optimizer, problem: Problem) -> Plan:
    return optimizer.solve(
        problem, plan_id="benchmark", issued_at=problem.start, seconds_max=SECONDS_MAX, gap=GAP
    )
