"""Ticks of readings as the loop brings them to the record: every point of so many assets, every 5 s."""

from datetime import UTC, datetime, timedelta

import numpy as np

from energy.devices.map_library import maps_of
from energy.domain import Point, Quality, Reading
from energy.region.loader import load_region
from tests.benchmarks.copies import region_of_copies

START = datetime(2020, 5, 18, tzinfo=UTC)
TICK_S = 5.0
TICKS_A_SIDE = 60
WATT_DIGITS = 3
"""Meters count in whole watts: values in kW are rounded to what a register can hold."""
Series = tuple[str, Point]


def points_of_copies(assets: int) -> list[Series]:
    """Give every point that the devices of so many assets show."""
    region = region_of_copies(load_region("musterstadt"), assets)
    maps = maps_of(region)
    return [(asset.id, point.name) for asset in region.assets for point in maps[asset.device.profile].points]


def ticks_of_readings(series: list[Series], number: int) -> list[list[Reading]]:
    """Give the ticks of one side; the same number gives the same values."""
    power_kw = np.random.default_rng(number).normal(1000.0, 300.0, size=(TICKS_A_SIDE, len(series)))
    rounded = np.round(power_kw, WATT_DIGITS).tolist()
    ticks = []
    for tick, values in enumerate(rounded):
        at = START + timedelta(seconds=TICK_S * (number * TICKS_A_SIDE + tick))
        ticks.append(
            [
                Reading(asset_id=asset_id, point=point, value=value, quality=Quality.GOOD, measured_at=at)
                for (asset_id, point), value in zip(series, values, strict=True)
            ]
        )
    return ticks
