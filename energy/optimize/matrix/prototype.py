"""A kind's Pyomo prototype as vectors that numpy can tile to any number of assets.

The coefficients of one asset stand in compressed columns, its entries in balances first in each column, so
that the assets of a group side by side are the group's compressed columns.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from energy.domain import FloatArray
from energy.optimize.kinds.kind import COST_PREFIX, Kind
from energy.optimize.matrix.form import (
    Affine,
    BoolArray,
    Form,
    Int32Array,
    IntArray,
    form_at,
    form_of,
    runs_of,
    span_of,
)
from energy.optimize.matrix.probing import Probed, probe

OWN = 0
"""An entry in a row of the asset itself; 1 + n is one in the n-th balance of the kind."""
PROTOTYPES_MAX = 256
"""Compiled prototypes kept in a process: a dozen kinds, machines with some dozens of least times."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    """Evenly spaced readouts that each take up one evenly spaced column.

    Its factor is ``constant``, plus ``slope`` times an element where ``slope`` is not zero.
    """

    readouts: slice
    columns: slice
    elements: slice
    constant: float
    slope: float

    def factor(self, theta: FloatArray) -> FloatArray | float:
        """Give the factor of each asset, shape (assets, readouts), (assets, 1) or a single one."""
        return self.constant if self.slope == 0.0 else self.constant + self.slope * theta[:, self.elements]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Part:
    """A named part of the costs: what the columns and what parameters alone cost."""

    name: str
    columns: IntArray
    """Those with a constant cost, and that cost in EUR."""
    constant_eur: FloatArray
    varying: Form
    """In EUR, numbers in order of the columns, without the constants."""
    offset: Form
    """One number, in EUR."""

    def cost_eur(self, theta: FloatArray, column: FloatArray) -> float:
        """Add up over assets what columns of shape (assets, columns) cost."""
        total = float(column[:, self.columns].sum(axis=0) @ self.constant_eur) if self.columns.size else 0.0
        for run in self.varying.runs:
            used = column[:, run.numbers]
            each = run.at(theta)
            total += float((used.sum(axis=1) @ each[:, 0]) if each.shape[1] == 1 else np.vdot(used, each))
        return total if self.offset.is_zero else total + float(self.offset.at(theta).sum())


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Prototype:
    """One asset of a kind as vectors. Rows and columns count from 0 within the asset.

    ``variables`` and ``constraints`` give the columns and rows by component name, in order of the periods.
    Readouts (power_kw and the states) are linear in the columns: readout index * periods + period.
    """

    kind_name: str
    periods: int
    parameters: tuple[tuple[str, int], ...]
    """Name and number of elements, in the order of theta."""
    variables: Mapping[str, IntArray]
    constraints: Mapping[str, IntArray]
    variable_at: Mapping[str, slice | IntArray]
    """The same columns as a slice where they are neighbours: numpy then copies nothing."""
    constraint_at: Mapping[str, slice | IntArray]
    readouts: tuple[str, ...]
    columns: int
    rows: int
    row_sense: IntArray
    """-1 at least the right-hand side, 0 equal to it, 1 at most."""
    column_start: IntArray
    """Shape (columns + 1,)."""
    entry_row: Int32Array
    """Of each coefficient the row within the asset, or the period of a balance."""
    entry_balance: Int32Array
    """OWN, or which balance."""
    coefficients: Form
    lower: Form
    upper: Form
    row_lower: Form
    row_upper: Form
    cost: Form
    """Numbers in order of the columns, all parts together, in EUR."""
    parts: tuple[Part, ...]
    balance_offset: tuple[Form, ...]
    """By balance of the kind what enters it whatever the columns are; numbers in order of the periods."""
    readout_row: IntArray
    """Readout index * periods + period, for each term of a readout."""
    readout_column: IntArray
    readout: Affine
    terms: tuple[Term, ...]
    """The same terms, in runs."""
    readout_offset: Form

    def theta(self, values: Mapping[str, FloatArray], *, assets: int) -> FloatArray:
        """Lay the assets' parameters out in order, shape (assets, elements).

        Raises:
            ValueError: a parameter is missing, unknown or has the wrong number of elements.
        """
        if values.keys() != dict(self.parameters).keys():
            raise ValueError(f"{self.kind_name}: parameters {sorted(values)} do not fit the prototype")
        theta = np.empty((assets, sum(size for _name, size in self.parameters)))
        first = 0
        for name, size in self.parameters:
            part = values[name]
            if part.ndim == 1:
                part = part[:, None]
            if part.shape != (assets, size):
                raise ValueError(f"{self.kind_name}.{name}: {part.shape} instead of ({assets}, {size})")
            theta[:, first : first + size] = part
            first += size
        return theta

    def read(self, theta: FloatArray, column: FloatArray) -> FloatArray:
        """Give the readouts of columns of shape (assets, columns); shape (assets, readouts, periods)."""
        values = self.readout_offset.at(theta)
        for term in self.terms:
            values[:, term.readouts] += term.factor(theta) * column[:, term.columns]
        return values.reshape(theta.shape[0], len(self.readouts), self.periods)


@lru_cache(maxsize=PROTOTYPES_MAX)
def compile_prototype(kind: Kind[Any], periods: int, structure: int) -> Prototype:
    """Compile a kind's prototype.

    Raises:
        ValueError: some number is not a constant plus a slope times one Param element, or two readouts take
            the same column into one balance.
    """
    probed = probe(kind, periods, structure)
    row, column, balance, value = _entries(kind, probed)
    order = np.lexsort((row, np.where(balance == OWN, len(kind.balances) + 1, balance), column))
    starts = np.searchsorted(column[order], np.arange(probed.columns + 1))
    right_hand, sense = probed.right_hand, probed.row_sense
    return Prototype(
        kind_name=kind.name,
        periods=periods,
        parameters=probed.parameters,
        variables=probed.variables,
        constraints=probed.constraints,
        variable_at={name: span_of(place) for name, place in probed.variables.items()},
        constraint_at={name: span_of(place) for name, place in probed.constraints.items()},
        readouts=probed.readouts,
        columns=probed.columns,
        rows=probed.rows,
        row_sense=sense,
        column_start=starts,
        entry_row=row[order].astype(np.int32),
        entry_balance=balance[order].astype(np.int32),
        coefficients=form_of(value[order]),
        lower=_bounds(probed.lower, unbounded=probed.lower_is_infinite, infinity=-np.inf),
        upper=_bounds(probed.upper, unbounded=probed.upper_is_infinite, infinity=np.inf),
        row_lower=_bounds(right_hand, unbounded=sense > 0, infinity=-np.inf),
        row_upper=_bounds(right_hand, unbounded=sense < 0, infinity=np.inf),
        cost=form_at(probed.cost, probed.cost_column, size=probed.columns),
        parts=tuple(_part(probed, number) for number in range(len(probed.parts))),
        balance_offset=tuple(
            _offset_of(kind.sign_in(carrier), probed, readout) for readout, carrier in kind.balances
        ),
        readout_row=probed.readout_row,
        readout_column=probed.readout_column,
        readout=probed.readout,
        terms=tuple(_terms(probed)),
        readout_offset=form_of(probed.readout_offset),
    )


def _entries(kind: Kind[Any], probed: Probed) -> tuple[IntArray, IntArray, IntArray, Affine]:
    """Give row, column, balance and value of each coefficient: the asset's own, then those in balances."""
    own = probed.matrix_row.size
    rows, columns, values = [probed.matrix_row], [probed.matrix_column], [probed.matrix]
    balances = [np.full(own, OWN, dtype=np.int64)]
    taken: dict[Any, IntArray] = {}
    for number, (readout, carrier) in enumerate(kind.balances):
        chosen = probed.readout_row // probed.periods == probed.readouts.index(readout)
        period, column = probed.readout_row[chosen] % probed.periods, probed.readout_column[chosen]
        places = np.concatenate([taken.get(carrier, column[:0]), period * probed.columns + column])
        if np.unique(places).size < places.size:
            raise ValueError(f"{kind.name}: two readouts take the same column into one balance")
        taken[carrier] = places
        rows.append(period)
        columns.append(column)
        values.append(probed.readout[chosen].times(kind.sign_in(carrier)))
        balances.append(np.full(period.size, 1 + number, dtype=np.int64))
    return np.concatenate(rows), np.concatenate(columns), np.concatenate(balances), Affine.joined(values)


