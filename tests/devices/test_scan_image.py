"""From the shipped device image to a proven curtailment: scan, check, read, write, read back, timer."""

from datetime import timedelta
from pathlib import Path

import pytest

from energy.domain import Applied, Point, Quality
from tests.devices.servers.sunspec_image import Image, ReversionTimer, shipped
from tests.devices.servers.sunspec_site import AT, REVERSION_S, TICK_S, site_of


def image() -> Image:
    """Give pysunspec2's image of a device after IEEE 1547, rated 10 kW, as it is."""
    return shipped("device_1547.json")


def image_with_timer() -> Image:
    """Implement what the image leaves out: the power limit's reversion value, switch and timer."""
    return image().set(
        704, WMaxLimPctRvrt=1000, WMaxLimPctEnaRvrt=0, WMaxLimPctRvrtTms=0, WMaxLimPctRvrtRem=0
    )


async def test_the_scanned_map_reads_what_the_image_holds(tmp_path: Path) -> None:
    async with site_of(image(), tmp_path / "town") as site:
        readings = await site.read()
        good = {name: item.value for name, item in readings.items() if item.quality is Quality.GOOD}
        assert good[Point.POWER_KW] == pytest.approx(-9.8)
        assert good[Point.POWER_KW_RATED] == pytest.approx(10.0)
        assert good[Point.ENERGY_KWH_FED_IN] == pytest.approx(150.0)
        assert good[Point.ENERGY_KWH_DRAWN] == pytest.approx(0.0)
        assert good[Point.FAULT_FLAGS] == 0.0


async def test_a_curtailment_to_60_percent_stands_in_the_shipped_image_as_it_is(tmp_path: Path) -> None:
    async with site_of(image(), tmp_path / "town") as site:
        assert any("no reversion timer" in warning for warning in site.finding.warnings)
        await site.read()
        _, outcome = await site.tick(-6.0)
        assert isinstance(outcome, Applied), outcome
        assert outcome.read_back_kw == pytest.approx(-6.0)
        assert site.written() == [("704.WMaxLimPct", (600,)), ("704.WMaxLimPctEna", (1,))]
        readings = await site.read()
        assert readings[Point.POWER_KW_MIN].value == pytest.approx(-6.0)


async def test_a_curtailment_to_60_percent_is_armed_before_it_stands_and_counted_down(tmp_path: Path) -> None:
    async with site_of(image_with_timer(), tmp_path / "town") as site:
        site.registers.works.append(ReversionTimer(now_s=site.now_s))
        await site.read()
        _, outcome = await site.tick(-6.0)
        assert isinstance(outcome, Applied), outcome
        assert site.written() == [
            ("704.WMaxLimPctRvrt", (500,)),  # the region's safe state
            ("704.WMaxLimPctEnaRvrt", (1,)),
            ("704.WMaxLimPctRvrtTms", (0, 180)),
            ("704.WMaxLimPct", (600,)),
            ("704.WMaxLimPctEna", (1,)),
        ]
        rest_s = [(await site.read())[Point.REVERSION_S].value for _ in range(3)]
        assert rest_s == [175.0, 170.0, 165.0]


async def test_the_limit_is_renewed_before_its_timer_ends_and_falls_back_when_nobody_renews_it(
    tmp_path: Path,
) -> None:
    async with site_of(image_with_timer(), tmp_path / "town") as site:
        site.registers.works.append(ReversionTimer(now_s=site.now_s))
        lowest_s = REVERSION_S
        for _ in range(80):  # 400 s, more than two of the device's timers
            readings, outcome = await site.tick(-6.0)
            assert isinstance(outcome, Applied), outcome
            if site.at > AT + timedelta(seconds=TICK_S):
                rest_s = readings[Point.REVERSION_S].value
                assert rest_s is not None
                lowest_s = min(lowest_s, rest_s)
        assert lowest_s >= REVERSION_S / 3.0
        site.at += timedelta(seconds=REVERSION_S)
        readings = await site.read()
        assert site.registers.number("704.WMaxLimPct") == 500
        assert readings[Point.POWER_KW_MIN].value == pytest.approx(-5.0)
