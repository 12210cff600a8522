"""One endpoint that speaks Modbus: reads and writes its units, one question after another."""

import asyncio
import logging
import math
import ssl
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from pymodbus.constants import ExcCodes

from energy.devices.frames import Question, exception_of, read_question, read_values, write_question
from energy.devices.layout import Table
from energy.devices.transport import Conversation, is_rtu, line_s
from energy.errors import DeviceRefused, DeviceUnreachable
from energy.region.asset import Endpoint

RETRYABLE_CODES = frozenset(
    {
        ExcCodes.ACKNOWLEDGE,
        ExcCodes.DEVICE_BUSY,
        ExcCodes.GATEWAY_PATH_UNAVIABLE,
        ExcCodes.GATEWAY_NO_RESPONSE,
    }
)
"""Exception codes that say "not now": the device behind is busy or silent, and may answer later."""
FRAMING_BYTES = 3
"""Unit and checksum around a request or an answer on a serial line."""
BUSY_S_MAX = 5.0
"""However many questions of ours a gateway still works off, nobody waits longer for that."""
_NONE: Mapping[int, float] = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long an endpoint may take, and how often a read is tried again.

    Silence is not tried again: that takes long and helps little. A write is never repeated here: the next
    tick does, by what the device shows then.
    """

    connect_s_max: float = 1.0
    answer_s_max: float = 1.0
    """Where the unit's register map says nothing else."""
    retries: int = 1
    gateway_s_max: float = 2.0
    """A gateway before several units may wait so long for a silent one: until then its line is taken, though
    we have hung up. Usual gateways wait 1 to 1.5 s."""


