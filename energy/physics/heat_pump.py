"""A heat pump: heat is its power times its coefficient of performance at the temperature outside."""

from energy.physics.finite import finite
from energy.physics.machine import Curve
from energy.region.heat_pump import HeatPump
from energy.units import S_PER_H


def curve_of_heat_pump(asset: HeatPump, *, temperature_c: float) -> Curve:
    """Give what it does at each power.

    Raises:
        ValueError: the temperature is not finite.
    """
    return Curve(
        power_kw_least=asset.power_kw_least,
        power_kw_rated=asset.power_kw_rated,
        power_kw_standing=0.0,
        ramp_kw_per_s=asset.ramp_kw_per_s,
        uptime_s_min=asset.uptime_h_min * S_PER_H,
        downtime_s_min=asset.downtime_h_min * S_PER_H,
        output_kw_at_0=0.0,
        output_kw_per_kw=asset.cop(finite(temperature_c, "temperature_c")),
    )
