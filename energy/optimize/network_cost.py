"""What machines, heat, hydrogen and water cost at given powers and states, by named part."""

import numpy as np

from energy.domain import AssetPlan, FloatArray
from energy.optimize.items import Item
from energy.optimize.network_items import (
    Boiling,
    Cogeneration,
    Electrolysis,
    HeatDemand,
    HeatPumping,
    HeatStore,
    HydrogenStore,
    Machine,
    Reservoir,
)
from energy.optimize.penalties import (
    BREACH_EUR_PER_KWH,
    UNSERVED_HEAT_EUR_PER_KWH,
    UNSERVED_WATER_EUR_PER_KWH,
    WAY_BACK_EUR_PER_KWH_H,
)
from energy.periods import PERIOD_H


def forced_eur(power_kw: FloatArray, least_kw: FloatArray, greatest_kw: FloatArray) -> float:
    """Price power beyond limits, in EUR."""
    beyond_kw = np.maximum(0.0, least_kw - power_kw) + np.maximum(0.0, power_kw - greatest_kw)
    return PERIOD_H * BREACH_EUR_PER_KWH * float(beyond_kw.sum())


def add_network_item(parts: dict[str, float], item: Item, plan: AssetPlan) -> None:
    """Add an item's costs; what has none adds nothing."""
    if isinstance(item, Machine):
        parts["starts"] += item.start_eur * float(starts_of(item, plan.states["running"]).sum())
        parts["breach"] += forced_eur(plan.power_kw, item.power_kw_min, item.power_kw_max)
    match item:
        case Cogeneration():
            fuel_kwh = PERIOD_H * float(fuel_kw_of(item, plan).sum())
            parts["fuel"] += item.fuel_eur_per_kwh * fuel_kwh
            parts["co2"] += item.co2_eur_per_kwh_fuel * fuel_kwh
            parts["wish_co2"] += item.co2_weight_eur_per_kwh_fuel * fuel_kwh
            parts["wear"] -= PERIOD_H * item.wear_eur_per_kwh * float(plan.power_kw.sum())
        case HeatPumping():
            parts["fees"] += PERIOD_H * item.fee_eur_per_kwh_drawn * float(plan.power_kw.sum())
        case Electrolysis():
            load_kw = plan.power_kw - item.power_kw_standby * (1.0 - plan.states["running"])
            parts["wear"] += PERIOD_H * item.wear_eur_per_kwh * float(load_kw.sum())
            parts["fees"] += PERIOD_H * item.fee_eur_per_kwh_drawn * float(plan.power_kw.sum())
        case Boiling():
            fuel_kwh = -PERIOD_H * float(plan.states["heat_kw"].sum()) / item.efficiency
            parts["fuel"] += item.fuel_eur_per_kwh * fuel_kwh
            parts["co2"] += item.co2_eur_per_kwh_fuel * fuel_kwh
            parts["wish_co2"] += item.co2_weight_eur_per_kwh_fuel * fuel_kwh
        case HeatDemand():
            missed_kwh = PERIOD_H * float((item.demand_kw - plan.states["heat_kw"]).sum())
            parts["unserved"] += UNSERVED_HEAT_EUR_PER_KWH * missed_kwh
        case HeatStore():
            energy = stored_heat_kwh(item, plan.states["heat_kw"])
            _add_store(parts, energy, least=0.0, most=item.energy_kwh_max)
            parts["terminal"] += item.terminal_eur_per_kwh * (_start_kwh(item) - float(energy[-1]))
        case HydrogenStore():
            _add_hydrogen_store(parts, item, plan)
        case Reservoir():
            _add_reservoir(parts, item, plan)


def starts_of(item: Machine, running: FloatArray) -> FloatArray:
    """Tell in which periods a machine starts, as 0 or 1."""
    starts: FloatArray = np.maximum(0.0, np.diff(running, prepend=float(item.running_before)))
    return starts


def fuel_kw_of(item: Cogeneration, plan: AssetPlan) -> FloatArray:
    """Give a CHP's fuel along its straight line, shape (periods,)."""
    slope = (item.fuel_kw_rated - item.fuel_kw_least) / (item.power_kw_rated - item.power_kw_least)
    at_0_kw = item.fuel_kw_least - slope * item.power_kw_least
    fuel: FloatArray = at_0_kw * plan.states["running"] - slope * plan.power_kw
    return fuel


def stored_heat_kwh(item: HeatStore, heat_kw: FloatArray) -> FloatArray:
    """Give the heat in store at the end of each period, shape (periods,)."""
    energy, stored = np.zeros(heat_kw.size), _start_kwh(item)
    for period, flow_kw in enumerate(heat_kw):
        stored = item.kept_fraction * stored + item.kept_h * float(flow_kw)
        energy[period] = stored
    return energy


def _start_kwh(item: HeatStore) -> float:
    return 0.0 if item.energy_kwh is None else item.energy_kwh


def _add_store(parts: dict[str, float], energy_kwh: FloatArray, *, least: float, most: float) -> None:
    outside = np.maximum(0.0, least - energy_kwh) + np.maximum(0.0, energy_kwh - most)
    parts["breach"] += PERIOD_H * WAY_BACK_EUR_PER_KWH_H * float(outside.sum())


def _add_hydrogen_store(parts: dict[str, float], item: HydrogenStore, plan: AssetPlan) -> None:
    start = item.energy_kwh_start
    energy = start + PERIOD_H * np.cumsum(plan.states["hydrogen_kw_stored"])
    missed_kwh = PERIOD_H * float((item.offtake_kw - plan.states["hydrogen_kw"]).sum())
    parts["unserved"] += item.unserved_eur_per_kwh * missed_kwh
    parts["terminal"] += item.terminal_eur_per_kwh * (start - float(energy[-1]))
    _add_store(parts, energy, least=item.energy_kwh_min, most=item.energy_kwh_max)


def _add_reservoir(parts: dict[str, float], item: Reservoir, plan: AssetPlan) -> None:
    energy = plan.states["volume_m3"] / item.m3_per_kwh
    change = np.diff(energy, prepend=item.energy_kwh) / PERIOD_H
    missed_kw = change - plan.power_kw + item.demand_kw
    parts["unserved"] += PERIOD_H * UNSERVED_WATER_EUR_PER_KWH * float(missed_kw.sum())
    parts["fees"] += PERIOD_H * item.fee_eur_per_kwh_drawn * float(plan.power_kw.sum())
    parts["terminal"] += item.terminal_eur_per_kwh * (item.energy_kwh - float(energy[-1]))
    parts["breach"] += forced_eur(plan.power_kw, item.power_kw_min, item.power_kw_max)
    _add_store(parts, energy, least=item.energy_kwh_min, most=item.energy_kwh_max)
