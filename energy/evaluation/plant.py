"""The simulated plant in this process: its world, and the two ports that a controller reaches it through."""

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from energy.devices.map_library import maps_of
from energy.devices.plant.field import SimulatedField
from energy.devices.plant.nature import RecordedNature
from energy.devices.plant.world import World
from energy.domain import (
    Applied,
    Authority,
    FloatArray,
    Limited,
    Outcome,
    Point,
    Quality,
    Reading,
    Rejected,
    Setpoint,
)
from energy.evaluation.weeks import Window, days_of
from energy.periods import PERIOD_S
from energy.region.generator import Generator
from energy.region.grid_loss import GridLoss
from energy.region.history import RegionHistory
from energy.region.model import Region

DAYS_PER_YEAR = 365.0
SUBSTEP_S = 60.0
"""How finely the plant moves here; in a demo it moves every 5 s."""
SAME_KW = 1.0
"""A register's resolution: closer than this is the same value."""


def world_at(region: Region, *, start: datetime, seed: int) -> World:
    """Give the plant as it stands at the start: the same for every case.

    Its devices' watchdogs never run out: in operation they are fed every few seconds, here the loop moves in
    minutes.

    Raises:
        BadInput: a register map or a history is wrong, or the start lies outside the history.
    """
    world = SimulatedField(region, start=start, seed=seed, state_folder=None).world.copy(substep_s=SUBSTEP_S)
    for hold in world.holds.values():
        hold.rule = dataclasses.replace(hold.rule, watchdog_s=None, reversion_s=None)
    return world


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TrueSeries:
    """What nature does in a window: quarter-hour means in our sign, losses too, and the temperature."""

    expected_kw: Mapping[str, FloatArray]
    temperature_c: FloatArray | None

    def available_kw(self, region: Region) -> dict[str, FloatArray]:
        """Give what each source could feed in, negative."""
        return {
            asset.id: self.expected_kw[asset.id] for asset in region.assets if isinstance(asset, Generator)
        }


def true_series(region: Region, window: Window, *, seed: int) -> TrueSeries:
    """Average what the plant's nature does over each quarter hour, at the plant's own sub-steps."""
    nature = RecordedNature(region, RegionHistory(region), seed=seed)
    times_s = np.arange(window.start.timestamp() + 0.5 * SUBSTEP_S, window.end.timestamp(), SUBSTEP_S)
    per_period = int(PERIOD_S // SUBSTEP_S)
    rows = nature.power_kw(times_s).reshape(len(nature.asset_ids), -1, per_period).mean(axis=2)
    expected: dict[str, FloatArray] = {}
    for asset_id, row in zip(nature.asset_ids, rows, strict=True):
        asset = region.asset(asset_id)
        expected[asset_id] = -np.minimum(row, asset.power_kw_rated) if isinstance(asset, Generator) else row
    for asset in region.assets:
        if isinstance(asset, GridLoss):
            load_kw = sum((expected[load.id] for load in region.loads_of(asset)), np.zeros(window.periods))
            expected[asset.id] = asset.fraction_of_load * load_kw
    if region.temperature is None:
        return TrueSeries(expected_kw=expected, temperature_c=None)
    outside_c: FloatArray = nature.temperature_c(times_s).reshape(-1, per_period).mean(axis=1)
    return TrueSeries(expected_kw=expected, temperature_c=outside_c)


def as_judged(region: Region, window: Window) -> Region:
    """Give the region as every case sees it in a window.

    Every asset is commanded: what control is worth is asked before it is allowed. The capacity charge is the
    window's share of the year's, as in the account, so that nobody saves for a bill that is not counted.
    """
    days = len(days_of(window, region.zone))
    market = dataclasses.replace(
        region.market,
        capacity_charge_eur_per_kw_year=region.market.capacity_charge_eur_per_kw_year * days / DAYS_PER_YEAR,
    )
    assets = tuple(dataclasses.replace(asset, authority=None) for asset in region.assets)
    return dataclasses.replace(region, authority=Authority.AUTOMATIC, market=market, assets=assets)


class InProcessField:
    """Implements ``ports.Meter`` and ``ports.Dispatchable`` on a world, as its devices would over Modbus.

    Register resolution and lost answers are left out.
    """

    def __init__(self, region: Region, world: World) -> None:
        maps = maps_of(region)
        self._world = world
        self._points = {
            asset.id: tuple(point.name for point in maps[asset.device.profile].points)
            for asset in region.assets
        }

    async def read(self, at: datetime) -> Sequence[Reading]:
        """Read every point that the register maps name."""
        readings: list[Reading] = []
        for asset_id, points in self._points.items():
            shown = self._world.shown(asset_id)
            readings.extend(_reading(asset_id, point, shown.get(point), at) for point in points)
        return readings

    async def apply(self, setpoints: Sequence[Setpoint], at: datetime) -> Sequence[Outcome]:
        """Write, and read back at once."""
        return [self._write(setpoint, at) for setpoint in setpoints]

    def _write(self, setpoint: Setpoint, at: datetime) -> Outcome:
        held_kw = self._world.write(setpoint.asset_id, setpoint.power_kw)
        if held_kw is not None and abs(held_kw - setpoint.power_kw) <= SAME_KW:
            return Applied(setpoint=setpoint, read_back_kw=held_kw, at=at)
        if held_kw is None:
            return Rejected(setpoint=setpoint, at=at, reason="the device follows its own control")
        reason = "the device holds something else"
        return Limited(setpoint=setpoint, read_back_kw=held_kw, at=at, reason=reason)


def _reading(asset_id: str, point: Point, value: float | None, at: datetime) -> Reading:
    quality = Quality.NOT_IMPLEMENTED if value is None else Quality.GOOD
    return Reading(asset_id=asset_id, point=point, value=value, quality=quality, measured_at=at)
