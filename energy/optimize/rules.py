"""The fallback that needs no solver: plain rules, period after period, physics first, then limits.

Sources run free, vehicles charge on arrival, batteries take up surplus and give it back in the dearer half
of the horizon. Limits of the exchange are then kept by batteries first, charging second, curtailment last.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from energy.domain import AssetPlan, Breach, FloatArray, Plan, Rung
from energy.optimize.cost import cost_parts_eur, stored_energy_kwh
from energy.optimize.problem import (
    BREACH_EUR_PER_KWH,
    WAY_BACK_EUR_PER_KWH_H,
    Charging,
    Exchange,
    FixedPower,
    Problem,
    Source,
    Storage,
)
from energy.periods import PERIOD_H

BREACH_MIN_KW = 1e-6
"""Rounding noise is no breach."""


@dataclass(slots=True, kw_only=True)
class _Range:
    """What an asset could do in one period, and what the rules want of it."""

    power_kw: float
    least_kw: float
    most_kw: float


def rules_plan(problem: Problem, *, plan_id: str, issued_at: datetime) -> Plan:
    """Plan by rules alone; a problem that passed its contract always gets a plan."""
    track = _Track(problem)
    for period in range(problem.periods):
        track.step(period)
    power_kw, unserved_kwh = track.power_kw, track.unserved_kwh
    exchange = problem.exchange
    exchange_kw = sum((power_kw[item.asset_id] for item in problem.members), np.zeros(problem.periods))
    assets = {
        item.asset_id: AssetPlan(power_kw=power_kw[item.asset_id], states=track.states(item))
        for item in problem.members
    }
    assets[exchange.asset_id] = AssetPlan(power_kw=exchange_kw)
    marginal = np.where(exchange_kw > 0.0, exchange.import_eur_per_kwh, exchange.export_eur_per_kwh)
    return Plan(
        plan_id=plan_id,
        region_id=problem.region_id,
        issued_at=issued_at,
        start=problem.start,
        rung=Rung.RULES,
        status="rules",
        gap=None,
        objective_eur=cost_parts_eur(problem, power_kw, unserved_kwh=unserved_kwh),
        assets=assets,
        marginal_price_eur_per_kwh={"electricity": marginal},
        breaches=(*problem.breaches, *_power_breaches(exchange, exchange_kw), *track.breaches()),
    )


class _Track:
    """What has been stored, charged and missed so far, while the rules walk along the horizon."""

    def __init__(self, problem: Problem) -> None:
        self._problem = problem
        self._dear_eur_per_kwh = float(np.median(problem.market_eur_per_kwh))
        self._energy_kwh = {
            item.asset_id: item.energy_kwh_start for item in problem.members if isinstance(item, Storage)
        }
        self._settled_kwh = {item.asset_id: 0.0 for item in problem.members if isinstance(item, Charging)}
        self.power_kw: dict[str, FloatArray] = {
            item.asset_id: np.zeros(problem.periods) for item in problem.members
        }
        self.unserved_kwh: dict[str, FloatArray] = {
            asset_id: np.zeros(problem.periods) for asset_id in self._settled_kwh
        }
        self._backlog_kwh = {asset_id: np.zeros(problem.periods) for asset_id in self._settled_kwh}

    def step(self, period: int) -> None:
        """Decide one period and move on."""
        members = self._problem.members
        ranges = {item.asset_id: self._range(item, period) for item in members}
        batteries = [ranges[item.asset_id] for item in members if isinstance(item, Storage)]
        hubs = [ranges[item.asset_id] for item in members if isinstance(item, Charging)]
        sources = [ranges[item.asset_id] for item in members if isinstance(item, Source)]
        surplus_kw = -sum(range_.power_kw for range_ in ranges.values())
        dear = self._problem.market_eur_per_kwh[period] >= self._dear_eur_per_kwh
        if surplus_kw > 0.0 or dear:
            _shift(batteries, surplus_kw)
        exchange_kw = sum(range_.power_kw for range_ in ranges.values())
        limits = self._problem.exchange
        if exchange_kw > limits.power_kw_max[period]:
            _shift([*batteries, *hubs], float(limits.power_kw_max[period]) - exchange_kw)
        elif exchange_kw < limits.power_kw_min[period]:
            _shift([*batteries, *hubs, *sources], float(limits.power_kw_min[period]) - exchange_kw)
        for item in members:
            self._move(item, period, ranges[item.asset_id].power_kw)

    def states(self, item: object) -> dict[str, FloatArray]:
        """Give an asset's states: energies at the end of each period, curtailment as its mean."""
        if isinstance(item, Storage) and item.energy_kwh is not None:
            return {"energy_kwh": stored_energy_kwh(item, self.power_kw[item.asset_id])}
        if isinstance(item, Charging):
            return {"energy_kwh_backlog": self._backlog_kwh[item.asset_id]}
        if isinstance(item, Source):
            curtailed_kw = np.maximum(0.0, item.available_kw + self.power_kw[item.asset_id])
            return {"power_kw_curtailed": curtailed_kw}
        return {}

    def breaches(self) -> list[Breach]:
        """Report demanded power that was not reached, what was left unserved, energy outside its band."""
        found: list[Breach] = []
        for item in self._problem.members:
            if isinstance(item, Storage | Charging):
                found += _power_breaches(item, self.power_kw[item.asset_id])
            if isinstance(item, Charging):
                size = float(self.unserved_kwh[item.asset_id].sum())
                found += _breach(item.asset_id, "unserved", size, "kWh", size * item.unserved_eur_per_kwh)
            elif isinstance(item, Storage):
                energy = stored_energy_kwh(item, self.power_kw[item.asset_id])
                for name, outside in (
                    ("energy_kwh_min", np.maximum(0.0, item.energy_kwh_min - energy)),
                    ("energy_kwh_max", np.maximum(0.0, energy - item.energy_kwh_max)),
                ):
                    cost = PERIOD_H * WAY_BACK_EUR_PER_KWH_H * float(outside.sum())
                    found += _breach(item.asset_id, name, float(outside.max()), "kWh", cost)
        return found

    def _range(self, item: FixedPower | Source | Storage | Charging, period: int) -> _Range:
        match item:
            case FixedPower():
                power_kw = float(item.power_kw[period])
                return _Range(power_kw=power_kw, least_kw=power_kw, most_kw=power_kw)
            case Source():
                least_kw = float(item.curtailed_kw_min[period] - item.available_kw[period])
                most_kw = float(item.curtailed_kw_max[period] - item.available_kw[period])
                return _Range(power_kw=least_kw, least_kw=least_kw, most_kw=most_kw)
            case Storage():
                return self._battery_range(item, period)
            case Charging():
                return self._hub_range(item, period)

    def _battery_range(self, item: Storage, period: int) -> _Range:
        energy_kwh = self._energy_kwh[item.asset_id]
        room_kw = max(0.0, item.energy_kwh_max - energy_kwh) / (PERIOD_H * item.efficiency_charge)
        spare_kw = max(0.0, energy_kwh - item.energy_kwh_min) * item.efficiency_discharge / PERIOD_H
        least_kw = float(np.clip(item.power_kw_min[period], -spare_kw, room_kw))
        most_kw = float(np.clip(item.power_kw_max[period], -spare_kw, room_kw))
        return _Range(power_kw=min(max(0.0, least_kw), most_kw), least_kw=least_kw, most_kw=most_kw)

    def _hub_range(self, item: Charging, period: int) -> _Range:
        open_kwh = max(0.0, float(item.arrived_kwh[period]) - self._settled_kwh[item.asset_id])
        most_kw = min(float(item.power_kw_max[period]), open_kwh / PERIOD_H)
        least_kw = min(float(item.power_kw_min[period]), most_kw)
        return _Range(power_kw=most_kw, least_kw=least_kw, most_kw=most_kw)

    def _move(self, item: FixedPower | Source | Storage | Charging, period: int, power_kw: float) -> None:
        self.power_kw[item.asset_id][period] = power_kw
        if isinstance(item, Storage):
            charged = item.efficiency_charge * max(0.0, power_kw)
            discharged = max(0.0, -power_kw) / item.efficiency_discharge
            self._energy_kwh[item.asset_id] += PERIOD_H * (charged - discharged)
        elif isinstance(item, Charging):
            settled_kwh = self._settled_kwh[item.asset_id] + PERIOD_H * power_kw
            missed_kwh = max(0.0, float(item.due_kwh[period]) - settled_kwh)
            self.unserved_kwh[item.asset_id][period] = missed_kwh
            self._settled_kwh[item.asset_id] = settled_kwh + missed_kwh
            backlog_kwh = float(item.arrived_kwh[period]) - settled_kwh - missed_kwh
            self._backlog_kwh[item.asset_id][period] = max(0.0, backlog_kwh)


