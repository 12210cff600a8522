"""Other people's Modbus: libmodbus over TCP and over a serial line, pyModbusTCP, and pymodbus behind TLS."""

import asyncio
import dataclasses
import shutil
import ssl
import subprocess
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import cast

import pytest
import trustme
from pymodbus.server import ModbusTlsServer
from pymodbus.simulator import DataType, SimData, SimDevice

from energy.devices.codec import encode, raw_number
from energy.devices.field import ModbusField
from energy.devices.field_settings import FieldSettings
from energy.devices.layout import Layout, Order, Sign, Table, Unit, ValueType
from energy.devices.map_library import maps_of
from energy.devices.modbus import ModbusEndpoint, Patience
from energy.devices.tls import (
    AUTHORITY,
    CERTIFICATE,
    KEY,
    KEY_PASSWORD,
    TlsFiles,
    context_of,
    files_named_in,
)
from energy.domain import Quality
from energy.errors import BadInput, DeviceRefused, DeviceUnreachable, Fault
from energy.region.asset import Endpoint, SerialLine
from energy.region.model import Region
from tests.devices.conftest import PATIENT, Bank, region_at, tcp
from tests.devices.servers.libmodbus import libmodbus_server

Serve = Callable[[], tuple[int, Bank]]
UNIT = 7
BAUD_RATE = 115200
AT = datetime(2026, 1, 1, tzinfo=UTC)
END_OF_ALL = datetime(3100, 1, 1, tzinfo=UTC)
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


Secured = Callable[..., Awaitable[Endpoint]]


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
async def secured(authority: trustme.CA) -> AsyncIterator[Secured]:
    """Start pymodbus's TLS servers; they show a certificate of our choice and want a client's."""
    servers: list[ModbusTlsServer] = []

    async def start(certificate: trustme.LeafCert, *, host: str = "127.0.0.1") -> Endpoint:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.verify_mode = ssl.CERT_REQUIRED
        authority.configure_trust(context)
        certificate.configure_cert(context)
        device = SimDevice(UNIT, [SimData(0, count=50, values=21, datatype=DataType.REGISTERS)])
        server = ModbusTlsServer(device, address=("127.0.0.1", 0), sslctx=context)
        await server.serve_forever(background=True)
        servers.append(server)
        listener = cast("asyncio.Server", server.transport)  # pymodbus names the base of all transports
        port = listener.sockets[0].getsockname()[1]
        return Endpoint(transport="tls", host=host, port=port, serial=None)

    yield start
    for server in servers:
        await server.shutdown()


def files_of(folder: Path, authority: trustme.CA, certificate: trustme.LeafCert) -> TlsFiles:
    """Write PEM files as an integrator would."""
    names = {"authority": authority.cert_pem, "certificate": certificate.cert_chain_pems[0]}
    for name, pem in {**names, "key": certificate.private_key_pem}.items():
        pem.write_to_path(folder / name)
        (folder / name).chmod(0o600)
    return TlsFiles(authority=folder / "authority", certificate=folder / "certificate", key=folder / "key")


@pytest.fixture
def files(tmp_path: Path, authority: trustme.CA) -> TlsFiles:
    return files_of(tmp_path, authority, authority.issue_cert("controller.example"))


async def read_secured(where: Endpoint, files: TlsFiles) -> list[int]:
    endpoint = ModbusEndpoint(where, PATIENT, tls=context_of(files, None))
    try:
        await endpoint.open()
        return list(await endpoint.read(UNIT, Table.HOLDING, address=3, count=2))
    finally:
        endpoint.close()


async def test_a_device_behind_tls_is_read(secured: Secured, authority: trustme.CA, files: TlsFiles) -> None:
    assert await read_secured(await secured(authority.issue_cert("127.0.0.1")), files) == [21, 21]
    named = await secured(authority.issue_cert("localhost"), host="localhost")
    assert await read_secured(named, files) == [21, 21]


UNBELIEVED: dict[str, tuple[Callable[[trustme.CA], trustme.LeafCert], str]] = {
    "of_another_authority": (lambda _: trustme.CA().issue_cert("127.0.0.1"), "issuer"),
    "of_another_device": (lambda own: own.issue_cert("192.0.2.7"), "(M|m)ismatch"),
    "of_another_name": (lambda own: own.issue_cert("battery.example"), "(M|m)ismatch"),
    "out_of_its_time": (
        lambda own: own.issue_cert("127.0.0.1", not_after=datetime(2021, 1, 1, tzinfo=UTC)),
        "expired",
    ),
}


@pytest.mark.parametrize(("make", "reason"), UNBELIEVED.values(), ids=UNBELIEVED)
async def test_a_certificate_that_is_not_to_be_believed_is_unreachable_and_says_why(
    secured: Secured,
    authority: trustme.CA,
    files: TlsFiles,
    make: Callable[[trustme.CA], trustme.LeafCert],
    reason: str,
) -> None:
    where = await secured(make(authority))
    with pytest.raises(DeviceUnreachable, match=f"{where.name} shows a certificate .*{reason}"):
        await read_secured(where, files)


