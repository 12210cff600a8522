"""What is left in a store when the horizon ends is worth what it will take to fill it again.

A store that the plan leaves empty would otherwise look free: it has to be filled after the horizon.
"""

from collections.abc import Mapping, Sequence

import numpy as np

from energy.domain import FloatArray
from energy.region.battery import Battery
from energy.region.boiler import Boiler
from energy.region.chp import Chp
from energy.region.electrolyser import Electrolyser
from energy.region.heat_load import HeatLoad
from energy.region.heat_pump import HeatPump
from energy.region.hydrogen_storage import HydrogenStorage
from energy.region.market import Market
from energy.region.model import Asset, Region
from energy.region.pumped_reservoir import PumpedReservoir

CHEAP_QUANTILE = 0.25
"""What can wait draws in the cheap half of the day; the middle of that half is its price."""


def terminal_value_eur_per_kwh(battery: Battery, market_eur_per_kwh_median: float) -> float:
    """Value a kWh left in a battery at the horizon's median price, less losses and wear, not below 0."""
    worth = market_eur_per_kwh_median - battery.wear_eur_per_kwh
    return max(0.0, battery.efficiency_discharge * worth)


def heat_value_eur_per_kwh(
    market: Market,
    on_network: Sequence[Asset],
    *,
    power_eur_per_kwh: float,
    expected_kw: Mapping[str, FloatArray],
    cop: Mapping[str, FloatArray],
) -> float:
    """Value a kWh of heat at what makes the last of it: merit order at median price and mean demand.

    Producers are sorted by the cost of their heat at rated load, electricity at ``power_eur_per_kwh``;
    the first whose heat together with that of the cheaper ones covers the mean demand sets the value, the
    dearest where all of them do not. Not below 0.
    """
    price = power_eur_per_kwh
    bought = price + market.import_surcharge_eur_per_kwh
    demand_kw = 0.0
    offers: list[tuple[float, float]] = []
    for asset in on_network:
        match asset:
            case HeatLoad():
                demand_kw += float(np.mean(expected_kw[asset.id]))
            case Boiler():
                offers.append((boiler_heat_eur_per_kwh(market, asset), asset.heat_kw_rated))
            case Chp():
                cost = chp_heat_eur_per_kwh(market, asset, power_eur_per_kwh=price)
                offers.append((cost, asset.heat_kw_rated))
            case HeatPump():
                mean_cop = float(np.mean(cop[asset.id]))
                offers.append(
                    ((bought + asset.fee_eur_per_kwh_drawn) / mean_cop, mean_cop * asset.power_kw_rated)
                )
    offers.sort()
    for cost, heat_kw in offers:
        demand_kw -= heat_kw
        if demand_kw <= 0.0:
            return max(0.0, cost)
    return max(0.0, offers[-1][0]) if offers else 0.0


def boiler_heat_eur_per_kwh(market: Market, boiler: Boiler) -> float:
    """Give what a kWh of a boiler's heat costs: fuel and its carbon."""
    co2_eur_per_kwh = market.co2_eur_per_kwh_fuel(boiler.co2_kg_per_kwh_fuel)
    return (boiler.fuel_eur_per_kwh + co2_eur_per_kwh) / boiler.efficiency


def chp_heat_eur_per_kwh(market: Market, chp: Chp, *, power_eur_per_kwh: float) -> float:
    """Give what a kWh of a CHP unit's heat costs at rated power, less what its electricity earns."""
    co2_eur_per_kwh = market.co2_eur_per_kwh_fuel(chp.co2_kg_per_kwh_fuel)
    spent = (chp.fuel_eur_per_kwh + co2_eur_per_kwh) * chp.fuel_kw_rated
    earned = (power_eur_per_kwh - chp.wear_eur_per_kwh) * chp.power_kw_rated
    return (spent - earned) / chp.heat_kw_rated


def hydrogen_value_eur_per_kwh(
    market: Market, on_network: Sequence[Asset], store: HydrogenStorage, *, market_eur_per_kwh: FloatArray
) -> float:
    """Value a kWh of hydrogen at what an electrolyser at rated load makes it for in the cheap half.

    Never more than leaving the offtake unserved costs; 0 where nothing is taken off or nothing makes it.
    """
    made = [
        (
            _cheap_eur_per_kwh(market, market_eur_per_kwh)
            + asset.fee_eur_per_kwh_drawn
            + asset.wear_eur_per_kwh
        )
        * asset.power_kw_rated
        / asset.hydrogen_kw_rated
        for asset in on_network
        if isinstance(asset, Electrolyser)
    ]
    if not made or store.offtake_kwh_per_day <= 0.0:
        return 0.0
    return min(store.unserved_eur_per_kwh, max(0.0, min(made)))


def water_value_eur_per_kwh(
    region: Region, reservoir: PumpedReservoir, *, market_eur_per_kwh: FloatArray
) -> float:
    """Value pumped water at what pumping costs in the cheap half."""
    cheap = _cheap_eur_per_kwh(region.market, market_eur_per_kwh)
    return max(0.0, cheap + reservoir.fee_eur_per_kwh_drawn)


def _cheap_eur_per_kwh(market: Market, market_eur_per_kwh: FloatArray) -> float:
    return float(np.quantile(market_eur_per_kwh, CHEAP_QUANTILE)) + market.import_surcharge_eur_per_kwh
