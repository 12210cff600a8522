"""The fallback's rules for heat, hydrogen and water: what machines and stores do, whatever the grid does.

Machines follow the level of their store, boilers cover what is left; what can wait draws in the cheap half.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from energy.domain import AssetPlan, FloatArray
from energy.optimize.matrix.form import BoolArray
from energy.optimize.network_cost import fuel_kw_of
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
from energy.optimize.problem import Problem
from energy.periods import PERIOD_H
from energy.physics.own_control import CHP_START, CHP_STOP, HEAT_PUMP_START, HEAT_PUMP_STOP

HYDROGEN_FULL = 0.9
"""Fraction of its band above which a hydrogen store takes up no more than is drawn."""
HYDROGEN_AHEAD_PERIODS = 24
"""Six hours: an electrolyser runs at any price while the store does not hold the offtake of this time."""
CHEAP_HALF_SHARE = 2.0
"""Drawing in half of the time, it takes twice the mean."""
RAMP_TOLERANCE_KW = 1e-6
"""A load above the least by less than this is the least."""
WATER_FULL, WATER_LOW = 0.95, 0.3
"""Fractions of a reservoir's band: filled to the first in the cheap half, kept at the second otherwise."""


def network_plans(problem: Problem) -> dict[str, AssetPlan]:
    """Plan everything that takes part in heat, hydrogen or water, by asset id."""
    cheap = problem.market_eur_per_kwh <= float(np.median(problem.market_eur_per_kwh))
    plans: dict[str, AssetPlan] = {}
    networks: dict[str, list[object]] = {}
    for item in problem.members:
        if isinstance(item, Reservoir):
            plans[item.asset_id] = _reservoir_plan(item, cheap)
        elif isinstance(item, Cogeneration | HeatPumping | Boiling | HeatDemand | HeatStore):
            networks.setdefault(f"heat.{item.network}", []).append(item)
        elif isinstance(item, Electrolysis | HydrogenStore):
            networks.setdefault(f"hydrogen.{item.network}", []).append(item)
    for name, items in networks.items():
        if name.startswith("heat."):
            plans.update(_HeatRule(items, problem.periods).plans())
        else:
            plans.update(_HydrogenRule(items, problem.periods, cheap).plans())
    return plans


@dataclass(slots=True)
class _Switch:
    """A machine's state while the rules walk along the horizon, and the line that its output follows."""

    item: Machine
    output_kw_on: FloatArray
    output_per_kw: FloatArray
    on: bool
    age: int
    load_kw: FloatArray
    running_share: FloatArray
    bend_kw: float = math.inf
    lost_per_kw: float = 0.0
    """What each kW above the bend gives less than below it."""

    def may_start(self, period: int) -> bool:
        """Tell whether it has stood long enough and may then run for its least time."""
        rested = self.age >= self.item.downtime_periods
        return rested and bool(self.item.running_share_max[period : period + self.item.uptime_periods].all())

    def decide(self, period: int, *, wanted: bool, most_kw: float, output_kw_max: float) -> float:
        """Switch as far as times and limits allow; give the output, at most ``output_kw_max`` if possible."""
        item = self.item
        kept = self.on and self.age < item.uptime_periods
        least_output = self.output_kw(period, item.power_kw_least)
        fits = least_output <= output_kw_max + 1e-9
        lowest_kw, highest_kw = self._ramp_kw(period)
        # A run stops from the least load, so it first comes down to it.
        kept = kept or (self.on and period > 0 and self.load_kw[period - 1] > self._stops_below_kw)
        if self.on:
            run = item.running_share_max[period] > 0.0 and (
                item.running_share_min[period] > 0.0 or kept or (wanted and fits)
            )
        else:
            run = wanted and fits and self.may_start(period)
        self.age = self.age + 1 if run == self.on else 1
        self.on = run
        self.running_share[period] = float(run)
        if not run:
            return 0.0
        slope = float(self.output_per_kw[period])
        fitting_kw = (
            item.power_kw_least + max(0.0, output_kw_max - least_output) / slope if slope else most_kw
        )
        if fitting_kw > self.bend_kw:
            over_kw = output_kw_max - self.output_kw(period, self.bend_kw)
            fitting_kw = (
                self.bend_kw + over_kw / (slope - self.lost_per_kw) if slope > self.lost_per_kw else most_kw
            )
        load_kw = min(max(item.power_kw_least, min(most_kw, fitting_kw)), item.power_kw_rated)
        load_kw = min(max(load_kw, lowest_kw), highest_kw)
        self.load_kw[period] = load_kw
        return self.output_kw(period, load_kw)

    @property
    def _stops_below_kw(self) -> float:
        return math.inf if self.item.ramp_kw is None else self.item.power_kw_least + RAMP_TOLERANCE_KW

    def _ramp_kw(self, period: int) -> tuple[float, float]:
        """Give the loads that the ramp lets it reach, before it is known whether it switches."""
        item = self.item
        if item.ramp_kw is None:
            return 0.0, math.inf
        if period == 0:
            return item.load_kw_first_min, item.load_kw_first_max
        if not self.on:
            return 0.0, item.power_kw_least
        before_kw = float(self.load_kw[period - 1])
        return before_kw - item.ramp_kw, before_kw + item.ramp_kw

    def output_kw(self, period: int, load_kw: float) -> float:
        """Give heat or hydrogen while running."""
        lost_kw = self.lost_per_kw * max(0.0, load_kw - self.bend_kw)
        return float(self.output_kw_on[period] + self.output_per_kw[period] * load_kw) - lost_kw


