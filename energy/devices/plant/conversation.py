"""What clients and devices say to each other over a stream: each request goes to its unit's device."""

import asyncio
import socket
import struct
from collections.abc import Callable, Mapping

from energy.devices.plant.device import Device, Response
from energy.devices.plant.framing import BrokenStream, Frame, Framing
from energy.devices.plant.pdu import ExceptionCode, exception

ANY_UNIT = 0
"""A device of this unit answers for every unit that no other has."""
CONNECTIONS_MAX = 64
"""How many clients one endpoint takes at once; real devices take from one to some ten."""
LINGER_NONE = struct.pack("ii", 1, 0)
"""Closing a socket with this option resets the connection instead of ending it (socket(7), SO_LINGER)."""
Send = Callable[[bytes], None]


class Switchboard:
    """The devices behind one endpoint by their units."""

    def __init__(self, devices: Mapping[int, Device], framing: Framing) -> None:
        self._devices = devices
        self._framing = framing

    def cut(self, buffer: bytearray) -> Frame | None:
        """Take the first whole request out of a buffer; None while there is none.

        Raises:
            BrokenStream: it cannot be one.
        """
        return self._framing.cut(buffer)

    def respond(self, frame: Frame) -> tuple[Response, bytes]:
        """Give how the request is answered, and the bytes of it; none where nothing is said."""
        device = self._devices.get(frame.unit) or self._devices.get(ANY_UNIT)
        if device is not None:
            response = device.respond(frame.pdu)
        elif self._framing.answers_for_nobody:
            response = Response(pdu=exception(frame.pdu[0], ExceptionCode.GATEWAY_NO_RESPONSE))
        else:
            response = Response()
        if response.pdu is None:
            return response, b""
        data = self._framing.wrap(frame, response.pdu)
        return response, data[: len(data) // 2] if response.is_truncated else data


class Connection(asyncio.Protocol):
    """One client's connection, through TCP or TLS; late answers of one device hold up no other's."""

    def __init__(self, board: Switchboard, open_ones: "set[Connection]") -> None:
        self._board = board
        self._open_ones = open_ones
        self._buffer = bytearray()
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin, unless too many have."""
        if not isinstance(transport, asyncio.Transport):
            return
        if len(self._open_ones) >= CONNECTIONS_MAX:
            transport.abort()
            return
        self._transport = transport
        self._open_ones.add(self)

    def connection_lost(self, _: Exception | None) -> None:
        """End."""
        self._transport = None
        self._open_ones.discard(self)

    def data_received(self, data: bytes) -> None:
        """Answer every request that is whole."""
        self._buffer += data
        while self._transport is not None and not self._transport.is_closing():
            try:
                frame = self._board.cut(self._buffer)
            except BrokenStream:
                self._transport.close()
                return
            if frame is None:
                return
            response, answer = self._board.respond(frame)
            if response.cuts:
                self._reset()
            elif response.delay_s > 0.0:
                asyncio.get_running_loop().call_later(response.delay_s, self._send, answer)
            elif answer:
                self._send(answer)

    def close(self) -> None:
        """End the connection now."""
        if self._transport is not None:
            self._transport.abort()

    def _send(self, data: bytes) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(data)

    def _reset(self) -> None:
        if self._transport is None:
            return
        self._transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, LINGER_NONE)
        self._transport.abort()
