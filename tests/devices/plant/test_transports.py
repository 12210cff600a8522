"""Every way to a device, with the driver's own endpoint at the other end."""

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import pytest
import trustme

from energy.devices.layout import Table
from energy.devices.modbus import ModbusEndpoint, Patience
from energy.devices.plant.certificates import AUTHORITY, CERTIFICATE, KEY, PlantTls, context_of, tls_named_in
from energy.devices.plant.control_client import PlantControl
from energy.devices.plant.conversation import CONNECTIONS_MAX
from energy.devices.plant.faults import FaultDetail, FaultKind
from energy.devices.plant.run import PlantSettings, run_plant
from energy.errors import BadInput, DeviceRefused, DeviceUnreachable
from energy.region.model import Region
from tests.devices.plant.conftest import free_ports
from tests.devices.plant.maps import SG_READY
from tests.devices.plant.site import START, site

PATIENCE = Patience(connect_s_max=5.0, answer_s_max=1.0)


def pump_site(folder: Path, device: str) -> Region:
    ports = free_ports(2)
    return site(folder, "heat_pump", "sg_ready", own_map=SG_READY, ports=ports, device=device)


@asynccontextmanager
async def plant_of(region: Region, tls: PlantTls | None = None) -> AsyncIterator[PlantControl]:
    ready: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    settings = PlantSettings(
        region=region, start=START, seed=1, tls=tls or PlantTls(), on_ready=ready.set_result
    )
    plant = asyncio.create_task(run_plant(settings))
    await asyncio.wait([plant, ready], return_when=asyncio.FIRST_COMPLETED)
    if plant.done():
        plant.result()
    async with await PlantControl.connect(ready.result()) as control:
        yield control
        await control.stop()
    await plant


@asynccontextmanager
async def endpoint_of(region: Region, tls: ssl.SSLContext | None = None) -> AsyncIterator[ModbusEndpoint]:
    endpoint = ModbusEndpoint(region.asset("it").device.endpoint, PATIENCE, tls=tls)
    await endpoint.open()
    try:
        yield endpoint
    finally:
        endpoint.close()


async def converse(endpoint: ModbusEndpoint, control: PlantControl) -> None:
    """Read all tables, write both coils, be refused, wait for the slow, and see what became of it."""
    assert list(await endpoint.read(1, Table.COIL, address=5, count=2)) == [0, 0]
    assert list(await endpoint.read(1, Table.DISCRETE, address=3, count=1)) == [1]
    assert len(await endpoint.read(1, Table.INPUT, address=10, count=8)) == 8
    assert len(await endpoint.read(1, Table.HOLDING, address=20, count=1)) == 1
    await endpoint.write(1, Table.COIL, address=6, values=[1], single=True)
    await endpoint.write(1, Table.COIL, address=5, values=[0], single=False)
    await control.advance_to(START + timedelta(minutes=1))
    assert list(await endpoint.read(1, Table.INPUT, address=10, count=2)) == [0, 0]
    with pytest.raises(DeviceRefused):
        await endpoint.read(1, Table.HOLDING, address=99, count=1)
    await control.set_fault("it", FaultKind.SLOW, detail=FaultDetail(answer_s=0.2))
    assert len(await endpoint.read(1, Table.HOLDING, address=20, count=1)) == 1
    await control.set_fault("it", FaultKind.SILENT)
    with pytest.raises(DeviceUnreachable):
        await endpoint.read(1, Table.HOLDING, address=20, count=1)


async def test_tcp(tmp_path: Path) -> None:
    region = pump_site(tmp_path / "s", f"host: 127.0.0.1, port: {free_ports(1)[0]}")
    async with plant_of(region) as control, endpoint_of(region) as endpoint:
        await converse(endpoint, control)


async def test_rtu_over_tcp(tmp_path: Path) -> None:
    device = f"host: 127.0.0.1, port: {free_ports(1)[0]}, transport: rtu_over_tcp"
    region = pump_site(tmp_path / "s", device)
    async with plant_of(region) as control, endpoint_of(region) as endpoint:
        await converse(endpoint, control)


async def test_a_unit_that_is_not_there_is_silent_where_there_is_no_gateway(tmp_path: Path) -> None:
    device = f"host: 127.0.0.1, port: {free_ports(1)[0]}, transport: rtu_over_tcp"
    region = pump_site(tmp_path / "s", device)
    async with plant_of(region), endpoint_of(region) as endpoint:
        with pytest.raises(DeviceUnreachable):
            await endpoint.read(77, Table.HOLDING, address=20, count=1)


@pytest.fixture
async def null_modem(tmp_path: Path) -> AsyncIterator[Callable[[int], str]]:
    """Two ends of a serial line, made by socat; they stand below /dev, as a region file wants it."""
    process = await asyncio.create_subprocess_exec(
        "socat", "-d", "-d", "pty,rawer", "pty,rawer", stderr=asyncio.subprocess.PIPE
    )
    assert process.stderr is not None
    ends: list[str] = []
    async with asyncio.timeout(10.0):
        while len(ends) < 2:
            line = (await process.stderr.readline()).decode()
            if "PTY is " in line:
                ends.append(line.split("PTY is ")[1].strip())
    yield ends.__getitem__
    process.terminate()
    await process.wait()


