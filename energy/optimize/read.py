"""From the solver's columns to a plan: powers, states, costs, prices, what binds, what broke."""

from collections.abc import Iterator, Mapping
from datetime import datetime

import numpy as np

from energy.domain import AssetPlan, Binding, Breach, FloatArray, Plan, Rung
from energy.optimize.acting import DRAWS, FEEDS_IN, acting_prices
from energy.optimize.cost import PARTS
from energy.optimize.duals import balance_prices, bindings, marginal_prices
from energy.optimize.highs.instance import Solution
from energy.optimize.items import Storage
from energy.optimize.matrix.group import Group
from energy.optimize.matrix.layout import Layout
from energy.optimize.matrix.tile import Numbers
from energy.optimize.network_items import HeatStore, HydrogenStore
from energy.optimize.problem import Problem

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
    groups = list(zip(layout.groups, numbers.thetas, strict=True))
    assets: dict[str, AssetPlan] = {}
    binding: list[Binding] = []
    for group, theta in groups:
        assets.update(_asset_plans(group, theta, column))
    # Without duals nothing is known of prices, nor of what a limit is worth: unknown is not 0.
    if solution.priced:
        price = balance_prices(layout, solution)
        for asset_id, prices in acting_prices(layout, numbers, solution, price):
            part = assets[asset_id]
            assets[asset_id] = AssetPlan(power_kw=part.power_kw, states={**part.states, **prices})
        binding = [binding for group in layout.groups for binding in bindings(group, numbers, solution)]
    for item in problem.members:
        if isinstance(item, Storage | HeatStore | HydrogenStore) and item.energy_kwh is None:
            assets[item.asset_id] = _without_energy(assets[item.asset_id])
    order = [item.asset_id for item in (*problem.members, *problem.feeders, problem.exchange)]
    breaches = [breach for group in layout.groups for breach in _breaches(group, numbers, column)]
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
        marginal_price_eur_per_kwh=marginal_prices(layout, solution) if solution.priced else {},
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
    """Leave out what was never measured, and what nobody can say of it."""
    unknown = ("energy_kwh", DRAWS, FEEDS_IN)
    known = {name: values for name, values in plan.states.items() if name not in unknown}
    return AssetPlan(power_kw=plan.power_kw, states=known)


def _asset_plans(group: Group, theta: FloatArray, column: FloatArray) -> Iterator[tuple[str, AssetPlan]]:
    p = group.prototype
    states = [(place, name) for place, name in enumerate(p.readouts) if name != "power_kw"]
    for asset_id, values in zip(group.asset_ids, p.read(theta, group.of_group(column)), strict=True):
        yield asset_id, AssetPlan(power_kw=values[0], states={name: values[place] for place, name in states})


def _objective(groups: list[tuple[Group, FloatArray]], column: FloatArray) -> Mapping[str, float]:
    parts = dict.fromkeys(PARTS, 0.0)
    for group, theta in groups:
        own = group.of_group(column)
        for part in group.prototype.parts:
            parts[part.name] += part.cost_eur(theta, own)
    return parts


def _breaches(group: Group, numbers: Numbers, column: FloatArray) -> Iterator[Breach]:
    for variable, rule in group.kind.breaches.items():
        place = group.prototype.variables.get(variable)
        if place is None or not (group.of_variable(column, variable) > BREACH_MIN).any():
            continue
        sizes, cost_eur = group.of_group(column)[:, place], group.of_group(numbers.cost_eur)
        for index in np.flatnonzero((sizes > BREACH_MIN).any(axis=1)).tolist():
            size = sizes[index]
            yield Breach(
                name=rule.name,
                asset_id=group.asset_ids[index],
                size=float(size.sum() if rule.total else size.max()),
                unit=rule.unit,
                cost_eur=float(cost_eur[index, place] @ size),
            )
