"""The linear program of a region, cold and from quarter hour to quarter hour, against the hand-built one.

Both sides have the identical matrix, which is checked before anything is measured, and the same options of
HiGHS. Ours goes from the problem to a whole plan; by hand the columns, reduced costs and duals are read.
CHPs start for nothing here, so that this is a linear program that every tool can state; how long the region
with its decisions takes to build is measured apart, since it has a prototype for each pair of least times.
"""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from math import isclose

from energy.optimize.matrix.layout import layout_of
from energy.optimize.matrix.tile import numbers_of
from energy.optimize.problem import Problem
from energy.region.model import Region
from tests.benchmarks.figure import Figure, Pairs, figure_of, interleaved, pairs_of
from tests.benchmarks.hand_built import Matrix, matrix_of
from tests.benchmarks.hand_highs import HandHighs, Moves
from tests.benchmarks.own_side import OwnSide, Planned, first_period_of
from tests.benchmarks.region_family import Family
from tests.benchmarks.region_of_family import inputs_of, problem_of, region_of
from tests.benchmarks.region_state import State, state_after, state_at_start
from tests.benchmarks.run_clock import RunClock, running_clock
from tests.benchmarks.same_matrix import differences

PAIRS = {"S": 7, "M": 7, "L": 3}
BUILD_PAIRS = 7
SECONDS_MAX = 3_600.0
SAME = 1e-6
"""Relative: both sides must find the same cost, or the run stops."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """Processor seconds of one planning: in all, in HiGHS, until HiGHS had the program, making the problem.

    One thread does everything and waits for nothing, so on a machine without other work this is the time on
    the wall; on a busy one it still stands.
    """

    all_s: float
    run_s: float
    update_s: float
    problem_s: float = 0.0


@dataclass(slots=True, kw_only=True, eq=False)
class Bout:
    """Both sides' last instances, which are warm for the next quarter hour."""

    family: Family
    region: Region
    clock: RunClock
    state: State
    own: OwnSide = field(default_factory=lambda: OwnSide(seconds_max=SECONDS_MAX))
    hand: HandHighs = field(default_factory=lambda: HandHighs(seconds_max=SECONDS_MAX))
    moves: Moves | None = None
    planned: Planned | None = None

    def next_problem(self) -> tuple[Problem, float]:
        """Make the problem of the state; tell how long that took."""
        inputs = inputs_of(self.family, self.state)
        began = time.process_time()
        problem = problem_of(self.region, inputs)
        return problem, time.process_time() - began


def linear_figures(size: str, family: Family) -> Iterator[Figure]:
    """Measure the linear program of a region, and what comes before it where there are decisions."""
    yield build_figure(size, family, BUILD_PAIRS)
    yield from solve_figures(size, family.without_commitment(), PAIRS[size])


def build_figure(size: str, family: Family, pairs: int) -> Figure:
    """Measure from the problem to a program that HiGHS holds, decisions and all their structures in it."""
    state = state_at_start(family)
    problem = problem_of(region_of(family), inputs_of(family, state))
    _require_same(problem, matrix_of(family, state))

    def ours(_: int) -> float:
        began = time.process_time()
        OwnSide(seconds_max=SECONDS_MAX).pass_problem(problem)
        return time.process_time() - began

    def theirs(_: int) -> float:
        began = time.process_time()
        HandHighs(seconds_max=SECONDS_MAX).pass_matrix(matrix_of(family, state))
        return time.process_time() - began

    return pairs_of(interleaved(pairs, ours=ours, theirs=theirs)).seconds_ratio(
        name=f"optimize.build_ratio.{size}",
        against="the hand-built program with decisions, until HiGHS holds it; nothing is solved",
    )


def solve_figures(size: str, family: Family, pairs: int) -> Iterator[Figure]:
    """Measure a first planning cold so many times, then as many quarter hours on."""
    region, state = region_of(family), state_at_start(family)
    matrix = matrix_of(family, state)
    _require_same(problem_of(region, inputs_of(family, state)), matrix)
    rows, columns = matrix.row_lower.size, matrix.cost_eur.size
    against = f"the hand-built program, the identical matrix ({columns} columns, {rows} rows)"
    with running_clock() as clock:
        bout = Bout(family=family, region=region, clock=clock, state=state)
        cold = interleaved(pairs, ours=lambda _: _ours(bout, cold=True), theirs=lambda _: _cold(bout))
        yield from _figures(size, "cold", cold, f"{against}, both in a new instance")
        warm = [_warm_pair(bout, number) for number in range(pairs)]
        yield from _figures(size, "warm", warm, f"{against}, both one quarter hour on from the last basis")


