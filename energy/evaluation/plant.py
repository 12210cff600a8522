"""The simulated plant's two ports in this process: what its devices show, and what they are told."""

from collections.abc import Sequence
from datetime import datetime

from energy.arbitration import SAME_KW
from energy.devices.map_library import maps_of
from energy.devices.plant.meter_error import Meter
from energy.devices.plant.world import World
from energy.domain import Applied, Image, Limited, Outcome, Point, Quality, Reading, Setpoint
from energy.region.model import Region


class InProcessField:
    """Implements ``ports.Meter`` and ``ports.Dispatchable`` on a world, as its devices would over Modbus.

    Meters err within their class. Register resolution and lost answers are left out.
    """

    def __init__(self, region: Region, world: World, *, seed: int) -> None:
        maps = maps_of(region)
        self._world = world
        self._meters = {asset.id: Meter(asset.id, asset.meter_class, seed=seed) for asset in region.assets}
        self._points = {
            asset.id: tuple(point.name for point in maps[asset.device.profile].points)
            for asset in region.assets
        }

    async def read(self, at: datetime) -> Sequence[Reading]:
        """Read every point that the register maps name."""
        readings: list[Reading] = []
        for asset_id, points in self._points.items():
            shown = self._meters[asset_id].reading(self._world.shown(asset_id), at.timestamp())
            readings.extend(_reading(asset_id, point, shown.get(point), at) for point in points)
        return readings

    async def apply(self, setpoints: Sequence[Setpoint], at: datetime) -> Sequence[Outcome]:
        """Write, and read back at once."""
        return [self._write(setpoint, at) for setpoint in setpoints]

    def _write(self, setpoint: Setpoint, at: datetime) -> Outcome:
        held_kw = self._world.write(setpoint.asset_id, setpoint.power_kw)
        if abs(held_kw - setpoint.power_kw) <= SAME_KW:
            return Applied(setpoint=setpoint, read_back_kw=held_kw, at=at)
        reason = "the device holds something else"
        return Limited(setpoint=setpoint, read_back_kw=held_kw, at=at, reason=reason)


def true_image(region: Region, world: World) -> Image:
    """Give the plant as a perfect meter sees it."""
    readings = {
        (asset.id, point): _reading(asset.id, point, value, world.at)
        for asset in region.assets
        for point, value in world.shown(asset.id).items()
    }
    return Image(at=world.at, readings=readings)


def _reading(asset_id: str, point: Point, value: float | None, at: datetime) -> Reading:
    quality = Quality.NOT_IMPLEMENTED if value is None else Quality.GOOD
    return Reading(asset_id=asset_id, point=point, value=value, quality=quality, measured_at=at)
