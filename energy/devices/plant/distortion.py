"""What a broken device makes of values that are right."""

from collections.abc import Mapping

from energy.domain import Point
from energy.region.battery import Battery
from energy.region.heat_storage import HeatStorage
from energy.region.hydrogen_storage import HydrogenStorage
from energy.region.model import Asset

FLOWS = frozenset({Point.POWER_KW, Point.HEAT_KW, Point.HYDROGEN_KW})
JUMP_FRACTION = 0.9
"""How far towards the farther end of what it can be a jumping value goes."""
JUMP_HOURS = 1000.0
"""How much of its rated power a jumping energy register jumps over."""


def jumped(values: Mapping[Point, float], asset: Asset, sizes: Mapping[Point, float]) -> dict[Point, float]:
    """Give values far from where they are, each within what the asset could be."""
    low_kw, high_kw = asset.power_kw_nameplate
    span_kw = high_kw - low_kw
    capacity_kwh = sizes.get(Point.ENERGY_KWH_CAPACITY)
    if capacity_kwh is None and isinstance(asset, Battery | HeatStorage | HydrogenStorage):
        capacity_kwh = asset.energy_kwh_capacity
    far = dict(values)
    for point, value in values.items():
        if point in FLOWS and span_kw > 0.0:
            far[point] = _far(value, low_kw, high_kw)
        elif point is Point.ENERGY_KWH and capacity_kwh is not None:
            far[point] = _far(value, 0.0, capacity_kwh)
        elif point.unit == "kwh" and point not in sizes:
            far[point] = value + JUMP_HOURS * span_kw
        elif point in FLOWS or point in {Point.VOLUME_M3, Point.ENERGY_KWH}:
            far[point] = 0.1 * value
    return far


def _far(value: float, low: float, high: float) -> float:
    end = low if value - low > high - value else high
    return value + JUMP_FRACTION * (end - value)
