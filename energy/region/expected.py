"""Which assets are forecast from their own past, and so can be corrected by people; how large they can be."""

from energy.region.ev_hub import EvHub
from energy.region.flexible_load import FlexibleLoad
from energy.region.heat_load import HeatLoad
from energy.region.hydro import Hydro
from energy.region.load import Load
from energy.region.pumped_reservoir import PumpedReservoir
from energy.region.pv import Pv
from energy.region.wind import Wind

DRAWN_PER_PUMPED_MAX = 2.0
"""A morning's peak draws more than the pumps lift; beyond twice as much a main has burst."""
Forecastable = Load | Pv | Wind | Hydro | EvHub | FlexibleLoad | PumpedReservoir | HeatLoad


def greatest_kw(asset: Forecastable) -> float:
    """The greatest magnitude that can be true; a town may draw more water than the pumps lift at once."""
    match asset:
        case HeatLoad():
            return asset.heat_kw_max
        case PumpedReservoir():
            return DRAWN_PER_PUMPED_MAX * asset.power_kw_rated
        case _:
            least, most = asset.power_kw_nameplate
            return max(abs(least), abs(most))
