"""RTU frames through TCP and over a serial line: no transaction guards them, so all the rest must."""

import asyncio
import os
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import ExitStack
from itertools import pairwise

import pytest

from energy.devices.layout import Table
from energy.devices.modbus import ModbusEndpoint, Patience
from energy.errors import DeviceRefused, DeviceUnreachable
from energy.region.asset import Endpoint, SerialLine
from tests.devices.conftest import tcp
from tests.devices.serial_bus import Answer, SerialBus, registers, rtu

QUICK = Patience(connect_s_max=2.0, answer_s_max=0.6)
ONCE = Patience(connect_s_max=5.0, answer_s_max=10.0, retries=0)
REQUEST_BYTES = 8
"""A request to read, or to write one register: unit, function, two numbers, checksum."""
Speak = Callable[[Answer], Awaitable[Endpoint]]


@pytest.fixture
async def over_tcp() -> AsyncIterator[Speak]:
    """Start servers that answer RTU requests through TCP; None closes the connection."""
    servers: list[asyncio.Server] = []

    async def start(answer: Answer) -> Endpoint:
        async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            try:
                while (reply := await answer(await reader.readexactly(REQUEST_BYTES))) is not None:
                    writer.write(reply)
            except (asyncio.IncompleteReadError, ConnectionError):
                pass
            finally:
                writer.close()

        server = await asyncio.start_server(handle, "127.0.0.1", 0)
        servers.append(server)
        port = server.sockets[0].getsockname()[1]
        return Endpoint(transport="rtu_over_tcp", host="127.0.0.1", port=port, serial=None)

    yield start
    for server in servers:
        server.close()
    await asyncio.sleep(0)


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


@pytest.fixture
async def over_serial(stack: ExitStack) -> Speak:
    """Open serial lines with a scripted far end; None says nothing."""

    async def start(answer: Answer) -> Endpoint:
        line = SerialLine(device=SerialBus(answer, stack).path, baud_rate=115200)
        return Endpoint(transport="serial", host="", port=0, serial=line)

    return start


@pytest.fixture
def ways(over_tcp: Speak, over_serial: Speak) -> dict[str, Speak]:
    return {"over_tcp": over_tcp, "over_serial": over_serial}


async def opened(where: Endpoint, patience: Patience = QUICK, **more: dict[int, float]) -> ModbusEndpoint:
    endpoint = ModbusEndpoint(where, patience, **more)
    await endpoint.open()
    return endpoint


async def read(endpoint: ModbusEndpoint, unit: int = 1, *, count: int = 2) -> list[int]:
    return list(await endpoint.read(unit, Table.HOLDING, address=0, count=count))


GARBLED: dict[str, Callable[[bytes], bytes | None]] = {
    "too_few_registers": lambda request: registers(request, 7, count=1),
    "no_registers_at_all": lambda request: registers(request, 7, count=0),
    "too_many_registers": lambda request: registers(request, 7, count=9),
    "another_function": lambda request: rtu(request[:1] + b"\x04\x04\0\0\0\0"),
    "a_wrong_checksum": lambda request: registers(request, 7)[:-1] + b"\0",
    "another_unit_with_a_wrong_checksum": lambda request: registers(request, 7, unit=9)[:-1] + b"\0",
    "bytes_beyond_the_answer": lambda request: registers(request, 7) + b"\0",
    "an_unknown_function": lambda request: rtu(request[:1] + b"\x64\0\0"),
    "the_request_again": lambda request: request,
    "a_modbus_tcp_frame": lambda _: b"\0\1\0\0\0\7\1\3\4\0\0\0\0",
    "a_flood": lambda _: b"\xff" * 600,
}


@pytest.mark.parametrize("answer", GARBLED.values(), ids=GARBLED)
@pytest.mark.parametrize("way", ["over_tcp", "over_serial"])
async def test_an_answer_that_cannot_be_trusted_ends_at_once(
    ways: dict[str, Speak], way: str, answer: Callable[[bytes], bytes | None]
) -> None:
    async def reply(frame: bytes) -> bytes | None:
        return answer(frame)

    where = await ways[way](reply)
    endpoint = await opened(where, ONCE)
    begun_s = time.monotonic()
    with pytest.raises(DeviceUnreachable, match=where.name):
        await read(endpoint)
    assert time.monotonic() - begun_s < ONCE.answer_s_max / 2
    assert endpoint.is_open == (way == "over_serial")
    endpoint.close()


@pytest.mark.parametrize("way", ["over_tcp", "over_serial"])
async def test_exceptions_and_writes_pass(ways: dict[str, Speak], way: str) -> None:
    async def reply(frame: bytes) -> bytes | None:
        return frame if frame[1] == 6 else rtu(bytes([frame[0], frame[1] | 0x80, 2]))

    endpoint = await opened(await ways[way](reply))
    await endpoint.write(3, Table.HOLDING, address=5, values=[77], single=True)
    with pytest.raises(DeviceRefused, match=r"exception 2 \(illegal address\)"):
        await read(endpoint)
    assert endpoint.is_open
    endpoint.close()


