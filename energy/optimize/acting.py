"""The price at which a store or a load that can wait would act, as one kWh more or less of it can be undone.

A dual of the balance of what is stored is no such price where the store is full or empty: one of several is
optimal there. What a kWh more at a period is worth is found by looking where it can go, over content that
has room: to later periods, to earlier ones, or to the end (docs/optimisation.md, "What a plan tells").
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import reduce

import numpy as np

from energy.domain import REASONS, FloatArray
from energy.optimize.highs.instance import Solution
from energy.optimize.matrix.form import BoolArray
from energy.optimize.matrix.layout import Layout
from energy.optimize.matrix.stores import NONE, Stores, Strands
from energy.optimize.matrix.tile import Numbers
from energy.optimize.sure_duals import hang_on, is_beyond, sure_duals
from energy.periods import PERIOD_H

DRAWS, FEEDS_IN = REASONS
"""States of a plan: the highest price at which an asset draws, the lowest at which it feeds in."""
SAME_EUR_PER_KWH = 1e-6
"""Two worths of a kWh this near are one."""
DIGITS = 6
"""A ten-thousandth of a cent: more would only make records longer."""
WAYS = 4
"""How a kWh is looked at: one more in store, the same by sure moves alone, one less, that by sure ones."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Columns:
    """The columns of strands, shape (strands, periods) each.

    ``cost_eur`` is what one unit more costs beside what it does to the content; ``sure`` tells where that
    is the same whichever optimal dual is taken.
    """

    kept_share: FloatArray
    """Of one unit in the row of what is kept: its sign for a content, negative for a flow that fills it."""
    cost_eur: FloatArray
    sure: BoolArray
    sure_of_its_own: BoolArray
    """Whatever the balances' prices are."""
    can_rise: BoolArray
    can_fall: BoolArray


def acting_prices(
    layout: Layout, numbers: Numbers, solution: Solution, price: FloatArray
) -> Iterator[tuple[str, Mapping[str, FloatArray]]]:
    """Give by asset the price at which it would draw, and that at which it would feed in, shape (periods,).

    NaN where it would at no price, or where the plan's duals do not settle it.

    Args:
        layout: of the matrix.
        numbers: in it.
        solution: the plan.
        price: of each balance in EUR/kWh, shape (balances, periods).
    """
    stores = layout.stores
    if stores is None:
        return
    unsure = ~sure_duals(layout, numbers, solution)
    unsure[stores.rows] = False
    flows = _flows(stores, layout, numbers, solution, unsure=unsure)
    content = _content(stores, layout, numbers, solution, unsure=unsure)
    opposed_is_on = flows.can_fall[stores.opposed] & (stores.opposed != NONE)[:, None]
    can_begin = flows.can_rise & ~opposed_is_on
    more, less = _worth(stores, flows, content, can_begin=can_begin)
    found = _prices(stores, flows, _here(stores, price), can_begin=can_begin, more=more, less=less)
    found[~flows.sure_of_its_own] = np.nan
    found = found.round(DIGITS)
    feeds_in = dict(zip(stores.flows.store[stores.feeds_in].tolist(), stores.feeds_in.tolist(), strict=True))
    for store, (asset_id, draws) in enumerate(zip(stores.asset_ids, stores.draws.tolist(), strict=True)):
        prices = {DRAWS: found[draws]}
        if store in feeds_in:
            prices[FEEDS_IN] = found[feeds_in[store]]
        yield asset_id, prices


def _flows(
    stores: Stores, layout: Layout, numbers: Numbers, solution: Solution, *, unsure: BoolArray
) -> _Columns:
    share = numbers.coefficients[stores.flows.coefficient]
    dual = solution.row_dual[stores.rows]
    in_store_eur = share * dual[stores.flows.store]
    return _columns(
        stores.flows, layout, numbers, solution, unsure=unsure, kept_share=share, in_store_eur=in_store_eur
    )


def _content(
    stores: Stores, layout: Layout, numbers: Numbers, solution: Solution, *, unsure: BoolArray
) -> _Columns:
    share = np.sign(numbers.coefficients[stores.content.coefficient])
    dual = solution.row_dual[stores.rows]
    kept = dual.copy()
    kept[:, :-1] -= dual[:, 1:]
    in_store_eur = share * kept[stores.content.store]
    return _columns(
        stores.content, layout, numbers, solution, unsure=unsure, kept_share=share, in_store_eur=in_store_eur
    )


def _columns(
    strands: Strands,
    layout: Layout,
    numbers: Numbers,
    solution: Solution,
    *,
    unsure: BoolArray,
    kept_share: FloatArray,
    in_store_eur: FloatArray,
) -> _Columns:
    at = strands.column
    value = solution.column[at]
    hang, own_hang = hang_on(layout, numbers, strands, unsure)
    return _Columns(
        kept_share=kept_share,
        cost_eur=solution.column_dual[at] + in_store_eur,
        sure=~hang,
        sure_of_its_own=~own_hang,
        can_rise=is_beyond(numbers.upper[at], value),
        can_fall=is_beyond(value, numbers.lower[at]),
    )


