"""What a plan made by rules could not keep, priced as the account prices it."""

from collections.abc import Iterator, Mapping

import numpy as np

from energy.domain import AssetPlan, Breach, FloatArray
from energy.optimize.cost import municipality_kw, stored_energy_kwh, unserved_kwh_of
from energy.optimize.items import Charging, Exchange, FeederFlow, Item, MunicipalityFlow, Storage
from energy.optimize.network_items import HeatDemand, HydrogenStore, Machine, Reservoir
from energy.optimize.penalties import (
    BREACH_EUR_PER_KWH,
    UNSERVED_HEAT_EUR_PER_KWH,
    WAY_BACK_EUR_PER_KWH_H,
)
from energy.optimize.problem import Problem
from energy.periods import PERIOD_H

BREACH_MIN = 1e-6
"""Rounding noise is no breach."""


def breaches_of(problem: Problem, assets: Mapping[str, AssetPlan]) -> list[Breach]:
    """Report power beyond limits, what was left unserved, energy outside its band."""
    found: list[Breach] = []
    for item in (*problem.members, *problem.feeders, problem.exchange):
        plan = assets[item.asset_id]
        if isinstance(item, Exchange | FeederFlow | Storage | Charging | Machine | Reservoir):
            found += _power_breaches(item, plan.power_kw)
        found += _own_breaches(item, plan)
    for place in problem.municipalities:
        found += _power_breaches(place, municipality_kw(problem, assets, place.asset_id))
    return found


def _own_breaches(item: Item, plan: AssetPlan) -> Iterator[Breach]:
    match item:
        case Charging():
            size = float(unserved_kwh_of(item, plan).sum())
            yield from _breach(item, "unserved", size, "kWh", size * item.unserved_eur_per_kwh)
        case Storage():
            yield from _outside(item, stored_energy_kwh(item, plan.power_kw), "energy_kwh")
        case HydrogenStore():
            missed_kw = item.offtake_kw - plan.states["hydrogen_kw"]
            cost = PERIOD_H * item.unserved_eur_per_kwh * float(missed_kw.sum())
            yield from _breach(item, "unserved_hydrogen", float(missed_kw.max()), "kW", cost)
        case HeatDemand():
            missed_kw = item.demand_kw - plan.states["heat_kw"]
            cost = PERIOD_H * UNSERVED_HEAT_EUR_PER_KWH * float(missed_kw.sum())
            yield from _breach(item, "unserved_heat", float(missed_kw.max()), "kW", cost)
        case Reservoir():
            yield from _outside(item, plan.states["volume_m3"] / item.m3_per_kwh, "volume_m3")


def _outside(item: Storage | Reservoir, energy: FloatArray, name: str) -> Iterator[Breach]:
    for side, outside in (
        ("min", np.maximum(0.0, item.energy_kwh_min - energy)),
        ("max", np.maximum(0.0, energy - item.energy_kwh_max)),
    ):
        cost = PERIOD_H * WAY_BACK_EUR_PER_KWH_H * float(outside.sum())
        yield from _breach(item, f"{name}_{side}", float(outside.max()), "kWh", cost)


def _power_breaches(
    item: Exchange | FeederFlow | MunicipalityFlow | Storage | Charging | Machine | Reservoir,
    power_kw: FloatArray,
) -> Iterator[Breach]:
    for name, beyond_kw in (
        ("power_kw_max", np.maximum(0.0, power_kw - item.power_kw_max)),
        ("power_kw_min", np.maximum(0.0, item.power_kw_min - power_kw)),
    ):
        cost_eur = PERIOD_H * BREACH_EUR_PER_KWH * float(beyond_kw.sum())
        yield from _breach(item, name, float(beyond_kw.max()), "kW", cost_eur)


def _breach(item: Item, name: str, size: float, unit: str, cost_eur: float) -> Iterator[Breach]:
    if size > BREACH_MIN:
        yield Breach(name=name, asset_id=item.asset_id, size=size, unit=unit, cost_eur=cost_eur)
