"""The region's matrix: compiled prototypes tiled to all assets, joined by named balances.

Rows: first the balances (electricity first, then networks and feeders), one row a period, then the rows of
each group of equal assets. Columns: group by group, asset by asset. The structure depends on which assets
there are, the numbers on the problem; a re-solve changes numbers only.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from energy.domain import FloatArray
from energy.optimize.items import Item
from energy.optimize.kinds.catalogue import ELECTRICITY, balances_of, kind_of
from energy.optimize.kinds.kind import Kind
from energy.optimize.problem import Problem
from energy.optimize.prototype import IntArray, Prototype, compile_prototype

Place = tuple[str, tuple[tuple[str, str], ...]]
"""An asset, and pairs of a readout of it and a balance that this enters."""
Signature = tuple[tuple[str, int, tuple[Place, ...]], ...]
"""What the structure depends on: by group its kind, its structure key and its assets in order."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Link:
    """A readout of a group's assets in the balances of a carrier: which balance each asset enters."""

    readout: int
    sign: float
    balance: IntArray
    """Shape (assets,)."""
    coefficient: IntArray
    """Which of the prototype's readout coefficients belong to the readout."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Group:
    """Assets that share a prototype, in the order of the problem."""

    kind: Kind[Any]
    prototype: Prototype
    asset_ids: tuple[str, ...]
    first_column: int
    first_row: int
    links: tuple[Link, ...]

    def columns(self, variable: str) -> IntArray:
        """Give the region's columns of a variable, shape (assets, elements)."""
        offsets = self.first_column + np.arange(len(self.asset_ids)) * self.prototype.columns
        columns: IntArray = offsets[:, None] + self.prototype.variables[variable][None, :]
        return columns

    def of_group(self, column: FloatArray) -> FloatArray:
        """Give the group's columns, shape (assets, columns)."""
        n, size = len(self.asset_ids), self.prototype.columns
        return column[self.first_column : self.first_column + n * size].reshape(n, size)

    def rows(self, constraint: str) -> IntArray:
        """Give the region's rows of a constraint, shape (assets, elements)."""
        offsets = self.first_row + np.arange(len(self.asset_ids)) * self.prototype.rows
        rows: IntArray = offsets[:, None] + self.prototype.constraints[constraint][None, :]
        return rows


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Layout:
    """The structure of the region's matrix in compressed columns."""

    periods: int
    signature: Signature
    balances: tuple[str, ...]
    groups: tuple[Group, ...]
    columns: int
    rows: int
    column_start: IntArray
    row_index: IntArray
    """In each column the balances come first."""
    order: IntArray
    """Where each coefficient of the compressed columns stands in the order in which numbers are made."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class GroupNumbers:
    """A group's share of the numbers that the reader needs again; first axis is the asset."""

    cost_eur: FloatArray
    """Shape (assets, parts, columns)."""
    cost_offset_eur: FloatArray
    """Shape (assets, parts)."""
    readout: FloatArray
    """Shape (assets, coefficients), beside the prototype's readout_row and readout_column."""
    readout_offset: FloatArray
    """Shape (assets, readouts, periods)."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Numbers:
    """Everything that a re-solve may change."""

    cost_eur: FloatArray
    lower: FloatArray
    upper: FloatArray
    row_lower: FloatArray
    row_upper: FloatArray
    coefficients: FloatArray
    offset_eur: float
    groups: tuple[GroupNumbers, ...]


def items_by_group(problem: Problem) -> dict[tuple[str, int], list[Item]]:
    """Sort the problem's items by prototype, in order of first appearance."""
    groups: dict[tuple[str, int], list[Item]] = {}
    for item in problem.items:
        kind = kind_of(item)
        groups.setdefault((kind.name, kind.structure(item)), []).append(item)
    return groups


def signature_of(problem: Problem) -> Signature:
    """Give what the structure of the problem's matrix depends on."""
    return tuple(
        (name, structure, tuple((item.asset_id, balances_of(item)) for item in items))
        for (name, structure), items in items_by_group(problem).items()
    )


def layout_of(problem: Problem) -> Layout:
    """Lay out the region's matrix."""
    balances = _balance_names(problem)
    groups: list[Group] = []
    column, row = 0, len(balances) * problem.periods
    rows_of: list[IntArray] = []
    columns_of: list[IntArray] = []
    for (_name, structure), items in items_by_group(problem).items():
        kind = kind_of(items[0])
        prototype = compile_prototype(kind, problem.periods, structure)
        group = Group(
            kind=kind,
            prototype=prototype,
            asset_ids=tuple(item.asset_id for item in items),
            first_column=column,
            first_row=row,
            links=tuple(_links(kind, prototype, items, balances)),
        )
        own_row, own_column = _pattern(group)
        rows_of.append(own_row)
        columns_of.append(own_column)
        groups.append(group)
        column += len(items) * prototype.columns
        row += len(items) * prototype.rows
    row_index, column_index = np.concatenate(rows_of), np.concatenate(columns_of)
    order = np.lexsort((row_index, column_index))
    counts = np.bincount(column_index, minlength=column)
    return Layout(
        periods=problem.periods,
        signature=signature_of(problem),
        balances=balances,
        groups=tuple(groups),
        columns=column,
        rows=row,
        column_start=np.concatenate([[0], np.cumsum(counts)]).astype(np.int64),
        row_index=row_index[order],
        order=order,
    )