def _shift(ranges: Sequence[_Range], change_kw: float) -> None:
    """Change the sum of the powers by as much of ``change_kw`` as the ranges allow, in their order."""
    for range_ in ranges:
        power_kw = min(max(range_.power_kw + change_kw, range_.least_kw), range_.most_kw)
        change_kw -= power_kw - range_.power_kw
        range_.power_kw = power_kw


def _power_breaches(item: Exchange | Storage | Charging, power_kw: FloatArray) -> list[Breach]:
    """Report power beyond what limits allow or demand, priced as the account prices it."""
    found: list[Breach] = []
    for name, beyond_kw in (
        ("power_kw_max", np.maximum(0.0, power_kw - item.power_kw_max)),
        ("power_kw_min", np.maximum(0.0, item.power_kw_min - power_kw)),
    ):
        cost_eur = PERIOD_H * BREACH_EUR_PER_KWH * float(beyond_kw.sum())
        found += _breach(item.asset_id, name, float(beyond_kw.max()), "kW", cost_eur)
    return found


def _breach(asset_id: str, name: str, size: float, unit: str, cost_eur: float) -> list[Breach]:
    if size <= BREACH_MIN_KW:
        return []
    return [Breach(name=name, asset_id=asset_id, size=size, unit=unit, cost_eur=cost_eur)]