class ModbusEndpoint:
    """One connection; the units behind it are asked one after another, whoever came first.

    Whatever leaves the connection in doubt (a late, garbled, mismatched or cancelled answer) closes it; the
    next ``open`` starts afresh. A serial line stays open. Where frames carry no transaction (RTU), the unit
    in doubt is asked again only when its answer can no longer be under way, and a whole late answer of
    another unit is skipped. An answer that comes later than its time and during the unit's next question
    cannot be told from that one's.

    A gateway before several units goes on waiting for a silent one when we have hung up, and the next
    question waits behind. So after a silence every unit gets that much longer, and who is silent right behind
    another is asked once more before it is believed to be silent.
    """

    def __init__(
        self,
        where: Endpoint,
        patience: Patience,
        *,
        tls: ssl.SSLContext | None = None,
        pauses: Mapping[int, float] = _NONE,
        answers_s_max: Mapping[int, float] = _NONE,
        is_shared: bool = False,
    ) -> None:
        """Nothing is opened yet.

        Args:
            where: what to connect to.
            patience: how long it may take.
            tls: needed exactly for the transport tls; see ``tls.context_of``.
            pauses: seconds that must pass after an answer of a unit before the next question to any.
            answers_s_max: how long a unit may take to answer, where that is not the patience's.
            is_shared: whether several units stand behind it.

        Raises:
            ValueError: the transport is tls and there is no context: nothing may go out unprotected.
        """
        if where.transport == "tls" and tls is None:
            raise ValueError(f"{where.name} is reached through TLS and needs its context")
        self.name = where.name
        self._where = where
        self._tls = tls if where.transport == "tls" else None
        self._patience = patience
        self._pauses = pauses
        self._answers_s_max = answers_s_max
        self._is_usual = where.serial is None and not answers_s_max
        self._may_be_busy = is_shared and where.serial is None
        self._turn = asyncio.Lock()
        self._hurried: dict[int, float] = {}
        self._heard_s: dict[int, float] = {}
        self._busy_until_s = 0.0
        self._busy_with: int | None = None
        self._is_excusable = False
        self._is_rtu = is_rtu(where)
        self._rest_until_s = 0.0
        self._in_doubt_until_s: dict[int, float] = {}
        self._line: Conversation | None = None
        self.connections = 0
        """How often it was opened successfully: whoever answers on a new connection may be somebody else."""

    @property
    def is_open(self) -> bool:
        """True while there is a connection as far as we know."""
        return self._line is not None and self._line.is_active()

    async def open(self) -> None:
        """Connect unless connected.

        Raises:
            DeviceUnreachable: nobody accepts the connection in time, the address is none, the serial line
                cannot be opened, or the certificate shown is not to be believed.
        """
        if self.is_open:
            return
        async with self._turn:
            if not self.is_open:
                await self._connect()

    async def _connect(self) -> None:
        self.close()
        _silence_pymodbus()
        is_connected = False
        try:
            self._line = Conversation(self._where, self._tls)
            async with asyncio.timeout(self._patience.connect_s_max):
                await self._line.open()
            is_connected = True
            self.connections += 1
        except TimeoutError as error:
            raise DeviceUnreachable(
                self._no_connection(f"within {self._patience.connect_s_max:g} s")
            ) from error
        except ConnectionError as error:
            raise DeviceUnreachable(self._no_connection(f"({error.strerror or error})")) from error
        except (OSError, ValueError) as error:  # UnicodeError, what a malformed name ends in, is a ValueError
            raise DeviceUnreachable(self._cannot_open(error)) from error
        finally:
            if not is_connected:
                self.close()

    def hurry(self, unit: int, answer_s_max: float) -> None:
        """Give the unit's next question no more than this, and no second try where it is silent."""
        self._hurried[unit] = answer_s_max

    def has_heard(self, unit: int, since_s: float) -> bool:
        """Tell whether the unit answered anything that it was asked since a moment of the loop's clock."""
        return self._heard_s.get(unit, -math.inf) >= since_s

    def answer_s_max(self, unit: int) -> float:
        """Give how long the unit may take to answer."""
        return self._answers_s_max.get(unit, self._patience.answer_s_max)

    async def read(self, unit: int, table: Table, *, address: int, count: int) -> Sequence[int]:
        """Read ``count`` registers or bits.

        Raises:
            DeviceUnreachable: no answer in time, or one that cannot be trusted, more often than is allowed.
            DeviceRefused: the device answered with an exception.
        """
        question = read_question(unit, table, address=address, count=count)
        tries_left = self._patience.retries
        while True:
            try:
                pdu = await self._ask(question)
                break
            except DeviceUnreachable as error:
                is_silent = isinstance(error.__cause__, TimeoutError)
                if tries_left == 0 or (is_silent and not self._excuse()):
                    raise DeviceUnreachable(f"{self._reading(question, table)}: {error}") from error
                tries_left -= 1
                await self.open()
        code = exception_of(pdu)
        if code is not None:
            raise _refusal(code, self._reading(question, table))
        return read_values(question, pdu)

    async def write(
        self, unit: int, table: Table, *, address: int, values: Sequence[int], single: bool
    ) -> None:
        """Write registers (functions 6 and 16) or coils (5 and 15).

        Raises:
            DeviceUnreachable: no answer in time, or one that cannot be trusted: what it holds is unknown.
            DeviceRefused: the device answered with an exception.
            ValueError: a value does not fit a register, or a single write has not exactly one.
        """
        question = write_question(unit, table, address=address, values=values, single=single)
        what = f"writing {list(values)} to {table.value} {address} of unit {unit} at {self.name}"
        try:
            pdu = await self._ask(question)
        except DeviceUnreachable as error:
            raise DeviceUnreachable(f"{what}: {error}") from error
        code = exception_of(pdu)
        if code is not None:
            raise _refusal(code, what)

    def close(self) -> None:
        """Drop the connection, if there is one."""
        if self._line is not None:
            self._line.close()
            self._line = None

    async def _ask(self, question: Question) -> bytes:
        """Ask when the line and the unit have had their rest; whatever is in doubt ends the connection."""
        if self._in_doubt_until_s:
            await self._clear_doubt(question.unit)
        await self._turn.acquire()  # an async with would cost two more coroutines for each question
        try:
            line = self._line
            if line is None or not line.is_active():
                raise DeviceUnreachable("not connected")
            if self._rest_until_s:
                await self._rest(line)
            unit, asked_s = question.unit, line.loop.time()
            try:
                pdu = await line.ask(question, self._time_for(question, asked_s))
            except BaseException as error:
                self._doubt(unit, line.ends_s)
                if self._may_be_busy and _is_silence(error):
                    self._note_busy(unit, asked_s)
                raise
            self._busy_until_s = 0.0
            self._heard_s[unit] = asked_s
            if self._pauses:
                self._rest_until_s = line.loop.time() + self._pauses.get(unit, 0.0)
            return pdu
        finally:
            self._turn.release()

    def _time_for(self, question: Question, now_s: float) -> float:
        """Give how long the answer may take: with what a serial line and a busy gateway need besides."""
        if self._is_usual and not self._hurried and not self._busy_until_s:
            self._is_excusable = False
            return self._patience.answer_s_max
        unit = question.unit
        time_s = self.answer_s_max(unit) if self._answers_s_max else self._patience.answer_s_max
        if self._where.serial is not None:
            frame_bytes = len(question.pdu) + question.answer_bytes + 2 * FRAMING_BYTES
            time_s += line_s(self._where.serial, frame_bytes)
        hurried_s = self._hurried.pop(unit, None) if self._hurried else None
        busy_s = self._busy_until_s - now_s if self._busy_until_s else 0.0
        self._is_excusable = busy_s > 0.0 and hurried_s is None and self._busy_with not in {None, unit}
        if hurried_s is not None:
            return min(time_s, hurried_s)
        return time_s + max(0.0, busy_s)

    def _note_busy(self, unit: int, asked_s: float) -> None:
        """Reckon that a gateway's own line is taken by a question that we gave up."""
        since_s = max(asked_s, self._busy_until_s)
        longest_s = asyncio.get_running_loop().time() + BUSY_S_MAX
        until_s = since_s + max(self.answer_s_max(unit), self._patience.gateway_s_max)
        self._busy_until_s = min(until_s, longest_s)
        if not self._is_excusable:
            self._busy_with = unit

    def _excuse(self) -> bool:
        """Tell whether the last silence may be another unit's doing; once for each unit that fell silent."""
        is_excused = self._is_excusable
        if is_excused:
            self._is_excusable, self._busy_with = False, None
        return is_excused

    async def _clear_doubt(self, unit: int) -> None:
        """Let the unit's old answer come and go, while others are asked."""
        rest_s = self._in_doubt_until_s.get(unit, 0.0) - asyncio.get_running_loop().time()
        if rest_s > 0.0:
            await asyncio.sleep(rest_s)
        self._in_doubt_until_s.pop(unit, None)  # not before: who is cancelled here leaves the doubt behind

    async def _rest(self, line: Conversation) -> None:
        rest_s = self._rest_until_s - line.loop.time()
        if rest_s > 0.0:
            await asyncio.sleep(rest_s)

    def _doubt(self, unit: int, ends_s: float) -> None:
        if self._is_rtu:
            self._in_doubt_until_s[unit] = ends_s
        if self._where.serial is None:
            self.close()

    def _reading(self, question: Question, table: Table) -> str:
        place = f"{table.value} {question.address} of unit {question.unit} at {self.name}"
        return f"reading {question.count} from {place}"

    def _no_connection(self, why: str) -> str:
        return (
            f"{self.name} accepts no connection {why}; "
            "check the address, the network and whether the device allows one more connection"
        )

    def _cannot_open(self, error: OSError | ValueError) -> str:
        if isinstance(error, ssl.SSLCertVerificationError):
            what, mend = "shows a certificate that is not to be believed", "have it renewed or mended"
            return f"{self.name} {what}: {error.verify_message}; {mend}"
        if isinstance(error, ssl.SSLError):
            what, mend = "does not agree on TLS", "check its port, its TLS version and our certificate"
            return f"{self.name} {what}: {error.reason or error}; {mend}"
        if self._where.serial is not None:
            mend = "check the path, its rights and that nobody else uses it"
            return f"{self.name} cannot be opened: {error}; {mend}"
        return f"{self.name} cannot be connected to: {error}; check the host and the port"


def _is_silence(error: BaseException) -> bool:
    """Tell a question that was given up from one that ended with garbage or with the connection."""
    return not isinstance(error, DeviceUnreachable) or isinstance(error.__cause__, TimeoutError)


def _refusal(code: int, what: str) -> DeviceRefused | DeviceUnreachable:
    known = code in {item.value for item in ExcCodes}
    name = ExcCodes(code).name.lower().replace("_", " ") if known else "unknown"
    text = f"{what}: the device answers exception {code} ({name})"
    return DeviceUnreachable(text) if code in RETRYABLE_CODES else DeviceRefused(text)


def _silence_pymodbus() -> None:
    """Keep pymodbus from logging every failed try: the field logs transitions, by the device's name."""
    logging.getLogger("pymodbus").setLevel(logging.CRITICAL)