async def test_an_answer_in_pieces_is_put_together(over_tcp: Speak) -> None:
    async def reply(_: bytes) -> bytes:
        return b""

    endpoint = await opened(await over_tcp(reply), ONCE)
    line = endpoint._line
    assert line is not None
    asked = asyncio.create_task(read(endpoint))
    await asyncio.sleep(0.05)
    for piece in registers(rtu(b"\x01\x03\0\0\0\x02"), 513):
        line.data_received(bytes([piece]))
    assert await asked == [513, 513]
    endpoint.close()


async def test_a_silent_units_late_answer_does_not_spoil_its_neighbours(over_serial: Speak) -> None:
    async def reply(frame: bytes) -> bytes:
        await asyncio.sleep(1.3 * QUICK.answer_s_max if frame[0] == 2 else 0.6 * QUICK.answer_s_max)
        return registers(frame, 100 + frame[0])

    endpoint = await opened(await over_serial(reply))
    with pytest.raises(DeviceUnreachable, match=r"no answer within"):
        await read(endpoint, 2)
    assert await read(endpoint, 3) == [103, 103]
    assert await read(endpoint, 3) == [103, 103]
    endpoint.close()


@pytest.mark.parametrize("way", ["over_tcp", "over_serial"])
async def test_a_cancelled_questions_answer_is_not_taken_for_the_next_one(
    ways: dict[str, Speak], way: str
) -> None:
    values = iter(range(1, 100))

    async def reply(frame: bytes) -> bytes:
        value = next(values)
        await asyncio.sleep(0.3)
        return registers(frame, value)

    endpoint = await opened(await ways[way](reply))
    for _ in range(2):  # the second one is cancelled while it waits, and must not forget why
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await read(endpoint)
        await endpoint.open()
    assert await read(endpoint) == [2, 2]
    endpoint.close()


async def test_bytes_that_nobody_asked_for_are_dropped_from_a_serial_line(
    over_serial: Speak, stack: ExitStack
) -> None:
    async def reply(frame: bytes) -> bytes:
        return registers(frame, 42)

    bus = SerialBus(reply, stack)
    where = Endpoint(transport="serial", host="", port=0, serial=SerialLine(device=bus.path))
    endpoint = await opened(where)
    stray = registers(b"\x01\x03\0\0\0\x02", 13)
    os.write(bus.far, stray)
    assert await read(endpoint) == [42, 42]
    os.write(bus.far, stray[:5])
    assert await read(endpoint) == [42, 42]
    endpoint.close()


@pytest.mark.parametrize("way", ["over_tcp", "over_serial"])
async def test_a_garbled_answer_is_asked_for_once_more_and_a_write_never(
    ways: dict[str, Speak], way: str
) -> None:
    asked: list[int] = []

    async def reply(frame: bytes) -> bytes:
        asked.append(frame[1])
        return registers(frame, 8) if asked == [3, 3] else b"\x01\x03\x04\0\0\0\0\0\0"

    endpoint = await opened(await ways[way](reply))
    assert await read(endpoint) == [8, 8]
    with pytest.raises(DeviceUnreachable, match="writing"):
        await endpoint.write(1, Table.HOLDING, address=0, values=[1], single=True)
    assert asked == [3, 3, 6]
    endpoint.close()


NOISY: dict[str, Callable[[bytes], bytes]] = {
    "a_byte_before": lambda answer: b"\x00" + answer,
    "a_byte_like_the_unit_before": lambda answer: b"\x01" + answer,
    "four_bytes_before": lambda answer: b"\xff\x00\xff\x03" + answer,
}


@pytest.mark.parametrize("noise", NOISY.values(), ids=NOISY)
@pytest.mark.parametrize("way", ["over_tcp", "over_serial"])
async def test_an_answer_counts_behind_noise_when_its_checksum_holds(
    ways: dict[str, Speak], way: str, noise: Callable[[bytes], bytes]
) -> None:
    asked = 0

    async def reply(frame: bytes) -> bytes:
        nonlocal asked
        asked += 1
        return noise(registers(frame, 513))

    endpoint = await opened(await ways[way](reply), ONCE)
    assert await read(endpoint) == [513, 513]
    assert asked == 1
    endpoint.close()


@pytest.mark.parametrize("wrong_at", range(9))
@pytest.mark.parametrize("way", ["over_tcp", "over_serial"])
async def test_one_wrong_byte_costs_a_silent_interval_and_not_the_answers_time(
    ways: dict[str, Speak], way: str, wrong_at: int
) -> None:
    asked = 0

    async def reply(frame: bytes) -> bytes:
        nonlocal asked
        asked += 1
        answer = bytearray(registers(frame, 513))
        if asked == 1:
            answer[wrong_at] ^= 0x55
        return bytes(answer)

    endpoint = await opened(await ways[way](reply), Patience(connect_s_max=5.0, answer_s_max=8.0))
    begun_s = time.monotonic()
    assert await read(endpoint) == [513, 513]
    assert time.monotonic() - begun_s < 2.0
    assert asked == 2
    endpoint.close()