def _here(stores: Stores, price: FloatArray) -> FloatArray:
    """Give the price of what each store draws, shape (stores, periods)."""
    # A store that enters fewer balances than another enters one more that costs nothing.
    padded = np.concatenate([price, np.zeros((1, price.shape[1]))])
    here: FloatArray = sum(
        (padded[balance] for balance in stores.balances), start=np.zeros(stores.rows.shape)
    )
    return here


def _prices(
    stores: Stores,
    flows: _Columns,
    here: FloatArray,
    *,
    can_begin: BoolArray,
    more: FloatArray,
    less: FloatArray,
) -> FloatArray:
    """Give the price at which a flow would begin, and where it is on, at which it would be less."""
    store = stores.flows.store
    fills = flows.kept_share[:, :1] < 0.0
    more, less = more[store], less[store]
    begins, lessens = np.where(fills, more, less), np.where(fills, less, more)
    worth = np.where(flows.can_fall, lessens, np.where(can_begin, begins, np.nan))
    # Paid of each kWh beside the price: a fee while drawing, wear while feeding in.
    sign = np.where(fills, 1.0, -1.0)
    paid = flows.cost_eur / PERIOD_H - sign * here[store]
    found: FloatArray = worth * np.abs(flows.kept_share) / PERIOD_H - sign * paid
    return found


def _worth(
    stores: Stores, flows: _Columns, content: _Columns, *, can_begin: BoolArray
) -> tuple[FloatArray, FloatArray]:
    """Give what a kWh more in store is worth in each period, and what one less costs."""
    brings = _brings(flows, can_begin=can_begin)
    own = np.full((WAYS, *stores.rows.shape), -np.inf)
    own[:, stores.flows.store[stores.unserved]] = brings[:, stores.unserved]
    takes = _takes(content)
    gain = reduce(np.maximum, (brings[:, flow] for flow in stores.flows.by_store))
    later = reduce(np.minimum, (takes[:, part] for part in stores.content.by_store))
    more, sure_more, less, sure_less = _best(gain, own, later=later, earlier=later[[2, 3, 0, 1]])
    return _agreed(more, sure_more), -_agreed(less, sure_less)


def _brings(flows: _Columns, *, can_begin: BoolArray) -> FloatArray:
    """Give what a kWh in store brings by each flow in its period, shape (WAYS, flows, periods)."""
    fills = flows.kept_share[:, :1] < 0.0
    worth = flows.cost_eur / -flows.kept_share
    takes = np.where(fills, flows.can_fall, can_begin)
    gives = np.where(fills, can_begin, flows.can_fall)
    return np.stack(
        [
            np.where(takes, worth, -np.inf),
            np.where(takes & flows.sure, worth, -np.inf),
            np.where(gives, -worth, -np.inf),
            np.where(gives & flows.sure, -worth, -np.inf),
        ]
    )


def _takes(content: _Columns) -> FloatArray:
    """Give what a kWh costs that a part of the content keeps, shape (WAYS, parts, periods)."""
    cost_eur = content.kept_share * content.cost_eur
    up = np.where(content.kept_share > 0.0, content.can_rise, content.can_fall)
    down = np.where(content.kept_share > 0.0, content.can_fall, content.can_rise)
    return np.stack(
        [
            np.where(up, cost_eur, np.inf),
            np.where(up & content.sure, cost_eur, np.inf),
            np.where(down, -cost_eur, np.inf),
            np.where(down & content.sure, -cost_eur, np.inf),
        ]
    )


def _best(gain: FloatArray, own: FloatArray, *, later: FloatArray, earlier: FloatArray) -> FloatArray:
    """Give the most that a kWh brings elsewhere than in its own period, or there by ``own``.

    All arrays have shape (WAYS, stores, periods).

    Args:
        gain: what it brings in each period.
        own: what it brings in its own.
        later: what carrying it over the end of a period costs, infinite where there is no room.
        earlier: what having one less there costs.
    """
    gain_t, later_t, earlier_t = (values.transpose(2, 0, 1) for values in (gain, later, earlier))
    # Both walks at once, step by step away from where each begins, since a step takes as long for many
    # numbers as for few: [:, 0] comes back from the end of the horizon, [:, 1] goes on from its begin.
    best = np.empty((gain_t.shape[0], 2, *gain_t.shape[1:]))
    cost = np.empty(best.shape)
    best[1:, 0], best[1:, 1] = gain_t[:0:-1], gain_t[:-1]
    cost[:, 0], cost[1:, 1] = later_t[::-1], earlier_t[:-1]
    # Over the end of the horizon: what it costs there, a negative worth included, is all. (-0 - x is -x.)
    best[0, 0], best[0, 1], cost[0, 1] = -0.0, -np.inf, 0.0
    best[0] -= cost[0]
    for before, here, over in zip(best, best[1:], cost[1:], strict=False):
        np.maximum(here, before, out=here)
        np.subtract(here, over, out=here)
    elsewhere = np.maximum(best[::-1, 0], best[:, 1])
    found: FloatArray = np.maximum(own, elsewhere.transpose(1, 2, 0))
    return found


def _agreed(every: FloatArray, sure: FloatArray) -> FloatArray:
    """Take what is the same with the moves that are sure alone; NaN elsewhere, and where there is none."""
    with np.errstate(invalid="ignore"):
        same = np.abs(every - sure) <= SAME_EUR_PER_KWH
    agreed: FloatArray = np.where(np.isfinite(every) & same, sure, np.nan)
    return agreed
