"""Answers from other machines: what cannot be one of its piece is not used, and who is lost is left alone."""

import time
from dataclasses import replace

import numpy as np
import pytest

from energy.optimize.coordination.crew import InProcess
from energy.optimize.coordination.on_dask import SchedulerLost
from energy.optimize.coordination.piece import is_plan_of
from energy.optimize.coordination.workforce import Workforce
from tests.optimize.coordination.pieces import pieces_of
from tests.optimize.coordination.test_pool import assert_same, soon


class Elsewhere:
    """Stands for a cluster: solves as we do, and changes what it found."""

    def __init__(self, changed):
        self._changed = changed
        self.calls = 0

    def solve(self, pieces, *, deadline):
        self.calls += 1
        return [self._changed(answer) for answer in InProcess().solve(pieces, deadline=deadline)]

    def close(self):
        """Nothing is kept."""


@pytest.fixture(scope="module")
def pieces():
    return pieces_of(3)


def lost(_answer):
    raise SchedulerLost("no scheduler answers at tcp://127.0.0.1:9")


def force_with(changed):
    cluster = Elsewhere(changed)
    return Workforce(workers=0, cluster=cluster, decisions_min=1), cluster


@pytest.mark.parametrize(
    "changed",
    [
        lambda answer: replace(answer, column=np.full_like(answer.column, np.nan)),
        lambda answer: replace(answer, column=answer.column[:-1]),
        lambda answer: replace(answer, column=answer.column + 1.0),
        lambda answer: replace(answer, column=answer.column.astype(str)),
        lambda answer: replace(answer, column=None),
        lambda answer: replace(answer, objective_eur=answer.objective_eur - 100.0),
        lambda answer: replace(answer, bound_eur=answer.objective_eur + 100.0),
        lambda answer: replace(answer, bound_eur=np.inf),
        lambda answer: replace(answer, bound_eur=np.nan),
        lambda answer: replace(answer, bound_eur="0.0"),
        lambda _answer: {"column": "nonsense"},
    ],
)
def test_what_is_no_plan_of_its_piece_is_solved_here_and_told_once(pieces, changed):
    force, _cluster = force_with(changed)
    assert_same(InProcess().solve(pieces, deadline=soon()), force.solve(pieces, deadline=soon()))
    assert force.notes == ("scheduler_unusable: an answer is no plan of its piece; solved on this machine",)


def test_another_solver_version_is_not_used_and_told(pieces):
    force, _cluster = force_with(lambda answer: replace(answer, solver="HiGHS 0.0.1"))
    assert_same(InProcess().solve(pieces, deadline=soon()), force.solve(pieces, deadline=soon()))
    (note,) = force.notes
    assert note.startswith("scheduler_unusable: a worker has HiGHS 0.0.1 instead of HiGHS ")


def test_who_is_lost_is_asked_once_a_plan(pieces):
    force, cluster = force_with(lost)
    for plan in (1, 2):
        force.begin()
        for _round in range(3):
            force.solve(pieces, deadline=soon())
        assert cluster.calls == plan
        assert len(force.notes) == 1


def test_own_answers_are_plans_of_their_pieces():
    pieces = pieces_of(5, periods=48)
    answers = InProcess().solve(pieces, deadline=time.perf_counter() + 60.0)
    assert all(is_plan_of(answer, piece) for piece, answer in zip(pieces, answers, strict=True))
