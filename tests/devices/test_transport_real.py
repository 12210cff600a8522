"""Other people's Modbus: libmodbus over TCP and over a serial line, and pyModbusTCP."""

import shutil
import subprocess
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack

import pytest

from energy.devices.codec import encode, raw_number
from energy.devices.layout import Layout, Order, Sign, Table, Unit, ValueType
from energy.devices.modbus import ModbusEndpoint, Patience
from energy.errors import DeviceRefused, DeviceUnreachable
from energy.region.asset import Endpoint, SerialLine
from tests.devices.conftest import PATIENT, Bank, tcp
from tests.devices.servers.libmodbus import libmodbus_server

Serve = Callable[[], tuple[int, Bank]]
UNIT = 7
BAUD_RATE = 115200
START_S_MAX = 5.0
FLOAT = -1234.5
NUMBERS: dict[str, tuple[int, ValueType, Order, Order, float]] = {
    "int16": (1000, ValueType.INT16, Order.BIG, Order.BIG, -12345),
    "uint16": (1001, ValueType.UINT16, Order.BIG, Order.BIG, 54321),
    "int32": (1002, ValueType.INT32, Order.BIG, Order.BIG, -123456789),
    "uint32": (1004, ValueType.UINT32, Order.BIG, Order.BIG, 3456789012),
    "int64": (1006, ValueType.INT64, Order.BIG, Order.BIG, -1234567890123456789),
    "uint64": (1010, ValueType.UINT64, Order.BIG, Order.BIG, 12345678901234567890),
    "float32_abcd": (1014, ValueType.FLOAT32, Order.BIG, Order.BIG, FLOAT),
    "float64": (1016, ValueType.FLOAT64, Order.BIG, Order.BIG, -1234567.890625),
    "float32_dcba": (1020, ValueType.FLOAT32, Order.LITTLE, Order.LITTLE, FLOAT),
    "float32_badc": (1022, ValueType.FLOAT32, Order.LITTLE, Order.BIG, FLOAT),
    "float32_cdab": (1024, ValueType.FLOAT32, Order.BIG, Order.LITTLE, FLOAT),
}
"""What the C server puts there."""


