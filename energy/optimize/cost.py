"""What given powers cost, by named part, without any solver: every plan can be checked against it."""

from collections.abc import Mapping

import numpy as np

from energy.domain import AssetPlan, FloatArray
from energy.optimize.items import Charging, Exchange, Source, Storage, municipality_balance
from energy.optimize.kinds.catalogue import balances_of
from energy.optimize.network_cost import add_network_item, forced_eur
from energy.optimize.penalties import SURPLUS_EUR_PER_KWH, WAY_BACK_EUR_PER_KWH_H
from energy.optimize.problem import Problem
from energy.optimize.uncertainty.reserve import shortfall_eur
from energy.periods import PERIOD_H
from energy.physics.battery_wear import deeply_taken_kwh

PARTS = (
    "energy_import",
    "energy_export",
    "imbalance",
    "capacity",
    "fees",
    "fuel",
    "co2",
    "starts",
    "wear",
    "curtailment",
    "unserved",
    "reserve",
    "breach",
    "terminal",
    "wish_co2",
    "wish_autarky",
    "wish_nomination",
)
"""Parts of the objective in EUR; export is negative where it earns, terminal where a store ends fuller."""
BILLED = ("energy_import", "energy_export", "imbalance", "capacity", "fees", "fuel", "co2")
"""Parts that somebody bills or credits; all others value what no bill shows, wear and starts among them."""
WISHES = tuple(name for name in PARTS if name.startswith("wish_"))
"""Parts that nobody bills: the region's own weights on CO2, on exchange, on keeping a nomination."""


def cost_parts_eur(problem: Problem, assets: Mapping[str, AssetPlan]) -> dict[str, float]:
    """Account for the members' powers and states; the exchange and the feeders' flows are their sums.

    ``assets`` holds every member in our sign, with ``energy_kwh_backlog`` of what may wait, ``running`` of
    machines, and ``heat_kw`` or ``hydrogen_kw`` of whatever takes part in such a network.
    """
    parts = dict.fromkeys(PARTS, 0.0)
    for item in problem.members:
        plan = assets[item.asset_id]
        match item:
            case Source():
                curtailed_kwh = PERIOD_H * float((item.available_kw + plan.power_kw).sum())
                parts["curtailment"] += item.curtailment_eur_per_kwh * curtailed_kwh
            case Storage():
                _add_storage(parts, item, plan.power_kw)
            case Charging():
                _add_charging(parts, item, plan)
            case _:
                add_network_item(parts, item, plan)
    for surplus in problem.surpluses:
        unused_kw = -balance_kw(problem, assets, surplus.asset_id)
        parts["curtailment"] += PERIOD_H * SURPLUS_EUR_PER_KWH * float(np.maximum(0.0, unused_kw).sum())
    for feeder in problem.feeders:
        flow_kw = flow_of(problem, assets, feeder.asset_id)
        parts["breach"] += forced_eur(flow_kw, feeder.power_kw_min, feeder.power_kw_max)
    parts["reserve"] += shortfall_eur(problem, assets)
    for place in problem.municipalities:
        flow_kw = municipality_kw(problem, assets, place.asset_id)
        parts["breach"] += forced_eur(flow_kw, place.power_kw_min, place.power_kw_max)
    _add_exchange(parts, problem.exchange, exchange_of(problem, assets))
    return parts


def exchange_of(problem: Problem, assets: Mapping[str, AssetPlan]) -> FloatArray:
    """Give the sum of all members' powers, shape (periods,)."""
    return _sum_kw(problem, [assets[item.asset_id].power_kw for item in problem.members])


def flow_of(problem: Problem, assets: Mapping[str, AssetPlan], feeder_id: str) -> FloatArray:
    """Give the sum of the powers behind a feeder, those behind its own feeders included, shape (periods,)."""
    own = [assets[item.asset_id].power_kw for item in problem.members if item.feeder == feeder_id]
    nested = [feeder.asset_id for feeder in problem.feeders if feeder.feeder == feeder_id]
    return _sum_kw(problem, [*own, *(flow_of(problem, assets, name) for name in nested)])


def municipality_kw(problem: Problem, assets: Mapping[str, AssetPlan], balance: str) -> FloatArray:
    """Give the sum of a limited municipality's members, shape (periods,)."""
    own = [
        assets[item.asset_id].power_kw
        for item in problem.members
        if item.municipality is not None and municipality_balance(item.municipality) == balance
    ]
    return _sum_kw(problem, own)


