"""From the solver's columns to a plan: powers, states, costs, prices, what binds, what broke."""

from collections.abc import Iterator, Mapping
from datetime import datetime

import numpy as np

from energy.domain import AssetPlan, Binding, Breach, FloatArray, Plan, Rung
from energy.optimize.cost import PARTS
from energy.optimize.items import Storage
from energy.optimize.kinds.kind import BindingRule, Carrier
from energy.optimize.network_items import HeatStore, HydrogenStore
from energy.optimize.problem import Problem
from energy.optimize.prototype import BoolArray, IntArray
from energy.optimize.solver import Solution
from energy.optimize.tile import Group, GroupNumbers, Layout, Numbers
from energy.periods import PERIOD_H

AT_BOUND = 1e-6
"""A value this near to its bound (relative above 1) stands at it."""
DUAL_EUR_MIN = 1e-7
"""A bound whose relaxation by one unit is worth less does not bind."""
BREACH_MIN = 1e-5
"""A breach below this, in kW or kWh, is the solver's tolerance."""


def read_plan(
    problem: Problem,
    *,
    layout: Layout,
    numbers: Numbers,
    solution: Solution,
    plan_id: str,
    issued_at: datetime,
    rung: Rung,
    status: str,
    gap: float | None,
) -> Plan:
    """Read a solution as a plan."""
    column = _netted(layout, solution.column)
    groups = list(zip(layout.groups, numbers.groups, strict=True))
    assets: dict[str, AssetPlan] = {}
    for group, kept in groups:
        assets.update(_asset_plans(group, kept, column))
    for item in problem.members:
        if isinstance(item, Storage | HeatStore | HydrogenStore) and item.energy_kwh is None:
            assets[item.asset_id] = _without_energy(assets[item.asset_id])
    order = [item.asset_id for item in (*problem.members, *problem.feeders, problem.exchange)]
    binding = [binding for group in layout.groups for binding in _bindings(group, numbers, solution)]
    breaches = [breach for group, kept in groups for breach in _breaches(group, kept, column)]
    return Plan(
        plan_id=plan_id,
        region_id=problem.region_id,
        issued_at=issued_at,
        start=problem.start,
        rung=rung,
        status=status,
        gap=gap,
        objective_eur=_objective(groups, column),
        assets={asset_id: assets[asset_id] for asset_id in order},
        marginal_price_eur_per_kwh=_marginal_prices(layout, solution),
        binding=tuple(binding),
        breaches=(*problem.breaches, *breaches),
    )


def _netted(layout: Layout, column: FloatArray) -> FloatArray:
    """Take off what two opposed columns have in common where that changes neither power nor cost."""
    column = column.copy()
    for group in layout.groups:
        if group.kind.netted is not None:
            first, second = (group.columns(name).ravel() for name in group.kind.netted)
            common = np.maximum(0.0, np.minimum(column[first], column[second]))
            column[first] -= common
            column[second] -= common
    return column


def _without_energy(plan: AssetPlan) -> AssetPlan:
    """Leave out what was never measured."""
    known = {name: values for name, values in plan.states.items() if name != "energy_kwh"}
    return AssetPlan(power_kw=plan.power_kw, states=known)


def _asset_plans(group: Group, kept: GroupNumbers, column: FloatArray) -> Iterator[tuple[str, AssetPlan]]:
    p, own = group.prototype, group.of_group(column)
    values = kept.readout_offset.reshape(len(group.asset_ids), -1).copy()
    terms = kept.readout * own[:, p.readout_column]
    for index in range(len(group.asset_ids)):
        values[index] += np.bincount(p.readout_row, weights=terms[index], minlength=values.shape[1])
    shaped = values.reshape(kept.readout_offset.shape)
    for index, asset_id in enumerate(group.asset_ids):
        states = {name: shaped[index, place] for place, name in enumerate(p.readouts) if name != "power_kw"}
        yield asset_id, AssetPlan(power_kw=shaped[index, 0], states=states)


def _objective(groups: list[tuple[Group, GroupNumbers]], column: FloatArray) -> Mapping[str, float]:
    parts = dict.fromkeys(PARTS, 0.0)
    for group, kept in groups:
        own = group.of_group(column)
        amounts = np.einsum("apc,ac->p", kept.cost_eur, own) + kept.cost_offset_eur.sum(axis=0)
        for name, amount in zip(group.prototype.parts, amounts, strict=True):
            parts[name] += float(amount)
    return parts


def _marginal_prices(layout: Layout, solution: Solution) -> dict[str, FloatArray]:
    """Give what one more kWh drawn costs: one kW more lowers the balance's right-hand side by one.

    A feeder's balance is no market of its own: what it adds to the price is part of what binds.
    """
    rows = len(layout.balances) * layout.periods
    price = (-solution.row_dual[:rows] / PERIOD_H).reshape(len(layout.balances), layout.periods)
    return {
        name: price[number]
        for number, name in enumerate(layout.balances)
        if not name.startswith(f"{Carrier.FEEDER}.")
    }


def _bindings(group: Group, numbers: Numbers, solution: Solution) -> Iterator[Binding]:
    for (component, side), rule in group.kind.binding.items():
        if side == "row":
            index = group.rows(component)
            value, dual = solution.row[index], solution.row_dual[index]
            sense = group.prototype.row_sense[group.prototype.constraints[component]]
            bound = np.where(sense > 0, numbers.row_upper[index], numbers.row_lower[index])
        else:
            index = group.columns(component)
            value, dual = solution.column[index], solution.column_dual[index]
            bound = (numbers.lower if side == "lower" else numbers.upper)[index]
            dual = np.where(dual > 0, dual, 0.0) if side == "lower" else np.where(dual < 0, dual, 0.0)
        yield from _bindings_of(group, rule, _at_bound(rule, value=value, bound=bound, dual=dual))


def _at_bound(rule: BindingRule, *, value: FloatArray, bound: FloatArray, dual: FloatArray) -> BoolArray:
    near = np.abs(value - bound) <= AT_BOUND * np.maximum(1.0, np.abs(bound))
    counts = np.full(bound.shape, rule.at_zero) | (np.abs(bound) > AT_BOUND)
    at_bound: BoolArray = near & counts & (np.abs(dual) > DUAL_EUR_MIN)
    return at_bound


def _bindings_of(group: Group, rule: BindingRule, at_bound: BoolArray) -> Iterator[Binding]:
    for asset_id, periods in zip(group.asset_ids, at_bound, strict=True):
        where: IntArray = np.flatnonzero(periods)
        if where.size:
            yield Binding(name=rule.name, asset_id=asset_id, periods=tuple(where.tolist()))


def _breaches(group: Group, kept: GroupNumbers, column: FloatArray) -> Iterator[Breach]:
    own = group.of_group(column)
    for variable, rule in group.kind.breaches.items():
        index = group.prototype.variables.get(variable)
        if index is None:
            continue
        sizes = own[:, index]
        costs = kept.cost_eur.sum(axis=1)[:, index] * sizes
        for asset_id, size, cost in zip(group.asset_ids, sizes, costs, strict=True):
            if size.max(initial=0.0) > BREACH_MIN:
                yield Breach(
                    name=rule.name,
                    asset_id=asset_id,
                    size=float(size.sum() if rule.total else size.max()),
                    unit=rule.unit,
                    cost_eur=float(cost.sum()),
                )
