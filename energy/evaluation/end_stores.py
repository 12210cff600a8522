"""What stores are worth that end fuller or emptier than they began, carrier by carrier.

A shortfall is bought back at the last day's highest price, a surplus is sold at its lowest (not below 0).
Electricity is worth its price, losses of the way in or out included. Hydrogen is worth the electricity that
its electrolyser takes for it, water what pumps it. Heat is worth what its dearest producer (shortfall) or its
cheapest (surplus) spends on it: a boiler fuel and CO2, a heat pump electricity at its COP at 0 degrees, a CHP
unit what its electricity does not earn back.
Energy that vehicles or flexible loads still wait for is a debt and counts as a shortfall of electricity.
"""

from energy.domain import FloatArray
from energy.evaluation.course import Course
from energy.optimize.drafts.terminal_values import boiler_heat_eur_per_kwh, chp_heat_eur_per_kwh
from energy.region.battery import Battery
from energy.region.boiler import Boiler
from energy.region.chp import Chp
from energy.region.electrolyser import Electrolyser
from energy.region.ev_hub import EvHub
from energy.region.flexible_load import FlexibleLoad
from energy.region.heat_pump import HeatPump
from energy.region.heat_storage import HeatStorage
from energy.region.hydrogen_storage import HydrogenStorage
from energy.region.model import Asset, Region
from energy.region.pumped_reservoir import PumpedReservoir


def end_stores_eur(region: Region, course: Course, last_day_eur_per_kwh: FloatArray) -> float:
    """Give what all stores end short of their start content, negative where they end fuller."""
    high, low = float(last_day_eur_per_kwh.max()), max(0.0, float(last_day_eur_per_kwh.min()))
    cost_eur = 0.0
    for asset in region.members:
        short = shortfall(asset, course)
        if short > 0.0:
            cost_eur += short * bought_back_eur(region, asset, high)
        elif short < 0.0:
            cost_eur += short * sold_eur(region, asset, low, high_eur_per_kwh=high)
    return cost_eur


def shortfall(asset: Asset, course: Course) -> float:
    """Give how much less is in store at the end than at the start, kWh (of water m3); negative if more."""
    name, sign = _content(asset)
    content = None if name is None else course.end(asset.id, name)
    return 0.0 if content is None else sign * float(content[0] - content[-1])


def bought_back_eur(region: Region, asset: Asset, high_eur_per_kwh: float) -> float:
    """Give the cost of one unit that is missing in a store."""
    match asset:
        case Battery():
            return high_eur_per_kwh / asset.efficiency_charge
        case HeatStorage():
            return max(_heat_eur_per_kwh(region, asset.heat_network, high_eur_per_kwh), default=0.0)
        case HydrogenStorage():
            return high_eur_per_kwh / _electrolyser_efficiency(region, asset)
        case PumpedReservoir():
            return high_eur_per_kwh * asset.pump_kwh_per_m3
        case _:
            return high_eur_per_kwh


def sold_eur(region: Region, asset: Asset, low_eur_per_kwh: float, *, high_eur_per_kwh: float) -> float:
    """Give the worth of one unit that a store holds beyond its start content.

    Heat is worth what makes it cheapest: a CHP unit when electricity is dearest, at least nothing.
    """
    match asset:
        case Battery():
            return low_eur_per_kwh * asset.efficiency_discharge
        case HeatStorage():
            return min(
                [
                    *_heat_eur_per_kwh(region, asset.heat_network, low_eur_per_kwh),
                    *_cogenerated_eur_per_kwh(region, asset.heat_network, high_eur_per_kwh),
                ],
                default=0.0,
            )
        case HydrogenStorage():
            return low_eur_per_kwh / _electrolyser_efficiency(region, asset)
        case PumpedReservoir():
            return low_eur_per_kwh * asset.pump_kwh_per_m3
        case _:
            return low_eur_per_kwh


def _content(asset: Asset) -> tuple[str | None, float]:
    match asset:
        case Battery() | HeatStorage() | HydrogenStorage():
            return "energy_kwh", 1.0
        case PumpedReservoir():
            return "volume_m3", 1.0
        case EvHub() | FlexibleLoad():
            return "energy_kwh_backlog", -1.0
        case _:
            return None, 1.0


def _heat_eur_per_kwh(region: Region, network: str, price_eur_per_kwh: float) -> list[float]:
    """Give what each boiler and heat pump of a network spends on a kWh of heat."""
    costs: list[float] = []
    for asset in region.members:
        if isinstance(asset, Boiler) and asset.heat_network == network:
            costs.append(boiler_heat_eur_per_kwh(region.market, asset))
        elif isinstance(asset, HeatPump) and asset.heat_network == network:
            costs.append((price_eur_per_kwh + asset.fee_eur_per_kwh_drawn) / asset.cop(0.0))
    return costs


def _cogenerated_eur_per_kwh(region: Region, network: str, price_eur_per_kwh: float) -> list[float]:
    """Give what heat of each CHP unit costs at rated power, less what its electricity earns; at least 0."""
    return [
        max(0.0, chp_heat_eur_per_kwh(region.market, asset, power_eur_per_kwh=price_eur_per_kwh))
        for asset in region.members
        if isinstance(asset, Chp) and asset.heat_network == network
    ]


def _electrolyser_efficiency(region: Region, store: HydrogenStorage) -> float:
    """Give hydrogen over electricity at rated power; 1 where a network has no electrolyser."""
    made = [
        asset.hydrogen_kw_rated / asset.power_kw_rated
        for asset in region.members
        if isinstance(asset, Electrolyser) and asset.hydrogen_network == store.hydrogen_network
    ]
    return max(made, default=1.0)