async def test_a_device_that_does_not_accept_our_certificate_is_unreachable_and_says_so(
    secured: Secured, authority: trustme.CA, tmp_path: Path
) -> None:
    where = await secured(authority.issue_cert("127.0.0.1"))
    foreign = files_of(tmp_path, authority, trustme.CA().issue_cert("controller.example"))
    with pytest.raises(DeviceUnreachable, match="may not accept our client certificate"):
        await read_secured(where, foreign)


async def test_a_device_without_tls_is_not_spoken_to(serve: Serve, files: TlsFiles) -> None:
    port, _ = serve()
    where = Endpoint(transport="tls", host="127.0.0.1", port=port, serial=None)
    endpoint = ModbusEndpoint(where, Patience(connect_s_max=1.0), tls=context_of(files, None))
    with pytest.raises(DeviceUnreachable, match=where.name):
        await endpoint.open()
    assert not endpoint.is_open


async def test_nothing_below_tls_1_2_is_spoken(files: TlsFiles) -> None:
    context = context_of(files, None)
    assert context.minimum_version is ssl.TLSVersion.TLSv1_2
    assert context.check_hostname
    assert context.verify_mode is ssl.CERT_REQUIRED


def faults_of(files: TlsFiles, at: datetime = AT) -> tuple[Fault, ...]:
    with pytest.raises(BadInput) as caught:
        context_of(files, at)
    return caught.value.faults


def test_good_files_have_no_faults_and_keep_the_password_to_themselves(
    tmp_path: Path, files: TlsFiles
) -> None:
    context_of(files, datetime(2026, 1, 1, tzinfo=UTC))
    environment = {AUTHORITY: "/a", CERTIFICATE: "/c", KEY: "/k", KEY_PASSWORD: "secret"}
    named = files_named_in(environment)
    assert (named.authority, named.key_password) == (Path("/a"), "secret")
    assert "secret" not in repr(named)


def test_files_that_are_not_named_are_reported_all_at_once() -> None:
    assert [fault.place for fault in faults_of(files_named_in({}))] == [AUTHORITY, CERTIFICATE, KEY]


def test_files_that_are_missing_or_open_to_others_are_reported(tmp_path: Path, files: TlsFiles) -> None:
    assert files.certificate is not None
    assert files.key is not None
    files.certificate.unlink()
    files.key.chmod(0o644)
    missing, exposed = faults_of(files)
    assert missing.place == CERTIFICATE
    assert "cannot be read" in missing.limit
    assert exposed.place == KEY
    assert "others" in exposed.limit


def test_certificates_that_ran_out_are_reported_with_their_end(tmp_path: Path, authority: trustme.CA) -> None:
    end = datetime(2025, 5, 4, 3, 2, 1, tzinfo=UTC)
    old = files_of(tmp_path, authority, authority.issue_cert("controller.example", not_after=end))
    [fault] = faults_of(old)
    assert fault.place == CERTIFICATE
    assert end.isoformat() in fault.limit
    context_of(old, end - timedelta(seconds=1))


def test_an_authority_that_ran_out_is_reported(files: TlsFiles) -> None:
    places = {fault.place for fault in faults_of(files, END_OF_ALL)}
    assert places == {AUTHORITY, CERTIFICATE}


def test_a_key_of_another_certificate_and_an_empty_authority_are_reported(
    tmp_path: Path, files: TlsFiles
) -> None:
    assert files.authority is not None
    assert files.key is not None
    trustme.CA().issue_cert("other.example").private_key_pem.write_to_path(files.key)
    files.key.chmod(0o600)
    files.authority.write_text("nothing", encoding="ascii")
    assert [fault.place for fault in faults_of(files)] == [AUTHORITY, KEY]


def region_behind_tls(where: Endpoint) -> Region:
    """Give Musterstadt with only its load, behind TLS."""
    region = region_at({"load": where.port})
    [load] = region.assets
    device = dataclasses.replace(load.device, host=where.host, port=where.port, unit=UNIT, transport="tls")
    return dataclasses.replace(region, assets=(dataclasses.replace(load, device=device),))


async def test_a_field_reads_a_device_behind_tls(
    secured: Secured, authority: trustme.CA, files: TlsFiles
) -> None:
    region = region_behind_tls(await secured(authority.issue_cert("127.0.0.1")))
    settings = FieldSettings(patience=PATIENT, tls=files, read_s_max=20.0)
    field = ModbusField(region, maps_of(region), settings, now=lambda: AT)
    readings = await field.read(AT)
    await field.close()
    assert readings
    assert Quality.COMM_ERROR not in {reading.quality for reading in readings}


@pytest.mark.parametrize("settings", [None, FieldSettings(tls=files_named_in({}))])
def test_a_field_with_a_device_behind_tls_wants_its_files_before_it_starts(
    settings: FieldSettings | None,
) -> None:
    region = region_behind_tls(Endpoint(transport="tls", host="127.0.0.1", port=802, serial=None))
    with pytest.raises(BadInput, match=AUTHORITY):
        ModbusField(region, maps_of(region), settings)
