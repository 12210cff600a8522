"""What an asset's nameplate says about values: which readings to believe, which setpoints to refuse."""

import dataclasses
from datetime import datetime

from energy.devices.codec import encode
from energy.devices.layout import Plausible, Register
from energy.devices.register_map import MapPoint
from energy.domain import Point, Setpoint
from energy.region.battery import Battery
from energy.region.boiler import Boiler
from energy.region.grid_point import GridPoint
from energy.region.heat_load import HeatLoad
from energy.region.heat_storage import HeatStorage
from energy.region.model import Asset, Region

MARGIN_FRACTION = 0.5
"""A power further beyond the nameplate than this fraction of it is a broken value: sources exceed their
rating by some percent (cold PV modules, gusts), a misread register by orders of magnitude."""
ENERGY_MARGIN_FRACTION = 0.05
"""A battery's stored energy may drift this fraction of its capacity beyond empty and full."""
ROUNDING_KW = 1e-6
"""A setpoint may miss the nameplate by what floating point costs."""


def believable(region: Region, asset: Asset, point: Point, register: Register) -> Register:
    """Give the register with its plausible range narrowed to what the asset can be."""
    bounds = _bounds(region, asset, point)
    if bounds is None:
        return register
    lowest = max(bounds[0], register.plausible.min)
    highest = min(bounds[1], register.plausible.max)
    if lowest >= highest:
        return register
    return dataclasses.replace(register, plausible=Plausible(min=lowest, max=highest))


def power_kw_bounds(region: Region, asset: Asset) -> tuple[float, float]:
    """Give what can flow at an asset's meter by the nameplates.

    The grid point's agreed limits may be broken, and then that must be seen: there it is what all members
    together can do.
    """
    if not isinstance(asset, GridPoint):
        return asset.power_kw_nameplate
    plates = [member.power_kw_nameplate for member in region.members]
    return sum(plate[0] for plate in plates), sum(plate[1] for plate in plates)


def heat_kw_nameplate(asset: Asset) -> float | None:
    """Give the most heat that an asset takes or gives which takes no part in electricity; None for others."""
    match asset:
        case HeatLoad() | HeatStorage():
            return asset.heat_kw_max
        case Boiler():
            return asset.heat_kw_rated
        case _:
            return None


def run_out(setpoint: Setpoint, now: datetime) -> str | None:
    """Say that a setpoint must not be written any more, None while it may."""
    if setpoint.valid_until > now:
        return None
    return f"the setpoint ran out at {setpoint.valid_until.isoformat()}, it is {now.isoformat()}"


def refusal(asset: Asset, point: MapPoint | None, setpoint: Setpoint, now: datetime) -> str | None:
    """Say why a setpoint must not be written at this moment, None if it may.

    Every comparison asks for what is allowed, so that NaN never passes.
    """
    if point is None or point.write is None or setpoint.point is not asset.dispatch_point:
        wanted = asset.dispatch_point.value if asset.dispatch_point is not None else "nothing"
        return f"{setpoint.point.value} cannot be commanded; '{asset.id}' takes {wanted}"
    too_late = run_out(setpoint, now)
    if too_late is not None:
        return too_late
    lowest_kw, highest_kw = asset.power_kw_nameplate
    if not lowest_kw - ROUNDING_KW <= setpoint.power_kw <= highest_kw + ROUNDING_KW:
        return f"{setpoint.power_kw} kW is outside the nameplate, {lowest_kw:g} to {highest_kw:g} kW"
    if not point.plausible.min <= setpoint.power_kw <= point.plausible.max:
        limits = f"{point.plausible.min:g} to {point.plausible.max:g} kW"
        return f"{setpoint.power_kw} kW is outside what the register map allows, {limits}"
    if point.scale_factor is not None or point.reference is not None:
        return None  # what scales it is known when it is written
    try:
        encode(point, setpoint.power_kw)
    except ValueError as error:
        return str(error)
    return None


def _bounds(region: Region, asset: Asset, point: Point) -> tuple[float, float] | None:
    if point in {Point.POWER_KW, Point.POWER_KW_AVAILABLE}:
        lowest_kw, highest_kw = power_kw_bounds(region, asset)
        margin_kw = MARGIN_FRACTION * max(abs(lowest_kw), abs(highest_kw))
        return lowest_kw - margin_kw, highest_kw + margin_kw
    if point is Point.ENERGY_KWH and isinstance(asset, Battery):
        margin_kwh = ENERGY_MARGIN_FRACTION * asset.energy_kwh_capacity
        return -margin_kwh, asset.energy_kwh_capacity + margin_kwh
    return None