def _switch_of(item: Machine, periods: int) -> _Switch:
    match item:
        case Cogeneration():
            least, rated = item.heat_kw_least, item.heat_kw_rated
        case Electrolysis():
            least, rated = item.hydrogen_kw_least, item.hydrogen_kw_rated
        case _:
            least = rated = 0.0
    slope = (rated - least) / (item.power_kw_rated - item.power_kw_least)
    bend_kw, lost_per_kw = math.inf, 0.0
    if isinstance(item, Electrolysis) and item.bend is not None:
        bend_kw = item.bend.power_kw
        slope = (item.bend.hydrogen_kw - least) / (bend_kw - item.power_kw_least)
        lost_per_kw = slope - (rated - item.bend.hydrogen_kw) / (item.power_kw_rated - bend_kw)
    output_on = np.full(periods, least - slope * item.power_kw_least)
    per_kw = item.heat_kw_per_kw if isinstance(item, HeatPumping) else np.full(periods, slope)
    return _Switch(
        item=item,
        output_kw_on=output_on,
        output_per_kw=per_kw,
        on=item.running_before,
        # What is left of its times stands in running_share_min and _max.
        age=max(item.uptime_periods, item.downtime_periods),
        load_kw=np.zeros(periods),
        running_share=np.zeros(periods),
        bend_kw=bend_kw,
        lost_per_kw=lost_per_kw,
    )


