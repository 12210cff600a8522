"""Debian's mbpoll (libmodbus) reads and writes the plant: a client that shares no line with us."""

import asyncio
import re
from datetime import timedelta
from pathlib import Path

import pytest

from energy.devices.plant.faults import FaultKind
from energy.region.model import Region
from tests.devices.plant.conftest import free_ports, running
from tests.devices.plant.maps import SG_READY, TWO_LIMITS
from tests.devices.plant.site import START, site

COIL, DISCRETE, INPUT, HOLDING = "0", "1", "3", "4"
_SHOWN = re.compile(r"^\[(\d+)\]:\s+(\S+)", re.MULTILINE)


@pytest.fixture
def pump_site(tmp_path: Path) -> Region:
    return site(tmp_path / "pump", "heat_pump", "sg_ready", own_map=SG_READY, ports=free_ports(2))


@pytest.fixture
def battery_site(tmp_path: Path) -> Region:
    return site(tmp_path / "battery", "battery", "two_limits", own_map=TWO_LIMITS, ports=free_ports(2))


async def mbpoll(
    region: Region, table: str, address: int, *values: str, count: int = 1, big_endian: bool = False
) -> tuple[int, str]:
    """Give mbpoll's exit code and what it says; with values it writes them."""
    device = region.asset("it").device
    options = ["-m", "tcp", "-p", str(device.endpoint.port), "-a", str(device.unit), "-0", "-1", "-o", "5"]
    options += ["-t", table, "-r", str(address), *(["-B"] if big_endian else [])]
    options += [] if values else ["-c", str(count)]
    process = await asyncio.create_subprocess_exec(
        "mbpoll",
        *options,
        device.endpoint.host,
        *(["--", *values] if values else []),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said, _ = await process.communicate()
    return process.returncode or 0, said.decode()


async def shown(region: Region, table: str, address: int, *, count: int = 1) -> dict[int, str]:
    code, said = await mbpoll(region, table, address, count=count)
    assert code == 0, said
    return {int(place): value for place, value in _SHOWN.findall(said)}


async def test_all_four_tables_are_read(pump_site: Region) -> None:
    async with running(pump_site, start=START) as control:
        await control.advance_to(START + timedelta(minutes=5))
        truth = (await control.truth())["it"]
        assert await shown(pump_site, COIL, 5, count=2) == {5: "0", 6: "0"}
        assert await shown(pump_site, DISCRETE, 3) == {3: "1"}
        assert await shown(pump_site, f"{INPUT}:int", 10) == {10: str(round(1000 * truth["power_kw"]))}
        heat_w = round(-1000 * truth["heat_kw"])
        assert heat_w > 1_000_000
        assert await shown(pump_site, f"{INPUT}:int", 12) == {12: str(heat_w)}
        [temperature] = (await shown(pump_site, HOLDING, 20)).values()
        assert int(temperature) - 65_536 == round(10 * truth["temperature_c"])


async def test_coils_are_written_one_by_one_and_together(pump_site: Region) -> None:
    async with running(pump_site, start=START) as control:
        for coils in (("0",), ("0", "1")):
            code, said = await mbpoll(pump_site, COIL, 5, *coils)
            assert code == 0, said
        assert await shown(pump_site, COIL, 5, count=2) == {5: "0", 6: "1"}
        at = await control.advance_to(START + timedelta(minutes=2))
        assert (await control.truth())["it"]["power_kw"] == 0.0
        await mbpoll(pump_site, COIL, 5, "1")
        await control.advance_to(at + timedelta(minutes=2))
        assert await shown(pump_site, f"{INPUT}:int", 10) == {10: "800000"}


async def test_registers_are_written_one_by_one_and_together(battery_site: Region) -> None:
    async with running(battery_site, start=START) as control:
        code, said = await mbpoll(battery_site, HOLDING, 12, "65036")
        assert code == 0, said
        code, said = await mbpoll(battery_site, f"{HOLDING}:int", 10, "-400000")
        assert code == 0, said
        assert await shown(battery_site, f"{HOLDING}:int", 10) == {10: "-400000"}
        assert await shown(battery_site, f"{INPUT}:int", 20) == {20: "-400000"}
        await control.advance_to(START + timedelta(minutes=1))
        assert await shown(battery_site, f"{INPUT}:float", 0) == {0: "-400"}


async def test_what_a_device_does_not_have_is_refused(battery_site: Region) -> None:
    async with running(battery_site, start=START):
        for table, address, why in (
            (HOLDING, 50, "Illegal data address"),
            (COIL, 0, "Illegal function"),
            (DISCRETE, 0, "Illegal function"),
        ):
            _, said = await mbpoll(battery_site, table, address)
            assert why in said


async def test_faults_are_seen_by_any_client(battery_site: Region) -> None:
    async with running(battery_site, start=START) as control:
        await control.set_fault("it", FaultKind.RESET)
        _, said = await mbpoll(battery_site, INPUT, 3)
        assert "Connection reset by peer" in said
        await control.set_fault("it", FaultKind.EXCEPTION)
        _, said = await mbpoll(battery_site, INPUT, 3)
        assert "Illegal function" in said
        await control.set_fault("it", FaultKind.SHORT)
        _, said = await mbpoll(battery_site, INPUT, 2, count=2)
        assert "failed" in said
        await control.clear_fault("it")
        assert len(await shown(battery_site, INPUT, 2, count=2)) == 2


async def test_two_units_behind_one_port_are_told_apart(battery_site: Region) -> None:
    async with running(battery_site, start=START) as control:
        await control.set_fault("load", FaultKind.SILENT)
        assert await shown(battery_site, HOLDING, 100) == {100: str(int.from_bytes(b"Te", "big"))}
