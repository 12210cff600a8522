"""What the linear program's duals say: prices of balances, what limits are worth, prices at which assets act.

All of it holds with running and standing and each store's direction as planned, and for small changes.
"""

from collections.abc import Iterator, Mapping

import numpy as np

from energy.domain import Binding, FloatArray
from energy.optimize.highs.solver import Solution
from energy.optimize.kinds.kind import BindingRule, Carrier
from energy.optimize.matrix.form import BoolArray, IntArray
from energy.optimize.matrix.layout import Group, Layout
from energy.optimize.matrix.tile import Numbers
from energy.periods import PERIOD_H

AT_BOUND = 1e-6
"""A value this near to its bound (relative above 1) stands at it."""
DUAL_EUR_MIN = 1e-7
"""A bound whose relaxation by one unit is worth less does not bind."""
HEADROOM = (Carrier.RESERVE_UP, Carrier.RESERVE_DOWN)
DIGITS = 6
"""A ten-thousandth of a cent: more would only make records longer."""
DRAWS, FEEDS_IN = "price_eur_per_kwh_draw", "price_eur_per_kwh_feed_in"
"""States of a plan: the highest price at which an asset draws, the lowest at which it feeds in."""


def marginal_prices(layout: Layout, solution: Solution) -> dict[str, FloatArray]:
    """Give what one more kWh drawn costs: one kW more lowers the balance's right-hand side by one.

    A feeder's balance is a node: its price is what a kWh costs behind it. Headroom is no energy and has none.
    """
    prices = dict(zip(layout.balances, _prices(layout, solution), strict=True))
    return {name: price for name, price in prices.items() if name not in HEADROOM}


def _prices(layout: Layout, solution: Solution) -> FloatArray:
    rows = len(layout.balances) * layout.periods
    price: FloatArray = (-solution.row_dual[:rows] / PERIOD_H).reshape(len(layout.balances), layout.periods)
    return price


def acting_prices(layout: Layout, solution: Solution) -> Mapping[str, Mapping[str, FloatArray]]:
    """Give by asset the price at which it would draw, and that at which it would feed in, shape (periods,).

    The reduced cost of a column is what one kW more of it costs beside its own price and what it earns. So a
    store that stands still charges once the price where it stands falls by that much over a period's hours,
    and discharges once it rises by as much. Where it does so already, it would up to that price.
    """
    price = _prices(layout, solution)
    found: dict[str, dict[str, FloatArray]] = {}
    for group in layout.groups:
        for state, variable, sign in ((DRAWS, group.kind.draws, -1.0), (FEEDS_IN, group.kind.feeds_in, 1.0)):
            if variable is None:
                continue
            place = group.prototype.variables[variable]
            reduced = group.of_group(solution.column_dual)[:, place] / PERIOD_H
            here = sum(
                price[group.balance[:, entry]]
                for entry, (readout, _carrier) in enumerate(group.kind.balances)
                if readout == "power_kw"
            )
            for asset_id, values in zip(group.asset_ids, (here + sign * reduced).round(DIGITS), strict=True):
                found.setdefault(asset_id, {})[state] = values
    return found


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
