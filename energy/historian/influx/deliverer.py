"""The thread that delivers beside the control loop, and what it tells of its troubles."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import structlog

from energy.backoff import Backoff
from energy.errors import EnergiewaageError
from energy.historian.influx.client import TIMEOUT_S, Away, Denied, InfluxWriter
from energy.historian.influx.delivery import Delivery, Sent
from energy.historian.influx.derivation import Derivation
from energy.historian.influx.query import InfluxQuery
from energy.historian.influx.settings import InfluxSettings
from energy.historian.influx.spool_queue import SpoolQueue

IDLE_S = 5.0
"""Looks at the spool at least this often, though it is woken for each batch."""
DERIVE_EVERY_S = 30.0
"""How often quarter hours are averaged: a boundary is looked at anew while samples near it arrive."""
CLOSE_S_MAX = 10.0
"""How long a controller that ends waits for what can still be delivered."""
log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long one request may take, and how long the waits between failed ones are."""

    timeout_s: float = TIMEOUT_S
    backoff_s_min: float = 1.0
    backoff_s_max: float = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """Why nothing is delivered, and since when on the controller's clock."""

    cause: Denied | Away
    since: datetime


class Deliverer:
    """Delivers until it is closed; its own connections to spool and server, nothing shared with the loop.

    Args:
        settings: the server.
        folder: the data folder that holds the spool.
        now: the controller's clock, for what people are told.
        patience: with the server.
    """

    def __init__(
        self,
        settings: InfluxSettings,
        folder: Path,
        *,
        now: Callable[[], datetime],
        patience: Patience | None = None,
    ) -> None:
        self._patience = patience if patience is not None else Patience()
        self._settings = settings
        self._folder = folder
        self._now = now
        self._stop = threading.Event()
        self._work = threading.Event()
        self._draining_until_s: float | None = None
        self.trouble: Trouble | None = None
        """Replaced as a whole, so that another thread may read it."""
        self._thread = threading.Thread(target=self._run, name="influx-deliverer", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def wake(self) -> None:
        """Say that something waits."""
        self._work.set()

    def close(self, *, wait_s: float = CLOSE_S_MAX) -> None:
        """Deliver what can be delivered now, for so long at most, and end; the rest stays in the spool."""
        if not self._thread.is_alive():
            return
        self._draining_until_s = time.monotonic() + wait_s
        self._stop.set()
        self._work.set()
        self._thread.join(wait_s)

    def _run(self) -> None:
        """Open, work, and begin anew after whatever went wrong with the spool itself."""
        while True:
            try:
                with (
                    SpoolQueue(self._folder) as queue,
                    InfluxWriter(self._settings, timeout_s=self._patience.timeout_s) as writer,
                    InfluxQuery(self._settings) as query,
                ):
                    self._deliver(queue, writer, query)
            except Exception as error:  # noqa: BLE001 - whatever ends the delivery must be told, and tried again
                why = str(error) if isinstance(error, EnergiewaageError) else repr(error)
                log.error("delivery begins anew", why=why)  # noqa: TRY400 - no traceback for an operator
                if self.trouble is None:
                    self.trouble = Trouble(cause=Away(reason=self._settings.reason(why)), since=self._now())
                if self._stop.wait(self._patience.backoff_s_max):
                    return
            else:
                return

    def _deliver(self, queue: SpoolQueue, writer: InfluxWriter, query: InfluxQuery) -> None:
        delivery = Delivery(queue, writer, give_up=self._is_over)
        derivation = Derivation(queue, query, writer)
        backoff = Backoff(
            delay_s_min=self._patience.backoff_s_min,
            delay_s_max=self._patience.backoff_s_max,
            name=str(self._folder.absolute()),
        )
        derived_s = -DERIVE_EVERY_S
        while True:
            self._work.clear()
            sent = delivery.once()
            queue.write_back()
            now_s = time.monotonic()
            idle = sent.lines == 0 and sent.trouble is None
            if idle and (now_s - derived_s >= DERIVE_EVERY_S or self._stop.is_set()):
                sent = Sent(lines=0, trouble=derivation.all_due(give_up=self._is_over))
                derived_s = now_s
            self._judge(sent, backoff)
            if self._stop.is_set() and (idle or sent.trouble is not None or self._is_over()):
                return
            if sent.trouble is not None:
                self._stop.wait(_wait_s(sent.trouble, backoff))
            elif idle:
                self._work.wait(IDLE_S)

    def _is_over(self) -> bool:
        until_s = self._draining_until_s
        return until_s is not None and time.monotonic() > until_s

    def _judge(self, sent: Sent, backoff: Backoff) -> None:
        """Remember a trouble with its beginning, and say once that it began and once that it ended."""
        before = self.trouble
        if sent.trouble is None:
            backoff.clear()
            if before is not None:
                log.info("telemetry is delivered again", after_s=(self._now() - before.since).total_seconds())
            self.trouble = None
            return
        backoff.fail(time.monotonic())
        if before is None:
            log.warning("telemetry waits in the spool", why=sent.trouble.reason)
        since = self._now() if before is None else before.since
        self.trouble = Trouble(cause=sent.trouble, since=since)


def _wait_s(trouble: Denied | Away, backoff: Backoff) -> float:
    asked_s = trouble.wait_s if isinstance(trouble, Away) else None
    return backoff.delay_s if asked_s is None else max(asked_s, backoff.delay_s)
