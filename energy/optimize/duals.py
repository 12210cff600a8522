"""What the linear program's duals say: prices of balances, and what limits are worth.

All of it holds with running and standing and each store's direction as planned, and for small changes.
"""

from collections.abc import Iterator

import numpy as np

from energy.domain import Binding, FloatArray
from energy.optimize.highs.instance import Solution
from energy.optimize.kinds.kind import BindingRule, Carrier
from energy.optimize.matrix.form import BoolArray, IntArray
from energy.optimize.matrix.group import Group
from energy.optimize.matrix.layout import Layout
from energy.optimize.matrix.tile import Numbers
from energy.periods import PERIOD_H

AT_BOUND = 1e-6
"""A value this near to its bound (relative above 1) stands at it."""
DUAL_EUR_MIN = 1e-7
"""A bound whose relaxation by one unit is worth less does not bind."""
HEADROOM = (Carrier.RESERVE_UP, Carrier.RESERVE_DOWN)
DIGITS = 6
"""A ten-thousandth of a cent: more would only make records longer."""


def marginal_prices(layout: Layout, solution: Solution) -> dict[str, FloatArray]:
    """Give what one more kWh drawn costs: one kW more lowers the balance's right-hand side by one.

    A feeder's balance is a node: its price is what a kWh costs behind it. Headroom is no energy and has none.
    """
    prices = dict(zip(layout.balances, balance_prices(layout, solution), strict=True))
    return {name: price for name, price in prices.items() if name not in HEADROOM}


def balance_prices(layout: Layout, solution: Solution) -> FloatArray:
    """Give the price of each balance in EUR/kWh, shape (balances, periods)."""
    rows = len(layout.balances) * layout.periods
    price: FloatArray = (-solution.row_dual[:rows] / PERIOD_H).reshape(len(layout.balances), layout.periods)
    return price


def bindings(group: Group, numbers: Numbers, solution: Solution) -> Iterator[Binding]:
    """Name the limits at which a group's assets stand, with what one unit more of each would be worth."""
    p = group.prototype
    for (component, side), rule in group.kind.binding.items():
        if side == "row":
            place = p.constraints[component]
            # All rows of a constraint have the same side.
            bounds = numbers.row_upper if p.row_sense[place[0]] > 0 else numbers.row_lower
            bound, value, dual = (
                group.rows_of_group(array)[:, place] for array in (bounds, solution.row, solution.row_dual)
            )
            worth_eur = np.abs(dual)
        else:
            place = p.variables[component]
            bounds = numbers.lower if side == "lower" else numbers.upper
            bound, value, dual = (
                group.of_group(array)[:, place] for array in (bounds, solution.column, solution.column_dual)
            )
            worth_eur = np.maximum(0.0, dual if side == "lower" else -dual)
        at_bound = _at_bound(rule, value=value, bound=bound, worth_eur=worth_eur)
        yield from _bindings_of(group, rule, at_bound, worth_eur)


def _at_bound(rule: BindingRule, *, value: FloatArray, bound: FloatArray, worth_eur: FloatArray) -> BoolArray:
    at_bound: BoolArray = worth_eur > DUAL_EUR_MIN
    where = np.nonzero(at_bound)
    value, bound = value[where], bound[where]
    near = np.abs(value - bound) <= AT_BOUND * np.maximum(1.0, np.abs(bound))
    at_bound[where] = near if rule.at_zero else near & (np.abs(bound) > AT_BOUND)
    return at_bound


def _bindings_of(
    group: Group, rule: BindingRule, at_bound: BoolArray, worth_eur: FloatArray
) -> Iterator[Binding]:
    for index in np.flatnonzero(at_bound.any(axis=1)):
        where: IntArray = np.flatnonzero(at_bound[index])
        yield Binding(
            name=rule.name,
            asset_id=group.asset_ids[index],
            periods=tuple(where.tolist()),
            worth_eur=tuple(worth_eur[index, where].round(DIGITS).tolist()),
        )