async def test_noise_before_an_answer_that_is_still_to_come_ends_nothing(
    over_serial: Speak, stack: ExitStack
) -> None:
    asked = 0

    async def reply(frame: bytes) -> bytes:
        nonlocal asked
        asked += 1
        os.write(bus.far, b"\xff\xfe\xfd")
        await asyncio.sleep(0.2)
        return registers(frame, 42)

    bus = SerialBus(reply, stack)
    where = Endpoint(transport="serial", host="", port=0, serial=SerialLine(device=bus.path))
    endpoint = await opened(where, ONCE)
    assert await read(endpoint) == [42, 42]
    assert asked == 1
    endpoint.close()


async def test_who_waits_for_the_end_of_its_old_question_keeps_nobody_else_waiting(
    over_serial: Speak,
) -> None:
    async def reply(frame: bytes) -> bytes | None:
        if frame[0] == 2:
            await asyncio.sleep(0.3)
        return registers(frame, 100 + frame[0])

    endpoint = await opened(await over_serial(reply), Patience(connect_s_max=5.0, answer_s_max=1.5))
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await read(endpoint, 2)
    begun_s = time.monotonic()
    again = asyncio.create_task(read(endpoint, 2))
    await asyncio.sleep(0)
    assert await read(endpoint, 3) == [103, 103]
    assert time.monotonic() - begun_s < 1.0
    assert await again == [102, 102]
    endpoint.close()


async def test_the_pause_is_kept_after_each_answer_of_the_unit_that_needs_it(over_tcp: Speak) -> None:
    asked: list[tuple[int, float]] = []

    async def reply(frame: bytes) -> bytes:
        asked.append((frame[0], time.monotonic()))
        return registers(frame, 1)

    where = await over_tcp(reply)
    slow, quick = await opened(where, pauses={1: 0.2}), await opened(where)
    for unit in (1, 2, 1, 2):
        await read(slow, unit)
    waits_s = [after - before for (_, before), (_, after) in pairwise(asked)]
    assert waits_s[0] >= 0.2
    assert waits_s[1] < 0.15
    assert waits_s[2] >= 0.2
    asked.clear()
    for _ in range(3):
        await read(quick)
    assert asked[-1][1] - asked[0][1] < 0.2
    for endpoint in (slow, quick):
        endpoint.close()


@pytest.mark.parametrize("path", ["/dev/nobody_is_here", "/dev/null"])
async def test_what_is_no_serial_line_is_unreachable_and_says_what_to_check(path: str) -> None:
    where = Endpoint(transport="serial", host="", port=0, serial=SerialLine(device=path))
    with pytest.raises(DeviceUnreachable, match=f"{path} cannot be opened: .*check the path"):
        await opened(where)


async def test_a_serial_line_that_somebody_holds_is_unreachable(over_serial: Speak) -> None:
    async def reply(frame: bytes) -> bytes:
        return registers(frame, 1)

    where = await over_serial(reply)
    first = await opened(where)
    with pytest.raises(DeviceUnreachable, match="nobody else uses it"):
        await opened(where)
    assert await read(first) == [1, 1]
    first.close()
    second = await opened(where)
    assert await read(second) == [1, 1]
    second.close()


def test_nothing_goes_unprotected_to_a_device_that_is_reached_through_tls() -> None:
    where = Endpoint(transport="tls", host="127.0.0.1", port=802, serial=None)
    with pytest.raises(ValueError, match="needs its context"):
        ModbusEndpoint(where, QUICK)


async def test_an_address_without_a_port_of_that_kind_is_unreachable() -> None:
    with pytest.raises(DeviceUnreachable, match="accepts no connection"):
        await opened(tcp(9))


async def test_a_line_that_never_falls_silent_is_unreachable_and_says_so(stack: ExitStack) -> None:
    async def reply(frame: bytes) -> bytes:
        return registers(frame, 42)

    bus = SerialBus(reply, stack)
    where = Endpoint(transport="serial", host="", port=0, serial=SerialLine(device=bus.path, baud_rate=300))
    endpoint = await opened(where, Patience(answer_s_max=0.1, retries=0))

    async def babble() -> None:
        while True:
            os.write(bus.far, b"\x55")
            await asyncio.sleep(0.02)

    babbling = asyncio.create_task(babble())
    with pytest.raises(DeviceUnreachable, match="has not been silent"):
        await read(endpoint)
    babbling.cancel()
    assert await read(endpoint) == [42, 42]
    endpoint.close()
