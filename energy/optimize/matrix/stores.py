"""Where the assets that keep energy, or wishes, stand in the region's matrix: all of them side by side.

What a plan tells of stores is then worked out once for all, of whatever kind they are. One variable of one
store over the periods is called a strand: a flow into it or out of it, or a part of its content.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from energy.optimize.kinds.kind import Kept
from energy.optimize.matrix.form import Int32Array, IntArray
from energy.optimize.matrix.group import Group
from energy.optimize.matrix.prototype import OWN, PROTOTYPES_MAX, Prototype

NONE = -1
"""No strand."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Strands:
    """Strands one below the other, in order of the stores; shape (strands, periods) unless said."""

    column: IntArray
    coefficient: IntArray
    """Which one each column has in the store's row of its period."""
    store: IntArray
    """Whose they are, shape (strands,)."""
    by_store: IntArray
    """Those of each store, shape (most, stores): its first once more where it has fewer than another."""
    entry: Int32Array
    """All coefficients of these columns, one column after the other."""
    first_entry: IntArray
    """Where in ``entry`` each column begins, shape (strands * periods,). None is without any."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Stores:
    """All that keep something from period to period, group by group."""

    asset_ids: tuple[str, ...]
    rows: IntArray
    """Of what is kept, shape (stores, periods)."""
    balances: tuple[IntArray, ...]
    """Those that their power enters, shape (stores,) each; one past the last where it enters no more."""
    flows: Strands
    content: Strands
    draws: IntArray
    """Which flow is that which draws, shape (stores,)."""
    feeds_in: IntArray
    """Those flows that feed in."""
    unserved: IntArray
    """Those flows that go beside all power."""
    opposed: IntArray
    """Of each flow that which stands still while it is on, or NONE; shape (flows,)."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Pattern:
    """Strands of one asset, counted within it; shape (strands, periods), ``entry`` (entries,)."""

    column: IntArray
    coefficient: IntArray
    entry: IntArray
    entries: IntArray
    """How many each column has, shape (strands * periods,)."""


def stores_of(groups: Sequence[Group], *, balances: int) -> Stores | None:
    """Put all stores side by side; None where there are none.

    Args:
        groups: of the layout.
        balances: how many the region has.
    """
    keeping = [(group, kept) for group in groups if (kept := group.kind.kept) is not None]
    if not keeping:
        return None
    flows = _strands(
        [(group, _pattern(group.prototype, kept.balance, kept.flows)) for group, kept in keeping]
    )
    content = _strands(
        [(group, _pattern(group.prototype, kept.balance, kept.content)) for group, kept in keeping]
    )
    draws, feeds_in, unserved = (
        _named(keeping, flows.by_store[0], names)
        for names in (
            [kept.draws for _group, kept in keeping],
            [kept.feeds_in for _group, kept in keeping],
            [kept.unserved for _group, kept in keeping],
        )
    )
    opposed = np.full(flows.store.size, NONE)
    opposed[feeds_in] = draws[flows.store[feeds_in]]
    opposed[opposed[feeds_in]] = feeds_in
    return Stores(
        asset_ids=tuple(asset_id for group, _kept in keeping for asset_id in group.asset_ids),
        rows=np.concatenate([group.rows(kept.balance) for group, kept in keeping]),
        balances=_balances([group for group, _kept in keeping], beyond=balances),
        flows=flows,
        content=content,
        draws=draws,
        feeds_in=feeds_in,
        unserved=unserved,
        opposed=opposed,
    )


@lru_cache(maxsize=PROTOTYPES_MAX)
def _pattern(p: Prototype, balance: str, names: tuple[str, ...]) -> _Pattern:
    """Find the columns of variables by period, and the coefficient of each in its period's row."""
    column = np.array([p.variables[name] for name in names])
    owner = np.repeat(np.arange(p.columns), np.diff(p.column_start))
    row_of = np.full(p.columns, NONE)
    row_of[column] = p.constraints[balance]
    of_period = np.flatnonzero((p.entry_balance == OWN) & (p.entry_row == row_of[owner]))
    coefficient = np.empty(p.columns, dtype=np.int64)
    coefficient[owner[of_period]] = of_period
    flat = column.ravel()
    return _Pattern(
        column=column,
        coefficient=coefficient[column],
        entry=np.concatenate([np.arange(p.column_start[at], p.column_start[at + 1]) for at in flat]),
        entries=p.column_start[flat + 1] - p.column_start[flat],
    )


def _strands(patterns: Sequence[tuple[Group, _Pattern]]) -> Strands:
    """Lay the strands of all assets of all groups one below the other."""
    columns, coefficients, entries, sizes, counts = [], [], [], [], []
    for group, pattern in patterns:
        p, asset = group.prototype, np.arange(group.assets)[:, None, None]
        periods = pattern.column.shape[1]
        first_coefficient = group.first_coefficient + asset * p.entry_row.size
        columns.append((group.first_column + asset * p.columns + pattern.column).reshape(-1, periods))
        coefficients.append((first_coefficient + pattern.coefficient).reshape(-1, periods))
        entries.append((first_coefficient[:, 0] + pattern.entry).ravel())
        sizes.append(np.tile(pattern.entries, group.assets))
        counts.append(np.full(group.assets, pattern.column.shape[0]))
    count, size = np.concatenate(counts), np.concatenate(sizes)
    first, number = np.cumsum(count) - count, np.arange(count.max())[:, None]
    return Strands(
        column=np.concatenate(columns),
        coefficient=np.concatenate(coefficients),
        store=np.repeat(np.arange(count.size), count),
        by_store=first + np.where(number < count, number, 0),
        entry=np.concatenate(entries).astype(np.int32),
        first_entry=np.cumsum(size) - size,
    )


def _named(keeping: Sequence[tuple[Group, Kept]], first: IntArray, names: Sequence[str | None]) -> IntArray:
    """Give the flows of these names, one name a group, nothing of a group that has no such flow."""
    places = [
        np.full(group.assets, NONE if name is None else kept.flows.index(name))
        for (group, kept), name in zip(keeping, names, strict=True)
    ]
    place = np.concatenate(places)
    found: IntArray = (first + place)[place != NONE]
    return found


def _balances(groups: Sequence[Group], *, beyond: int) -> tuple[IntArray, ...]:
    """Give which balances the power of each store enters, by first, second and so on."""
    entered = [
        [
            group.balance[:, entry]
            for entry, (readout, _carrier) in enumerate(group.kind.balances)
            if readout == "power_kw"
        ]
        for group in groups
    ]
    return tuple(
        np.concatenate(
            [
                of_group[number] if number < len(of_group) else np.full(group.assets, beyond)
                for group, of_group in zip(groups, entered, strict=True)
            ]
        )
        for number in range(max(len(of_group) for of_group in entered))
    )
