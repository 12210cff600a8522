"""A pool of worker processes, spawned when first needed and kept between plans.

A worker that dies costs its piece a second try with a new worker; one that is late is ended. Answers stand
in the order of their pieces, so that the number of workers changes nothing.
"""

import os
import select
import subprocess
import sys
import threading
import weakref
from collections import deque
from collections.abc import Sequence
from typing import BinaryIO, cast

from energy.optimize.coordination.crew import piece_s
from energy.optimize.coordination.piece import Answer, Piece
from energy.optimize.coordination.wire import decode_answer, encode_piece, read_message, write_message
from energy.own_child import SINGLE_THREAD

TRIES_MAX = 2
"""Times that a piece is given out: a piece that kills two workers kills a third, too."""
LATE_S = 5.0
"""What a worker may take longer than the solver's limit: to start, to read, to answer."""
STOP_S = 3.0
"""How long a worker may take to end after its input was closed."""
WORKERS_MAX = 16


class WorkerLost(Exception):  # noqa: N818 - named by what happened, as in energy.errors
    """A worker died or was late; it is gone."""


class LocalPool:
    """Solves pieces in processes of its own."""

    def __init__(self, workers: int) -> None:
        self._workers = [_Worker() for _number in range(min(workers, WORKERS_MAX))]
        weakref.finalize(self, _end_all, self._workers)

    @property
    def pids(self) -> list[int]:
        """The process ids of the workers that run."""
        return [pid for worker in self._workers if (pid := worker.pid) is not None]

    def solve(self, pieces: Sequence[Piece], *, deadline: float) -> list[Answer | None]:
        """Give an answer a piece."""
        work = _Work(pieces, deadline)
        threads = [
            threading.Thread(target=work.serve, args=(worker,), daemon=True)
            for worker in self._workers[: len(pieces)]
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return work.answers

    def close(self) -> None:
        """End the workers; they are spawned again when needed."""
        _end_all(self._workers)


class _Work:
    """The pieces of one call, given out largest first."""

    def __init__(self, pieces: Sequence[Piece], deadline: float) -> None:
        self._pieces = pieces
        self._deadline = deadline
        self._open = deque(sorted(range(len(pieces)), key=lambda number: -pieces[number].decisions))
        self._tries = [0] * len(pieces)
        self._lock = threading.Lock()
        self.answers: list[Answer | None] = [None] * len(pieces)

    def serve(self, worker: "_Worker") -> None:
        """Let a worker solve pieces until none is left or time is up."""
        while (number := self._next()) is not None:
            seconds_max = piece_s(self._deadline)
            if not seconds_max:
                return
            try:
                self.answers[number] = worker.solve(self._pieces[number], seconds_max)
            except WorkerLost:
                self._give_back(number)

    def _next(self) -> int | None:
        with self._lock:
            return self._open.popleft() if self._open else None

    def _give_back(self, number: int) -> None:
        with self._lock:
            self._tries[number] += 1
            if self._tries[number] < TRIES_MAX:
                self._open.append(number)


class _Worker:
    """One process and its two pipes."""

    def __init__(self) -> None:
        self._child: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int | None:
        return self._child.pid if self._child is not None and self._child.poll() is None else None

    def solve(self, piece: Piece, seconds_max: float) -> Answer | None:
        """Hand a piece over and wait for its answer.

        Raises:
            WorkerLost: it cannot be started, died or was late.
        """
        child = self._running()
        to_child, from_child = cast("BinaryIO", child.stdin), cast("BinaryIO", child.stdout)
        try:
            write_message(to_child, encode_piece(piece, seconds_max))
            ready, _, _ = select.select([from_child], [], [], seconds_max + LATE_S)
            message = read_message(from_child) if ready else None
            answer = None if message is None else decode_answer(message)
        except (OSError, EOFError, ValueError):  # gone, or talking nonsense
            message = None
        if message is None:
            self.end(stop_s=0.0)
            raise WorkerLost
        return answer

    def end(self, *, stop_s: float) -> None:
        """Close its input, wait, then kill."""
        child, self._child = self._child, None
        if child is None:
            return
        _close(child.stdin)
        try:
            child.wait(timeout=stop_s)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()
        _close(child.stdout)

    def _running(self) -> subprocess.Popen[bytes]:
        if self._child is not None and self._child.poll() is None:
            return self._child
        self.end(stop_s=0.0)
        command = [sys.executable, "-m", "energy.optimize.coordination.worker"]
        try:
            self._child = subprocess.Popen(  # noqa: S603 - our own
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                env={**os.environ, **SINGLE_THREAD},
            )
        except OSError as error:
            raise WorkerLost from error
        return self._child


def _end_all(workers: Sequence[_Worker]) -> None:
    for worker in workers:
        worker.end(stop_s=STOP_S)


def _close(stream: object) -> None:
    try:
        cast("BinaryIO", stream).close()
    except OSError:
        return
