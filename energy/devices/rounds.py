"""Reads the lines behind one endpoint round after round; what does not fit a tick goes on behind it."""

import asyncio
import dataclasses
from collections.abc import Awaitable, Callable, Iterable, Sequence
from datetime import datetime

from energy.devices.line import Line
from energy.domain import Quality, Reading


class Rounds:
    """Who waits to be read, and what was read and not handed over yet.

    Nothing that is under way is cut off when a tick's time is over: the answer is on its way, and the next
    tick takes what came. Who waited longest is read first.
    """

    def __init__(
        self,
        lines: Iterable[Line],
        *,
        is_held: Callable[[], bool],
        begin: Callable[[], Awaitable[None]],
        read: Callable[[Line], Awaitable[list[Reading]]],
    ) -> None:
        """Prepare.

        Args:
            lines: all there are.
            is_held: tells whether no line may be read now.
            begin: comes back when a line may be read.
            read: reads one line whole and takes a device's faults for readings.
        """
        self._is_held = is_held
        self._begin = begin
        self._read = read
        self._waiting: dict[Line, None] = {}
        self._under: Line | None = None
        self._fresh: dict[Line, list[Reading]] = {}
        self._numbers: dict[Line, int] = {}
        self._count = 0
        self._worker: asyncio.Task[None] | None = None
        self._ends_s: float | None = None
        self.turns = {line: asyncio.Lock() for line in lines}
        """Whoever reads or writes a line whole holds its turn, so that no sweep spans a write."""

    @property
    def is_over(self) -> bool:
        """True when nobody waits, and nobody waited when the last tick's time was over."""
        return self._worker is None and not self._waiting

    @property
    def is_in_tick(self) -> bool:
        """True while a tick waits for what is read."""
        return self._ends_s is not None

    def is_late(self, line: Line) -> bool:
        """Tell whether a line waits or is being read."""
        return line is self._under or line in self._waiting

    def is_being_read(self, line: Line) -> bool:
        """Tell whether a line is being read."""
        return line is self._under

    def number(self, line: Line) -> int:
        """Give in which place of all readings a line was read last: a lower number is longer ago."""
        return self._numbers.get(line, 0)

    def share_s(self) -> float | None:
        """Give the share of the tick's time that is left for the line being read; None behind the tick."""
        if self._ends_s is None:
            return None
        left_s = self._ends_s - asyncio.get_running_loop().time()
        return left_s / (len(self._waiting) + 1)

    def begin(self, lines: Sequence[Line], *, ends_s: float) -> asyncio.Task[None] | None:
        """Let these be read; gives what a tick waits for until ``ends_s``, None where there is nothing."""
        if self._worker is not None and self._worker.done() and self._worker.exception() is None:
            self._worker = None
        self._waiting = dict.fromkeys(line for line in lines if line is not self._under)
        if self._worker is None and self._waiting:
            self._worker = asyncio.create_task(self._work())
        self._ends_s = ends_s
        return self._worker

    def end(self) -> None:
        """End the tick's waiting; what failed in a way that nobody thought of is raised here, once."""
        self._ends_s = None
        if self._worker is not None and self._worker.done():
            worker, self._worker = self._worker, None
            worker.result()

    def keep(self, line: Line, readings: list[Reading]) -> None:
        """Keep what was read for the next tick."""
        self._fresh[line] = readings

    def take(self, line: Line, at: datetime) -> list[Reading] | None:
        """Give what was read of a line, once; None where there is nothing.

        Who is late has no answer yet, which says nothing about the device.
        """
        fresh = self._fresh.pop(line, None)
        if fresh is not None:
            return _not_after(fresh, at)
        return _not_yet(line, at) if self.is_late(line) else None

    async def rest(self, seconds_max: float) -> None:
        """Wait until nothing is read, but no longer than this."""
        if self._worker is not None:
            await asyncio.wait((self._worker,), timeout=seconds_max)

    async def close(self) -> None:
        """Stop reading."""
        worker, self._worker = self._worker, None
        if worker is not None:
            worker.cancel()
            await asyncio.gather(worker, return_exceptions=True)
        self._waiting.clear()

    async def _work(self) -> None:
        try:
            while self._waiting:
                if self._is_held():
                    await self._begin()
                self._under = line = next(iter(self._waiting), None)
                if line is None:
                    return
                del self._waiting[line]
                self._count += 1
                self._numbers[line] = self._count
                turn = self.turns[line]
                await turn.acquire()
                try:
                    self._fresh[line] = await self._read(line)
                finally:
                    turn.release()
        except BaseException:
            self._waiting.clear()
            self._fresh.clear()
            raise
        finally:
            self._under = None


def _not_yet(line: Line, at: datetime) -> list[Reading]:
    return [
        Reading(
            asset_id=line.asset.id, point=slot.point, value=None, quality=Quality.COMM_ERROR, measured_at=at
        )
        for block in line.blocks
        for slot in block.slots
    ]


def _not_after(readings: list[Reading], at: datetime) -> list[Reading]:
    """Keep a reading that began just before its tick from being younger than the tick's own moment."""
    if not readings or readings[0].measured_at <= at:
        return readings
    return [dataclasses.replace(reading, measured_at=at) for reading in readings]
