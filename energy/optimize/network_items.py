"""What a problem is made of: machines that run or stand, heat, hydrogen and water.

Arrays have shape (periods,). ``network`` is the id of the heat or hydrogen network of an item.
"""

import math
from dataclasses import dataclass

from energy.domain import FloatArray
from energy.optimize.items import Item


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Machine(Item):
    """What every machine has that runs or stands; ``power_kw_least`` and ``power_kw_rated`` are magnitudes.

    ``running_before`` tells whether it runs just before the first period. ``running_share_min`` and ``_max``
    (0 or 1) say where it must run or stand: time to keep from its last switch, limits, outages.
    Once started it runs ``uptime_periods``, once stopped it stands ``downtime_periods``, at least 1 each.
    ``ramp_kw`` bounds the change of its load from period to period, None where it can reach any load in one;
    then its load in the first period lies between ``load_kw_first_min`` and ``load_kw_first_max``.
    """

    network: str
    running_before: bool
    running_share_min: FloatArray
    running_share_max: FloatArray
    uptime_periods: int
    downtime_periods: int
    power_kw_least: float
    power_kw_rated: float
    power_kw_min: FloatArray
    power_kw_max: FloatArray
    start_eur: float
    ramp_kw: float | None = None
    load_kw_first_min: float = 0.0
    load_kw_first_max: float = math.inf


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Cogeneration(Machine):
    """A CHP: heat and fuel go along straight lines between the least load and rated power."""

    heat_kw_least: float
    heat_kw_rated: float
    fuel_kw_least: float
    fuel_kw_rated: float
    fuel_eur_per_kwh: float
    co2_eur_per_kwh_fuel: float
    co2_weight_eur_per_kwh_fuel: float
    wear_eur_per_kwh: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class HeatPumping(Machine):
    """A heat pump: ``heat_kw_per_kw`` is its coefficient of performance in each period."""

    heat_kw_per_kw: FloatArray
    fee_eur_per_kwh_drawn: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Bend:
    """Where a curve of two straight lines bends."""

    power_kw: float
    hydrogen_kw: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Electrolysis(Machine):
    """An electrolyser: draws ``power_kw_standby`` while it stands (0 when out of service).

    Where its curve bends, ``bend`` is power and hydrogen there, on or above the straight line.
    """

    power_kw_standby: float
    hydrogen_kw_least: float
    hydrogen_kw_rated: float
    wear_eur_per_kwh: float
    fee_eur_per_kwh_drawn: float
    bend: Bend | None = None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Boiling(Item):
    """A boiler: heat from fuel at a constant efficiency."""

    network: str
    heat_kw_max: FloatArray
    efficiency: float
    fuel_eur_per_kwh: float
    co2_eur_per_kwh_fuel: float
    co2_weight_eur_per_kwh_fuel: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class HeatDemand(Item):
    """Heat that is drawn, or left unserved at a price."""

    network: str
    demand_kw: FloatArray


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class HeatStore(Item):
    """A store of heat from its measured energy on; unknown (None) it is planned standing still and empty.

    Over a period it keeps ``kept_fraction`` of its energy and ``kept_h`` hours' worth of what flows in.
    """

    network: str
    energy_kwh: float | None
    energy_kwh_max: float
    heat_kw_max: float
    kept_fraction: float
    kept_h: float
    terminal_eur_per_kwh: float
    energy_kwh_end_min: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class HydrogenStore(Item):
    """A store of hydrogen with its offtake; unknown (None) it is planned standing still."""

    network: str
    energy_kwh: float | None
    energy_kwh_min: float
    energy_kwh_max: float
    offtake_kw: FloatArray
    unserved_eur_per_kwh: float
    terminal_eur_per_kwh: float
    energy_kwh_end_min: float | None = None

    @property
    def energy_kwh_start(self) -> float:
        """The measured energy; any number serves for a store that stands still, so its least."""
        return self.energy_kwh_min if self.energy_kwh is None else self.energy_kwh


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Reservoir(Item):
    """An elevated reservoir in kWh of pumping; ``m3_per_kwh`` turns them into water."""

    energy_kwh: float
    energy_kwh_min: float
    energy_kwh_max: float
    demand_kw: FloatArray
    power_kw_min: FloatArray
    power_kw_max: FloatArray
    m3_per_kwh: float
    fee_eur_per_kwh_drawn: float
    terminal_eur_per_kwh: float
    energy_kwh_end_min: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Surplus(Item):
    """What a network makes too much of; its ``asset_id`` is the balance's name, for example heat.town."""
