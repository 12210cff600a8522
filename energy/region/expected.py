"""Which assets are forecast from their own past, and so can be corrected by people."""

from energy.region.ev_hub import EvHub
from energy.region.flexible_load import FlexibleLoad
from energy.region.heat_load import HeatLoad
from energy.region.hydro import Hydro
from energy.region.load import Load
from energy.region.pumped_reservoir import PumpedReservoir
from energy.region.pv import Pv
from energy.region.wind import Wind

Forecastable = Load | Pv | Wind | Hydro | EvHub | FlexibleLoad | PumpedReservoir | HeatLoad
