"""OPTIMISE: a whole plan with its parts on two Dask workers of this machine, and with one of them killed.

The plan must be that of our own processes to the last bit, or the run stops.
"""

import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from energy.canonical import canonical_bytes
from energy.domain import Plan
from energy.optimize.coordination.on_dask import DaskCrew
from energy.optimize.coordination.piece import Answer, Piece
from energy.optimize.coordination.workforce import Workforce
from energy.optimize.optimizer import Optimizer
from energy.optimize.problem import Problem
from energy.region.model import Region
from tests.benchmarks.choice import Choice
from tests.benchmarks.figure import Figure, Say
from tests.benchmarks.optimize_mixed import GAP, SECONDS_MAX
from tests.benchmarks.region_family import SIZES, family_of
from tests.benchmarks.region_of_family import inputs_of, problem_of, region_of
from tests.benchmarks.region_state import state_at_start
from tests.optimize.coordination.dask_cluster import READY_S, Cluster

WORKERS = 2
LOOK_S = 0.05
WORKING_S = 0.3
"""After its first piece was given out, a worker is killed in the middle of one."""


def figures(say: Say, choice: Choice) -> Iterator[Figure]:
    """Measure the sizes at which parts are given out at all."""
    for size in choice.sizes or ("M", "L"):
        say(f"optimize_dask: {size}")
        family = family_of(*SIZES[size], seed=choice.seed)
        region = region_of(family)
        problem = problem_of(region, inputs_of(family, state_at_start(family)))
        yield from _figures(size, region, problem)


class _Watched:
    """A cluster of which one can see when pieces are given to it."""

    def __init__(self, address: str) -> None:
        self._crew = DaskCrew(address)
        self._crew.wait_for_workers(WORKERS, seconds_max=READY_S)
        self.given = threading.Event()
        self.is_at_work = False
        self.was_at_work = False

    def solve(self, pieces: Sequence[Piece], *, deadline: float) -> list[Answer | None]:
        """Give an answer a piece."""
        self.is_at_work = True
        self.given.set()
        try:
            return self._crew.solve(pieces, deadline=deadline)
        finally:
            self.is_at_work = False

    def close(self) -> None:
        """Leave the scheduler."""
        self._crew.close()


def _figures(size: str, region: Region, problem: Problem) -> Iterator[Figure]:
    own, own_s = _planned(region, problem, Workforce(workers=WORKERS), size)
    yield _figure(f"optimize.dask_none_s.{size}", own_s, f"{WORKERS} processes of our own, their start in it")
    with tempfile.TemporaryDirectory() as folder:
        cluster = Cluster(Path(folder))
        try:
            cluster.scheduler()
            victim, _other = (cluster.worker() for _ in range(WORKERS))
            crew = _Watched(cluster.address)
            plan, plan_s = _planned(region, problem, Workforce(workers=0, cluster=crew), size)
            _require_same(own, plan)
            yield _figure(f"optimize.dask_s.{size}", plan_s, f"{WORKERS} Dask workers of this machine")
            crew.given.clear()
            killing = threading.Thread(target=_kill_at_work, args=(crew, victim), daemon=True)
            killing.start()
            plan, plan_s = _planned(region, problem, Workforce(workers=0, cluster=crew), size)
            killing.join()
            if not crew.was_at_work:
                raise AssertionError("all parts were solved before the worker was killed")
            _require_same(own, plan)
            yield _figure(f"optimize.dask_killed_s.{size}", plan_s, "the same, one of them killed at work")
        finally:
            cluster.close()


def _kill_at_work(crew: _Watched, victim: subprocess.Popen[bytes]) -> None:
    crew.given.wait(READY_S)
    time.sleep(WORKING_S)
    crew.was_at_work = crew.is_at_work
    victim.kill()


def _planned(region: Region, problem: Problem, workforce: Workforce, size: str) -> tuple[Plan, float]:
    optimizer = Optimizer(region, workforce=workforce)
    began = time.perf_counter()
    try:
        plan = optimizer.solve(
            problem, plan_id="benchmark", issued_at=problem.start, seconds_max=SECONDS_MAX[size], gap=GAP
        )
    finally:
        workforce.close()
    if not workforce.solved_by or workforce.notes:
        raise AssertionError(f"not solved by whom it should be: {workforce.solved_by}, {workforce.notes}")
    return plan, time.perf_counter() - began


def _require_same(own: Plan, other: Plan) -> None:
    one, two = (canonical_bytes(replace(plan, wall_s={})) for plan in (own, other))
    if one != two:
        raise AssertionError("another plan by other workers")


def _figure(name: str, plan_s: float, against: str) -> Figure:
    return Figure(
        name=name, value=plan_s, unit="s", against=f"absolute: {against}; the plan is the same", n=1
    )
