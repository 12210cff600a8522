"""The region's matrix: compiled prototypes tiled to all assets, joined by the balance of electricity.

Rows: first the balance, one a period, then the rows of each group of equal assets. Columns: group by group,
asset by asset. The structure depends on which assets there are, the numbers on the problem; a re-solve
changes numbers only.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from energy.domain import FloatArray
from energy.optimize.kinds.catalogue import kind_of
from energy.optimize.kinds.kind import Kind
from energy.optimize.problem import Exchange, Member, Problem
from energy.optimize.prototype import IntArray, Prototype, compile_prototype

Signature = tuple[tuple[str, int, tuple[str, ...]], ...]
"""What the structure depends on: by group its kind, its structure key and its assets in order."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Group:
    """Assets that share a prototype, in the order of the problem."""

    kind: Kind[Any]
    prototype: Prototype
    asset_ids: tuple[str, ...]
    first_column: int
    first_row: int

    def columns(self, variable: str) -> IntArray:
        """Give the region's columns of a variable, shape (assets, elements)."""
        offsets = self.first_column + np.arange(len(self.asset_ids)) * self.prototype.columns
        columns: IntArray = offsets[:, None] + self.prototype.variables[variable][None, :]
        return columns

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
    groups: tuple[Group, ...]
    columns: int
    rows: int
    column_start: IntArray
    row_index: IntArray
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


def items_by_group(problem: Problem) -> dict[tuple[str, int], list[Member | Exchange]]:
    """Sort the problem's members and its exchange by prototype, in order of first appearance."""
    groups: dict[tuple[str, int], list[Member | Exchange]] = {}
    for item in (*problem.members, problem.exchange):
        kind = kind_of(item)
        groups.setdefault((kind.name, kind.structure(item)), []).append(item)
    return groups


def signature_of(problem: Problem) -> Signature:
    """Give what the structure of the problem's matrix depends on."""
    return tuple(
        (name, structure, tuple(item.asset_id for item in items))
        for (name, structure), items in items_by_group(problem).items()
    )


def layout_of(problem: Problem) -> Layout:
    """Lay out the region's matrix."""
    groups: list[Group] = []
    column, row = 0, problem.periods
    rows_of: list[IntArray] = []
    columns_of: list[IntArray] = []
    for (_name, structure), items in items_by_group(problem).items():
        kind = kind_of(items[0])
        prototype = compile_prototype(kind, problem.periods, structure)
        ids = tuple(item.asset_id for item in items)
        group = Group(kind=kind, prototype=prototype, asset_ids=ids, first_column=column, first_row=row)
        own_row, own_column = _pattern(group)
        rows_of.append(own_row)
        columns_of.append(own_column)
        groups.append(group)
        column += len(ids) * prototype.columns
        row += len(ids) * prototype.rows
    row_index, column_index = np.concatenate(rows_of), np.concatenate(columns_of)
    order = np.lexsort((row_index, column_index))
    counts = np.bincount(column_index, minlength=column)
    return Layout(
        periods=problem.periods,
        signature=signature_of(problem),
        groups=tuple(groups),
        columns=column,
        rows=row,
        column_start=np.concatenate([[0], np.cumsum(counts)]).astype(np.int64),
        row_index=row_index[order],
        order=order,
    )


def _pattern(group: Group) -> tuple[IntArray, IntArray]:
    """Give rows and columns of a group's coefficients: its own rows, then its part of the balance."""
    p, index = group.prototype, np.arange(len(group.asset_ids))[:, None]
    in_balance = p.readout_row < p.periods
    column_base = group.first_column + index * p.columns
    own_row = (group.first_row + index * p.rows + p.matrix_row[None, :]).ravel()
    own_column = (column_base + p.matrix_column[None, :]).ravel()
    balance_row = np.broadcast_to(p.readout_row[in_balance], (index.size, int(in_balance.sum()))).ravel()
    balance_column = (column_base + p.readout_column[in_balance][None, :]).ravel()
    return np.concatenate([own_row, balance_row]), np.concatenate([own_column, balance_column])


def numbers_of(layout: Layout, problem: Problem) -> Numbers:
    """Fill the layout with the problem's numbers."""
    items = items_by_group(problem)
    made = [
        _group_numbers(group, chosen, layout.periods)
        for group, chosen in zip(layout.groups, items.values(), strict=True)
    ]
    balance = sum((part.balance_kw for part in made), np.zeros(layout.periods))
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


def _group_numbers(group: Group, items: Sequence[Member | Exchange], periods: int) -> _GroupPart:
    p, n = group.prototype, len(items)
    theta = np.stack([p.theta(group.kind.parameters(item)) for item in items])
    lower = np.where(p.lower_is_infinite, -np.inf, p.lower.at(theta))
    upper = np.where(p.upper_is_infinite, np.inf, p.upper.at(theta))
    right_hand = p.right_hand.at(theta)
    cost = p.cost.at(theta).reshape(n, len(p.parts), p.columns)
    readout = p.readout.at(theta)
    offset = p.readout_offset.at(theta).reshape(n, len(p.readouts), periods)
    in_balance = p.readout_row < periods
    sign = group.kind.balance_sign
    return _GroupPart(
        cost=cost.sum(axis=1),
        lower=lower,
        upper=upper,
        row_lower=np.where(p.row_sense <= 0, right_hand, -np.inf),
        row_upper=np.where(p.row_sense >= 0, right_hand, np.inf),
        coefficients=np.concatenate([p.matrix.at(theta).ravel(), sign * readout[:, in_balance].ravel()]),
        balance_kw=sign * offset[:, 0, :].sum(axis=0),
        kept=GroupNumbers(
            cost_eur=cost,
            cost_offset_eur=p.cost_offset.at(theta),
            readout=readout,
            readout_offset=offset,
        ),
    )
