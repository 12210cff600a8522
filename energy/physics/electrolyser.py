"""An electrolyser: hydrogen along a straight line of its power, a standby draw while it stands."""

from energy.physics.machine import Curve, line
from energy.region.electrolyser import Electrolyser
from energy.units import S_PER_H


def curve_of_electrolyser(asset: Electrolyser) -> Curve:
    """Give what it does at each power."""
    hydrogen_kw_at_0, hydrogen_kw_per_kw = line(
        at_least=asset.hydrogen_kw_least, at_rated=asset.hydrogen_kw_rated, asset=asset
    )
    return Curve(
        power_kw_least=asset.power_kw_least,
        power_kw_rated=asset.power_kw_rated,
        power_kw_standing=asset.power_kw_standby,
        ramp_kw_per_s=asset.ramp_kw_per_s,
        uptime_s_min=asset.uptime_h_min * S_PER_H,
        downtime_s_min=asset.downtime_h_min * S_PER_H,
        output_kw_at_0=hydrogen_kw_at_0,
        output_kw_per_kw=hydrogen_kw_per_kw,
    )