def _balance_names(problem: Problem) -> tuple[str, ...]:
    """Name the balances in order of first appearance, electricity first."""
    entered = (balance for item in problem.items for _readout, balance in balances_of(item))
    return tuple(dict.fromkeys([ELECTRICITY, *entered]))


def _links(
    kind: Kind[Any], prototype: Prototype, items: Sequence[Item], balances: Sequence[str]
) -> Iterator[Link]:
    """Find the balance that each asset of a group enters, readout by readout."""
    number_of = {name: number for number, name in enumerate(balances)}
    numbers = [[number_of[balance] for _readout, balance in balances_of(item)] for item in items]
    for entry, (readout, carrier) in enumerate(kind.balances):
        place = prototype.readouts.index(readout)
        yield Link(
            readout=place,
            sign=kind.sign_in(carrier),
            balance=np.array([row[entry] for row in numbers], dtype=np.int64),
            coefficient=np.flatnonzero(prototype.readout_row // prototype.periods == place),
        )


def _pattern(group: Group) -> tuple[IntArray, IntArray]:
    """Give rows and columns of a group's coefficients: its own rows, then its part of the balances."""
    p, index = group.prototype, np.arange(len(group.asset_ids))[:, None]
    rows = [(group.first_row + index * p.rows + p.matrix_row[None, :]).ravel()]
    columns = [(group.first_column + index * p.columns + p.matrix_column[None, :]).ravel()]
    for link in group.links:
        period = p.readout_row[link.coefficient] % p.periods
        base = group.first_column + index[:, 0] * p.columns
        rows.append((link.balance[:, None] * p.periods + period[None, :]).ravel())
        columns.append((base[:, None] + p.readout_column[link.coefficient][None, :]).ravel())
    return np.concatenate(rows), np.concatenate(columns)


def numbers_of(layout: Layout, problem: Problem) -> Numbers:
    """Fill the layout with the problem's numbers."""
    items = items_by_group(problem)
    made = [
        _group_numbers(group, chosen, layout)
        for group, chosen in zip(layout.groups, items.values(), strict=True)
    ]
    balance = np.sum([part.balance_kw for part in made], axis=0).ravel()
    return Numbers(
        cost_eur=np.concatenate([part.cost.ravel() for part in made]),
        lower=np.concatenate([part.lower.ravel() for part in made]),
        upper=np.concatenate([part.upper.ravel() for part in made]),
        row_lower=np.concatenate([-balance, *(part.row_lower.ravel() for part in made)]),
        row_upper=np.concatenate([-balance, *(part.row_upper.ravel() for part in made)]),
        coefficients=np.concatenate([part.coefficients for part in made])[layout.order],
        offset_eur=float(sum(part.kept.cost_offset_eur.sum() for part in made)),
        groups=tuple(part.kept for part in made),
    )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _GroupPart:
    cost: FloatArray
    lower: FloatArray
    upper: FloatArray
    row_lower: FloatArray
    row_upper: FloatArray
    coefficients: FloatArray
    balance_kw: FloatArray
    kept: GroupNumbers


def _group_numbers(group: Group, items: Sequence[Item], layout: Layout) -> _GroupPart:
    p, n = group.prototype, len(items)
    theta = p.theta(group.kind.parameters(items), assets=n)
    lower = np.where(p.lower_is_infinite, -np.inf, p.lower.at(theta))
    upper = np.where(p.upper_is_infinite, np.inf, p.upper.at(theta))
    right_hand = p.right_hand.at(theta)
    cost = p.cost.at(theta).reshape(n, len(p.parts), p.columns)
    readout = p.readout.at(theta)
    offset = p.readout_offset.at(theta).reshape(n, len(p.readouts), p.periods)
    coefficients = [p.matrix.at(theta).ravel()]
    balance_kw = np.zeros((len(layout.balances), p.periods))
    for link in group.links:
        coefficients.append(link.sign * readout[:, link.coefficient].ravel())
        np.add.at(balance_kw, link.balance, link.sign * offset[:, link.readout])
    return _GroupPart(
        cost=cost.sum(axis=1),
        lower=lower,
        upper=upper,
        row_lower=np.where(p.row_sense <= 0, right_hand, -np.inf),
        row_upper=np.where(p.row_sense >= 0, right_hand, np.inf),
        coefficients=np.concatenate(coefficients),
        balance_kw=balance_kw,
        kept=GroupNumbers(
            cost_eur=cost,
            cost_offset_eur=p.cost_offset.at(theta),
            readout=readout,
            readout_offset=offset,
        ),
    )
