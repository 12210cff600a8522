"""Where pieces go: here when they are few, to Dask where an address is given, else to a pool on this machine.

Whoever solves a piece gives the same answer; what nobody elsewhere answered is solved on this machine.
"""

import os
import time
from collections.abc import Sequence

from energy.optimize.coordination.crew import Crew, InProcess
from energy.optimize.coordination.on_dask import DaskCrew, SchedulerLost
from energy.optimize.coordination.piece import Answer, Piece, is_plan_of
from energy.optimize.coordination.pool import LocalPool
from energy.optimize.highs.instance import solver_version

POOL_DECISIONS_MIN = 1000
"""Yes-or-no decisions below which no pool is started: a second's work, as much as starting one takes."""
PIECES_MIN = 2
CLUSTER_SHARE = 0.6
"""Share of the time that a cluster has: what is then still missing is solved on this machine."""


class Workforce:
    """Solves pieces where that is quickest, and tells what did not go as asked.

    Args:
        workers: processes of the local pool; 0 solves everything in this one, None takes the machine's cores.
        scheduler: address of a Dask scheduler, None for none.
        cluster: in its place, whoever solves pieces elsewhere.
        decisions_min: yes-or-no decisions below which everything is solved in this process.
    """

    def __init__(
        self,
        *,
        workers: int | None = None,
        scheduler: str | None = None,
        cluster: Crew | None = None,
        decisions_min: int = POOL_DECISIONS_MIN,
    ) -> None:
        self._decisions_min = decisions_min
        self._workers = _cores() if workers is None else workers
        self._pool: LocalPool | None = None
        self._cluster = cluster if scheduler is None else DaskCrew(scheduler)
        self._is_lost = False
        self.notes: tuple[str, ...] = ()
        """What the last plan must tell, each with a code in front."""
        self.solved_by: dict[str, int] = {}
        """Pieces of the last plan, by who solved them, in words; few pieces are nothing to tell."""
        self.asked_scheduler = False
        """Whether pieces of the last plan went to the scheduler."""

    @property
    def pids(self) -> list[int]:
        """The process ids of the local pool's workers."""
        return [] if self._pool is None else self._pool.pids

    def begin(self) -> None:
        """Begin a plan: forget what the one before had to tell, and look for a lost scheduler again."""
        self.notes, self._is_lost = (), False
        self.solved_by, self.asked_scheduler = {}, False

    def solve(self, pieces: Sequence[Piece], *, deadline: float) -> list[Answer | None]:
        """Give an answer a piece, None where there is none in time."""
        answers: list[Answer | None] = [None] * len(pieces)
        if self._cluster is not None and not self._is_lost and not self._is_small(pieces):
            answers = self._on_cluster(self._cluster, pieces, deadline)
        missing = [number for number, answer in enumerate(answers) if answer is None]
        here = self._here([pieces[number] for number in missing], deadline)
        for number, answer in zip(missing, here, strict=True):
            answers[number] = answer
        return answers

    def close(self) -> None:
        """End the pool and leave the scheduler; both come back when needed."""
        if self._pool is not None:
            self._pool.close()
        if self._cluster is not None:
            self._cluster.close()

    def _on_cluster(self, cluster: Crew, pieces: Sequence[Piece], deadline: float) -> list[Answer | None]:
        now = time.perf_counter()
        self.asked_scheduler = True
        try:
            answers = cluster.solve(pieces, deadline=now + CLUSTER_SHARE * (deadline - now))
        except SchedulerLost as error:
            self._is_lost = True  # each look takes seconds that the plan needs
            self._note(f"scheduler_lost: {error}; solved on this machine")
            return [None] * len(pieces)
        own = solver_version()
        taken = [self._taken(piece, answer, own) for piece, answer in zip(pieces, answers, strict=True)]
        self._count("by workers of the scheduler", taken)
        return taken

    def _taken(self, piece: Piece, answer: object, own: str) -> Answer | None:
        """Take an answer from elsewhere if it can be one of its piece, by our own solver's version."""
        if answer is None:
            return None
        if not isinstance(answer, Answer) or not is_plan_of(answer, piece):
            self._note("scheduler_unusable: an answer is no plan of its piece; solved on this machine")
            return None
        if answer.solver != own:
            self._note(f"scheduler_unusable: a worker has {answer.solver} instead of {own}; not used")
            return None
        return answer

    def _here(self, pieces: Sequence[Piece], deadline: float) -> list[Answer | None]:
        if self._workers < 1 or self._is_small(pieces):
            return InProcess().solve(pieces, deadline=deadline)
        if self._pool is None:
            self._pool = LocalPool(self._workers)
        answers = self._pool.solve(pieces, deadline=deadline)
        self._count(f"by {self._workers} processes of this machine", answers)
        return answers

    def _is_small(self, pieces: Sequence[Piece]) -> bool:
        return len(pieces) < PIECES_MIN or sum(piece.decisions for piece in pieces) < self._decisions_min

    def _count(self, who: str, answers: Sequence[Answer | None]) -> None:
        if solved := sum(answer is not None for answer in answers):
            self.solved_by[who] = self.solved_by.get(who, 0) + solved

    def _note(self, note: str) -> None:
        if note not in self.notes:
            self.notes = (*self.notes, note)


def _cores() -> int:
    """Count the cores that this process may use; one core alone gains nothing from a pool."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return 0 if cores is None or cores == 1 else cores
