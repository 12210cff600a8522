"""Pieces on real Dask workers, on loopback: the same answers, whoever is lost on the way."""

import os
import signal
import threading
import time
from dataclasses import replace

import pytest

from energy.canonical import canonical_bytes
from energy.optimize.coordination.crew import InProcess
from energy.optimize.coordination.on_dask import DaskCrew, SchedulerLost
from energy.optimize.coordination.workforce import Workforce
from energy.optimize.optimizer import Optimizer
from tests.optimize.coordination.dask_cluster import LOOPBACK, READY_S, Cluster
from tests.optimize.coordination.pieces import pieces_of
from tests.optimize.coordination.test_pool import assert_same, soon
from tests.optimize.coordination.towns import towns

KILLED_S = 3.0
"""After its start a planning still waits for the pieces of a worker that stands still."""


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    made = Cluster(tmp_path_factory.mktemp("dask"))
    made.scheduler()
    made.worker()
    made.worker()
    yield made
    made.close()


@pytest.fixture
def crew(cluster):
    made = DaskCrew(cluster.address)
    made.wait_for_workers(2, seconds_max=READY_S)
    yield made
    made.close()


def test_workers_elsewhere_give_the_same_answers(crew):
    pieces = pieces_of(5)
    here = InProcess().solve(pieces, deadline=soon())
    assert_same(here, crew.solve(pieces, deadline=soon()))


def test_worker_killed_in_mid_solve_costs_its_pieces_a_second_try(cluster, crew):
    pieces = pieces_of(8, periods=48)
    here = InProcess().solve(pieces, deadline=soon())
    victim = cluster.worker()
    crew.wait_for_workers(3, seconds_max=READY_S)
    killing = threading.Timer(0.3, os.kill, (victim.pid, signal.SIGKILL))
    killing.start()
    answers = crew.solve(pieces, deadline=soon())
    killing.join()
    victim.wait()
    assert_same(here, answers)


def whole_plan(region, problem, workforce):
    """Give a plan, without what it took, as the record would hold it; the parts must have been asked."""
    try:
        plan = Optimizer(region, workforce=workforce).solve(
            problem, plan_id="plan", issued_at=problem.start, seconds_max=300.0, gap=1e-6
        )
    finally:
        workforce.close()
    assert workforce.solved_by
    return canonical_bytes(replace(plan, wall_s={}))


def test_whole_plan_is_the_same_by_own_processes_by_dask_and_with_a_worker_killed(cluster, crew):
    region, problem = towns(5, seed=5, periods=48)
    own = whole_plan(region, problem, Workforce(workers=2, decisions_min=1))
    assert whole_plan(region, problem, Workforce(workers=0, cluster=crew, decisions_min=1)) == own
    victim = cluster.worker()
    crew.wait_for_workers(3, seconds_max=READY_S)
    victim.send_signal(signal.SIGSTOP)  # it is given pieces and answers none
    killing = threading.Timer(KILLED_S, victim.kill)
    began = time.perf_counter()
    killing.start()
    assert whole_plan(region, problem, Workforce(workers=0, cluster=crew, decisions_min=1)) == own
    assert time.perf_counter() - began > KILLED_S, "the plan waited for the pieces that the victim had"
    killing.join()
    victim.wait()


def test_without_a_scheduler_this_machine_solves_and_the_plan_tells():
    pieces = pieces_of(3)
    force = Workforce(workers=0, scheduler="tcp://127.0.0.1:9", decisions_min=1)
    assert_same(InProcess().solve(pieces, deadline=soon()), force.solve(pieces, deadline=soon()))
    assert force.notes == (
        "scheduler_lost: no scheduler answers at tcp://127.0.0.1:9; solved on this machine",
    )
    force.begin()
    assert force.notes == ()


def test_scheduler_that_hangs_is_left_at_the_deadline(tmp_path):
    alone = Cluster(tmp_path)
    scheduler = alone.scheduler()
    alone.worker()
    crew = DaskCrew(alone.address)
    crew.wait_for_workers(1, seconds_max=READY_S)
    scheduler.send_signal(signal.SIGSTOP)
    began = time.perf_counter()
    with pytest.raises(SchedulerLost, match="does not answer"):
        crew.solve(pieces_of(2), deadline=soon(2.0))
    assert time.perf_counter() - began < 10.0
    alone.close()


def test_scheduler_without_workers_is_lost_at_once(tmp_path):
    alone = Cluster(tmp_path)
    alone.start(
        "dask_scheduler", *LOOPBACK, "--port", "0", "--scheduler-file", str(tmp_path / "scheduler.json")
    )
    crew = DaskCrew(alone.address)
    began = time.perf_counter()
    with pytest.raises(SchedulerLost, match="no workers"):
        crew.solve(pieces_of(2), deadline=soon(600.0))
    assert time.perf_counter() - began < 30.0
    crew.close()
    alone.close()
