"""Modbus behind TLS: pymodbus's server, certificates that are not to be believed, and devices that hang."""

import asyncio
import dataclasses
import socket
import ssl
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import cast

import pytest
import trustme
from pymodbus.server import ModbusTlsServer
from pymodbus.simulator import DataType, SimData, SimDevice

from energy.devices.field import ModbusField
from energy.devices.field_settings import FieldSettings
from energy.devices.layout import Table
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
from energy.errors import BadInput, DeviceUnreachable, Fault
from energy.region.asset import Endpoint
from energy.region.model import Region
from tests.devices.conftest import PATIENT, Bank, region_at

Serve = Callable[[], tuple[int, Bank]]
UNIT = 7
AT = datetime(2026, 1, 1, tzinfo=UTC)
END_OF_ALL = datetime(3100, 1, 1, tzinfo=UTC)
START_S_MAX = 5.0
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


@pytest.fixture
def hanging(authority: trustme.CA) -> Iterator[Endpoint]:
    """Start a TLS server that shakes hands and then hangs: it reads nothing and closes nothing."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    listener = socket.create_server(("127.0.0.1", 0))
    held: list[ssl.SSLSocket] = []

    def accept() -> None:
        while True:
            try:
                peer, _ = listener.accept()
                held.append(context.wrap_socket(peer, server_side=True))
            except OSError:
                if listener.fileno() < 0:
                    return

    accepting = threading.Thread(target=accept, daemon=True)
    accepting.start()
    port = listener.getsockname()[1]
    yield Endpoint(transport="tls", host="127.0.0.1", port=port, serial=None)
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()
    accepting.join(timeout=START_S_MAX)
    for peer in held:
        peer.close()


def open_connections_to(port: int) -> int:
    """Count our connections that stand, from the kernel's own table (proc_pid_net(5): state 1)."""
    lines = Path("/proc/net/tcp").read_text(encoding="ascii").splitlines()[1:]
    entries = [line.split() for line in lines]
    return sum(int(entry[2].split(":")[1], 16) == port and entry[3] == "01" for entry in entries)


async def test_a_tls_device_that_hangs_sees_one_connection_of_ours_and_no_more(
    hanging: Endpoint, files: TlsFiles
) -> None:
    patience = Patience(connect_s_max=5.0, answer_s_max=0.2)
    endpoint = ModbusEndpoint(hanging, patience, tls=context_of(files, None))
    for _ in range(4):
        await endpoint.open()
        assert open_connections_to(hanging.port) == 1
        with pytest.raises(DeviceUnreachable, match="no answer"):
            await endpoint.read(UNIT, Table.HOLDING, address=3, count=2)
    await asyncio.sleep(0.05)
    assert open_connections_to(hanging.port) == 0
    endpoint.close()


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
