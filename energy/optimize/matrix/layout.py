"""The structure of the region's matrix: prototypes side by side for all assets, joined by named balances.

Rows: first the balances (electricity, feeders, then networks), one row a period, then the rows of each group
of equal assets. Columns: group by group, asset by asset. The structure depends on which assets there are;
the numbers are those of ``tile``.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

import numpy as np

from energy.optimize.items import Item
from energy.optimize.kinds.catalogue import ELECTRICITY, balances_of, kind_of
from energy.optimize.matrix.form import Int32Array, IntArray
from energy.optimize.matrix.group import Group
from energy.optimize.matrix.prototype import compile_prototype
from energy.optimize.matrix.stores import Stores, stores_of
from energy.optimize.problem import Problem

ItemsByGroup = dict[tuple[str, int], list[Item]]
"""By kind and structure the items, in order of first appearance."""
Place = tuple[str, str | None, str | None, str | None]
"""An asset, its feeder, its municipality and its network: which balances it enters."""
Signature = tuple[tuple[str, int, tuple[Place, ...]], ...]
"""What the structure depends on: by group its kind, its structure key and its assets in order."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Layout:
    """The structure of the region's matrix in compressed columns."""

    periods: int
    signature: Signature
    balances: tuple[str, ...]
    groups: tuple[Group, ...]
    columns: int
    rows: int
    column_start: Int32Array
    row_index: Int32Array
    """In each column the balances come first."""
    stores: Stores | None
    """None where nothing is kept from period to period."""


def items_by_group(problem: Problem) -> ItemsByGroup:
    """Sort the problem's items by prototype."""
    groups: ItemsByGroup = {}
    for item in problem.items:
        kind = kind_of(item)
        groups.setdefault((kind.name, kind.structure(item)), []).append(item)
    return groups


def signature_of(groups: ItemsByGroup) -> Signature:
    """Give what the structure of the matrix depends on."""
    return tuple(
        (
            name,
            structure,
            tuple(
                (item.asset_id, item.feeder, item.municipality, getattr(item, "network", None))
                for item in items
            ),
        )
        for (name, structure), items in groups.items()
    )


def layout_of(problem: Problem) -> Layout:
    """Lay out the region's matrix."""
    return laid_out(problem, items_by_group(problem))


def laid_out(problem: Problem, items: ItemsByGroup) -> Layout:
    """Lay out the matrix of a problem whose items are sorted by prototype."""
    balances, entered = _balances(problem, items)
    groups = _groups(problem.periods, items, entered, first_row=len(balances) * problem.periods)
    row_index = np.empty(sum(g.assets * g.prototype.entry_row.size for g in groups), dtype=np.int32)
    column_start = np.empty(1 + sum(g.assets * g.prototype.columns for g in groups), dtype=np.int32)
    column_start[-1] = row_index.size
    for group in groups:
        _lay(group, row_index, column_start, periods=problem.periods)
    return Layout(
        periods=problem.periods,
        signature=signature_of(items),
        balances=balances,
        groups=groups,
        columns=column_start.size - 1,
        rows=len(balances) * problem.periods + sum(g.assets * g.prototype.rows for g in groups),
        column_start=column_start,
        row_index=row_index,
        stores=stores_of(groups, balances=len(balances)),
    )


def _balances(problem: Problem, items: ItemsByGroup) -> tuple[tuple[str, ...], list[IntArray]]:
    """Name the balances, electricity and feeders first; give the number of those that each asset enters."""
    named = [[[name for _readout, name in balances_of(item)] for item in group] for group in items.values()]
    feeders = (f"feeder.{feeder.asset_id}" for feeder in problem.feeders)
    entered = (name for group in named for names in group for name in names)
    balances = tuple(dict.fromkeys([ELECTRICITY, *feeders, *entered]))
    number_of = {name: number for number, name in enumerate(balances)}
    return balances, [
        np.array([[number_of[name] for name in names] for names in group], dtype=np.int64).reshape(
            len(group), -1
        )
        for group in named
    ]


def _groups(
    periods: int, items: ItemsByGroup, entered: Sequence[IntArray], *, first_row: int
) -> tuple[Group, ...]:
    kinds = [kind_of(members[0]) for members in items.values()]
    prototypes = [
        compile_prototype(kind, periods, structure)
        for kind, (_name, structure) in zip(kinds, items, strict=True)
    ]
    sizes = [len(members) for members in items.values()]

    def firsts(counts: Sequence[int], start: int = 0) -> list[int]:
        return list(accumulate((n * size for n, size in zip(counts, sizes, strict=True)), initial=start))

    columns = firsts([p.columns for p in prototypes])
    rows = firsts([p.rows for p in prototypes], first_row)
    coefficients = firsts([p.entry_row.size for p in prototypes])
    return tuple(
        Group(
            kind=kinds[number],
            prototype=prototypes[number],
            asset_ids=tuple(item.asset_id for item in members),
            first_column=columns[number],
            first_row=rows[number],
            first_coefficient=coefficients[number],
            balance=entered[number],
        )
        for number, members in enumerate(items.values())
    )


def _lay(group: Group, row_index: Int32Array, column_start: Int32Array, *, periods: int) -> None:
    """Write where a group's coefficients stand: side by side the assets are the compressed columns."""
    p, index = group.prototype, np.arange(group.assets, dtype=np.int64)[:, None]
    size = p.entry_row.size
    end = group.first_column + group.assets * p.columns
    starts = column_start[group.first_column : end].reshape(group.assets, p.columns)
    starts[...] = group.first_coefficient + index * size + p.column_start[:-1]
    # Where the rows of each asset begin: its own (OWN is 0), then those of each balance that it enters.
    begins = np.concatenate([group.first_row + index * p.rows, group.balance * periods], axis=1)
    of_group = row_index[group.first_coefficient : group.first_coefficient + group.assets * size]
    rows = of_group.reshape(group.assets, size)
    rows[...] = p.entry_row
    rows += begins.astype(np.int32)[:, p.entry_balance]
