"""What the linear program's duals say: prices of balances, and what limits are worth.

All of it holds with running and standing and each store's direction as planned, and for small changes.
"""

from collections.abc import Iterator
from itertools import pairwise

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
    for (component, side), rule in group.kind.binding.items():
        if side == "row":
            worth_eur = np.abs(group.of_constraint(solution.row_dual, component))
        else:
            dual = group.of_variable(solution.column_dual, component)
            worth_eur = dual if side == "lower" else -dual
        asset, period = np.nonzero(worth_eur > DUAL_EUR_MIN)
        if asset.size:
            value, bound = _sides(
                group, component, side, numbers=numbers, solution=solution, where=(asset, period)
            )
            at_bound = _at_bound(rule, value=value, bound=bound)
            asset, period = asset[at_bound], period[at_bound]
        if asset.size:
            yield from _bindings_of(group, rule, asset, period, worth_eur[asset, period])


def _sides(
    group: Group,
    component: str,
    side: str,
    *,
    numbers: Numbers,
    solution: Solution,
    where: tuple[IntArray, IntArray],
) -> tuple[FloatArray, FloatArray]:
    """Give at these places of a component its value, and its bound of this side."""
    if side == "row":
        p = group.prototype
        # All rows of a constraint have the same side.
        is_upper = p.row_sense[p.constraints[component][0]] > 0
        bounds = numbers.row_upper if is_upper else numbers.row_lower
        return group.of_constraint(solution.row, component)[where], group.of_constraint(bounds, component)[
            where
        ]
    bounds = numbers.lower if side == "lower" else numbers.upper
    return group.of_variable(solution.column, component)[where], group.of_variable(bounds, component)[where]


def _at_bound(rule: BindingRule, *, value: FloatArray, bound: FloatArray) -> BoolArray:
    near: BoolArray = np.abs(value - bound) <= AT_BOUND * np.maximum(1.0, np.abs(bound))
    return near if rule.at_zero else near & (np.abs(bound) > AT_BOUND)


def _bindings_of(
    group: Group, rule: BindingRule, asset: IntArray, period: IntArray, worth_eur: FloatArray
) -> Iterator[Binding]:
    """Name them asset by asset; all shapes are (places,), in order of the assets."""
    periods, worths_eur = period.tolist(), worth_eur.round(DIGITS).tolist()
    changes = np.flatnonzero(asset[1:] != asset[:-1]) + 1
    for begin, end in pairwise([0, *changes.tolist(), asset.size]):
        yield Binding(
            name=rule.name,
            asset_id=group.asset_ids[asset[begin]],
            periods=tuple(periods[begin:end]),
            worth_eur=tuple(worths_eur[begin:end]),
        )