@pytest.fixture(scope="module")
def pseudo_line(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    """Join two pseudo terminals by socat; gives the paths of both ends below /dev."""
    socat = shutil.which("socat")
    assert socat is not None, "socat is missing; see the apt line in the README"
    folder = tmp_path_factory.mktemp("line")
    ends = [folder / "ours", folder / "theirs"]
    with subprocess.Popen([socat, *(f"pty,raw,echo=0,link={end}" for end in ends)]) as process:
        until_s = time.monotonic() + START_S_MAX
        while not all(end.exists() for end in ends):
            assert time.monotonic() < until_s, "socat did not start"
            time.sleep(0.02)
        yield str(ends[0].resolve()), str(ends[1].resolve())
        process.terminate()


@pytest.fixture(params=["tcp", "serial"])
async def libmodbus(
    request: pytest.FixtureRequest, pseudo_line: tuple[str, str]
) -> AsyncIterator[ModbusEndpoint]:
    """Connect to libmodbus."""
    with ExitStack() as stack:
        if request.param == "tcp":
            _, said = stack.enter_context(libmodbus_server("tcp", "1"))
            where = tcp(int(said))
        else:
            ours, theirs = pseudo_line
            stack.enter_context(libmodbus_server("rtu", theirs, str(BAUD_RATE), str(UNIT)))
            line = SerialLine(device=ours, baud_rate=BAUD_RATE)
            where = Endpoint(transport="serial", host="", port=0, serial=line)
        endpoint = ModbusEndpoint(where, PATIENT)
        await endpoint.open()
        yield endpoint
        endpoint.close()


def layout(name: str, table: Table = Table.HOLDING, address: int | None = None) -> Layout:
    own, kind, byte_order, word_order, _ = NUMBERS[name]
    return Layout(
        table=table,
        address=own if address is None else address,
        type=kind,
        byte_order=byte_order,
        word_order=word_order,
        unit=Unit.ONE,
        sign=Sign.AS_OURS,
    )


async def number(endpoint: ModbusEndpoint, where: Layout) -> float | None:
    registers = await endpoint.read(UNIT, where.table, address=where.address, count=where.width)
    return raw_number(where, registers)


async def test_every_type_in_every_order_is_read_from_libmodbus(libmodbus: ModbusEndpoint) -> None:
    for name, (*_, expected) in NUMBERS.items():
        for table in (Table.HOLDING, Table.INPUT):
            assert await number(libmodbus, layout(name, table)) == expected, (name, table)


async def test_all_four_tables_of_libmodbus_are_read(libmodbus: ModbusEndpoint) -> None:
    for table in (Table.COIL, Table.DISCRETE):
        bits = await libmodbus.read(UNIT, table, address=5, count=300)
        assert list(bits) == [int((5 + index) % 3 == 0) for index in range(300)]
    for table in (Table.HOLDING, Table.INPUT):
        registers = await libmodbus.read(UNIT, table, address=11, count=125)
        assert list(registers) == [7 * (11 + index) + 1 for index in range(125)]


async def test_what_is_written_to_libmodbus_is_read_back(libmodbus: ModbusEndpoint) -> None:
    await libmodbus.write(UNIT, Table.COIL, address=100, values=[1], single=True)
    await libmodbus.write(UNIT, Table.COIL, address=101, values=[1, 0, 1, 1, 0, 0, 1, 0, 1], single=False)
    bits = await libmodbus.read(UNIT, Table.COIL, address=100, count=10)
    assert list(bits) == [1, 1, 0, 1, 1, 0, 0, 1, 0, 1]
    await libmodbus.write(UNIT, Table.COIL, address=100, values=[0], single=True)
    assert list(await libmodbus.read(UNIT, Table.COIL, address=100, count=1)) == [0]
    await libmodbus.write(UNIT, Table.HOLDING, address=200, values=[0xBEEF], single=True)
    assert list(await libmodbus.read(UNIT, Table.HOLDING, address=200, count=1)) == [0xBEEF]
    for name, (*_, value) in NUMBERS.items():
        place = layout(name, address=300)
        await libmodbus.write(
            UNIT, Table.HOLDING, address=300, values=encode(place, value), single=place.width == 1
        )
        assert await number(libmodbus, place) == float(value), name


async def test_libmodbus_refuses_what_is_not_there_and_the_connection_stays(
    libmodbus: ModbusEndpoint,
) -> None:
    with pytest.raises(DeviceRefused, match=r"exception 2 \(illegal address\)"):
        await libmodbus.read(UNIT, Table.HOLDING, address=60000, count=2)
    assert libmodbus.is_open
    assert await number(libmodbus, layout("uint16")) == 54321


async def test_a_dead_unit_on_a_serial_line_leaves_the_living_one(pseudo_line: tuple[str, str]) -> None:
    ours, theirs = pseudo_line
    line = SerialLine(device=ours, baud_rate=BAUD_RATE)
    where = Endpoint(transport="serial", host="", port=0, serial=line)
    with libmodbus_server("rtu", theirs, str(BAUD_RATE), str(UNIT)):
        endpoint = ModbusEndpoint(where, Patience(answer_s_max=0.5))
        await endpoint.open()
        for _ in range(2):
            with pytest.raises(DeviceUnreachable, match="no answer within"):
                await endpoint.read(UNIT + 1, Table.HOLDING, address=1001, count=1)
            assert await number(endpoint, layout("uint16")) == 54321
        endpoint.close()


async def test_every_type_is_written_to_and_read_from_pymodbustcp(serve: Serve) -> None:
    port, bank = serve()
    endpoint = ModbusEndpoint(tcp(port), PATIENT)
    await endpoint.open()
    for name, (*_, value) in NUMBERS.items():
        place = layout(name, address=300)
        await endpoint.write(
            UNIT, Table.HOLDING, address=300, values=encode(place, value), single=place.width == 1
        )
        assert bank.get_holding_registers(300, place.width) == encode(place, value)
        assert await number(endpoint, place) == float(value), name
    endpoint.close()
