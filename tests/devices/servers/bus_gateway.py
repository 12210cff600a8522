"""A gateway as they are: Modbus/TCP before one serial line, on which one question at a time is open.

A unit that does not answer takes the line for the gateway's own time-out, and hanging up changes nothing.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from tests.devices.conftest import registers_reply, reply

NO_RESPONSE = 11
"""Exception "gateway target device failed to respond" (Modbus Application Protocol V1.1b3, section 7)."""


class BusGateway:
    """The server, its line, and which units behind it are dead."""

    def __init__(self, *, timeout_s: float, answer_s: float = 0.005) -> None:
        self.timeout_s = timeout_s
        self.answer_s = answer_s
        self.dead: set[int] = set()
        self.asked: list[int] = []
        self.connections = 0
        self.port = 0
        self._line = asyncio.Lock()
        self._working: set[asyncio.Task[None]] = set()
        self._writers: list[asyncio.StreamWriter] = []

    @asynccontextmanager
    async def serving(self) -> AsyncIterator["BusGateway"]:
        """Serve on a free port of loopback."""
        server = await asyncio.start_server(self._take, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            server.close()
            for working in self._working:
                working.cancel()
            for writer in self._writers:
                writer.close()
            await asyncio.sleep(0)

    async def _take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self._writers.append(writer)
        try:
            while True:
                head = await reader.readexactly(6)
                frame = head + await reader.readexactly(int.from_bytes(head[4:6], "big"))
                working = asyncio.create_task(self._work(frame, writer))
                self._working.add(working)
                working.add_done_callback(self._working.discard)
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    async def _work(self, frame: bytes, writer: asyncio.StreamWriter) -> None:
        async with self._line:
            self.asked.append(frame[6])
            if frame[6] in self.dead:
                await asyncio.sleep(self.timeout_s)
                answer = reply(frame, bytes([frame[7] | 0x80, NO_RESPONSE]))
            else:
                await asyncio.sleep(self.answer_s)
                answer = registers_reply(frame)
        if not writer.is_closing():
            writer.write(answer)
