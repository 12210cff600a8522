"""Pieces on real Dask workers, on loopback: the same answers, whoever is lost on the way."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from energy.optimize.coordination.crew import InProcess
from energy.optimize.coordination.on_dask import DaskCrew, SchedulerLost
from energy.optimize.coordination.workforce import Workforce
from tests.optimize.coordination.pieces import pieces_of
from tests.optimize.coordination.test_pool import assert_same, soon

READY_S = 90.0
FILE = "scheduler.json"
LOOPBACK = ["--host", "127.0.0.1", "--no-dashboard"]


@dataclass
class Cluster:
    """A scheduler and its workers, each a process."""

    folder: Path
    processes: list = field(default_factory=list)

    def start(self, program, *arguments):
        child = subprocess.Popen(
            [sys.executable, "-m", f"distributed.cli.{program}", *arguments],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd=Path(__file__).parents[3],
        )
        self.processes.append(child)
        return child

    def scheduler(self):
        file = ["--scheduler-file", str(self.folder / FILE)]
        return self.start("dask_scheduler", *LOOPBACK, "--port", "0", *file)

    @property
    def address(self):
        file = self.folder / FILE
        ends = soon(READY_S)
        while time.perf_counter() < ends:
            if file.exists() and (text := file.read_text(encoding="utf-8")).endswith("}"):
                return json.loads(text)["address"]
            time.sleep(0.1)
        raise TimeoutError("the scheduler did not come up")

    def worker(self):
        options = ["--nthreads", "1", "--no-nanny", "--local-directory", str(self.folder)]
        return self.start("dask_worker", self.address, *LOOPBACK, *options)

    def close(self):
        for child in reversed(self.processes):
            child.kill()
            child.wait()


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