def balance_kw(problem: Problem, assets: Mapping[str, AssetPlan], balance: str) -> FloatArray:
    """Give what a heat or hydrogen network draws less what it is fed, shape (periods,)."""
    entering = [
        assets[item.asset_id].states[readout]
        for item in problem.members
        for readout, name in balances_of(item)
        if name == balance
    ]
    return _sum_kw(problem, entering)


def unserved_kwh_of(item: Charging, plan: AssetPlan) -> FloatArray:
    """Give what is left unserved in each period: neither drawn nor still waiting, shape (periods,)."""
    drawn_kwh = PERIOD_H * np.cumsum(plan.power_kw)
    gone_kwh = item.arrived_kwh - plan.states["energy_kwh_backlog"] - drawn_kwh
    unserved: FloatArray = np.diff(gone_kwh, prepend=0.0)
    return unserved


def stored_energy_kwh(item: Storage, power_kw: FloatArray) -> FloatArray:
    """Give the energy in store at the end of each period, shape (periods,)."""
    charged = item.efficiency_charge * np.maximum(0.0, power_kw)
    discharged = np.maximum(0.0, -power_kw) / item.efficiency_discharge
    energy: FloatArray = item.energy_kwh_start + PERIOD_H * np.cumsum(charged - discharged)
    return energy


def _sum_kw(problem: Problem, powers_kw: list[FloatArray]) -> FloatArray:
    total: FloatArray = np.sum([np.zeros(problem.periods), *powers_kw], axis=0)
    return total


def _add_storage(parts: dict[str, float], item: Storage, power_kw: FloatArray) -> None:
    energy = stored_energy_kwh(item, power_kw)
    outside = np.maximum(0.0, item.energy_kwh_min - energy) + np.maximum(0.0, energy - item.energy_kwh_max)
    parts["wear"] += PERIOD_H * item.wear_eur_per_kwh * float(np.maximum(0.0, -power_kw).sum())
    if item.depth is not None:
        taken = deeply_taken_kwh(item.depth, start_kwh=item.energy_kwh_start, energy_kwh=energy)
        parts["wear"] += item.wear_deep_eur_per_kwh * item.efficiency_discharge * float(taken.sum())
    parts["fees"] += PERIOD_H * item.fee_eur_per_kwh_drawn * float(np.maximum(0.0, power_kw).sum())
    parts["breach"] += PERIOD_H * WAY_BACK_EUR_PER_KWH_H * float(outside.sum())
    parts["breach"] += forced_eur(power_kw, item.power_kw_min, item.power_kw_max)
    parts["terminal"] += item.terminal_eur_per_kwh * float(item.energy_kwh_start - energy[-1])


def _add_charging(parts: dict[str, float], item: Charging, plan: AssetPlan) -> None:
    parts["fees"] += PERIOD_H * item.fee_eur_per_kwh_drawn * float(plan.power_kw.sum())
    parts["unserved"] += item.unserved_eur_per_kwh * float(unserved_kwh_of(item, plan).sum())
    parts["breach"] += forced_eur(plan.power_kw, item.power_kw_min, item.power_kw_max)


def _add_exchange(parts: dict[str, float], item: Exchange, power_kw: FloatArray) -> None:
    drawn, fed_in = np.maximum(0.0, power_kw), np.maximum(0.0, -power_kw)
    parts["energy_import"] += PERIOD_H * float(item.import_eur_per_kwh @ drawn)
    parts["energy_export"] -= PERIOD_H * float(item.export_eur_per_kwh @ fed_in)
    new_peak_kw = max(0.0, float(drawn.max(initial=0.0)) - item.billed_peak_kw)
    parts["capacity"] += item.capacity_charge_eur_per_kw * new_peak_kw
    parts["breach"] += forced_eur(power_kw, item.power_kw_min, item.power_kw_max)
    deviation_kw = float(np.nansum(np.abs(power_kw - item.nominated_kw)))
    parts["imbalance"] += PERIOD_H * item.imbalance_eur_per_kwh * deviation_kw
    parts["wish_nomination"] += PERIOD_H * item.nomination_weight_eur_per_kwh * deviation_kw
    parts["wish_co2"] += PERIOD_H * float(item.co2_weight_eur_per_kwh @ drawn)
    parts["wish_autarky"] += PERIOD_H * item.import_weight_eur_per_kwh * float(drawn.sum())
    parts["wish_autarky"] += PERIOD_H * item.export_weight_eur_per_kwh * float(fed_in.sum())
