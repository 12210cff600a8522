"""One connection and its single open question: TCP, RTU through TCP, TLS, or a serial line.

pymodbus opens the connection; what comes over it is judged here, byte by byte.
"""

import asyncio
import ssl
from typing import cast

from pymodbus.transport import CommParams, CommType, ModbusProtocol

from energy.devices.frames import Doubt, Framing, MbapFraming, Parsed, Question, RtuFraming, Stray, is_over
from energy.errors import DeviceUnreachable
from energy.region.asset import Endpoint, SerialLine

TRANSACTION_MAX = 65535
BITS_A_BYTE = 11
"""On a serial line: start, eight of data, parity or a second stop, stop.

MODBUS over Serial Line V1.02, 2.5.1.
"""
SILENT_BYTES = 3.5
"""What must pass between two frames of a serial line, in times of one byte (the same, 2.5.1.1)."""
SILENCE_S_MIN = 0.00175
"""And no less than this, however fast the line (the same)."""
HANDED_OVER_S = 0.02
"""Adapters hand over what came every 16 ms by default (FTDI AN232B-04): less is no silence."""
_KINDS = {
    "tcp": CommType.TCP,
    "rtu_over_tcp": CommType.TCP,
    "tls": CommType.TLS,
    "serial": CommType.SERIAL,
}
_PARITIES = {"none": "N", "even": "E", "odd": "O"}