class _HeatRule:
    """One heat network: machines by the level of the store, boilers for the rest."""

    def __init__(self, items: Sequence[object], periods: int) -> None:
        self._periods = periods
        self._switches = [_switch_of(item, periods) for item in items if isinstance(item, Machine)]
        self._boilers = [item for item in items if isinstance(item, Boiling)]
        self._loads = [item for item in items if isinstance(item, HeatDemand)]
        self._stores = [item for item in items if isinstance(item, HeatStore) and item.energy_kwh is not None]
        self._idle = [item for item in items if isinstance(item, HeatStore) and item.energy_kwh is None]
        self._energy = [item.energy_kwh for item in self._stores if item.energy_kwh is not None]
        self._capacity = sum(item.energy_kwh_max for item in self._stores)
        self._asked = [switch.on for switch in self._switches]
        self._heat = {
            item.asset_id: np.zeros(periods)
            for item in items
            if isinstance(item, Boiling | HeatDemand | HeatStore)
        }
        self._stored = {item.asset_id: np.zeros(periods) for item in self._stores}

    def plans(self) -> Mapping[str, AssetPlan]:
        """Walk along the horizon; give every asset's plan."""
        for period in range(self._periods):
            self._step(period)
        none = np.zeros(self._periods)
        plans = {
            asset_id: AssetPlan(power_kw=none, states={"heat_kw": heat_kw})
            for asset_id, heat_kw in self._heat.items()
        }
        for boiler in self._boilers:
            heat_kw = self._heat[boiler.asset_id]
            states = {"heat_kw": heat_kw, "fuel_kw": -heat_kw / boiler.efficiency}
            plans[boiler.asset_id] = AssetPlan(power_kw=none, states=states)
        for store in self._stores:
            states = {"heat_kw": self._heat[store.asset_id], "energy_kwh": self._stored[store.asset_id]}
            plans[store.asset_id] = AssetPlan(power_kw=none, states=states)
        for switch in self._switches:
            plans[switch.item.asset_id] = _machine_plan(switch)
        return plans

    def _step(self, period: int) -> None:
        demand_kw = sum(float(load.demand_kw[period]) for load in self._loads)
        room_kw, spare_kw = self._reach()
        left_kw = demand_kw
        filled = sum(self._energy) / self._capacity if self._capacity > 0.0 else 0.0
        for index, switch in enumerate(self._switches):
            is_chp = isinstance(switch.item, Cogeneration)
            start, stop = (CHP_START, CHP_STOP) if is_chp else (HEAT_PUMP_START, HEAT_PUMP_STOP)
            if filled <= start:
                self._asked[index] = True
            elif filled >= stop:
                self._asked[index] = False
            item = switch.item
            demanded = item.power_kw_max[period] < 0.0 if is_chp else item.power_kw_min[period] > 0.0
            most_kw = float(-item.power_kw_min[period] if is_chp else item.power_kw_max[period])
            left_kw -= switch.decide(
                period,
                wanted=self._asked[index] or bool(demanded),
                most_kw=most_kw,
                output_kw_max=left_kw + sum(room_kw),
            )
        flow_kw = min(sum(room_kw), -left_kw) if left_kw < 0.0 else -min(sum(spare_kw), left_kw)
        self._move_stores(period, flow_kw, room_kw=room_kw, spare_kw=spare_kw)
        left_kw += flow_kw
        for boiler in self._boilers:
            heat_kw = min(max(0.0, left_kw), float(boiler.heat_kw_max[period]))
            self._heat[boiler.asset_id][period] = -heat_kw
            left_kw -= heat_kw
        served = 1.0 - max(0.0, left_kw) / demand_kw if demand_kw > 0.0 else 1.0
        for load in self._loads:
            self._heat[load.asset_id][period] = served * float(load.demand_kw[period])

    def _reach(self) -> tuple[list[float], list[float]]:
        """Give how much each store can take up and give in a period."""
        room, spare = [], []
        for store, energy in zip(self._stores, self._energy, strict=True):
            kept = store.kept_fraction * energy
            room.append(min(store.heat_kw_max, max(0.0, store.energy_kwh_max - kept) / store.kept_h))
            spare.append(min(store.heat_kw_max, kept / store.kept_h))
        return room, spare

    def _move_stores(
        self, period: int, flow_kw: float, *, room_kw: Sequence[float], spare_kw: Sequence[float]
    ) -> None:
        """Share a flow among the stores as far as each of them reaches."""
        reach_kw = sum(room_kw if flow_kw > 0.0 else spare_kw)
        for index, store in enumerate(self._stores):
            own_kw = room_kw[index] if flow_kw > 0.0 else spare_kw[index]
            heat_kw = flow_kw * own_kw / reach_kw if reach_kw > 0.0 else 0.0
            self._energy[index] = store.kept_fraction * self._energy[index] + store.kept_h * heat_kw
            self._heat[store.asset_id][period] = heat_kw
            self._stored[store.asset_id][period] = self._energy[index]


class _HydrogenRule:
    """One hydrogen network: electrolysers run in the cheap half, and whenever the offtake asks for it."""

    def __init__(self, items: Sequence[object], periods: int, cheap: BoolArray) -> None:
        self._periods = periods
        self._cheap = cheap
        self._switches = [_switch_of(item, periods) for item in items if isinstance(item, Machine)]
        self._stores = [item for item in items if isinstance(item, HydrogenStore)]
        self._energy = [item.energy_kwh_start for item in self._stores]
        self._offtake = sum((item.offtake_kw for item in self._stores), np.zeros(periods))
        self._served = {item.asset_id: np.zeros(periods) for item in self._stores}
        self._flow = {item.asset_id: np.zeros(periods) for item in self._stores}

    def plans(self) -> Mapping[str, AssetPlan]:
        """Walk along the horizon; give every asset's plan."""
        ahead_kwh = _ahead_kwh(self._offtake)
        wanted_kw = CHEAP_HALF_SHARE * float(self._offtake.mean())
        for period in range(self._periods):
            self._step(period, wanted_kw=wanted_kw, ahead_kwh=float(ahead_kwh[period]))
        plans = {switch.item.asset_id: _machine_plan(switch) for switch in self._switches}
        for store in self._stores:
            flow_kw = self._flow[store.asset_id]
            states = {"hydrogen_kw": self._served[store.asset_id], "hydrogen_kw_stored": flow_kw}
            if store.energy_kwh is not None:
                states["energy_kwh"] = store.energy_kwh_start + PERIOD_H * np.cumsum(flow_kw)
            plans[store.asset_id] = AssetPlan(power_kw=np.zeros(self._periods), states=states)
        return plans

    def _step(self, period: int, *, wanted_kw: float, ahead_kwh: float) -> None:
        known = [store.energy_kwh is not None for store in self._stores]
        room = [
            max(0.0, store.energy_kwh_max - energy) / PERIOD_H if moves else 0.0
            for store, energy, moves in zip(self._stores, self._energy, known, strict=True)
        ]
        spare = [
            max(0.0, energy - store.energy_kwh_min) / PERIOD_H if moves else 0.0
            for store, energy, moves in zip(self._stores, self._energy, known, strict=True)
        ]
        band_kwh = sum(store.energy_kwh_max - store.energy_kwh_min for store in self._stores)
        held_kwh = PERIOD_H * sum(spare)
        offtake_kw = float(self._offtake[period])
        short = held_kwh < ahead_kwh
        asked = short or (bool(self._cheap[period]) and held_kwh < HYDROGEN_FULL * band_kwh)
        most_output_kw = offtake_kw + sum(room)
        made_kw = 0.0
        for switch in self._switches:
            target_kw = max(wanted_kw, offtake_kw if short else 0.0) - made_kw
            standby_kw = getattr(switch.item, "power_kw_standby", 0.0)
            demanded = bool(switch.item.power_kw_min[period] > standby_kw)
            made_kw += switch.decide(
                period,
                wanted=(asked and target_kw > 0.0) or demanded,
                most_kw=float(switch.item.power_kw_max[period]),
                output_kw_max=min(
                    most_output_kw - made_kw,
                    max(target_kw, switch.output_kw(period, switch.item.power_kw_least)),
                ),
            )
        left_kw = offtake_kw - made_kw
        flow_kw = min(sum(room), -left_kw) if left_kw < 0.0 else -min(sum(spare), left_kw)
        reach = room if flow_kw > 0.0 else spare
        missed_kw = max(0.0, left_kw + flow_kw)
        for index, store in enumerate(self._stores):
            own_kw = flow_kw * reach[index] / sum(reach) if sum(reach) > 0.0 else 0.0
            self._energy[index] += PERIOD_H * own_kw
            self._flow[store.asset_id][period] = own_kw
            share = float(store.offtake_kw[period]) / offtake_kw if offtake_kw > 0.0 else 0.0
            self._served[store.asset_id][period] = share * (offtake_kw - missed_kw)


