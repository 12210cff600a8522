"""Runs the controller in real or scaled time until it is told to stop."""

import asyncio
import signal
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from math import floor

import structlog

from energy.app.compose import Parts
from energy.errors import EnergiewaageError, RecordBroken
from energy.ports import Clock

STEP_S_MAX = 2.0
"""The clock may differ from the monotonic one by this much between two ticks; more is clock trouble."""
CLEAN_TICKS = 3
"""After clock trouble this many ticks in a row must agree before the plan is followed again."""
FAILED_TICKS_MAX = 120
"""Ten minutes at 5 s: what has not mended itself by then may mend with a new process."""
log = structlog.get_logger(__name__)


class ClockWatch:
    """Notices when the time jumps against the machine's own monotonic count, and stays wary for a while."""

    def __init__(self, *, speed: float) -> None:
        self._speed = speed
        self._before: tuple[datetime, float] | None = None
        self._trouble: str | None = None
        self._clean = 0

    def trouble(self, now: datetime, monotonic_s: float) -> str | None:
        """Say what is wrong with the time, or was a few ticks ago; None when nothing is."""
        before, self._before = self._before, (now, monotonic_s)
        if before is None:
            return None
        expected_s = (monotonic_s - before[1]) * self._speed
        off_s = (now - before[0]).total_seconds() - expected_s
        if abs(off_s) > STEP_S_MAX * max(1.0, self._speed):
            self._trouble, self._clean = f"the clock stepped by {off_s:.1f} s", 0
        elif self._trouble is not None:
            self._clean += 1
            if self._clean >= CLEAN_TICKS:
                self._trouble = None
        return self._trouble


async def run(parts: Parts, *, clock: Clock, tick_s: float, speed: float, stop: asyncio.Event) -> None:
    """Tick on a grid of ``tick_s`` until ``stop`` is set, then hand every asset back in its safe state.

    A tick that comes too late is skipped, never made up for. When the ledger cannot be written nothing is
    sent: the devices' own watchdogs take over, and the next tick tries again.
    """
    watch = ClockWatch(speed=speed)
    health = Health()
    ticked = False
    while not stop.is_set():
        at = next_tick(clock.now(), tick_s)
        await _sleep_until(at, clock=clock, speed=speed, stop=stop)
        if stop.is_set():
            break
        trouble = watch.trouble(clock.now(), time.monotonic())
        try:
            await parts.controller.tick(at, trouble=trouble)
        except Exception as error:  # noqa: BLE001 - one bad tick must not end the loop
            parts.counts.failed_tick()
            health.failed(at, error)
            continue
        ticked = True
        if parts.jobs is not None:
            parts.jobs.poll(at)
        health.went_well(at)
        if trouble is None:
            parts.upkeep.step(at)
    if ticked:
        await _hand_back(parts, clock)


async def _hand_back(parts: Parts, clock: Clock) -> None:
    try:
        outcomes = await parts.controller.hand_back(clock.now())
    except EnergiewaageError as error:
        log.error("not handed back: the devices fall back by themselves", why=str(error))  # noqa: TRY400 - no traceback for an operator
        return
    counts = Counter(type(outcome).__name__.lower() for outcome in outcomes)
    log.info("handed back", **counts)


class Health:
    """Says once that ticks fail, once that they go well again; gives up when they never do."""

    def __init__(self) -> None:
        self._since: datetime | None = None
        self._failed = 0

    def failed(self, at: datetime, error: Exception) -> None:
        """Take a failed tick.

        Raises:
            RecordBroken: too many in a row; a supervisor starts the controller anew.
        """
        self._failed += 1
        if self._since is None:
            self._since = at
            log.error("tick failed, nothing is sent", why=f"{type(error).__name__}: {error}")
        if self._failed >= FAILED_TICKS_MAX:
            raise RecordBroken(f"{self._failed} ticks in a row failed, the last with: {error}") from error

    def went_well(self, at: datetime) -> None:
        """Take a tick that went well."""
        if self._since is not None:
            log.info("ticks go well again", after_s=(at - self._since).total_seconds())
        self._since = None
        self._failed = 0


def next_tick(now: datetime, tick_s: float) -> datetime:
    """Give the next moment on the grid of ticks, which begins at each midnight UTC."""
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    ticks = floor((now - midnight).total_seconds() / tick_s) + 1
    return midnight + timedelta(seconds=ticks * tick_s)


@contextmanager
def stop_on_signals() -> Iterator[asyncio.Event]:
    """Give an event that is set by SIGINT or SIGTERM."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    try:
        yield stop
    finally:
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(number)


async def _sleep_until(at: datetime, *, clock: Clock, speed: float, stop: asyncio.Event) -> None:
    seconds = (at - clock.now()).total_seconds() / speed
    if seconds <= 0.0:
        return
    try:
        async with asyncio.timeout(seconds):
            await stop.wait()
    except TimeoutError:
        return