class Conversation(ModbusProtocol):
    """A connection on which one question at a time is open.

    Whatever else comes ends it at once: late bytes, another transaction, another unit, garbage. A serial line
    cannot be ended: there bytes that nobody asked for are dropped.
    """

    def __init__(self, where: Endpoint, tls: ssl.SSLContext | None) -> None:
        """Prepare the connection; nothing is opened yet. Needs a running event loop.

        Raises:
            ValueError: the host's name is malformed.
        """
        super().__init__(_params(where, tls), is_server=False)
        self._where = where
        self._framing: Framing = RtuFraming() if is_rtu(where) else MbapFraming()
        self._is_rtu = is_rtu(where)
        self._transaction = 0
        self._question: Question | None = None
        self._answer: asyncio.Future[bytes] = self.loop.create_future()
        self._made: asyncio.Future[None] = self.loop.create_future()
        self._received = b""
        self._has_answered = False
        self._has_heard = False
        self._answer_s_max = 0.0
        self.ends_s = 0.0
        """When no answer to the last question can come any more, on the loop's clock."""
        self._alarm: asyncio.TimerHandle | None = None
        self._hush: asyncio.TimerHandle | None = None
        self._hush_s = max(HANDED_OVER_S, silence_s(where.serial) if where.serial is not None else 0.0)

    async def open(self) -> None:
        """Connect.

        Raises:
            OSError: as the system says it, TLS and serial errors among them.
            ValueError: the host's name is malformed.
        """
        self.transport, _ = await self.call_create()
        await self._made

    async def ask(self, question: Question, answer_s_max: float) -> bytes:
        """Give the answer from its function code on.

        Raises:
            DeviceUnreachable: no answer in time, or one that cannot be trusted.
        """
        if self._where.serial is not None:
            await self._listen(silence_s(self._where.serial), answer_s_max)
        elif self._is_rtu:
            await self._let_strays_in()
        if not self.transport:
            raise DeviceUnreachable("the connection is lost")
        self._transaction = self._transaction % TRANSACTION_MAX + 1
        self._received = b""
        self._question = question
        answer: asyncio.Future[bytes] = self.loop.create_future()
        self._answer = answer
        self._answer_s_max = answer_s_max
        self.ends_s = self.loop.time() + answer_s_max
        self._set_alarm()
        way = cast("asyncio.WriteTransport", self.transport)  # pymodbus names the base of all transports
        way.write(self._framing.wrap(question, self._transaction))
        try:
            pdu = await answer
        finally:
            self._question = None
            if self._hush is not None:
                self._listen_on()
        self._has_answered = True
        return pdu

    def close(self, reconnect: bool = False) -> None:  # noqa: FBT001, FBT002  overridden
        """Drop the connection; an open question stays unanswered.

        At once: a TLS device that hangs would be waited for while it keeps the connection (asyncio: 30 s).
        """
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None
        self._listen_on()
        if self.transport:
            cast("asyncio.WriteTransport", self.transport).abort()
        super().close(reconnect)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Note that the connection stands."""
        super().connection_made(transport)
        if not self._made.done():
            self._made.set_result(None)

    def data_received(self, data: bytes) -> None:
        """Take what came: the answer, a part of it, or something that must not be there."""
        question = self._question
        self._has_heard = True
        if question is None or self._answer.done():
            if self._where.serial is None:
                self.close()
            return
        self._received = self._received + data if self._received else data
        parsed: Parsed = self._framing.unwrap(question, self._transaction, self._received)
        while isinstance(parsed, Stray):
            self._received = self._received[parsed.size :]
            parsed = self._framing.unwrap(question, self._transaction, self._received)
        if self._hush is not None:
            self._listen_on()
        if isinstance(parsed, bytes):
            self._answer.set_result(parsed)
        elif isinstance(parsed, Doubt):
            if self._is_rtu:
                self._hush = self.loop.call_later(self._hush_s, self._judge, question, parsed.reason)
            else:
                self._end(parsed.reason)

    def callback_connected(self) -> None:
        """Nothing more: ``connection_made`` has noted it."""

    def callback_data(self, data: bytes, addr: tuple[str, int] | None = None) -> int:  # noqa: ARG002  overridden
        """Leave nothing over: ``data_received`` has taken the bytes."""
        return len(data)

    def callback_new_connection(self) -> ModbusProtocol:
        """Be the only connection: this is no server."""
        return self

    def callback_disconnected(self, exc: Exception | None) -> None:
        """End the open question at once instead of at its time limit."""
        reason = "the device closed the connection" if exc is None else f"the connection broke: {exc}"
        if self._where.transport == "tls" and not self._has_answered:
            reason += " before it answered anything; it may not accept our client certificate"
        self._end(reason)

    async def _listen(self, silent_s: float, wait_s_max: float) -> None:
        """Ask only when the line has been silent: what is still coming would pass for the answer.

        To have been silent since the last answer is not enough: nobody knows when the next byte sets out.
        """
        ends_s = self.loop.time() + wait_s_max
        self._has_heard = True
        while self._has_heard:
            if self.loop.time() > ends_s:
                raise DeviceUnreachable(f"the line has not been silent for {wait_s_max:.3g} s")
            self._has_heard = False
            await asyncio.sleep(silent_s)

    async def _let_strays_in(self) -> None:
        """Take bytes that wait unread before asking: without transactions they would pass for the answer."""
        for _ in range(
            2
        ):  # the loop reads after it runs what was ready: the second round is behind the reading
            await asyncio.sleep(0)

    def _listen_on(self) -> None:
        if self._hush is not None:
            self._hush.cancel()
            self._hush = None

    def _judge(self, question: Question, reason: str) -> None:
        """End a question that was answered by garbage, now that it is silent; noise alone ends nothing."""
        self._hush = None
        if is_over(question, self._received):
            self.ends_s = self.loop.time()
            self._end(reason)

    def _set_alarm(self) -> None:
        """Let one alarm serve many questions: one for each would cost more than all else here."""
        if self._alarm is not None and self._alarm.when() > self.ends_s:
            self._alarm.cancel()
            self._alarm = None
        if self._alarm is None:
            self._alarm = self.loop.call_at(self.ends_s, self._look_at_the_clock)

    def _look_at_the_clock(self) -> None:
        """End a question whose time is over; an alarm that was set for an earlier one is set anew."""
        self._alarm = None
        if self._question is None or self._answer.done():
            return
        if self.loop.time() < self.ends_s:
            self._set_alarm()
        else:
            self._end(f"no answer within {self._answer_s_max:.3g} s", TimeoutError())

    def _end(self, reason: str, cause: Exception | None = None) -> None:
        """End the open question; silence has a TimeoutError for its cause."""
        if self._question is not None and not self._answer.done():
            error = DeviceUnreachable(reason)
            error.__cause__ = cause
            self._answer.set_exception(error)


def is_rtu(where: Endpoint) -> bool:
    """Tell frames with a checksum from frames with a header."""
    return where.transport in {"rtu_over_tcp", "serial"}


def line_s(serial: SerialLine, frame_bytes: int) -> float:
    """Give how long a serial line takes for so many bytes."""
    return BITS_A_BYTE * frame_bytes / serial.baud_rate


def silence_s(serial: SerialLine) -> float:
    """Give how long a serial line must be silent between two frames."""
    return max(SILENCE_S_MIN, line_s(serial, 1) * SILENT_BYTES)


def _params(where: Endpoint, tls: ssl.SSLContext | None) -> CommParams:
    params = CommParams(comm_name=where.name, comm_type=_KINDS[where.transport], reconnect_delay=0.0)
    if where.serial is not None:
        params.host = where.serial.device
        params.baudrate = where.serial.baud_rate
        params.bytesize = 8
        params.parity = _PARITIES[where.serial.parity]
        params.stopbits = where.serial.stop_bits
    else:
        params.host, params.port = where.host, where.port
        params.sslctx = tls
    return params
