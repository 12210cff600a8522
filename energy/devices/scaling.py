"""By what raw numbers are multiplied: a device's own scale factors, and what its percentages count from.

All of it is read anew in each sweep and forgotten with the connection: a device that was exchanged may scale
differently.
"""

from collections.abc import Mapping

from energy.devices.layout import Layout, Order, Reference, ScaleFactor, Sign, Unit, ValueType
from energy.devices.register_map import MapPoint
from energy.domain import Point, Quality
from energy.region.battery import Battery
from energy.region.heat_storage import HeatStorage
from energy.region.hydrogen_storage import HydrogenStorage
from energy.region.model import Asset
from energy.region.pumped_reservoir import PumpedReservoir

EXPONENT_MAX = 10
"""SunSpec Information Model Specification, type sunssf: -10 to 10."""
NO_EXPONENT = 0x8000
"""SunSpec Information Model Specification: a sunssf that is not implemented."""
REFERENCE_POINTS: Mapping[Reference, Point] = {
    Reference.POWER_KW_RATED: Point.POWER_KW_RATED,
    Reference.ENERGY_KWH_CAPACITY: Point.ENERGY_KWH_CAPACITY,
}
Factor = tuple[float | None, Quality]
"""A multiplier, or why there is none."""
UNREAD: Factor = (None, Quality.COMM_ERROR)
ONE: Factor = (1.0, Quality.GOOD)


class Scaling:
    """What one device's scale factors and references are worth now."""

    def __init__(self, asset: Asset) -> None:
        self._asset = asset
        self._factors: dict[str, Factor] = {}
        self._references: dict[Reference, Factor] = {}
        self.revision = 0
        """Grows with every change."""

    def forget(self) -> None:
        """Know nothing of the device any more."""
        self._factors.clear()
        self._references.clear()
        self.revision += 1

    def note_factor(self, name: str, exponent: float | None, quality: Quality = Quality.GOOD) -> None:
        """Take over what a scale factor's register shows; None with the reason where it shows nothing."""
        if quality is not Quality.GOOD:
            factor: Factor = (None, quality)
        elif exponent is None:
            factor = (None, Quality.NOT_IMPLEMENTED)
        elif abs(exponent) > EXPONENT_MAX:
            factor = (None, Quality.IMPLAUSIBLE)
        else:
            factor = (float(f"1e{int(exponent)}"), Quality.GOOD)
        if self._factors.get(name) != factor:
            self._factors[name] = factor
            self.revision += 1

    def note_reference(self, reference: Reference, value: float | None, quality: Quality) -> None:
        """Take over what percentages count from; nothing counts from 0 or less."""
        is_size = value is not None and value > 0.0
        known = Quality.IMPLAUSIBLE if quality is Quality.GOOD and not is_size else quality
        size: Factor = (value if known is Quality.GOOD else None, known)
        if self._references.get(reference) != size:
            self._references[reference] = size
            self.revision += 1

    def multiplier(self, layout: Layout) -> float | None:
        """Give ten to the power of the scale factor times the reference in our unit, None while unknown."""
        return self.factor_of(layout)[0]

    def factor_of(self, layout: Layout) -> Factor:
        """Give the multiplier, or why there is none: a value is worth no more than what scales it."""
        name, reference = layout.scale_factor, layout.reference
        if name is None and reference is None:
            return ONE
        power = ONE if name is None else self._factors.get(name, UNREAD)
        size = ONE if reference is None else self._reference(reference, layout)
        if power[0] is None:
            return power
        if size[0] is None:
            return size
        return power[0] * size[0], Quality.GOOD

    def _reference(self, reference: Reference, layout: Layout) -> Factor:
        if reference is not Reference.NAMEPLATE:
            return self._references.get(reference, UNREAD)
        size = nameplate_of(self._asset, layout.name if isinstance(layout, MapPoint) else None)
        return UNREAD if size is None else (size, Quality.GOOD)


def nameplate_of(asset: Asset, point: Point | None) -> float | None:
    """Give what a percentage of the nameplate counts from; None where the asset has no such size.

    A register that is no point of its own (a read-back, a step) holds a power.
    """
    unit = "kw" if point is None else point.unit
    if unit == "kw":
        return max(abs(power_kw) for power_kw in asset.power_kw_nameplate)
    if unit == "kwh" and isinstance(asset, Battery | HeatStorage | HydrogenStorage):
        return asset.energy_kwh_capacity
    if unit == "m3" and isinstance(asset, PumpedReservoir):
        return asset.volume_m3_max
    return None


def layout_of(factor: ScaleFactor, byte_order: Order) -> Layout:
    """Give a scale factor's place as any other number's."""
    return Layout(
        table=factor.table,
        address=factor.address,
        type=ValueType.INT16,
        byte_order=byte_order,
        word_order=Order.BIG,
        unit=Unit.ONE,
        sign=Sign.AS_OURS,
        not_implemented=(NO_EXPONENT,),
    )
