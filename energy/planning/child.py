"""The planner as a child process: spawned, fed and listened to by threads, killed when late.

The controller's side. One JSON object a line each way; the child's standard error passes through to ours.
"""

import queue
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from typing import IO

from energy.errors import PlannerUnavailable
from energy.planning.messages import decode_answer, encode_request
from energy.ports import PlanAnswer, PlanRequest

ANSWER_BYTES_MAX = 64_000_000
STOP_S = 3.0
"""How long a child may take to end after its input was closed."""


class PlannerProcess:
    """Implements ``ports.Planner`` over ``python -m energy.planning.worker``.

    Args:
        arguments: the worker's command line after the module.
        seconds_max: wall seconds from a request to its answer, training included; past it the child is
        killed. wait_s: how long ``poll`` waits for an answer: 0 in operation, long in lockstep.
    """

    def __init__(self, arguments: Sequence[str], *, seconds_max: float, wait_s: float = 0.0) -> None:
        self._arguments = tuple(arguments)
        self._seconds_max = seconds_max
        self._wait_s = wait_s
        self._child: subprocess.Popen[bytes] | None = None
        self._answers: queue.Queue[bytes | None] = queue.Queue(maxsize=4)
        self._deadline: float | None = None

    @property
    def pid(self) -> int | None:
        """The child's process id while it runs."""
        return self._child.pid if self._child is not None and self._child.poll() is None else None

    def start(self, request: PlanRequest) -> None:
        """Hand a request over; spawns the child if there is none.

        Raises:
            PlannerUnavailable: it is still busy, or cannot be spawned.
        """
        if self._deadline is not None:
            raise PlannerUnavailable("the planner is still busy with the request before")
        child = self._running_child()
        line = encode_request(request)
        self._deadline = time.monotonic() + self._seconds_max
        threading.Thread(target=_feed, args=(child.stdin, line), daemon=True).start()

    def poll(self) -> PlanAnswer | None:
        """Take the answer if it is there.

        Raises:
            PlannerUnavailable: the child died or ran over its time (then it is killed).
            NoPlan: it answered that there is none.
        """
        if self._deadline is None:
            return None
        wait_s = max(0.0, min(self._wait_s, self._deadline - time.monotonic()))
        try:
            line = self._answers.get(timeout=wait_s) if wait_s > 0.0 else self._answers.get_nowait()
        except queue.Empty:
            if time.monotonic() < self._deadline:
                return None
            self._kill()
            raise PlannerUnavailable(
                f"no plan within {self._seconds_max:.0f} s; the planner was ended"
            ) from None
        self._deadline = None
        if line is None:
            code = self._kill()
            raise PlannerUnavailable(f"the planner died (exit code {code})")
        return decode_answer(line)

    def close(self) -> None:
        """End the child: close its input, wait a little, then kill."""
        child, self._child = self._child, None
        self._deadline = None
        if child is None:
            return
        if child.stdin is not None:
            _close(child.stdin)
        try:
            child.wait(timeout=STOP_S)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()
        if child.stdout is not None:
            child.stdout.close()

    def _running_child(self) -> subprocess.Popen[bytes]:
        if self._child is not None and self._child.poll() is None:
            return self._child
        self._kill()
        self._answers = queue.Queue(maxsize=4)
        command = [sys.executable, "-m", "energy.planning.worker", *self._arguments]
        try:
            child = subprocess.Popen(  # noqa: S603 - our own
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True
            )
        except OSError as error:
            raise PlannerUnavailable(f"the planner cannot be started: {error.strerror}") from error
        threading.Thread(target=_listen, args=(child.stdout, self._answers), daemon=True).start()
        self._child = child
        return child

    def _kill(self) -> int | None:
        child, self._child = self._child, None
        self._deadline = None
        if child is None:
            return None
        child.kill()
        code = child.wait()
        for stream in (child.stdin, child.stdout):
            if stream is not None:
                _close(stream)
        return code


def _feed(stream: IO[bytes] | None, line: bytes) -> None:
    if stream is None:
        return
    try:
        stream.write(line)
        stream.flush()
    except (OSError, ValueError):
        return  # the child died: the listener reports it


def _listen(stream: IO[bytes] | None, answers: "queue.Queue[bytes | None]") -> None:
    if stream is None:
        return
    try:
        while line := stream.readline(ANSWER_BYTES_MAX):
            answers.put(line)
    except (OSError, ValueError):
        pass
    answers.put(None)


def _close(stream: IO[bytes]) -> None:
    try:
        stream.close()
    except OSError:
        return
