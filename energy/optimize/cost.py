"""What given powers cost, by named part, without any solver: every plan can be checked against it."""

from collections.abc import Mapping

import numpy as np

from energy.domain import FloatArray
from energy.optimize.problem import (
    BREACH_EUR_PER_KWH,
    WAY_BACK_EUR_PER_KWH_H,
    Charging,
    Exchange,
    Problem,
    Source,
    Storage,
)
from energy.periods import PERIOD_H

PARTS = (
    "energy_import",
    "energy_export",
    "capacity",
    "fees",
    "wear",
    "curtailment",
    "unserved",
    "breach",
    "terminal",
)
"""Parts of the objective in EUR; export is negative where it earns, terminal where the store ends fuller."""


def cost_parts_eur(
    problem: Problem, power_kw: Mapping[str, FloatArray], *, unserved_kwh: Mapping[str, FloatArray]
) -> dict[str, float]:
    """Account for the members' powers; the exchange is their sum.

    ``power_kw`` holds every member in our sign. ``unserved_kwh`` holds for each EV hub what is left
    unserved in each period.
    """
    parts = dict.fromkeys(PARTS, 0.0)
    for item in problem.members:
        power = power_kw[item.asset_id]
        if isinstance(item, Source):
            curtailed_kwh = PERIOD_H * float((item.available_kw + power).sum())
            parts["curtailment"] += item.curtailment_eur_per_kwh * curtailed_kwh
        elif isinstance(item, Storage):
            _add_storage(parts, item, power)
        elif isinstance(item, Charging):
            parts["fees"] += PERIOD_H * item.fee_eur_per_kwh_drawn * float(power.sum())
            parts["unserved"] += item.unserved_eur_per_kwh * float(unserved_kwh[item.asset_id].sum())
            parts["breach"] += _forced_eur(power, item.power_kw_min, item.power_kw_max)
    exchange_kw = sum((power_kw[item.asset_id] for item in problem.members), np.zeros(problem.periods))
    _add_exchange(parts, problem.exchange, exchange_kw)
    return parts


def stored_energy_kwh(item: Storage, power_kw: FloatArray) -> FloatArray:
    """Give the energy in store at the end of each period, shape (periods,)."""
    charged = item.efficiency_charge * np.maximum(0.0, power_kw)
    discharged = np.maximum(0.0, -power_kw) / item.efficiency_discharge
    energy: FloatArray = item.energy_kwh_start + PERIOD_H * np.cumsum(charged - discharged)
    return energy


def _add_storage(parts: dict[str, float], item: Storage, power_kw: FloatArray) -> None:
    energy = stored_energy_kwh(item, power_kw)
    outside = np.maximum(0.0, item.energy_kwh_min - energy) + np.maximum(0.0, energy - item.energy_kwh_max)
    parts["wear"] += PERIOD_H * item.wear_eur_per_kwh * float(np.maximum(0.0, -power_kw).sum())
    parts["fees"] += PERIOD_H * item.fee_eur_per_kwh_drawn * float(np.maximum(0.0, power_kw).sum())
    parts["breach"] += PERIOD_H * WAY_BACK_EUR_PER_KWH_H * float(outside.sum())
    parts["breach"] += _forced_eur(power_kw, item.power_kw_min, item.power_kw_max)
    parts["terminal"] += item.terminal_eur_per_kwh * float(item.energy_kwh_start - energy[-1])


def _add_exchange(parts: dict[str, float], item: Exchange, power_kw: FloatArray) -> None:
    drawn, fed_in = np.maximum(0.0, power_kw), np.maximum(0.0, -power_kw)
    parts["energy_import"] += PERIOD_H * float(item.import_eur_per_kwh @ drawn)
    parts["energy_export"] -= PERIOD_H * float(item.export_eur_per_kwh @ fed_in)
    new_peak_kw = max(0.0, float(drawn.max(initial=0.0)) - item.billed_peak_kw)
    parts["capacity"] += item.capacity_charge_eur_per_kw * new_peak_kw
    parts["breach"] += _forced_eur(power_kw, item.power_kw_min, item.power_kw_max)


def _forced_eur(power_kw: FloatArray, least_kw: FloatArray, greatest_kw: FloatArray) -> float:
    beyond_kw = np.maximum(0.0, least_kw - power_kw) + np.maximum(0.0, power_kw - greatest_kw)
    return PERIOD_H * BREACH_EUR_PER_KWH * float(beyond_kw.sum())
