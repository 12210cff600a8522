"""A test's conversation with the people who make it: what it says, what it asks, how long they wait.

Answers come from the command line, or from standard input line by line, without blocking the loop: Ctrl-C
works while a question waits.
"""

import asyncio
import contextlib
import io
import math
import os
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TextIO, TypeVar

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from energy.commissioning import FLOWS, flow_kw_of
from energy.domain import Point
from energy.errors import Retryable

T = TypeVar("T")
LINE_BYTES_MAX = 4096
INTERRUPTED = "the test was interrupted"
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

    def end(self) -> None:
        """Want the test to end."""
        self._stop.set()

    async def sleep(self, seconds: float) -> None:
        """Wait, whoever wants the test to end: for what must be done all the same."""
        await asyncio.sleep(seconds / self._speed)

    async def is_done(self, work: asyncio.Future[T], seconds: float) -> bool:
        """Tell whether something is done, within a while."""
        done, _ = await asyncio.wait((work,), timeout=seconds / self._speed)
        return bool(done)

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
        raise Interrupted(INTERRUPTED)

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
                raise Interrupted(INTERRUPTED)
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
        except OSError:  # a terminal that is gone answers no more
            data = b""
        finally:
            loop.remove_reader(self._file_number)
        self._held += data
        self._is_over = not data or len(self._held) > LINE_BYTES_MAX


def mute(out: TextIO) -> None:
    """Let a stream whose reader is gone lead nowhere, so that what is still in its buffer fails no more."""
    with contextlib.suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        try:
            os.dup2(nowhere, out.fileno())
        finally:
            os.close(nowhere)


class Unbreakable(io.TextIOBase):
    """A stream for logs: a line that nobody can read any more must not end what it speaks of."""

    def __init__(self, out: TextIO) -> None:
        self._out = out

    def write(self, text: str, /) -> int:
        """Write, or leave it."""
        with contextlib.suppress(OSError):
            self._out.write(text)
        return len(text)

    def flush(self) -> None:
        """Flush, or leave it."""
        with contextlib.suppress(OSError):
            self._out.flush()


class _Screen(Console):
    """A console that passes a broken pipe on, where rich would end the process on the spot."""

    def on_broken_pipe(self) -> None:
        raise BrokenPipeError("nobody reads what is said")


class Conversation:
    """Says and asks. Where nobody can hear it any more, it falls silent and the test ends.

    Args:
        pause: ends every question when the test shall end.
        values: numbers that were given on the command line, by point; those are not asked for.
        flows_kw: what the witness sees during the moves, told beforehand and in their order; not asked for.
        yes: whether every question for consent is answered by yes beforehand.
        out: where it is said: standard error where standard output carries JSON.
    """

    def __init__(
        self,
        pause: Pause,
        *,
        values: Mapping[Point, float],
        flows_kw: Sequence[float] = (),
        yes: bool,
        out: TextIO,
    ) -> None:
        self.pause = pause
        self._values = values
        self._flows_kw = list(flows_kw)
        self._yes = yes
        self._asks = True
        self._out = out
        self._console = _Screen(file=out, highlight=False, soft_wrap=True, markup=False)
        self._lines = Lines()

    @property
    def flows_told(self) -> int:
        """How many displays were told beforehand and not used yet."""
        return len(self._flows_kw)

    def say(self, text: str, *, end: str = "\n") -> None:
        """Say one line or more."""
        self._safely(lambda: self._console.print(text, end=end))

    def table(self, *columns: str, rows: list[tuple[str, ...]]) -> None:
        """Show a table."""
        table = Table(*columns)
        for row in rows:
            table.add_row(*row)
        self._safely(lambda: self._console.print(table))

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
            value = flow_kw_of(answer) if point in FLOWS else None
            if value is None:
                value = _number_of(answer)
            if math.isfinite(value):
                return value
            self.say(f"{answer!r} is no number; write for example -12.5, or nothing to leave it out")
        return None

    @property
    def is_flow_told(self) -> bool:
        """Tell whether the next direction was said before the test began: nobody is asked for it."""
        return bool(self._flows_kw)

    async def flow(self, question: str, *, example: str) -> float | None:
        """Ask for a direction and a magnitude that the witness sees; None where nobody says it.

        Raises:
            Interrupted: somebody wants the test to end.
        """
        if self._flows_kw:
            self.say(f"{question} told beforehand (--moved)")
            return self._flows_kw.pop(0)
        hint = f"for example: {example} 100; empty: it cannot be seen"
        while self._asks:
            answer = await self._ask(f"{question} ({hint}):")
            if not answer:
                return None
            shown_kw = flow_kw_of(answer)
            if shown_kw is not None:
                return shown_kw
            self.say(f"{answer!r} is no direction with a number; {hint}")
        return None

    async def consents(self, question: str) -> bool:
        """Ask for a yes.

        Raises:
            Interrupted: somebody wants the test to end.
        """
        if self._yes:
            self.say(f"{question} yes (--yes)")
        if self.pause.is_ended:
            raise Interrupted(INTERRUPTED)
        if self._yes or not self._asks:
            return self._yes
        answer = await self._ask(f"{question} [y/N]")
        return answer is not None and answer.lower() in _YES

    async def wait(self, seconds: float, what: str) -> None:
        """Wait with a bar that counts down.

        Raises:
            Interrupted: somebody wants the test to end.
        """
        columns = (TextColumn("{task.description}"), BarColumn(), TimeRemainingColumn())
        bar = Progress(
            *columns,
            console=self._console,
            transient=True,
            auto_refresh=False,  # a thread of its own could not tell us that nobody reads
            redirect_stdout=False,
            redirect_stderr=False,
        )
        task = bar.add_task(what, total=seconds)
        left_s = seconds
        self._safely(bar.start)
        try:
            while left_s > 0.0:
                part_s = min(1.0, left_s)
                await self.pause.wait(part_s)
                left_s -= part_s
                bar.advance(task, part_s)
                self._safely(bar.refresh)
        finally:
            self._safely(bar.stop)

    async def _ask(self, question: str) -> str | None:
        self.say(question, end=" ")
        answer = await self.pause.unless_ended(self._lines.next())
        if answer is None:
            self._asks = False  # nobody is there any more
            self.say("")
        return answer

    def _safely(self, act: Callable[[], object]) -> None:
        """Say something; who cannot be heard any more wants the test to end, as after Ctrl-C."""
        try:
            act()
        except OSError:
            self._console.quiet = True
            mute(self._out)
            self.pause.end()


def _number_of(answer: str) -> float:
    try:
        return float(answer.replace(",", "."))
    except ValueError:
        return math.nan
