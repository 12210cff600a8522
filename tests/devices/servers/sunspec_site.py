"""A served SunSpec device, scanned, in a region folder of its own, behind our field; time is the test's."""

import dataclasses
import re
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from energy.devices.field import ModbusField
from energy.devices.field_settings import FieldSettings
from energy.devices.map_library import check_devices, maps_of
from energy.devices.modbus import ModbusEndpoint, Patience
from energy.devices.scan.discovery import Wishes, discover
from energy.devices.scan.finding import Finding, Role
from energy.devices.scan.yaml_text import yaml_of
from energy.domain import Level, Outcome, Point, Reading, Setpoint
from energy.region.asset import Endpoint
from energy.region.loader import load_region, shipped_regions
from energy.region.model import Region
from tests.devices.servers.sunspec_image import Image, Registers, serving

AT = datetime(2020, 6, 1, 12, 0, tzinfo=UTC)
TICK_S = 5.0
REVERSION_S = 180.0
PATIENCE = Patience(connect_s_max=5.0, answer_s_max=5.0)
PV_KW = 10.0
"""What the region says of its solar park; half of it is the safe state."""
BATTERY_KW = 5.0


@dataclasses.dataclass(slots=True)
class Site:
    """One device in the field."""

    asset_id: str
    registers: Registers
    region: Region
    field: ModbusField
    finding: Finding
    at: datetime = AT

    def now_s(self) -> float:
        """Give the time of the device's own clock: that of the ticks."""
        return self.at.timestamp()

    async def read(self) -> dict[Point, Reading]:
        """Read, and let a tick pass."""
        readings, _ = await self.tick()
        return readings

    async def tick(self, power_kw: float | None = None) -> tuple[dict[Point, Reading], Outcome | None]:
        """Read, write what is asked, and let a tick pass."""
        readings = {reading.point: reading for reading in await self.field.read(self.at)}
        outcome = None
        if power_kw is not None:
            point = self.region.asset(self.asset_id).dispatch_point
            assert point is not None
            setpoint = Setpoint(
                asset_id=self.asset_id,
                point=point,
                power_kw=power_kw,
                valid_until=self.at + timedelta(seconds=150),
                level=Level.OPERATOR,
                reason="a test",
            )
            [outcome] = await self.field.apply([setpoint], self.at)
        self.at += timedelta(seconds=TICK_S)
        return readings, outcome

    def written(self) -> list[tuple[str, tuple[int, ...]]]:
        """Give what the device was told since the last call, in order."""
        told, self.registers.written = self.registers.written, []
        return told


@asynccontextmanager
async def site_of(
    image: Image, folder: Path, *, asset_id: str = "pv_park", role: Role | None = None
) -> AsyncIterator[Site]:
    """Serve a device, scan it, check a region that has it, and stand ready to read and write."""
    with serving(image) as (port, registers):
        finding = await _scanned(port, role)
        assert registers.written == [], "a scan writes nothing"
        text = yaml_of(finding.content, ["made by a test"])
        region = region_with(text, folder, asset_id=asset_id, port=port)
        check_devices(region)
        maps = maps_of(region)
        alone = dataclasses.replace(
            region, assets=tuple(asset for asset in region.assets if asset.id == asset_id)
        )
        field = ModbusField(alone, maps, FieldSettings(patience=PATIENCE, retry="in_tick"))
        try:
            yield Site(asset_id=asset_id, registers=registers, region=alone, field=field, finding=finding)
        finally:
            await field.close()


def region_with(text_of_map: str, folder: Path, *, asset_id: str, port: int) -> Region:
    """Make a region folder with the device as one of its assets; it only observes, as a new region does."""
    shutil.copytree(shipped_regions()["musterstadt"], folder)
    (folder / "profiles").mkdir()
    (folder / "profiles" / "scanned.yaml").write_text(text_of_map, encoding="utf-8")
    file = folder / "region.yaml"
    head, mark, tail = file.read_text(encoding="utf-8").partition(f"- id: {asset_id}\n")
    assert mark
    device = f"device: {{profile: scanned, host: 127.0.0.1, port: {port}, unit: 1}}"
    tail = re.sub(r"device: \{[^}]*\}", device, tail, count=1)
    ours, next_mark, others = tail.partition("\n  - id: ")
    for name, value in (
        ("power_kw_rated", PV_KW),
        ("safe_fraction", 0.5),
        ("power_kw_charge_max", BATTERY_KW),
        ("power_kw_discharge_max", BATTERY_KW),
    ):
        ours = re.sub(rf"{name}: [0-9.]+", f"{name}: {value:g}", ours)
    head = head.replace("authority: automatic", "authority: observe", 1)
    file.write_text(head + mark + ours + next_mark + others, encoding="utf-8")
    return load_region(str(folder))


async def _scanned(port: int, role: Role | None) -> Finding:
    where = Endpoint(transport="tcp", host="127.0.0.1", port=port, serial=None)
    endpoint = ModbusEndpoint(where, PATIENCE)
    try:
        wishes = Wishes(role=role, reversion_s=REVERSION_S, power_kw_rated=None)
        _, finding = await discover(endpoint, 1, wishes)
    finally:
        endpoint.close()
    assert all(missing == () for missing in finding.lacks.values()), finding.lacks
    return finding
