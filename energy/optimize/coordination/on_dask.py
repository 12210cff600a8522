"""Pieces on a Dask cluster: the same function on other machines, and what to do when they go away.

A scheduler runs whatever its clients send it, and workers run it: docs/optimisation.md says who must trust
whom. Nothing of distributed leaves this module.
"""

import queue
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any

from energy.optimize.coordination.crew import piece_s
from energy.optimize.coordination.piece import Answer, Piece, seconds_left, solve_piece

CONNECT_S = 5.0
PATIENCE_S = 1.0
"""How long after its deadline a call that hangs is given up."""
LOOK_S = 1.0
"""Between two looks at whether there are workers at all."""
POLL_S = 0.02
"""Between two looks at whether all pieces are solved."""
LOSSES_MAX = 3
"""Times that a piece is given out again after the worker that had it was lost; Dask's own default."""


class SchedulerLost(Exception):  # noqa: N818 - named by what happened, as in energy.errors
    """No scheduler answers, or it has no workers; its words are for people."""


class DaskCrew:
    """Solves pieces on the workers of a scheduler."""

    def __init__(self, address: str) -> None:
        self._address = address
        self._client: Any = None

    def solve(self, pieces: Sequence[Piece], *, deadline: float) -> list[Answer | None]:
        """Give an answer a piece, None where there was none in time.

        Raises:
            SchedulerLost: there is nobody to solve them, or who is there went away, hangs or talks nonsense.
        """
        try:
            return in_time(lambda: self._solved(pieces, deadline), deadline + PATIENCE_S)
        except Exception as error:
            client, self._client = self._client, None
            threading.Thread(target=_leave, args=(client,), daemon=True).start()
            if isinstance(error, SchedulerLost):
                raise
            # Whatever another machine made Dask raise here must not end the planner.
            if isinstance(error, queue.Empty):
                raise SchedulerLost(f"the scheduler at {self._address} does not answer") from error
            raise SchedulerLost(f"the connection to {self._address} was lost") from error

    def _solved(self, pieces: Sequence[Piece], deadline: float) -> list[Answer | None]:
        client = self._connected()
        if not _workers(client):
            raise SchedulerLost(f"the scheduler at {self._address} has no workers")
        seconds_max = piece_s(deadline)
        if not seconds_max:
            return [None] * len(pieces)
        futures = [
            client.submit(solve_piece, piece, seconds_max, pure=False, retries=LOSSES_MAX) for piece in pieces
        ]
        _wait(client, futures, deadline)
        answers = [future.result() if future.status == "finished" else None for future in futures]
        client.cancel([future for future in futures if future.status != "finished"])
        return answers

    def wait_for_workers(self, count: int, *, seconds_max: float) -> None:
        """Wait until the scheduler has that many workers.

        Raises:
            SchedulerLost: nobody answers there. TimeoutError: there are fewer in time.
        """
        self._connected().wait_for_workers(count, timeout=seconds_max)

    def close(self) -> None:
        """Leave the scheduler."""
        client, self._client = self._client, None
        _leave(client)

    def _connected(self) -> Any:
        try:
            import distributed  # noqa: PLC0415 - an extra, and slow to import
        except ImportError as error:
            raise SchedulerLost("the extra 'dask' is not installed") from error
        if self._client is not None and self._client.status == "running":
            return self._client
        self.close()
        try:
            client = distributed.Client(self._address, timeout=CONNECT_S, set_as_default=False)
        except (OSError, RuntimeError, ValueError) as error:
            raise SchedulerLost(f"no scheduler answers at {self._address}") from error
        self._client = client
        return client


def _workers(client: Any) -> int:
    return len(client.scheduler_info(n_workers=-1)["workers"])


def _wait(client: Any, futures: Sequence[Any], deadline: float) -> None:
    """Wait until all are solved, time is up, or no worker is left to solve them."""
    while seconds_left(deadline) > 0.0 and _workers(client):
        look_at = time.perf_counter() + LOOK_S
        while time.perf_counter() < min(look_at, deadline):
            if all(future.done() for future in futures):
                return
            time.sleep(POLL_S)


def _leave(client: Any) -> None:
    """Close a connection; one that is broken already is left."""
    try:
        if client is not None:
            client.close(timeout=CONNECT_S)
    except Exception:  # noqa: BLE001 - nothing is wanted of it any more
        return


def in_time(call: Callable[[], list[Answer | None]], ends: float) -> list[Answer | None]:
    """Call in a thread of its own and give what it gives: not all of Dask's calls have a limit.

    Raises:
        queue.Empty: it was not over at ``ends``, a moment of ``time.perf_counter``; its thread stays behind.
        Exception: what it raised.
    """
    outcomes: queue.SimpleQueue[list[Answer | None] | Exception] = queue.SimpleQueue()

    def run() -> None:
        try:
            outcomes.put(call())
        except Exception as error:  # noqa: BLE001 - handed over
            outcomes.put(error)

    threading.Thread(target=run, daemon=True).start()
    outcome = outcomes.get(timeout=max(0.0, seconds_left(ends)))
    if isinstance(outcome, Exception):
        raise outcome
    return outcome
