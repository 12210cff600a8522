"""The assets behind one endpoint, asked in series, so that one connection is all that a device must bear."""

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from energy.devices.field_settings import FieldSettings
from energy.devices.line import Line
from energy.devices.modbus import ModbusEndpoint
from energy.devices.nameplate import run_out
from energy.devices.reading import blank, read_line
from energy.devices.rounds import Rounds
from energy.devices.write_order import Order
from energy.devices.writing import write_order
from energy.domain import Outcome, Reading, Rejected, Unreachable
from energy.errors import DeviceUnreachable

FIRST_ANSWER_S_MIN = 0.25
"""A unit nobody has heard yet gets at least this long; a serial unit at 9600 baud takes some 0.2 s."""

NEVER = datetime.fromtimestamp(0.0, UTC)
"""The moment of the last tick before there was one: nothing is read then."""


class Gateway:
    """One endpoint with its lines.

    An endpoint that accepts no connection silences all its lines at once; a unit that does not answer
    silences only itself. What is silent is left alone until its backoff allows a try. Units that answered
    last time are asked first, before them those that a tick's time did not suffice for; what presses is
    written first. Tries behind the tick's back are one unit at a time, and make room as soon as a tick wants
    the connection and nothing was heard. No unit that answers is cut off: reading goes on behind the tick.
    """

    def __init__(
        self,
        endpoint: ModbusEndpoint,
        lines: Sequence[Line],
        settings: FieldSettings,
        *,
        now: Callable[[], datetime] | None = None,
    ) -> None:
        self._now = now
        self._endpoint = endpoint
        self._lines = tuple(lines)
        self._settings = settings
        self._backoff = settings.backoff(lines[0].asset.id)
        self._lock = asyncio.Lock()
        self._asked: Line | None = None
        self._at = NEVER
        self._rounds = Rounds(
            lines, is_held=self._lock.locked, begin=self._let_write, read=self._read_in_turn
        )
        self._waited: set[Line] = set()
        """Whom the time for writing did not suffice for in the last tick."""
        self._probe: asyncio.Task[None] | None = None
        self._probe_turn: asyncio.Timeout | None = None
        self._probed: Line | None = None
        self._read_at_s = 0.0
        self._has_written = asyncio.Event()

    def begin_read(self, at: datetime) -> asyncio.Task[None] | None:
        """Begin to read what may be tried now; gives what to wait for, ``settings.read_s_max`` at most."""
        now_s = self._now_s(at)
        self._read_at_s = asyncio.get_running_loop().time()
        self._has_written.clear()
        self._make_room()
        tried = self._to_try(self._lines, at, now_s)
        return self._rounds.begin(tried, ends_s=self._read_at_s + self._settings.read_s_max)

    def end_read(self, at: datetime) -> list[Reading]:
        """Give what was read; what was not tried is a communication error.

        What is read behind the tick, since its time did not suffice, is handed over by the next one, with the
        moment when its reading began.

        Raises:
            Exception: reading failed in a way that nobody thought of.
        """
        self._rounds.end()
        readings: list[Reading] = []
        for line in self._lines:
            taken = self._rounds.take(line, at)
            if taken is None:
                line.note_failure(f"{self._endpoint.name} is not answering", at)
                taken = blank(line, line.blocks, at)
            readings += taken
        return readings

    async def apply(self, orders: Sequence[Order], at: datetime) -> dict[int, Outcome]:
        """Write and read back what is most pressing first; give the outcomes by their index.

        Who had no turn in the last tick comes first, so that behind a slow line nobody's watchdog runs out.
        """
        now_s = self._now_s(at)
        outcomes: dict[int, Outcome] = {}
        lines = dict.fromkeys(order.line for order in orders)
        tried = set(self._to_try(list(lines), at, now_s))
        due = [order for order in orders if order.line in tried]
        if due:
            due.sort(
                key=lambda order: (
                    self._rounds.is_being_read(order.line),
                    order.line not in self._waited,
                    *order.haste(at),
                )
            )
            try:
                async with asyncio.timeout(self._settings.apply_s_max) as limit, self._tick_turn():
                    await self._write_in_time(due, outcomes, at, now_s=now_s, limit=limit)
            except TimeoutError:
                undone = [order.line for order in due if order.index not in outcomes]
                cut_off = [line for line in undone if line is self._asked]
                self._note_late(cut_off, at, now_s, seconds=self._settings.apply_s_max)
            self._waited = {order.line for order in due if order.index not in outcomes}
        for order in orders:
            if order.index not in outcomes:
                reason = self._why_not_reached(order.line)
                outcomes[order.index] = Unreachable(setpoint=order.setpoint, at=at, reason=reason)
        self._has_written.set()
        return outcomes

    def read_nothing(self, error: Exception, at: datetime) -> list[Reading]:
        """Give up on a read that ended in a way nobody thought of: a communication error everywhere."""
        self._give_up(error, at)
        return [reading for line in self._lines for reading in blank(line, line.blocks, at)]

    def reach_nothing(self, error: Exception, orders: Sequence[Order], at: datetime) -> dict[int, Outcome]:
        """Give up on writes that ended in a way nobody thought of: what the devices hold is unknown."""
        reason = self._give_up(error, at)
        return {order.index: Unreachable(setpoint=order.setpoint, at=at, reason=reason) for order in orders}

    async def close(self) -> None:
        """Stop trying and drop the connection."""
        probe, self._probe = self._probe, None
        if probe is not None:
            probe.cancel()
            await asyncio.gather(probe, return_exceptions=True)
        await self._rounds.close()
        self._endpoint.close()

    def _now_s(self, at: datetime) -> float:
        """Give the time that backoffs run on: the controller's, or the wall's."""
        return at.timestamp() if self._settings.retry == "in_tick" else asyncio.get_running_loop().time()

    def _tick_turn(self) -> asyncio.Lock:
        """Give a tick's writes the lock that keeps all others from beginning to read."""
        self._make_room()
        return self._lock

    def _make_room(self) -> None:
        """End a try that has heard nothing yet; one that was answered goes on, question by question."""
        if self._probe_turn is None or self._probed is None:
            return
        if not self._endpoint.has_heard(self._probed.unit, self._probed.tried_at_s):
            self._probe_turn.reschedule(asyncio.get_running_loop().time())
            self._probe_turn = None

    def _moment(self) -> datetime:
        """Give the moment of what is read now: the tick's that waits for it, or the time behind the tick."""
        return self._at if self._now is None or self._rounds.is_in_tick else self._now()

    def _is_ailing(self, line: Line) -> bool:
        return line.backoff.is_down or not line.has_answered

    def _is_silent(self, line: Line) -> bool:
        """Tell a line that a tick should not wait for: down, or never heard when it was first asked."""
        return self._backoff.is_down or line.backoff.is_down or (line.is_failing and not line.has_answered)

    def _is_due(self, line: Line, now_s: float) -> bool:
        return self._backoff.is_due(now_s) and line.backoff.is_due(now_s)

    def _to_try(self, lines: Sequence[Line], at: datetime, now_s: float) -> list[Line]:
        """Choose the lines worth waiting for now, those that answer first; silent ones are tried behind."""
        self._at = at
        if self._rounds.is_over and not any(map(self._is_ailing, lines)) and not self._backoff.is_down:
            return list(lines)
        ordered = sorted(lines, key=self._rank)
        if self._settings.retry == "in_tick":
            return [line for line in ordered if self._is_due(line, now_s)]
        if self._next_silent(now_s) is not None and (self._probe is None or self._probe.done()):
            self._probe = asyncio.create_task(self._try_again(at))
            self._probe.add_done_callback(self._note_end)
        return [line for line in ordered if not self._is_silent(line)]

    def _rank(self, line: Line) -> tuple[bool, int, bool]:
        """Put first who was not read for the longest time."""
        return line.backoff.is_down, self._rounds.number(line), not line.has_answered

    def _next_silent(self, now_s: float) -> Line | None:
        """Choose the silent line to try next: the one that was left alone the longest."""
        due = [line for line in self._lines if self._is_silent(line) and self._is_due(line, now_s)]
        return min(due, key=lambda line: line.tried_at_s, default=None)

    async def _try_again(self, at: datetime) -> None:
        """Try silent lines until none is due, or one stays silent: one silence a tick is what others bear.

        A tick that wants the connection ends a try that was not answered yet: it counts as a failure, or a
        gateway would be asked for the silent unit in every tick.
        """
        await self._quiet()
        while (line := self._next_silent(self._now_s(at))) is not None:
            await self._let_write()
            async with self._rounds.turns[line]:
                if not await self._try(line, at):
                    return

    async def _try(self, line: Line, at: datetime) -> bool:
        """Read a silent line; tell whether it answered."""
        line.tried_at_s, self._probed = self._now_s(at), line
        moment = self._moment()
        try:
            async with asyncio.timeout(None) as self._probe_turn:
                readings = await self._read(line, moment, line.tried_at_s)
        except TimeoutError:
            line.backoff.fail(self._now_s(at))
            line.note_failure("no answer before the next tick", moment)
            return False
        finally:
            self._probe_turn = None
        if self._is_silent(line):
            return False
        self._rounds.keep(line, readings)
        return True

    async def _quiet(self) -> None:
        """Wait until the tick is done with the connection, as far as that can be known.

        Its writes come some time after its reads, or not at all: then half a tick is long enough.
        """
        await self._rounds.rest(2.0 * self._settings.read_s_max)
        if self._settings.tick_s is None or not any(line.command for line in self._lines):
            return
        left_s = self._read_at_s + self._settings.tick_s / 2.0 - asyncio.get_running_loop().time()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._has_written.wait(), max(0.0, left_s))

    async def _let_write(self) -> None:
        """Begin nothing while a tick writes."""
        if self._lock.locked():
            async with self._lock:
                pass

    def _note_end(self, probe: asyncio.Task[None]) -> None:
        """Take what the tries ended with, so that no failing of theirs goes unheard."""
        error = None if probe.cancelled() else probe.exception()
        if isinstance(error, Exception):
            self._give_up(error, self._at)

    async def _open(self, line: Line, at: datetime, now_s: float) -> bool:
        if self._endpoint.is_open:
            return True
        if not self._backoff.is_due(now_s):
            line.note_failure(f"{self._endpoint.name} accepts no connection", at)
            return False
        try:
            await self._endpoint.open()
        except DeviceUnreachable as error:
            self._backoff.fail(now_s)
            line.note_failure(str(error), at)
            return False
        self._backoff.clear()
        return True

    async def _read_in_turn(self, line: Line) -> list[Reading]:
        """Read; a line that nobody has heard yet gets its share of the time, so that none is asked too late.

        In lockstep every line gets what it needs: there no short time on the wall may decide anything.
        """
        if not line.has_answered and self._settings.retry == "behind":
            share_s = self._rounds.share_s()
            if share_s is not None:
                self._endpoint.hurry(line.unit, max(FIRST_ANSWER_S_MIN, share_s))
        moment = self._moment()
        now_s = self._now_s(moment)
        if not self._endpoint.is_open and not await self._open(line, moment, now_s):
            return blank(line, line.blocks, moment)
        return await read_line(self._endpoint, line, moment, now_s=now_s)

    async def _read(self, line: Line, at: datetime, now_s: float) -> list[Reading]:
        if not self._endpoint.is_open and not await self._open(line, at, now_s):
            return blank(line, line.blocks, at)
        return await read_line(self._endpoint, line, at, now_s=now_s)

    async def _write_in_time(
        self,
        orders: Sequence[Order],
        outcomes: dict[int, Outcome],
        at: datetime,
        *,
        now_s: float,
        limit: asyncio.Timeout,
    ) -> None:
        """Write one after another, and begin nothing that is likely to be cut off half written."""
        time_s, end_s = asyncio.get_running_loop().time, limit.when()
        longest_s = 0.0
        for order in orders:
            begun_s = time_s()
            if end_s is not None and begun_s + longest_s >= end_s:
                return
            async with self._rounds.turns[order.line]:
                self._asked = order.line
                outcomes[order.index] = await self._write(order, at, now_s)
                self._asked = None
            longest_s = max(longest_s, time_s() - begun_s)

    def _why_not_reached(self, line: Line) -> str:
        if line in self._waited and not line.is_failing:
            return (
                f"its turn did not come within {self._settings.apply_s_max:g} s; it is first in the next tick"
            )
        return line.silence

    async def _write(self, order: Order, at: datetime, now_s: float) -> Outcome:
        line = order.line
        if not self._is_due(line, now_s) or not await self._open(line, at, now_s):
            return Unreachable(setpoint=order.setpoint, at=at, reason=line.silence)
        if not line.identity.is_known(self._endpoint.connections):
            stranger = await self._stranger(order, at, now_s)
            if stranger is not None:
                return stranger
        too_late = run_out(order.setpoint, at if self._now is None else self._now())
        if too_late is not None:
            return Rejected(setpoint=order.setpoint, at=at, reason=too_late)
        return await write_order(self._endpoint, order, at, now_s=now_s)

    async def _stranger(self, order: Order, at: datetime, now_s: float) -> Outcome | None:
        """Ask the device who it is before it is written to; None where it is the one that its map is for."""
        line = order.line
        try:
            fault = await line.identity.fault(self._endpoint, line.unit)
        except DeviceUnreachable as error:
            line.backoff.fail(now_s)
            line.note_failure(str(error), at)
            line.forget(at)
            return Unreachable(setpoint=order.setpoint, at=at, reason=str(error))
        return (
            None
            if fault is None
            else Rejected(setpoint=order.setpoint, at=at, reason=f"not written: {fault}")
        )

    def _give_up(self, error: Exception, at: datetime) -> str:
        """Start afresh after the backoff; each line logs its own failing, once."""
        reason = f"{self._endpoint.name}: unexpected {type(error).__name__}: {error}"
        self._backoff.fail(self._now_s(at))
        self._endpoint.close()
        for line in self._lines:
            line.note_failure(reason, at)
        return reason

    def _note_late(self, lines: Sequence[Line], at: datetime, now_s: float, *, seconds: float) -> None:
        """Blame the line that was being asked when time ran out; those behind it only waited."""
        for line in lines:
            line.note_failure(f"not done within {seconds:g} s", at)
            if line is self._asked:
                line.backoff.fail(now_s)
