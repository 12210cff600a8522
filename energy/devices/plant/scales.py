"""Which powers of ten a simulated device shows, so that what its asset can be fits its registers.

A real device has one scale factor for a product and its size; here it follows from the nameplate.
"""

from collections.abc import Iterator

from energy.devices.layout import Layout, Reference, ScaleFactor, Unit
from energy.devices.plant.meter_error import REGISTERS
from energy.devices.register_map import MapPoint, RegisterMap
from energy.devices.scaling import REFERENCE_POINTS, Scaling, nameplate_of
from energy.domain import Point, Quality
from energy.region.model import Asset
from energy.region.pumped_reservoir import PumpedReservoir
from energy.units import S_PER_H

EXPONENT_MIN = -3
"""The finest power of ten that is chosen: a watt of a power in kilowatts."""
EXPONENT_MAX = 10
"""SunSpec Information Model Specification, type sunssf."""
POWER_HEADROOM = 1.5
"""A source exceeds its rating by some percent, and what is misread by more is not shown."""
HEAT_HEADROOM = 6.0
"""A heat pump gives at most about five times the heat that it draws as electricity."""
HOURS_STORED = 48.0
"""A store or backlog without a capacity is taken to hold at most two days of the rated power."""
HOURS_COUNTED = 20.0 * 8760.0
"""Energy registers count for about twenty years."""
SECONDS_COUNTED = 240.0 * S_PER_H
"""Running times beyond ten days need not be shown finely."""
TEMPERATURE_C_MAX = 100.0
VOLUME_M3_MAX = 1e6
HEAT_KW_UNKNOWN = 10_000.0
"""What a device of heat or hydrogen alone is taken to exchange, whose asset says no such limit."""


def sizes_of(asset: Asset) -> dict[Point, float]:
    """Give what the device shows as its own size: rated power, and a store's capacity."""
    sizes: dict[Point, float] = {}
    for point in REFERENCE_POINTS.values():
        size = nameplate_of(asset, point)
        if size is not None and size > 0.0:
            sizes[point] = size
    return sizes


def scaling_of(asset: Asset, content: RegisterMap) -> tuple[Scaling, dict[str, int]]:
    """Give by what the device multiplies its raw numbers, and the power of ten of each scale factor."""
    sizes = sizes_of(asset)
    exponents = {factor.name: _exponent_of(factor, asset, content, sizes) for factor in content.scale_factors}
    scaling = Scaling(asset)
    for name, exponent in exponents.items():
        scaling.note_factor(name, float(exponent))
    return scaling, exponents


def note_sizes(scaling: Scaling, shown: dict[Point, float]) -> None:
    """Let percentages count from what the device shows as its size, rounded as it shows it."""
    for reference, point in REFERENCE_POINTS.items():
        if point in shown:
            scaling.note_reference(reference, shown[point], Quality.GOOD)


def _exponent_of(factor: ScaleFactor, asset: Asset, content: RegisterMap, sizes: dict[Point, float]) -> int:
    """Give the least power of ten with which everything that it scales still fits."""
    wanted = [
        _greatest(layout, asset, sizes) / _room(layout)
        for layout in _layouts(content)
        if layout.scale_factor == factor.name and not layout.type.is_float
    ]
    for exponent in range(EXPONENT_MIN, EXPONENT_MAX):
        if all(need <= 10.0**exponent for need in wanted):
            return exponent if wanted else 0
    return EXPONENT_MAX


def _layouts(content: RegisterMap) -> Iterator[Layout]:
    for point in content.points:
        yield point
        if point.write is None:
            continue
        if point.write.readback.register is not None:
            yield point.write.readback.register
        for step in (*point.write.arming, *point.write.enabling):
            if isinstance(step.value, str):
                yield step.register


def _room(layout: Layout) -> float:
    """Give the greatest value that the register holds at a power of ten of 0, before any reference."""
    raw_max = layout.type.raw_range[1]
    if layout.bits is not None:
        raw_max = 2**layout.bits.count - 1
        if layout.type.raw_range[0] < 0:
            raw_max //= 2
    return abs(layout.factor) * raw_max


def _greatest(layout: Layout, asset: Asset, sizes: dict[Point, float]) -> float:
    """Give the greatest value to be shown, in our unit; of a percentage, the fraction of its reference."""
    point = layout.name if isinstance(layout, MapPoint) else None
    if layout.unit is Unit.PERCENT:
        return 1.0 if layout.reference is Reference.ENERGY_KWH_CAPACITY else POWER_HEADROOM
    if point in sizes:
        return sizes[point]
    volume_m3 = asset.volume_m3_max if isinstance(asset, PumpedReservoir) else VOLUME_M3_MAX
    power_kw = _power_kw(asset)
    stored_kwh = sizes.get(Point.ENERGY_KWH_CAPACITY, HOURS_STORED * power_kw)
    greatest = {
        "kw": (HEAT_HEADROOM if point in {Point.HEAT_KW, Point.HYDROGEN_KW} else POWER_HEADROOM) * power_kw,
        "kwh": HOURS_COUNTED * power_kw if point in REGISTERS else stored_kwh,
        "s": SECONDS_COUNTED,
        "c": TEMPERATURE_C_MAX,
        "m3": volume_m3,
    }
    return greatest.get(layout.unit.measures, 1.0)


def _power_kw(asset: Asset) -> float:
    power_kw = max(abs(power_kw) for power_kw in asset.power_kw_nameplate)
    return power_kw if power_kw > 0.0 else HEAT_KW_UNKNOWN
