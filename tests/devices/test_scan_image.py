"""From the shipped device image to a proven curtailment: scan, check, read, write, read back, timer."""

import dataclasses
import re
import shutil
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from energy.devices.field import ModbusField
from energy.devices.field_settings import FieldSettings
from energy.devices.map_library import check_devices, maps_of
from energy.devices.modbus import ModbusEndpoint, Patience
from energy.devices.scan.discovery import Wishes, discover
from energy.devices.scan.yaml_text import yaml_of
from energy.domain import Applied, Level, Point, Quality, Reading, Setpoint
from energy.region.asset import Endpoint
from energy.region.loader import load_region, shipped_regions
from energy.region.model import Region
from tests.devices.servers.sunspec_image import Image, Registers, ReversionTimer, serving, shipped

AT = datetime(2020, 6, 1, 12, 0, tzinfo=UTC)
TICK_S = 5.0
WISHES = Wishes(role=None, reversion_s=180.0, power_kw_rated=None)
PATIENCE = Patience(connect_s_max=5.0, answer_s_max=5.0)


def with_timer(image: Image) -> Image:
    """Implement what the image leaves out: the power limit's reversion value, switch and timer."""
    return image.set(
        704,
        WMaxLimPctRvrt=1000,
        WMaxLimPctEnaRvrt=0,
        WMaxLimPctRvrtTms=0,
        WMaxLimPctRvrtRem=0,
    )


@dataclasses.dataclass(slots=True)
class Site:
    """One served device, scanned, in a region folder of its own, behind our field."""

    registers: Registers
    region: Region
    field: ModbusField
    at: datetime = AT

    async def tick(self, power_kw: float | None = None) -> tuple[dict[Point, Reading], object]:
        """Read, write what is asked, and let a tick pass."""
        readings = {reading.point: reading for reading in await self.field.read(self.at)}
        outcome: object = None
        if power_kw is not None:
            setpoint = Setpoint(
                asset_id="pv_park",
                point=Point.POWER_KW_MIN,
                power_kw=power_kw,
                valid_until=self.at + timedelta(seconds=150),
                level=Level.GRID_OPERATOR,
                reason="curtailment to 60 %",
            )
            [outcome] = await self.field.apply([setpoint], self.at)
        self.at += timedelta(seconds=TICK_S)
        return readings, outcome

    def now_s(self) -> float:
        """Give the time of the device's own clock: that of the ticks."""
        return self.at.timestamp()

    def written(self) -> list[tuple[str, tuple[int, ...]]]:
        """Give what the device was told since the last call, in order."""
        told, self.registers.written = self.registers.written, []
        return told


def region_with(text_of_map: str, port: int, folder: Path) -> Region:
    """Make a region folder whose solar park is the scanned device; it only observes, as a new region does."""
    shutil.copytree(shipped_regions()["musterstadt"], folder)
    (folder / "profiles").mkdir()
    (folder / "profiles" / "scanned.yaml").write_text(text_of_map, encoding="utf-8")
    file = folder / "region.yaml"
    text = file.read_text(encoding="utf-8")
    text, count = re.subn(
        r"device: \{profile: generic_park_controller, host: 127\.0\.0\.1, port: 15024, unit: 1\}",
        f"device: {{profile: scanned, host: 127.0.0.1, port: {port}, unit: 1}}",
        text,
    )
    assert count == 1
    text = text.replace("power_kw_rated: 7500", "power_kw_rated: 10")
    text = text.replace("safe_fraction: 0.6", "safe_fraction: 0.5")
    text = text.replace("authority: automatic", "authority: observe", 1)
    file.write_text(text, encoding="utf-8")
    return load_region(str(folder))


async def scanned(port: int) -> str:
    endpoint = ModbusEndpoint(Endpoint(transport="tcp", host="127.0.0.1", port=port, serial=None), PATIENCE)
    try:
        _, finding = await discover(endpoint, 1, WISHES)
    finally:
        endpoint.close()
    assert finding.lacks["pv"] == ()
    return yaml_of(finding.content, ["made by a test"])


OpenSite = Callable[[Image], AbstractAsyncContextManager[Site]]


