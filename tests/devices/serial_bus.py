"""A serial line with a scripted far end, and RTU frames to answer with."""

import asyncio
import os
import tty
from collections.abc import Awaitable, Callable
from contextlib import ExitStack

from pymodbus.framer import FramerRTU

Answer = Callable[[bytes], Awaitable[bytes | None]]


def rtu(body: bytes) -> bytes:
    return body + FramerRTU.compute_CRC(body).to_bytes(2, "big")


def registers(request: bytes, value: int, *, count: int | None = None, unit: int | None = None) -> bytes:
    """Answer a read of registers with one value in all of them."""
    asked = int.from_bytes(request[4:6], "big") if count is None else count
    head = bytes([request[0] if unit is None else unit, request[1], 2 * asked])
    return rtu(head + value.to_bytes(2, "big") * asked)


class SerialBus:
    """The far end of a serial line: gives each request to a function and sends what it answers."""

    def __init__(self, answer: Answer, stack: ExitStack) -> None:
        self.far, near = os.openpty()
        stack.callback(os.close, self.far)
        stack.callback(os.close, near)
        tty.setraw(near)
        tty.setraw(self.far)
        self.path = os.ttyname(near)
        self._answer = answer
        self._tasks: set[asyncio.Task[None]] = set()
        asyncio.get_running_loop().add_reader(self.far, self._take)
        stack.callback(asyncio.get_running_loop().remove_reader, self.far)

    def _take(self) -> None:
        task = asyncio.create_task(self._reply(os.read(self.far, 1024)))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _reply(self, request: bytes) -> None:
        reply = await self._answer(request)
        if reply is not None:
            os.write(self.far, reply)
