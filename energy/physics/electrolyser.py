"""An electrolyser: hydrogen along one or two straight lines of its power, a standby draw while it stands."""

import math

from energy.physics.machine import Curve, line
from energy.region.electrolyser import Electrolyser
from energy.units import S_PER_H


def curve_of_electrolyser(asset: Electrolyser) -> Curve:
    """Give what it does at each power."""
    hydrogen_kw_at_0, hydrogen_kw_per_kw = line(
        at_least=asset.hydrogen_kw_least, at_rated=asset.hydrogen_kw_rated, asset=asset
    )
    bend_kw, bent = math.inf, 0.0
    if asset.power_kw_middle is not None and asset.hydrogen_kw_middle is not None:
        bend_kw = asset.power_kw_middle
        hydrogen_kw_per_kw = (asset.hydrogen_kw_middle - asset.hydrogen_kw_least) / (
            bend_kw - asset.power_kw_least
        )
        hydrogen_kw_at_0 = asset.hydrogen_kw_least - hydrogen_kw_per_kw * asset.power_kw_least
        above = (asset.hydrogen_kw_rated - asset.hydrogen_kw_middle) / (asset.power_kw_rated - bend_kw)
        bent = above - hydrogen_kw_per_kw
    return Curve(
        power_kw_least=asset.power_kw_least,
        power_kw_rated=asset.power_kw_rated,
        power_kw_standing=asset.power_kw_standby,
        ramp_kw_per_s=asset.ramp_kw_per_s,
        uptime_s_min=asset.uptime_h_min * S_PER_H,
        downtime_s_min=asset.downtime_h_min * S_PER_H,
        output_kw_at_0=hydrogen_kw_at_0,
        output_kw_per_kw=hydrogen_kw_per_kw,
        power_kw_bend=bend_kw,
        output_kw_per_kw_bent=bent,
    )
