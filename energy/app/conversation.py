"""A test's conversation with the people who make it: what it says, what it asks, how long they wait.

Answers come from the command line, or from standard input line by line, without blocking the loop: Ctrl-C
works while a question waits.
"""

import asyncio
import math
import os
from collections.abc import Awaitable, Mapping
from typing import TextIO, TypeVar

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from energy.domain import Point
from energy.errors import Retryable

T = TypeVar("T")
LINE_BYTES_MAX = 4096
_YES = frozenset({"y", "yes", "j", "ja"})


class Interrupted(Retryable):
    """A person or the system asked the test to end."""


class Pause:
    """Waits in the device's time, and ends every wait as soon as somebody wants the test to end."""

    def __init__(self, stop: asyncio.Event, *, speed: float = 1.0) -> None:
        self._stop = stop
        self._speed = speed

    @property
    def is_ended(self) -> bool:
        """True once somebody wanted the test to end."""
        return self._stop.is_set()

    async def wait(self, seconds: float) -> None:
        """Wait.

        Raises:
            Interrupted: somebody wants the test to end.
        """
        try:
            async with asyncio.timeout(max(0.0, seconds) / self._speed):
                await self._stop.wait()
        except TimeoutError:
            return
        raise Interrupted("the test was interrupted")

    async def unless_ended(self, work: Awaitable[T]) -> T:
        """Await something that may take for ever.

        Raises:
            Interrupted: somebody wants the test to end.
        """
        asked = asyncio.ensure_future(work)
        ended = asyncio.ensure_future(self._stop.wait())
        try:
            await asyncio.wait((asked, ended), return_when=asyncio.FIRST_COMPLETED)
            if self._stop.is_set():
                raise Interrupted("the test was interrupted")
            return asked.result()
        finally:
            asked.cancel()
            ended.cancel()


class Lines:
    """Standard input, line by line."""

    def __init__(self, file_number: int = 0) -> None:
        self._file_number = file_number
        self._held = b""
        self._is_over = False

    async def next(self) -> str | None:
        """Give the next line without its end; None when there is none any more."""
        while b"\n" not in self._held and not self._is_over:
            await self._more()
        if not self._held:
            return None
        line, _, self._held = self._held.partition(b"\n")
        return line.decode("utf-8", "replace").strip()

    async def _more(self) -> None:
        loop = asyncio.get_running_loop()
        came = asyncio.Event()
        try:
            loop.add_reader(self._file_number, came.set)
        except PermissionError:  # a plain file or /dev/null: it never makes anybody wait
            came.set()
        try:
            await came.wait()
            data = os.read(self._file_number, LINE_BYTES_MAX)
        finally:
            loop.remove_reader(self._file_number)
        self._held += data
        self._is_over = not data or len(self._held) > LINE_BYTES_MAX


class Conversation:
    """Says and asks.

    Args:
        pause: ends every question when the test shall end.
        values: numbers that were given on the command line, by point; those are not asked for.
        yes: whether every question for consent is answered by yes beforehand.
        out: where it is said: standard error where standard output carries JSON.
    """

    def __init__(self, pause: Pause, *, values: Mapping[Point, float], yes: bool, out: TextIO) -> None:
        self.pause = pause
        self._values = values
        self._yes = yes
        self._asks = True
        self._console = Console(file=out, highlight=False, soft_wrap=True, markup=False)
        self._lines = Lines()

    def say(self, text: str) -> None:
        """Say one line or more."""
        self._console.print(text)

    def table(self, *columns: str, rows: list[tuple[str, ...]]) -> None:
        """Show a table."""
        table = Table(*columns)
        for row in rows:
            table.add_row(*row)
        self._console.print(table)

    async def number(self, point: Point, question: str) -> float | None:
        """Ask for what the device's own display shows; None where nobody says it.

        Raises:
            Interrupted: somebody wants the test to end.
        """
        if point in self._values:
            return self._values[point]
        while self._asks:
            answer = await self._ask(question)
            if not answer:
                return None
            try:
                value = float(answer.replace(",", "."))
            except ValueError:
                value = math.nan
            if math.isfinite(value):
                return value
            self.say(f"{answer!r} is no number; write for example -12.5, or nothing to leave it out")
        return None

    async def consents(self, question: str) -> bool:
        """Ask for a yes.

        Raises:
            Interrupted: somebody wants the test to end.
        """
        if self._yes:
            self.say(f"{question} yes (--yes)")
            return True
        if not self._asks:
            return False
        answer = await self._ask(f"{question} [y/N]")
        return answer is not None and answer.lower() in _YES

    async def wait(self, seconds: float, what: str) -> None:
        """Wait with a bar that counts down.

        Raises:
            Interrupted: somebody wants the test to end.
        """
        columns = (TextColumn("{task.description}"), BarColumn(), TimeRemainingColumn())
        with Progress(*columns, console=self._console, transient=True) as bar:
            task = bar.add_task(what, total=seconds)
            left_s = seconds
            while left_s > 0.0:
                part_s = min(1.0, left_s)
                await self.pause.wait(part_s)
                left_s -= part_s
                bar.advance(task, part_s)

    async def _ask(self, question: str) -> str | None:
        self._console.print(question, end=" ")
        answer = await self.pause.unless_ended(self._lines.next())
        if answer is None:
            self._asks = False  # nobody is there any more
            self._console.print()
        return answer