def _require_same(problem: Problem, matrix: Matrix) -> None:
    layout = layout_of(problem)
    found = differences(layout, numbers_of(layout, problem), matrix)
    if found:
        raise AssertionError(f"not the same matrix on both sides: {'; '.join(found)}")


def _ours(bout: Bout, *, cold: bool) -> Taken:
    problem, problem_s = bout.next_problem()
    bout.clock.take()
    began = time.process_time()
    if cold:
        bout.own = OwnSide(seconds_max=SECONDS_MAX)
    bout.planned = bout.own.plan(problem)
    all_s = time.process_time() - began
    return Taken(all_s=all_s, run_s=bout.clock.take(), update_s=bout.planned.update_s, problem_s=problem_s)


def _cold(bout: Bout) -> Taken:
    bout.clock.take()
    began = time.process_time()
    bout.hand = HandHighs(seconds_max=SECONDS_MAX)
    matrix = matrix_of(bout.family, bout.state)
    bout.hand.pass_matrix(matrix)
    update_s = time.process_time() - began
    objective_eur = bout.hand.solve().objective_eur
    all_s = time.process_time() - began
    bout.moves = Moves(bout.family, matrix.places)
    _require_equal(bout, objective_eur)
    return Taken(all_s=all_s, run_s=bout.clock.take(), update_s=update_s)


def _warm_pair(bout: Bout, number: int) -> tuple[Taken, Taken]:
    """Move both sides on by a quarter hour from where our plan leads; who begins changes."""
    assert bout.planned is not None
    bout.state = state_after(bout.state, first_period_of(bout.family, bout.planned.plan))
    bout.planned = None
    sides = interleaved(
        1,
        ours=lambda _: _ours(bout, cold=False),
        theirs=lambda _: _warm(bout),
        ours_first=number % 2 == 0,
    )
    return sides[0]


def _warm(bout: Bout) -> Taken:
    assert bout.moves is not None
    bout.clock.take()
    began = time.process_time()
    bout.hand.change(bout.moves, bout.family, bout.state)
    update_s = time.process_time() - began
    objective_eur = bout.hand.solve().objective_eur
    all_s = time.process_time() - began
    _require_equal(bout, objective_eur)
    return Taken(all_s=all_s, run_s=bout.clock.take(), update_s=update_s)


def _require_equal(bout: Bout, objective_eur: float) -> None:
    """Hold the two costs together, once both are known."""
    if bout.planned is not None and not isclose(bout.planned.objective_eur, objective_eur, rel_tol=SAME):
        raise AssertionError(f"not the same cost: {bout.planned.objective_eur}, by hand {objective_eur}")


def _figures(
    size: str, start: str, measured: Sequence[tuple[Taken, Taken]], against: str
) -> Iterator[Figure]:
    """Give what the pairs say about one kind of start."""
    name = f"optimize.{start}_ratio.{size}"
    runs = pairs_of([(ours.run_s, theirs.run_s) for ours, theirs in measured])
    yield pairs_of([(ours.all_s, theirs.all_s) for ours, theirs in measured]).seconds_ratio(
        name=name, against=against, more=runs.medians("run_")
    )
    own = "own_time" if start == "cold" else "warm_own_time"
    yield _own(measured, with_problem=False).seconds_ratio(
        name=f"optimize.{own}_ratio.{size}", against=f"{against}; without the time inside run()"
    )
    yield _own(measured, with_problem=True).seconds_ratio(
        name=f"optimize.{own}_with_problem_ratio.{size}",
        against=f"{against}; without the time inside run(), ours with problem_from",
    )
    yield figure_of(
        [1000.0 * ours.problem_s for ours, _theirs in measured],
        name=f"optimize.{start}_problem_ms.{size}",
        unit="ms",
        against="absolute: problem_from, every input checked",
    )
    if start == "warm":
        yield pairs_of([(ours.update_s, theirs.update_s) for ours, theirs in measured]).seconds_ratio(
            name=f"optimize.update_ratio.{size}",
            against=f"{against}; until HiGHS has the new numbers",
        )


def _own(measured: Sequence[tuple[Taken, Taken]], *, with_problem: bool) -> Pairs:
    return pairs_of(
        [
            (ours.all_s - ours.run_s + with_problem * ours.problem_s, theirs.all_s - theirs.run_s)
            for ours, theirs in measured
        ]
    )
