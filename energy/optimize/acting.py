"""The price at which a store or a load that can wait would act, as one kWh more or less of it can be undone.

A dual of the balance of what is stored is no such price where the store is full or empty: one of several is
optimal there. What a kWh more at a period is worth is found by looking where it can go, over content that
has room: to later periods, to earlier ones, or to the end (docs/optimisation.md, "What a plan tells").
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from energy.domain import REASONS, FloatArray
from energy.optimize.highs.instance import Solution
from energy.optimize.kinds.kind import Kept
from energy.optimize.matrix.form import BoolArray, IntArray
from energy.optimize.matrix.layout import Group, Layout
from energy.optimize.matrix.tile import Numbers
from energy.optimize.sure_duals import beyond, hang_on_unsure, sure_duals
from energy.periods import PERIOD_H

DRAWS, FEEDS_IN = REASONS
"""States of a plan: the highest price at which an asset draws, the lowest at which it feeds in."""
SAME_EUR_PER_KWH = 1e-6
"""Two worths of a kWh this near are one."""
DIGITS = 6
"""A ten-thousandth of a cent: more would only make records longer."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Column:
    """One variable of a group by period, shape (assets, periods) each.

    ``cost_eur`` is what one unit more costs beside what it does to the content; ``sure`` tells where that
    is the same whichever optimal dual is taken.
    """

    cost_eur: FloatArray
    sure: BoolArray
    sure_of_its_own: BoolArray
    """Whatever the balances' prices are."""
    can_rise: BoolArray
    can_fall: BoolArray


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Moves:
    """What a kWh more (gain) or less (cost) in store in a period brings, shape (assets, periods) each."""

    gain_eur_per_kwh: FloatArray
    cost_eur_per_kwh: FloatArray


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
    groups = [group for group in layout.groups if group.kind.kept is not None]
    if not groups:
        return
    unsure = ~sure_duals(layout, numbers, solution)
    for group in groups:
        if group.kind.kept is not None:
            unsure[group.rows(group.kind.kept.balance)] = False
    of_its_own = unsure.copy()
    of_its_own[: price.size] = False
    for group in groups:
        if group.kind.kept is not None:
            hang, own_hang = (hang_on_unsure(group, layout, numbers, rows) for rows in (unsure, of_its_own))
            store = _Store(group, group.kind.kept, numbers, solution, hang=hang, own_hang=own_hang)
            yield from store.prices(price)


