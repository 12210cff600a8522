"""A combined heat and power unit: heat and fuel along straight lines of its power."""

from energy.physics.machine import Curve, line
from energy.region.chp import Chp
from energy.units import S_PER_H


def curve_of_chp(asset: Chp) -> Curve:
    """Give what it does at each power."""
    heat_kw_at_0, heat_kw_per_kw = line(
        at_least=asset.heat_kw_least, at_rated=asset.heat_kw_rated, asset=asset
    )
    fuel_kw_at_0, fuel_kw_per_kw = line(
        at_least=asset.fuel_kw_least, at_rated=asset.fuel_kw_rated, asset=asset
    )
    return Curve(
        power_kw_least=asset.power_kw_least,
        power_kw_rated=asset.power_kw_rated,
        power_kw_standing=0.0,
        ramp_kw_per_s=asset.ramp_kw_per_s,
        uptime_s_min=asset.uptime_h_min * S_PER_H,
        downtime_s_min=asset.downtime_h_min * S_PER_H,
        output_kw_at_0=heat_kw_at_0,
        output_kw_per_kw=heat_kw_per_kw,
        fuel_kw_at_0=fuel_kw_at_0,
        fuel_kw_per_kw=fuel_kw_per_kw,
    )
