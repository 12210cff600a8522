"""The fallback that needs no solver: plain rules, period after period, physics first, then limits.

Heat, hydrogen and water follow ``network_rules``, loads in blocks ``block_rules``. Sources run free, vehicles
and flexible loads draw on arrival, batteries take up surplus and give it back in the dearer half of the
horizon. Limits of feeders and of the exchange are then kept by batteries first, what can wait second,
curtailment last.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import takewhile

import numpy as np

from energy.domain import AssetPlan, FloatArray, Plan, Rung
from energy.optimize.cost import cost_parts_eur, exchange_of, flow_of, stored_energy_kwh
from energy.optimize.fallback.blocks import block_plan
from energy.optimize.fallback.breaches import breaches_of
from energy.optimize.fallback.network import network_plans
from energy.optimize.items import BlockLoad, Charging, FixedPower, Item, Source, Storage
from energy.optimize.limited_nodes import LimitedNode, limited_nodes, nodes_of
from energy.optimize.problem import Problem
from energy.periods import PERIOD_H


def rules_plan(problem: Problem, *, plan_id: str, issued_at: datetime) -> Plan:
    """Plan by rules alone; a problem that passed its contract always gets a plan."""
    blocks = {item.asset_id: block_plan(item) for item in problem.members if isinstance(item, BlockLoad)}
    track = _Track(problem, network_plans(problem) | blocks)
    for period in range(problem.periods):
        track.step(period)
    assets = track.assets()
    exchange = problem.exchange
    exchange_kw = exchange_of(problem, assets)
    for feeder in problem.feeders:
        assets[feeder.asset_id] = AssetPlan(power_kw=flow_of(problem, assets, feeder.asset_id))
    assets[exchange.asset_id] = AssetPlan(power_kw=exchange_kw)
    marginal = np.where(
        exchange_kw > 0.0, exchange.import_worth_eur_per_kwh, exchange.export_worth_eur_per_kwh
    )
    return Plan(
        plan_id=plan_id,
        region_id=problem.region_id,
        issued_at=issued_at,
        start=problem.start,
        rung=Rung.RULES,
        status="rules",
        gap=None,
        objective_eur=cost_parts_eur(problem, assets),
        assets=assets,
        marginal_price_eur_per_kwh={"electricity": marginal},
        breaches=(*problem.breaches, *breaches_of(problem, assets)),
    )


@dataclass(slots=True, kw_only=True)
class _Range:
    """What an asset could do in one period, and what the rules want of it."""

    asset_id: str
    nodes: tuple[str, ...]
    """The feeders and the limited municipality that it stands behind."""
    power_kw: float
    least_kw: float
    most_kw: float


class _Track:
    """What has been stored, drawn and missed so far, while the rules walk along the horizon."""

    def __init__(self, problem: Problem, given: dict[str, AssetPlan]) -> None:
        self._problem = problem
        self._given = given
        self._dear_eur_per_kwh = float(np.median(problem.market_eur_per_kwh))
        self._batteries = [item for item in problem.members if isinstance(item, Storage)]
        self._waiting = [
            item for item in problem.members if isinstance(item, Charging) and item.asset_id not in given
        ]
        self._sources = [item for item in problem.members if isinstance(item, Source)]
        self._energy_kwh = {item.asset_id: item.energy_kwh_start for item in self._batteries}
        self._settled_kwh = {item.asset_id: 0.0 for item in self._waiting}
        self._backlog_kwh = {item.asset_id: np.zeros(problem.periods) for item in self._waiting}
        self._unserved_kwh = {item.asset_id: np.zeros(problem.periods) for item in self._waiting}
        self._power_kw = {item.asset_id: self._first_kw(item) for item in problem.members}
        self._fixed_kw = np.zeros(problem.periods)
        self._limited = limited_nodes(problem)
        self._nodes_of = nodes_of(problem)
        self._node_kw = {node.asset_id: np.zeros(problem.periods) for node in self._limited}
        for item in problem.members:
            self._fixed_kw += self._power_kw[item.asset_id]
            for node in self._nodes_of[item.asset_id]:
                self._node_kw[node] += self._power_kw[item.asset_id]

    def _first_kw(self, item: Item) -> FloatArray:
        """Give what is decided before the walk: what nobody steers, networks, sources that run free."""
        if isinstance(item, FixedPower):
            return item.power_kw
        if isinstance(item, Source):
            return item.curtailed_kw_min - item.available_kw
        if item.asset_id in self._given:
            return self._given[item.asset_id].power_kw
        return np.zeros(self._problem.periods)

    def step(self, period: int) -> None:
        """Decide one period and move on."""
        batteries = [self._battery_range(item, period) for item in self._batteries]
        waiting = [self._waiting_range(item, period) for item in self._waiting]
        grid = _Grid(self._limited, period, {name: float(kw[period]) for name, kw in self._node_kw.items()})
        grid.total_kw = float(self._fixed_kw[period])
        for range_ in (*batteries, *waiting):
            grid.add(range_, range_.power_kw)
        sources: list[_Range] = []
        if grid.feeds_in_too_much(self._problem, period):
            sources = [self._source_range(item, period) for item in self._sources]
        for node in self._limited:
            own = [r for r in (*batteries, *waiting, *sources) if node.asset_id in r.nodes]
            flow_kw = grid.flow_kw[node.asset_id]
            least_kw, most_kw = float(node.power_kw_min[period]), float(node.power_kw_max[period])
            grid.shift(own, min(max(flow_kw, least_kw), most_kw) - flow_kw, until=node.asset_id)
        dear = self._problem.market_eur_per_kwh[period] >= self._dear_eur_per_kwh
        if grid.total_kw < 0.0 or dear:
            grid.shift(batteries, -grid.total_kw)
        limits = self._problem.exchange
        least_kw, most_kw = float(limits.power_kw_min[period]), float(limits.power_kw_max[period])
        change_kw = min(max(grid.total_kw, least_kw), most_kw) - grid.total_kw
        if change_kw > 0.0 and not sources:
            sources = [self._source_range(item, period) for item in self._sources]
        grid.shift([*batteries, *waiting, *sources], change_kw)
        for range_ in (*batteries, *waiting, *sources):
            self._power_kw[range_.asset_id][period] = range_.power_kw
        self._move(period)

    def assets(self) -> dict[str, AssetPlan]:
        """Give every member's plan: energies at the end of each period, curtailment as its mean."""
        plans: dict[str, AssetPlan] = {}
        for item in self._problem.members:
            power_kw = self._power_kw[item.asset_id]
            states: dict[str, FloatArray] = {}
            if isinstance(item, Storage) and item.energy_kwh is not None:
                states = {"energy_kwh": stored_energy_kwh(item, power_kw)}
            elif isinstance(item, Charging) and item.asset_id in self._backlog_kwh:
                states = {
                    "energy_kwh_backlog": self._backlog_kwh[item.asset_id],
                    "power_kw_unserved": self._unserved_kwh[item.asset_id] / PERIOD_H,
                }
            elif isinstance(item, Source):
                states = {"power_kw_curtailed": np.maximum(0.0, item.available_kw + power_kw)}
            known = self._given.get(item.asset_id)
            plans[item.asset_id] = known or AssetPlan(power_kw=power_kw, states=states)
        return plans

    def _battery_range(self, item: Storage, period: int) -> _Range:
        energy_kwh = self._energy_kwh[item.asset_id]
        room_kw = max(0.0, item.energy_kwh_max - energy_kwh) / (PERIOD_H * item.efficiency_charge)
        spare_kw = max(0.0, energy_kwh - item.energy_kwh_min) * item.efficiency_discharge / PERIOD_H
        least_kw = min(max(float(item.power_kw_min[period]), -spare_kw), room_kw)
        most_kw = min(max(float(item.power_kw_max[period]), -spare_kw), room_kw)
        return _Range(
            asset_id=item.asset_id,
            nodes=self._nodes_of[item.asset_id],
            power_kw=min(max(0.0, least_kw), most_kw),
            least_kw=least_kw,
            most_kw=most_kw,
        )

    def _waiting_range(self, item: Charging, period: int) -> _Range:
        open_kwh = max(0.0, float(item.arrived_kwh[period]) - self._settled_kwh[item.asset_id])
        most_kw = min(float(item.power_kw_max[period]), open_kwh / PERIOD_H)
        least_kw = min(float(item.power_kw_min[period]), most_kw)
        return _Range(
            asset_id=item.asset_id,
            nodes=self._nodes_of[item.asset_id],
            power_kw=most_kw,
            least_kw=least_kw,
            most_kw=most_kw,
        )

    def _source_range(self, item: Source, period: int) -> _Range:
        available_kw = float(item.available_kw[period])
        least_kw = float(item.curtailed_kw_min[period]) - available_kw
        most_kw = float(item.curtailed_kw_max[period]) - available_kw
        nodes = self._nodes_of[item.asset_id]
        return _Range(
            asset_id=item.asset_id, nodes=nodes, power_kw=least_kw, least_kw=least_kw, most_kw=most_kw
        )

    def _move(self, period: int) -> None:
        for battery in self._batteries:
            power_kw = float(self._power_kw[battery.asset_id][period])
            charged = battery.efficiency_charge * max(0.0, power_kw)
            discharged = max(0.0, -power_kw) / battery.efficiency_discharge
            self._energy_kwh[battery.asset_id] += PERIOD_H * (charged - discharged)
        for item in self._waiting:
            power_kw = float(self._power_kw[item.asset_id][period])
            settled_kwh = self._settled_kwh[item.asset_id] + PERIOD_H * power_kw
            self._unserved_kwh[item.asset_id][period] = max(0.0, float(item.due_kwh[period]) - settled_kwh)
            settled_kwh = max(settled_kwh, float(item.due_kwh[period]))
            self._settled_kwh[item.asset_id] = settled_kwh
            self._backlog_kwh[item.asset_id][period] = max(0.0, float(item.arrived_kwh[period]) - settled_kwh)