class _Store:
    """A group of assets that keep energy or wishes from period to period."""

    def __init__(
        self,
        group: Group,
        kept: Kept,
        numbers: Numbers,
        solution: Solution,
        *,
        hang: BoolArray,
        own_hang: BoolArray,
    ) -> None:
        self._group, self._kept = group, kept
        self._value = group.of_group(solution.column)
        self._lower, self._upper = group.of_group(numbers.lower), group.of_group(numbers.upper)
        self._reduced = group.of_group(solution.column_dual)
        self._coefficients = group.coefficients_of_group(numbers.coefficients)
        self._sure, self._sure_of_its_own = ~hang, ~own_hang
        p = group.prototype
        self._rows = p.constraints[kept.balance]
        self._dual = group.rows_of_group(solution.row_dual)[:, self._rows]
        self._flow = {name: self._into_store(p.variables[name]) for name in kept.flows}
        self._flows = {
            name: self._column(p.variables[name], self._flow[name] * self._dual) for name in kept.flows
        }

    def _into_store(self, columns: IntArray) -> FloatArray:
        """Give the coefficient of each of these columns in its period's row of the content."""
        p = self._group.prototype
        column = np.repeat(np.arange(p.columns), np.diff(p.column_start))
        row_of = np.full(p.columns, -1)
        row_of[columns] = self._rows
        entries = np.flatnonzero((p.entry_balance == 0) & (p.entry_row == row_of[column]))
        place = np.empty(p.columns, dtype=np.int64)
        place[column[entries]] = entries
        found: FloatArray = self._coefficients[:, place[columns]]
        return found

    def _column(self, columns: IntArray, in_store_eur: FloatArray) -> _Column:
        value = self._value[:, columns]
        return _Column(
            cost_eur=self._reduced[:, columns] + in_store_eur,
            sure=self._sure[:, columns],
            sure_of_its_own=self._sure_of_its_own[:, columns],
            can_rise=beyond(self._upper[:, columns], value) > 0.0,
            can_fall=beyond(value, self._lower[:, columns]) > 0.0,
        )

    def prices(self, price: FloatArray) -> Iterator[tuple[str, Mapping[str, FloatArray]]]:
        """Give what ``acting_prices`` does of this group."""
        here = sum(
            (
                price[self._group.balance[:, entry]]
                for entry, (readout, _carrier) in enumerate(self._group.kind.balances)
                if readout == "power_kw"
            ),
            start=np.zeros(self._dual.shape),
        )
        more, less = self._worth()
        found = {DRAWS: self._price(self._kept.draws, here, more=more, less=less)}
        if self._kept.feeds_in is not None:
            found[FEEDS_IN] = self._price(self._kept.feeds_in, here, more=more, less=less)
        for index, asset_id in enumerate(self._group.asset_ids):
            yield asset_id, {state: values[index] for state, values in found.items()}

    def _price(self, name: str, here: FloatArray, *, more: FloatArray, less: FloatArray) -> FloatArray:
        """Give the price at which a flow would begin, and where it is on, at which it would be less."""
        flow, into = self._flows[name], self._flow[name]
        fills = into[0, 0] < 0.0
        begins, lessens = (more, less) if fills else (less, more)
        stands = flow.can_rise & ~self._opposed(name)
        worth = np.where(flow.can_fall, lessens, np.where(stands, begins, np.nan))
        # Paid of each kWh beside the price: a fee while drawing, wear while feeding in.
        paid = flow.cost_eur / PERIOD_H - (here if fills else -here)
        found = worth * np.abs(into) / PERIOD_H + (-paid if fills else paid)
        found[~flow.sure_of_its_own] = np.nan
        return found.round(DIGITS)

    def _worth(self) -> tuple[FloatArray, FloatArray]:
        """Give what a kWh more in store is worth in each period, and what one less costs."""
        up, down, sure_up, sure_down = self._content()
        every, own = self._moves(only_sure=False), self._moves(only_sure=False, own=True)
        sure, sure_own = self._moves(only_sure=True), self._moves(only_sure=True, own=True)
        # All four at once: the walk over the periods takes as long for many assets as for few.
        found = _best(
            np.concatenate(
                [
                    every.gain_eur_per_kwh,
                    sure.gain_eur_per_kwh,
                    -every.cost_eur_per_kwh,
                    -sure.cost_eur_per_kwh,
                ]
            ),
            np.concatenate(
                [
                    own.gain_eur_per_kwh,
                    sure_own.gain_eur_per_kwh,
                    -own.cost_eur_per_kwh,
                    -sure_own.cost_eur_per_kwh,
                ]
            ),
            later=np.concatenate([up, sure_up, down, sure_down]),
            earlier=np.concatenate([down, sure_down, up, sure_up]),
        )
        more, sure_more, less, sure_less = np.split(found, 4)
        return _agreed(more, sure_more), -_agreed(less, sure_less)

    def _moves(self, *, only_sure: bool, own: bool = False) -> _Moves:
        """Give the best of all flows in each period; ``own``: of those that go beside the power of it."""
        gain, cost = np.full(self._dual.shape, -np.inf), np.full(self._dual.shape, np.inf)
        for name, flow in self._flows.items():
            if own and name != self._kept.unserved:
                continue
            can_rise = flow.can_rise & ~self._opposed(name)
            into = self._flow[name]
            worth = flow.cost_eur / -into
            takes, gives = (flow.can_fall, can_rise) if into[0, 0] < 0.0 else (can_rise, flow.can_fall)
            if only_sure:
                takes, gives = takes & flow.sure, gives & flow.sure
            gain[takes] = np.maximum(gain, worth)[takes]
            cost[gives] = np.minimum(cost, worth)[gives]
        return _Moves(gain_eur_per_kwh=gain, cost_eur_per_kwh=cost)

    def _opposed(self, name: str) -> BoolArray:
        """Tell where the flow that excludes this one is on."""
        other = self._kept.opposed_to(name)
        return np.zeros(self._dual.shape, dtype=np.bool_) if other is None else self._flows[other].can_fall

    def _content(self) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
        """Give what one kWh more, and one less, at the end of a period costs; the same where it is sure."""
        shape = self._dual.shape
        up, down, sure_up, sure_down = (np.full(shape, np.inf) for _ in range(4))
        later = np.concatenate([self._dual[:, 1:], np.zeros((shape[0], 1))], axis=1)
        for name in self._kept.content:
            columns = self._group.prototype.variables[name]
            sign = np.sign(self._into_store(columns))
            part = self._column(columns, sign * (self._dual - later))
            for moved, sure_moved, can, cost_eur in (
                (up, sure_up, np.where(sign > 0.0, part.can_rise, part.can_fall), sign * part.cost_eur),
                (down, sure_down, np.where(sign > 0.0, part.can_fall, part.can_rise), -sign * part.cost_eur),
            ):
                moved[can] = np.minimum(moved, cost_eur)[can]
                sure_moved[can & part.sure] = np.minimum(sure_moved, cost_eur)[can & part.sure]
        return up, down, sure_up, sure_down


def _best(gain: FloatArray, own: FloatArray, *, later: FloatArray, earlier: FloatArray) -> FloatArray:
    """Give the most that a kWh brings elsewhere than in its own period, or there by ``own``.

    Args:
        gain: what it brings in each period.
        own: what it brings in its own.
        later: what carrying it over the end of a period costs, infinite where there is no room.
        earlier: what having one less there costs.
    """
    periods = gain.shape[1]
    ahead, back = np.empty(gain.shape[::-1]), np.empty(gain.shape[::-1])
    gain_t, later_t, earlier_t = (np.ascontiguousarray(values.T) for values in (gain, later, earlier))
    # Over the end of the horizon: what it costs there, a negative worth included, is all.
    ahead[-1] = -later_t[-1]
    for t in range(periods - 2, -1, -1):
        ahead[t] = np.maximum(gain_t[t + 1], ahead[t + 1]) - later_t[t]
    back[0] = -np.inf
    for t in range(1, periods):
        back[t] = np.maximum(gain_t[t - 1], back[t - 1]) - earlier_t[t - 1]
    best: FloatArray = np.maximum(own, np.maximum(ahead, back).T)
    return best


def _agreed(every: FloatArray, sure: FloatArray) -> FloatArray:
    """Take what is the same with the moves that are sure alone; NaN elsewhere, and where there is none."""
    with np.errstate(invalid="ignore"):
        same = np.abs(every - sure) <= SAME_EUR_PER_KWH
    agreed: FloatArray = np.where(np.isfinite(every) & same, sure, np.nan)
    return agreed
