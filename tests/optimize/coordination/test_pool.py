"""Workers of the local pool: how many there are changes nothing, and none outlives its planner."""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from energy.optimize.coordination.crew import InProcess
from energy.optimize.coordination.piece import solve_piece
from energy.optimize.coordination.pool import LocalPool
from energy.optimize.coordination.wire import (
    decode_answer,
    decode_piece,
    encode_answer,
    encode_piece,
)
from energy.optimize.coordination.workforce import Workforce
from tests.optimize.coordination.pieces import pieces_of

PLANNER = """
import sys, time
from energy.optimize.coordination.pool import LocalPool
from tests.optimize.coordination.pieces import pieces_of
pool = LocalPool(2)
pool.solve(pieces_of(3), deadline=time.perf_counter() + 60.0)
print(*pool.pids, flush=True)
while True:
    pool.solve(pieces_of(40, periods=48), deadline=time.perf_counter() + 60.0)
"""


def soon(seconds=60.0):
    return time.perf_counter() + seconds


def is_running(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return "State:\tZ" not in Path(f"/proc/{pid}/status").read_text(encoding="utf-8")


def are_gone(pids, seconds=20.0):
    ends = soon(seconds)
    while any(is_running(pid) for pid in pids):
        if time.perf_counter() > ends:
            return False
        time.sleep(0.05)
    return True


def assert_same(one, other):
    for first, second in zip(one, other, strict=True):
        np.testing.assert_array_equal(first.column, second.column)
        assert (first.objective_eur, first.bound_eur) == (second.objective_eur, second.bound_eur)


@pytest.fixture
def pool():
    made = LocalPool(2)
    yield made
    made.close()


def test_pieces_and_answers_survive_the_wire():
    piece = pieces_of(1)[0]
    back, seconds_max = decode_piece(encode_piece(piece, 7.0))
    assert (back.gap_eur, seconds_max) == (piece.gap_eur, 7.0)
    answer = solve_piece(piece, 10.0)
    assert_same([decode_answer(encode_answer(answer))], [solve_piece(back, 10.0)])
    assert decode_answer(encode_answer(None)) is None


def test_number_of_workers_changes_nothing(pool):
    pieces = pieces_of(5)
    here = InProcess().solve(pieces, deadline=soon())
    assert_same(here, pool.solve(pieces, deadline=soon()))
    one = LocalPool(1)
    assert_same(here, one.solve(pieces, deadline=soon()))
    one.close()


def test_workers_stay_alive_between_plans(pool):
    pool.solve(pieces_of(3), deadline=soon())
    before = pool.pids
    pool.solve(pieces_of(3), deadline=soon())
    assert pool.pids == before
    assert len(before) == 2


def test_killed_worker_costs_its_piece_a_second_try(pool):
    pieces = pieces_of(8, periods=48)
    here = InProcess().solve(pieces, deadline=soon())
    pool.solve(pieces_of(3), deadline=soon())
    victim = pool.pids[0]
    os.kill(victim, signal.SIGSTOP)  # it takes a piece and cannot have answered when it is killed
    killing = threading.Timer(0.2, os.kill, (victim, signal.SIGKILL))
    killing.start()
    answers = pool.solve(pieces, deadline=soon())
    killing.join()
    assert_same(here, answers)
    assert are_gone([victim])
    assert victim not in pool.pids


def test_without_time_nothing_is_begun(pool):
    assert pool.solve(pieces_of(2), deadline=time.perf_counter()) == [None, None]
    assert pool.pids == []


def test_small_jobs_never_start_a_pool():
    workforce = Workforce(workers=2)
    workforce.solve(pieces_of(3), deadline=soon())
    assert workforce.pids == []
    assert workforce.solved_by == {}


def test_who_solved_how_many_pieces_is_told_of_each_plan_anew():
    workforce = Workforce(workers=2, decisions_min=1)
    workforce.solve(pieces_of(3), deadline=soon())
    assert workforce.solved_by == {"by 2 processes of this machine": 3}
    workforce.begin()
    assert workforce.solved_by == {}
    workforce.close()


def test_closing_ends_the_workers(pool):
    pool.solve(pieces_of(3), deadline=soon())
    pids = pool.pids
    pool.close()
    assert not any(is_running(pid) for pid in pids)


def test_workers_end_in_mid_solve_when_their_planner_is_killed():
    planner = subprocess.Popen([sys.executable, "-c", PLANNER], stdout=subprocess.PIPE)
    pids = [int(word) for word in planner.stdout.readline().split()]
    assert len(pids) == 2
    assert all(is_running(pid) for pid in pids)
    time.sleep(0.3)
    planner.kill()
    planner.wait()
    planner.stdout.close()
    ends = soon(20.0)
    while any(is_running(pid) for pid in pids) and time.perf_counter() < ends:
        time.sleep(0.05)
    assert not any(is_running(pid) for pid in pids)
