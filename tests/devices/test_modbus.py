"""One endpoint: what pymodbus raises and returns both end as our errors; doubt ends the connection."""

import asyncio
import socket
import time
from collections.abc import Awaitable, Callable

import pytest

from energy.devices.layout import Table
from energy.devices.modbus import ModbusEndpoint, Patience
from energy.errors import DeviceRefused, DeviceUnreachable
from tests.devices.conftest import PATIENT, QUICK, Answer, Bank, registers_reply, reply, tcp

Serve = Callable[[], tuple[int, Bank]]
Script = Callable[[Answer], Awaitable[int]]


async def opened(port: int, patience: Patience = PATIENT) -> ModbusEndpoint:
    endpoint = ModbusEndpoint(tcp(port), patience)
    await endpoint.open()
    return endpoint


async def test_a_third_partys_server_is_read_in_all_four_tables(serve: Serve) -> None:
    port, bank = serve()
    bank.set_input_registers(7, [1, 2, 3])
    bank.set_holding_registers(8, [4, 5])
    bank.set_coils(9, [True, False, True])
    bank.set_discrete_inputs(10, [False] * 8 + [True])
    endpoint = await opened(port)
    assert list(await endpoint.read(1, Table.INPUT, address=7, count=3)) == [1, 2, 3]
    assert list(await endpoint.read(1, Table.HOLDING, address=8, count=2)) == [4, 5]
    assert list(await endpoint.read(1, Table.COIL, address=9, count=3)) == [1, 0, 1]
    assert list(await endpoint.read(1, Table.DISCRETE, address=10, count=9)) == [0] * 8 + [1]
    endpoint.close()


@pytest.mark.parametrize("single", [True, False])
async def test_a_third_partys_server_takes_what_is_written(serve: Serve, single: bool) -> None:  # noqa: FBT001  a parameter of the test
    port, bank = serve()
    endpoint = await opened(port)
    await endpoint.write(1, Table.HOLDING, address=5, values=[0xABCD], single=single)
    await endpoint.write(1, Table.COIL, address=6, values=[1], single=single)
    assert bank.get_holding_registers(5, 1) == [0xABCD]
    assert bank.get_coils(6, 1) == [True]
    endpoint.close()


async def test_an_exception_is_a_refusal_and_keeps_the_connection(serve: Serve) -> None:
    port, _ = serve()
    endpoint = await opened(port)
    with pytest.raises(DeviceRefused, match=r"exception 2 \(illegal address\)"):
        await endpoint.read(1, Table.HOLDING, address=60000, count=1)
    with pytest.raises(DeviceRefused, match="exception 2"):
        await endpoint.write(1, Table.HOLDING, address=60000, values=[1], single=False)
    assert endpoint.is_open
    assert list(await endpoint.read(1, Table.HOLDING, address=0, count=1)) == [0]
    endpoint.close()


@pytest.mark.parametrize("code", [5, 6, 10, 11])
async def test_a_busy_device_may_be_asked_again(script: Script, code: int) -> None:
    endpoint = await opened(await script(lambda frame: reply(frame, bytes([frame[7] | 0x80, code]))))
    with pytest.raises(DeviceUnreachable, match=f"exception {code}"):
        await endpoint.read(1, Table.HOLDING, address=0, count=1)
    endpoint.close()


GARBLED: dict[str, Answer] = {
    "too_few_registers": lambda frame: registers_reply(frame, count=1),
    "no_registers_at_all": lambda frame: registers_reply(frame, count=0),
    "too_many_registers": lambda frame: registers_reply(frame, count=9),
    "another_transaction": lambda frame: reply(frame, b"\x03\x04\0\0\0\0", transaction=999),
    "another_unit": lambda frame: reply(frame, b"\x03\x04\0\0\0\0", unit=77),
    "another_function": lambda frame: reply(frame, b"\x04\x04\0\0\0\0"),
    "another_protocol": lambda _: b"\0\1\0\7\0\3\1\x83\2",
    "a_web_page": lambda _: b"HTTP/1.1 400 Bad Request\r\n\r\n",
    "an_unknown_function": lambda frame: reply(frame, b"\x64\x00\x00"),
    "a_byte_count_that_lies": lambda frame: reply(frame, b"\x03\x20\0\0"),
    "a_flood": lambda _: b"\0" * 300,
    "a_closed_connection": lambda _: None,
}