async def test_a_serial_line(tmp_path: Path, null_modem: Callable[[int], str]) -> None:
    ours, theirs = null_modem(0), null_modem(1)
    line = "transport: serial, serial: {{device: {}, baud_rate: 115200}}"
    served = pump_site(tmp_path / "served", line.format(theirs))
    asked = pump_site(tmp_path / "asked", line.format(ours))
    async with plant_of(served) as control, endpoint_of(asked) as endpoint:
        await converse(endpoint, control)


async def test_a_serial_line_that_is_not_there_is_bad_input(tmp_path: Path) -> None:
    region = pump_site(tmp_path / "s", "transport: serial, serial: {device: /dev/ttyNowhere}")
    with pytest.raises(BadInput, match="/dev/ttyNowhere"):
        await run_plant(PlantSettings(region=region, start=START, seed=1))


@pytest.fixture
def authority() -> trustme.CA:
    return trustme.CA()


def files_of(authority: trustme.CA, folder: Path, name: str) -> PlantTls:
    folder.mkdir()
    certificate = authority.issue_cert(name)
    certificate.private_key_pem.write_to_path(folder / "key.pem")
    certificate.cert_chain_pems[0].write_to_path(folder / "certificate.pem")
    authority.cert_pem.write_to_path(folder / "authority.pem")
    return tls_named_in(
        {
            AUTHORITY: str(folder / "authority.pem"),
            CERTIFICATE: str(folder / "certificate.pem"),
            KEY: str(folder / "key.pem"),
        }
    )


def client_context(authority: trustme.CA, client: trustme.CA | None) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    authority.configure_trust(context)
    if client is not None:
        client.issue_cert("controller@example.org").configure_cert(context)
    return context


async def test_tls_between_those_who_know_each_other(tmp_path: Path, authority: trustme.CA) -> None:
    device = f"host: 127.0.0.1, port: {free_ports(1)[0]}, transport: tls"
    region = pump_site(tmp_path / "s", device)
    tls = files_of(authority, tmp_path / "tls", "127.0.0.1")
    async with (
        plant_of(region, tls) as control,
        endpoint_of(region, client_context(authority, authority)) as endpoint,
    ):
        await converse(endpoint, control)
        await control.set_fault("it", FaultKind.RESET)
        async with endpoint_of(region, client_context(authority, authority)) as other:
            with pytest.raises(DeviceUnreachable):
                await other.read(1, Table.HOLDING, address=20, count=1)


@pytest.mark.parametrize("stranger", [None, trustme.CA()], ids=["no certificate", "of another authority"])
async def test_tls_answers_no_stranger(
    tmp_path: Path, authority: trustme.CA, stranger: trustme.CA | None
) -> None:
    device = f"host: 127.0.0.1, port: {free_ports(1)[0]}, transport: tls"
    region = pump_site(tmp_path / "s", device)
    tls = files_of(authority, tmp_path / "tls", "127.0.0.1")
    async with plant_of(region, tls):
        with pytest.raises(DeviceUnreachable):
            async with endpoint_of(region, client_context(authority, stranger)) as endpoint:
                await endpoint.read(1, Table.HOLDING, address=20, count=1)


async def test_tls_without_certificates_is_bad_input(tmp_path: Path) -> None:
    region = pump_site(tmp_path / "s", f"host: 127.0.0.1, port: {free_ports(1)[0]}, transport: tls")
    with pytest.raises(BadInput) as caught:
        await run_plant(PlantSettings(region=region, start=START, seed=1))
    assert {fault.place for fault in caught.value.faults} == {AUTHORITY, CERTIFICATE, KEY}


def test_files_that_are_no_certificates_are_bad_input(tmp_path: Path) -> None:
    path = tmp_path / "empty.pem"
    path.write_text("nothing")
    with pytest.raises(BadInput, match=CERTIFICATE):
        context_of(PlantTls(authority=path, certificate=path, key=path))


async def test_one_client_too_many_is_turned_away_and_the_others_go_on(tmp_path: Path) -> None:
    region = pump_site(tmp_path / "s", f"host: 127.0.0.1, port: {free_ports(1)[0]}")
    where = region.asset("it").device.endpoint
    async with plant_of(region), endpoint_of(region) as endpoint:
        writers = [
            (await asyncio.open_connection(where.host, where.port))[1] for _ in range(CONNECTIONS_MAX - 1)
        ]
        reader, writer = await asyncio.open_connection(where.host, where.port)
        with contextlib.suppress(ConnectionError):
            assert await reader.read(1) == b""
        assert list(await endpoint.read(1, Table.COIL, address=5, count=2)) == [0, 0]
        for one in (*writers, writer):
            one.close()