def _bounds(affine: Affine, *, unbounded: BoolArray, infinity: float) -> Form:
    return form_of(affine.where(~unbounded, otherwise=infinity))


def _part(probed: Probed, number: int) -> Part:
    chosen = probed.cost_part == number
    values, column = probed.cost[chosen], probed.cost_column[chosen]
    constant = values.constant != 0.0
    return Part(
        name=probed.parts[number].removeprefix(COST_PREFIX),
        columns=column[constant],
        constant_eur=values.constant[constant],
        varying=form_at(values, column, size=probed.columns),
        offset=form_of(probed.cost_offset[np.array([number])]),
    )


def _offset_of(sign: float, probed: Probed, readout: str) -> Form:
    first = probed.readouts.index(readout) * probed.periods
    return form_of(probed.readout_offset[np.arange(first, first + probed.periods)].times(sign))


def _terms(probed: Probed) -> Iterator[Term]:
    """Give the readouts' terms, first all first terms, then all second ones, so that runs are long."""
    order = np.lexsort((probed.readout_column, probed.readout_row))
    row, column, value = probed.readout_row[order], probed.readout_column[order], probed.readout[order]
    rank = np.arange(row.size) - np.searchsorted(row, row)
    tracks = [row, column, np.maximum(value.element, 0)]
    same: list[FloatArray | IntArray] = [value.constant, value.slope, value.parameter, rank]
    for first, (readouts, columns, elements) in runs_of(tracks, same=same):
        yield Term(
            readouts=readouts,
            columns=columns,
            elements=elements,
            constant=float(value.constant[first]),
            slope=float(value.slope[first]),
        )