def _ahead_kwh(offtake_kw: FloatArray) -> FloatArray:
    """Give the offtake of the coming hours, as far as the horizon shows it."""
    total = np.concatenate([[0.0], np.cumsum(offtake_kw)]) * PERIOD_H
    end = np.minimum(np.arange(offtake_kw.size) + HYDROGEN_AHEAD_PERIODS, offtake_kw.size)
    ahead: FloatArray = total[end] - total[:-1]
    return ahead


def _machine_plan(switch: _Switch) -> AssetPlan:
    output_kw = -(switch.output_kw_on * switch.running_share + switch.output_per_kw * switch.load_kw)
    output_kw += switch.lost_per_kw * np.maximum(0.0, switch.load_kw - switch.bend_kw)
    match switch.item:
        case Cogeneration():
            made = AssetPlan(
                power_kw=-switch.load_kw, states={"heat_kw": output_kw, "running": switch.running_share}
            )
            fuel_kw = fuel_kw_of(switch.item, made)
            return AssetPlan(power_kw=made.power_kw, states={**made.states, "fuel_kw": fuel_kw})
        case Electrolysis():
            standing_kw = switch.item.power_kw_standby * (1.0 - switch.running_share)
            states = {"hydrogen_kw": output_kw, "running": switch.running_share}
            return AssetPlan(power_kw=switch.load_kw + standing_kw, states=states)
        case _:
            states = {"heat_kw": output_kw, "running": switch.running_share}
            return AssetPlan(power_kw=switch.load_kw, states=states)


def _reservoir_plan(item: Reservoir, cheap: BoolArray) -> AssetPlan:
    """Fill in the cheap half, hold a low level otherwise; the reserve is kept whatever the price."""
    band_kwh = item.energy_kwh_max - item.energy_kwh_min
    pumped, stored = np.zeros(cheap.size), np.zeros(cheap.size)
    energy = item.energy_kwh
    for period in range(cheap.size):
        goal_kwh = item.energy_kwh_min + (WATER_FULL if cheap[period] else WATER_LOW) * band_kwh
        demand_kw = float(item.demand_kw[period])
        wanted_kw = max(0.0, demand_kw + (goal_kwh - energy) / PERIOD_H)
        room_kw = max(0.0, demand_kw + (item.energy_kwh_max - energy) / PERIOD_H)
        least_kw = min(float(item.power_kw_min[period]), room_kw)
        pump_kw = min(max(wanted_kw, least_kw), float(item.power_kw_max[period]))
        energy = max(0.0, energy + PERIOD_H * (pump_kw - demand_kw))
        pumped[period], stored[period] = pump_kw, energy
    return AssetPlan(power_kw=pumped, states={"volume_m3": item.m3_per_kwh * stored})