class _Grid:
    """The flows of one period: through each feeder, of each limited municipality, and in all."""

    def __init__(self, limited: Sequence[LimitedNode], period: int, flow_kw: dict[str, float]) -> None:
        self.flow_kw = flow_kw
        self.total_kw = 0.0
        self._limits_kw = {
            node.asset_id: (float(node.power_kw_min[period]), float(node.power_kw_max[period]))
            for node in limited
        }

    def add(self, range_: _Range, power_kw: float) -> None:
        """Count a power in."""
        self.total_kw += power_kw
        for node in range_.nodes:
            self.flow_kw[node] += power_kw

    def feeds_in_too_much(self, problem: Problem, period: int) -> bool:
        """Tell whether curtailment may be needed."""
        return any(self.flow_kw[name] < least for name, (least, _most) in self._limits_kw.items()) or (
            self.total_kw < float(problem.exchange.power_kw_min[period])
        )

    def shift(self, ranges: Iterable[_Range], change_kw: float, *, until: str | None = None) -> None:
        """Change the powers by as much of ``change_kw`` as the ranges and nodes allow, in their order.

        Nodes that stand before ``until`` on an asset's way are kept, from there on none is asked.
        """
        for range_ in ranges:
            if change_kw == 0.0:
                return
            wanted_kw = min(max(range_.power_kw + change_kw, range_.least_kw), range_.most_kw)
            step_kw = wanted_kw - range_.power_kw
            for node in takewhile(lambda node: node != until, range_.nodes):
                least_kw, most_kw = self._limits_kw[node]
                flow_kw = self.flow_kw[node]
                step_kw = min(max(step_kw, min(0.0, least_kw - flow_kw)), max(0.0, most_kw - flow_kw))
            range_.power_kw += step_kw
            change_kw -= step_kw
            self.add(range_, step_kw)
