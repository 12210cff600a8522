"""What standard profiles expect of a region's assets, from what the region file says of them."""

from collections.abc import Mapping

import numpy as np

from energy.domain import FloatArray
from energy.forecast.calendar import calendar_of
from energy.forecast.profiles.charging import FULL_LOAD_H, charging
from energy.forecast.profiles.climate import HOURS_PER_YEAR
from energy.forecast.profiles.heat import heat_load, heat_peak
from energy.forecast.profiles.outgrown import is_outgrown
from energy.forecast.profiles.standard_load import (
    STANDARD_NAMES,
    TOWN,
    StandardName,
    standard_load,
    standard_peak,
)
from energy.forecast.profiles.water import PUMPED_SHARE, water_drawn
from energy.forecast.reference import LEAD_DAYS_MAX
from energy.forecast.series import History, Prior
from energy.region.ev_hub import EvHub
from energy.region.flexible_load import FlexibleLoad
from energy.region.heat_load import HeatLoad
from energy.region.hydro import Hydro
from energy.region.load import Load
from energy.region.model import Region
from energy.region.pumped_reservoir import PumpedReservoir
from energy.region.yearly import StandardProfile

PEAK_SHARE = 2.0 / 3.0
"""Of ``power_kw_max``: the peak of a load's profile. What is just plausible is set a quarter above the year's
highest quarter hour, and that stands a fifth above a profile, which is a mean of many days (Zurich,
Luxembourg and Germany: 1.1 to 1.2)."""
TEMPERATURE = "temperature_c"
Profiled = Load | FlexibleLoad | HeatLoad | EvHub | PumpedReservoir | Hydro


def profile_prior(region: Region, asset: Profiled, history: History) -> Prior | None:
    """Give an asset's profile over its history and as far ahead as is asked.

    None where nothing is known of its energy, or where its own days say more.
    """
    energy_kwh = _energy_kwh_per_year(asset)
    if energy_kwh is None or is_outgrown(history):
        return None
    unit = _unit(region, asset, history)
    return Prior(name="profile", expected=np.minimum(energy_kwh * unit, _greatest_kw(asset)))


def _unit(region: Region, asset: Profiled, history: History) -> FloatArray:
    """Give the asset's mean power in each period per kWh a year."""
    periods = history.value.size + int(LEAD_DAYS_MAX * 86_400 / history.step_s)
    calendar = calendar_of(
        history.start, periods, step_s=history.step_s, zone=region.zone, holidays_of=region.holidays
    )
    match asset:
        case Load():
            return standard_load(calendar, region.zone, shares_of(asset.standard_profile, otherwise=TOWN))
        case FlexibleLoad() | Hydro():
            profile = asset.standard_profile if isinstance(asset, FlexibleLoad) else None
            return standard_load(calendar, region.zone, shares_of(profile, otherwise={"even": 1.0}))
        case HeatLoad():
            return heat_load(calendar, history.known_ahead.get(TEMPERATURE))
        case EvHub():
            return charging(calendar)
        case PumpedReservoir():
            return water_drawn(calendar)


def _energy_kwh_per_year(asset: Profiled) -> float | None:
    """Give what the region file says, else what follows from the rating; None where nothing does."""
    match asset:
        case Load():
            if asset.energy_kwh_per_year is not None:
                return asset.energy_kwh_per_year
            shares = shares_of(asset.standard_profile, otherwise=TOWN)
            return PEAK_SHARE * asset.power_kw_max / standard_peak(shares)
        case HeatLoad():
            said = asset.heat_kwh_per_year
            return said if said is not None else asset.heat_kw_max / heat_peak()
        case EvHub():
            said = asset.energy_kwh_per_year
            return said if said is not None else FULL_LOAD_H * asset.power_kw_max
        case PumpedReservoir():
            said = asset.energy_kwh_per_year
            return said if said is not None else PUMPED_SHARE * asset.power_kw_rated * HOURS_PER_YEAR
        case FlexibleLoad() | Hydro():
            return asset.energy_kwh_per_year


def _greatest_kw(asset: Profiled) -> float:
    match asset:
        case HeatLoad():
            return asset.heat_kw_max
        case PumpedReservoir() | EvHub():
            return float("inf")
        case Hydro():
            return asset.power_kw_rated
        case Load() | FlexibleLoad():
            return asset.power_kw_max


def shares_of(
    profile: StandardProfile | None, *, otherwise: Mapping[StandardName, float]
) -> Mapping[StandardName, float]:
    """Give a region file's shares by the profiles' names."""
    if profile is None:
        return otherwise
    return {name: getattr(profile, name) for name in STANDARD_NAMES}