@pytest.fixture
def site(tmp_path: Path) -> OpenSite:
    @asynccontextmanager
    async def open_site(image: Image) -> AsyncIterator[Site]:
        with serving(image) as (port, registers):
            text = await scanned(port)
            assert registers.written == [], "a scan writes nothing"
            region = region_with(text, port, tmp_path / "town")
            check_devices(region)
            maps = maps_of(region)
            alone = dataclasses.replace(
                region, assets=tuple(asset for asset in region.assets if asset.id == "pv_park")
            )
            field = ModbusField(alone, maps, FieldSettings(patience=PATIENCE, retry="in_tick"))
            try:
                yield Site(registers=registers, region=alone, field=field)
            finally:
                await field.close()

    return open_site


async def test_the_scanned_map_reads_what_the_image_holds(site: OpenSite) -> None:
    async with site(shipped("device_1547.json")) as town:
        readings, _ = await town.tick()
        good = {name: item.value for name, item in readings.items() if item.quality is Quality.GOOD}
        assert good[Point.POWER_KW] == pytest.approx(-9.8)
        assert good[Point.POWER_KW_RATED] == pytest.approx(10.0)
        assert good[Point.ENERGY_KWH_FED_IN] == pytest.approx(150.0)
        assert good[Point.ENERGY_KWH_DRAWN] == pytest.approx(0.0)
        assert good[Point.FAULT_FLAGS] == 0.0


async def test_a_curtailment_to_60_percent_stands_in_the_shipped_image_as_it_is(
    site: OpenSite,
) -> None:
    async with site(shipped("device_1547.json")) as town:
        await town.tick()
        _, outcome = await town.tick(-6.0)
        assert isinstance(outcome, Applied), outcome
        assert outcome.read_back_kw == pytest.approx(-6.0)
        assert town.written() == [("704.WMaxLimPct", (600,)), ("704.WMaxLimPctEna", (1,))]
        readings, _ = await town.tick()
        assert readings[Point.POWER_KW_MIN].value == pytest.approx(-6.0)


async def test_a_curtailment_to_60_percent_is_armed_before_it_stands_and_counted_down(
    site: OpenSite,
) -> None:
    async with site(with_timer(shipped("device_1547.json"))) as town:
        town.registers.timer = ReversionTimer(now_s=town.now_s)
        await town.tick()
        _, outcome = await town.tick(-6.0)
        assert isinstance(outcome, Applied), outcome
        names = [name for name, _ in town.written()]
        assert names == [
            "704.WMaxLimPctRvrt",
            "704.WMaxLimPctEnaRvrt",
            "704.WMaxLimPctRvrtTms",
            "704.WMaxLimPct",
            "704.WMaxLimPctEna",
        ]
        assert town.registers.number("704.WMaxLimPctRvrt") == 500, "the region's safe state, in percent"
        assert town.registers.number("704.WMaxLimPctRvrtTms", 2) == 180
        assert town.registers.number("704.WMaxLimPct") == 600
        readings, _ = await town.tick()
        assert readings[Point.REVERSION_S].value == 175.0
        readings, _ = await town.tick()
        assert readings[Point.REVERSION_S].value == 170.0


async def test_the_limit_is_renewed_before_its_timer_ends_and_falls_back_when_nobody_renews_it(
    site: OpenSite,
) -> None:
    async with site(with_timer(shipped("device_1547.json"))) as town:
        town.registers.timer = ReversionTimer(now_s=town.now_s)
        lowest_s = 180.0
        for _ in range(80):  # 400 s, more than two of the device's timers
            readings, outcome = await town.tick(-6.0)
            assert isinstance(outcome, Applied), outcome
            rest = readings[Point.REVERSION_S].value
            if town.at > AT + timedelta(seconds=2 * TICK_S):
                assert rest is not None
                lowest_s = min(lowest_s, rest)
        assert lowest_s >= 180.0 / 3.0
        town.at += timedelta(seconds=185)
        readings, _ = await town.tick()
        assert town.registers.number("704.WMaxLimPct") == 500
        assert readings[Point.POWER_KW_MIN].value == pytest.approx(-5.0)