@pytest.mark.parametrize("answer", GARBLED.values(), ids=GARBLED)
async def test_an_answer_that_cannot_be_trusted_ends_the_connection_at_once(
    script: Script, answer: Answer
) -> None:
    endpoint = await opened(await script(answer))
    begun_s = time.monotonic()
    with pytest.raises(DeviceUnreachable, match=r"127\.0\.0\.1"):
        await endpoint.read(1, Table.HOLDING, address=0, count=2)
    assert time.monotonic() - begun_s < PATIENT.answer_s_max / 2
    assert not endpoint.is_open


async def test_silence_ends_after_the_answers_time(script: Script) -> None:
    async def never(frame: bytes) -> bytes:
        await asyncio.sleep(30)
        return b""

    endpoint = await opened(await script(never), QUICK)
    begun_s = time.monotonic()
    with pytest.raises(DeviceUnreachable, match=r"no answer within 0\.8 s"):
        await endpoint.read(1, Table.HOLDING, address=0, count=2)
    assert QUICK.answer_s_max <= time.monotonic() - begun_s < 3 * QUICK.answer_s_max
    assert not endpoint.is_open


async def test_a_late_answer_is_never_taken_for_the_next_one(script: Script) -> None:
    calls = 0

    async def late_once(frame: bytes) -> bytes:
        nonlocal calls
        calls += 1
        if calls == 1:
            await asyncio.sleep(1.5 * QUICK.answer_s_max)
        return registers_reply(frame, value=calls)

    endpoint = await opened(await script(late_once), QUICK)
    with pytest.raises(DeviceUnreachable):
        await endpoint.read(1, Table.HOLDING, address=0, count=1)
    await endpoint.open()
    await asyncio.sleep(QUICK.answer_s_max)
    assert list(await endpoint.read(1, Table.HOLDING, address=0, count=1)) == [2]
    endpoint.close()


async def test_a_cancelled_request_leaves_no_connection_in_doubt(script: Script) -> None:
    async def slow(frame: bytes) -> bytes:
        await asyncio.sleep(0.2)
        return registers_reply(frame)

    endpoint = await opened(await script(slow))
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await endpoint.read(1, Table.HOLDING, address=0, count=1)
    assert not endpoint.is_open


async def test_nobody_at_the_address_is_unreachable_and_says_where() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with pytest.raises(DeviceUnreachable, match=f"127.0.0.1:{port} accepts no connection"):
        await opened(port)


async def test_connections_are_counted_when_they_stand_and_not_when_they_are_used(script: Script) -> None:
    endpoint = ModbusEndpoint(tcp(await script(registers_reply)), PATIENT)
    assert endpoint.connections == 0
    for expected in (1, 2):
        await endpoint.open()
        await endpoint.open()
        await endpoint.read(1, Table.HOLDING, address=0, count=1)
        assert endpoint.connections == expected
        endpoint.close()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        nobody = ModbusEndpoint(tcp(free.getsockname()[1]), PATIENT)
        with pytest.raises(DeviceUnreachable):
            await nobody.open()
    assert nobody.connections == 0


async def test_a_write_confirmed_for_another_address_is_not_believed(script: Script) -> None:
    endpoint = await opened(await script(lambda frame: reply(frame, b"\x10\x00\x63\x00\x01")))
    with pytest.raises(DeviceUnreachable, match="confirms address 99"):
        await endpoint.write(1, Table.HOLDING, address=5, values=[1], single=False)
    assert not endpoint.is_open


@pytest.mark.parametrize("host", ["battery..lan", "x" * 64 + ".lan", "nul\0.lan"])
async def test_a_malformed_host_is_unreachable_and_nothing_worse(host: str) -> None:
    endpoint = ModbusEndpoint(tcp(502, host), QUICK)
    with pytest.raises(DeviceUnreachable, match="check the host and the port"):
        await endpoint.open()
    assert not endpoint.is_open
