"""OPTIMISE: how planning grows with assets and with steps, and regions far beyond a usual one.

``python -m tools.draw_growth`` draws the first part. The rest takes long: a plan with a proven gap for 3,000
and 10,000 assets, each within its limit of time.
"""

import time
from collections.abc import Iterator

from energy.errors import NoPlan
from energy.optimize.coordination.workforce import Workforce
from energy.optimize.matrix.layout import layout_of
from energy.optimize.optimizer import Optimizer
from tests.benchmarks.choice import Choice
from tests.benchmarks.figure import Figure, Say
from tests.benchmarks.optimize_linear import build_figure, solve_figures
from tests.benchmarks.region_family import SIZES, family_of
from tests.benchmarks.region_of_family import inputs_of, problem_of, region_of
from tests.benchmarks.region_state import state_at_start

ASSETS = (10, 30, 100, 300, 1_000)
PERIODS = 192
STEPS = (96, 192, 384, 672)
STEPS_ASSETS = 100
HUGE = {3_000: 900.0, 10_000: 3_600.0}
"""Assets, and the seconds allowed for a plan."""
HUGE_GAP = 0.002
ASSETS_MAX = {"S": 100, "M": 300, "L": 10_000}
"""How far each size lets the growth go: a quick look takes S."""


def figures(say: Say, choice: Choice) -> Iterator[Figure]:
    """Measure everything of this group, the quick part first."""
    most = max(ASSETS_MAX[size] for size in choice.sizes or SIZES)
    points = [(assets, PERIODS) for assets in ASSETS] + [(STEPS_ASSETS, steps) for steps in STEPS]
    for assets, periods in dict.fromkeys(points):
        if assets <= most:
            say(f"optimize_growth: {assets} assets, {periods} steps")
            yield growth_figure(assets, periods, choice.seed)
    for assets, seconds_max in HUGE.items():
        if assets <= most:
            say(f"optimize_growth: {assets} assets, up to {seconds_max:.0f} s")
            yield build_figure(str(assets), family_of(assets, PERIODS, seed=choice.seed), 1)
            yield huge_figure(assets, seconds_max, choice.seed)


def growth_figure(assets: int, periods: int, seed: int) -> Figure:
    """Measure one cold pair of the linear program."""
    family = family_of(assets, periods, seed=seed).without_commitment()
    found = {figure.name.split(".")[1]: figure for figure in solve_figures("", family, 1)}
    cold, own = found["cold_ratio"].more, found["own_time_ratio"].more
    return Figure(
        name=f"optimize.growth_s.{assets}x{periods}",
        value=cold["ours_ms"] / 1000.0,
        unit="processor s",
        against="absolute: a cold plan of the linear program; outside run(), by hand and ours, beside it",
        n=1,
        more={
            "run_s": cold["run_ours_ms"] / 1000.0,
            "own_s": own["ours_ms"] / 1000.0,
            "hand_own_s": own["theirs_ms"] / 1000.0,
            "problem_s": (found["cold_problem_ms"].value or 0.0) / 1000.0,
        },
    )


def huge_figure(assets: int, seconds_max: float, seed: int) -> Figure:
    """Plan once, decisions in it; tell where the time goes."""
    family = family_of(assets, PERIODS, seed=seed)
    region, inputs = region_of(family), inputs_of(family, state_at_start(family))
    began = time.perf_counter()
    problem = problem_of(region, inputs)
    problem_s = time.perf_counter() - began
    layout_of(problem)
    began = time.perf_counter()
    wall_s: float | None = None
    more: dict[str, float] = {"problem_s": problem_s}
    workforce = Workforce()
    try:
        plan = Optimizer(region, workforce=workforce).solve(
            problem, plan_id="benchmark", issued_at=problem.start, seconds_max=seconds_max, gap=HUGE_GAP
        )
        wall_s = time.perf_counter() - began
        more |= plan.wall_s | {"problem_s": problem_s}
        if plan.gap is not None:
            more["gap"] = plan.gap
    except NoPlan:
        more["given_up_s"] = time.perf_counter() - began
    finally:
        workforce.close()
    return Figure(
        name=f"optimize.growth_milp_s.{assets}",
        value=wall_s,
        unit="s",
        against=f"absolute: a plan to a gap of {HUGE_GAP:.1%}, {seconds_max:.0f} s allowed; null for no plan",
        n=1,
        more=more,
    )
