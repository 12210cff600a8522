"""What a region falls apart into once electricity is bought and sold at a price.

Without the balances of electricity and feeders, rows and columns form components: a CHP with its heat
network, an electrolyser with its store, a battery, a source. Heat and hydrogen stay inside a component.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import sparse
from scipy.sparse import csgraph

from energy.optimize.highs.program import Exclusive
from energy.optimize.kinds.kind import Carrier
from energy.optimize.matrix.form import BoolArray, IntArray
from energy.optimize.matrix.layout import Layout

KEPT_INSIDE = (f"{Carrier.HEAT}.", f"{Carrier.HYDROGEN}.")
"""Balances of these carriers stay inside a component; all others couple components."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Part:
    """One component: its columns and rows in the region, and its own small matrix.

    ``binary`` and ``exclusive`` count columns within the part; ``place`` says where each coefficient stands
    among the region's.
    """

    columns: IntArray
    rows: IntArray
    column_start: IntArray
    row_index: IntArray
    place: IntArray
    binary: IntArray
    exclusive: Exclusive


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Components:
    """Which component each column belongs to, and which rows couple them."""

    coupling: BoolArray
    """Shape (rows,): balances that carry a price."""
    binary: IntArray
    """Columns that must be 0 or 1."""
    of_column: IntArray
    column_order: IntArray
    """Columns sorted by component."""
    column_first: IntArray
    """Where each component begins in ``column_order``."""
    row_order: IntArray
    row_first: IntArray
    with_binary: IntArray
    """Components that hold whole numbers, in order."""

    def columns(self, component: int) -> IntArray:
        """Give the columns of a component, ascending."""
        return self.column_order[self.column_first[component] : self.column_first[component + 1]]

    def rows(self, component: int) -> IntArray:
        """Give the rows of a component, ascending."""
        return self.row_order[self.row_first[component] : self.row_first[component + 1]]


def components_of(layout: Layout) -> Components:
    """Take the region apart."""
    coupling = coupling_rows(layout)
    column = np.repeat(np.arange(layout.columns), np.diff(layout.column_start))
    inside = ~coupling[layout.row_index]
    nodes = layout.columns + layout.rows
    edges = np.ones(int(inside.sum()), dtype=np.int8)
    ends = (column[inside], layout.columns + layout.row_index[inside])
    graph = sparse.coo_array((edges, ends), shape=(nodes, nodes))
    count, label = csgraph.connected_components(graph, directed=False)
    of_column = label[: layout.columns].astype(np.int64)
    of_row = label[layout.columns :].astype(np.int64)
    binary = binary_columns(layout)
    numbers = np.arange(count + 1)
    column_order, row_order = np.argsort(of_column, kind="stable"), np.argsort(of_row, kind="stable")
    return Components(
        coupling=coupling,
        binary=binary,
        of_column=of_column,
        column_order=column_order,
        column_first=np.searchsorted(of_column[column_order], numbers),
        row_order=row_order,
        row_first=np.searchsorted(of_row[row_order], numbers),
        with_binary=np.unique(of_column[binary]),
    )


def coupling_rows(layout: Layout) -> BoolArray:
    """Tell the rows of the balances of electricity and feeders."""
    coupling = np.zeros(layout.rows, dtype=np.bool_)
    for number, name in enumerate(layout.balances):
        if not name.startswith(KEPT_INSIDE):
            coupling[number * layout.periods : (number + 1) * layout.periods] = True
    return coupling


def binary_columns(layout: Layout) -> IntArray:
    """Gather the columns that must be 0 or 1, ascending."""
    found = [group.columns(name).ravel() for group in layout.groups for name in group.kind.binary]
    return np.sort(np.concatenate([np.zeros(0, dtype=np.int64), *found]))


def parts_of(
    layout: Layout, components: Components, which: Sequence[int], exclusive: Exclusive
) -> list[Part]:
    """Cut components out of the region, with the exclusive pairs that lie in them."""
    return [_part(layout, components, component, exclusive) for component in which]


def _part(layout: Layout, components: Components, component: int, exclusive: Exclusive) -> Part:
    columns, rows = components.columns(component), components.rows(component)
    first, counts = layout.column_start[columns], np.diff(layout.column_start)[columns]
    before = np.concatenate([[0], np.cumsum(counts)])
    place = np.repeat(first - before[:-1], counts) + np.arange(before[-1])
    inside = ~components.coupling[layout.row_index[place]]
    kept = np.concatenate([[0], np.cumsum(inside)])[before]
    binary = components.binary[components.of_column[components.binary] == component]
    here = components.of_column[exclusive.first] == component
    return Part(
        columns=columns,
        rows=rows,
        column_start=kept,
        row_index=np.searchsorted(rows, layout.row_index[place[inside]]),
        place=place[inside],
        binary=np.searchsorted(columns, binary),
        exclusive=Exclusive(
            first=np.searchsorted(columns, exclusive.first[here]),
            second=np.searchsorted(columns, exclusive.second[here]),
        ),
    )
