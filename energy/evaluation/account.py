"""What a course costs, by part and quarter hour: one rule for every case."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from energy.domain import FloatArray
from energy.evaluation.course import FUEL, STARTS, Course
from energy.evaluation.end_stores import end_stores_eur
from energy.optimize.penalties import UNSERVED_HEAT_EUR_PER_KWH, UNSERVED_WATER_EUR_PER_KWH
from energy.periods import PERIOD_H
from energy.physics.battery_wear import deeply_taken_kwh, depth_of
from energy.region.battery import Battery
from energy.region.boiler import Boiler
from energy.region.chp import Chp
from energy.region.electrolyser import Electrolyser
from energy.region.ev_hub import EvHub
from energy.region.flexible_load import FlexibleLoad
from energy.region.heat_load import HeatLoad
from energy.region.hydrogen_storage import HydrogenStorage
from energy.region.machine import Machine
from energy.region.model import Asset, Region
from energy.region.pumped_reservoir import PumpedReservoir

DAYS_PER_YEAR = 365.0
PARTS = (
    *("energy", "imbalance", "fuel", "co2", "starts", "wear", "fees", "capacity"),
    *("shortfall", "end_stores"),
)
"""Parts of the account in EUR. ``energy`` is negative where export earns, ``end_stores`` where the stores end
fuller than they began."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Bill:
    """What a course is judged by: true prices, the days, the peak from which the capacity charge counts."""

    price_eur_per_kwh: FloatArray
    days: int
    peak_floor_kw: float = 0.0
    last_day_periods: int = 96


Account = Mapping[str, FloatArray]
"""By part, EUR of each quarter hour, shape (periods,); what counts once stands where it arose or last."""


def account_of(region: Region, course: Course, bill: Bill) -> dict[str, FloatArray]:
    """Account for a course."""
    market, price = region.market, bill.price_eur_per_kwh
    exchange_kw = course.mean(region.grid_point.id, "power_kw")
    deviation_kw = np.abs(exchange_kw - course.nominated_kw)
    parts = {name: np.zeros(price.size) for name in PARTS}
    parts["energy"] += PERIOD_H * price * exchange_kw
    parts["imbalance"] += PERIOD_H * market.imbalance_eur_per_kwh * deviation_kw
    parts["fees"] += PERIOD_H * market.import_surcharge_eur_per_kwh * np.maximum(0.0, exchange_kw)
    parts["fees"] += PERIOD_H * market.export_discount_eur_per_kwh * np.maximum(0.0, -exchange_kw)
    for asset in region.members:
        _add_asset(parts, region, asset, course)
    parts["capacity"] += _capacity(region, exchange_kw, bill)
    parts["end_stores"][-1] += end_stores_eur(region, course, price[-bill.last_day_periods :])
    return parts


def total_eur(account: Account) -> float:
    """Give the sum of all parts."""
    return float(sum(values.sum() for values in account.values()))


def sums_eur(account: Account) -> dict[str, float]:
    """Give the sum of each part."""
    return {name: float(values.sum()) for name, values in account.items()}


def unserved_kwh(course: Course, asset_id: str) -> FloatArray | None:
    """Give what an asset's customers did not get in each quarter hour; None where nobody counts it."""
    counted = course.end(asset_id, "energy_kwh_unserved")
    return None if counted is None else np.diff(counted)


def shortfall_eur_per_kwh(asset: Asset) -> float:
    """Give the published penalty on a kWh that an asset's customers do not get."""
    match asset:
        case EvHub() | FlexibleLoad() | HydrogenStorage():
            return asset.unserved_eur_per_kwh
        case HeatLoad():
            return UNSERVED_HEAT_EUR_PER_KWH
        case PumpedReservoir():
            return UNSERVED_WATER_EUR_PER_KWH
        case _:
            return 0.0


def _add_asset(parts: Mapping[str, FloatArray], region: Region, asset: Asset, course: Course) -> None:
    power_kw = course.mean(asset.id, "power_kw")
    drawn_kwh, fed_in_kwh = PERIOD_H * np.maximum(0.0, power_kw), PERIOD_H * np.maximum(0.0, -power_kw)
    parts["fees"][:] += asset.fee_eur_per_kwh_drawn * drawn_kwh
    missed_kwh = unserved_kwh(course, asset.id)
    if missed_kwh is not None:
        parts["shortfall"][:] += shortfall_eur_per_kwh(asset) * missed_kwh
    if isinstance(asset, Machine):
        parts["starts"][:] += asset.start_eur * course.mean(asset.id, STARTS)
    match asset:
        case Battery():
            parts["wear"][:] += asset.wear_eur_per_kwh * fed_in_kwh
            parts["wear"][:] += _deep_wear_eur(asset, course)
        case Electrolyser():
            running = power_kw > asset.power_kw_standby
            parts["wear"][:] += asset.wear_eur_per_kwh * np.where(running, drawn_kwh, 0.0)
        case Chp() | Boiler():
            fuel_kwh = PERIOD_H * course.mean(asset.id, FUEL)
            co2_eur_per_kwh = region.market.co2_eur_per_kwh_fuel(asset.co2_kg_per_kwh_fuel)
            parts["fuel"][:] += asset.fuel_eur_per_kwh * fuel_kwh
            parts["co2"][:] += co2_eur_per_kwh * fuel_kwh
            if isinstance(asset, Chp):
                parts["wear"][:] += asset.wear_eur_per_kwh * fed_in_kwh
        case _:
            pass


def _deep_wear_eur(asset: Battery, course: Course) -> FloatArray | float:
    """Charge for what cycles deeper than the stated depth took."""
    depth, energy_kwh = depth_of(asset), course.end(asset.id, "energy_kwh")
    if depth is None or energy_kwh is None:
        return 0.0
    taken = deeply_taken_kwh(depth, start_kwh=float(energy_kwh[0]), energy_kwh=energy_kwh[1:])
    eur: FloatArray = asset.wear_deep_eur_per_kwh * asset.efficiency_discharge * taken
    return eur


def _capacity(region: Region, exchange_kw: FloatArray, bill: Bill) -> FloatArray:
    """Charge the peak above the floor, where it arose."""
    charge_eur_per_kw = region.market.capacity_charge_eur_per_kw_and_year * bill.days / DAYS_PER_YEAR
    charged: FloatArray = np.zeros(exchange_kw.size)
    peak = int(np.argmax(exchange_kw))
    charged[peak] = charge_eur_per_kw * max(0.0, float(exchange_kw[peak]) - bill.peak_floor_kw)
    return charged
