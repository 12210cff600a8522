"""Runs the controller in real or scaled time until it is told to stop."""

import asyncio
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from math import floor

import structlog

from energy.app.compose import Parts
from energy.errors import StoreUnavailable
from energy.ports import Clock

STEP_S_MAX = 2.0
"""The clock may differ from the monotonic one by this much between two ticks; more is clock trouble."""
log = structlog.get_logger(__name__)


class ClockWatch:
    """Notices when the time jumps against the machine's own monotonic count."""

    def __init__(self, *, speed: float) -> None:
        self._speed = speed
        self._before: tuple[datetime, float] | None = None

    def trouble(self, now: datetime, monotonic_s: float) -> str | None:
        """Say what is wrong with the time since the last call, None when nothing is."""
        before, self._before = self._before, (now, monotonic_s)
        if before is None:
            return None
        expected_s = (monotonic_s - before[1]) * self._speed
        off_s = (now - before[0]).total_seconds() - expected_s
        if abs(off_s) <= STEP_S_MAX * max(1.0, self._speed):
            return None
        return f"the clock stepped by {off_s:.1f} s"


async def run(parts: Parts, *, clock: Clock, tick_s: float, speed: float, stop: asyncio.Event) -> None:
    """Tick on a grid of ``tick_s`` until ``stop`` is set, then hand every asset back in its safe state.

    A tick that comes too late is skipped, never made up for. When the ledger cannot be written nothing is
    sent: the devices' own watchdogs take over, and the next tick tries again.
    """
    watch = ClockWatch(speed=speed)
    store_down_since: datetime | None = None
    while not stop.is_set():
        at = next_tick(clock.now(), tick_s)
        await _sleep_until(at, clock=clock, speed=speed, stop=stop)
        if stop.is_set():
            break
        trouble = watch.trouble(clock.now(), time.monotonic())
        try:
            await parts.controller.tick(at, trouble=trouble)
        except StoreUnavailable as error:
            if store_down_since is None:
                store_down_since = at
                log.error("ledger unavailable, nothing is sent", error=str(error))  # noqa: TRY400 - no traceback for an operator
            continue
        if store_down_since is not None:
            log.info("ledger available again", after_s=(at - store_down_since).total_seconds())
            store_down_since = None
    outcomes = await parts.controller.hand_back(clock.now())
    log.info("handed back", assets=len(outcomes))


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
