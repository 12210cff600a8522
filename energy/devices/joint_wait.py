"""Waits for several tasks at once, until a time is over, and cuts none off."""

import asyncio
from collections.abc import Sequence


class JointWait:
    """Does what ``asyncio.wait`` does, again and again for one caller.

    One alarm serves many waits: a timer for each tick, mostly cancelled at once, cost more than the wait.
    """

    def __init__(self) -> None:
        self._open = 0
        self._ends_s = 0.0
        self._over: asyncio.Future[None] | None = None
        self._alarm: asyncio.TimerHandle | None = None

    async def wait(self, tasks: Sequence[asyncio.Task[None]], seconds_max: float) -> None:
        """Come back when all are done or the time is over."""
        loop = asyncio.get_running_loop()
        self._over = loop.create_future()
        self._open = len(tasks)
        self._ends_s = loop.time() + seconds_max
        self._set_alarm(loop)
        for task in tasks:
            task.add_done_callback(self._count)
        try:
            await self._over
        finally:
            self._over = None
            if self._open:
                for task in tasks:
                    task.remove_done_callback(self._count)

    def close(self) -> None:
        """Leave no alarm behind."""
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None

    def _count(self, _: asyncio.Task[None]) -> None:
        self._open -= 1
        if self._open == 0:
            self._end()

    def _set_alarm(self, loop: asyncio.AbstractEventLoop) -> None:
        if self._alarm is not None and self._alarm.when() > self._ends_s:
            self.close()
        if self._alarm is None:
            self._alarm = loop.call_at(self._ends_s, self._ring, loop)

    def _ring(self, loop: asyncio.AbstractEventLoop) -> None:
        self._alarm = None
        if self._over is None:
            return
        if loop.time() < self._ends_s:
            self._set_alarm(loop)
        else:
            self._end()

    def _end(self) -> None:
        if self._over is not None and not self._over.done():
            self._over.set_result(None)
