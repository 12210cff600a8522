"""Whole arrays of a linear program in compressed columns, dealt out to blocks of equal assets."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from energy.domain import FloatArray
from tests.benchmarks.region_family import IntArray

IndexArray = NDArray[np.int32]


class Shape(NamedTuple):
    """A block of equal assets: how many, each one's columns and rows, and the entries of each column."""

    assets: int
    columns: int
    rows: int
    counts: IndexArray


@dataclass(slots=True, eq=False)
class Block:
    """Views into the whole arrays; shape (assets, elements) each."""

    first_row: IndexArray
    index: IndexArray
    value: FloatArray
    cost: FloatArray
    lower: FloatArray
    upper: FloatArray
    row_lower: FloatArray
    row_upper: FloatArray


class Sheet:
    """The whole program's arrays, dealt out block by block."""

    def __init__(self, shapes: Sequence[Shape], balances: int) -> None:
        columns = sum(shape.assets * shape.columns for shape in shapes)
        rows = balances + sum(shape.assets * shape.rows for shape in shapes)
        counts = [np.tile(shape.counts, shape.assets) for shape in shapes]
        self.start: IndexArray = np.zeros(columns + 1, dtype=np.int32)
        np.cumsum(np.concatenate(counts), out=self.start[1:])
        self.index: IndexArray = np.empty(self.start[-1], dtype=np.int32)
        self.value: FloatArray = np.empty(self.start[-1])
        self.cost, self.lower = np.zeros(columns), np.zeros(columns)
        self.upper = np.full(columns, np.inf)
        self.row_lower, self.row_upper = np.zeros(rows), np.zeros(rows)
        self._column, self._row, self._entry = 0, balances, 0
        self._balances = balances

    def block(self, shape: Shape) -> Block:
        """Deal out the next block."""
        n, c, r = shape.assets, shape.assets * shape.columns, shape.assets * shape.rows
        e = n * int(shape.counts.sum())
        columns, rows = slice(self._column, self._column + c), slice(self._row, self._row + r)
        entries = slice(self._entry, self._entry + e)
        first_row = (self._row + np.arange(n) * shape.rows).astype(np.int32)
        self._column, self._row, self._entry = columns.stop, rows.stop, entries.stop
        return Block(
            first_row=first_row,
            index=self.index[entries].reshape(n, -1),
            value=self.value[entries].reshape(n, -1),
            cost=self.cost[columns].reshape(n, -1),
            lower=self.lower[columns].reshape(n, -1),
            upper=self.upper[columns].reshape(n, -1),
            row_lower=self.row_lower[rows].reshape(n, shape.rows),
            row_upper=self.row_upper[rows].reshape(n, shape.rows),
        )

    def places(self, shapes: dict[str, Shape]) -> tuple[dict[str, int], dict[str, int]]:
        """Tell where each block's columns and rows begin."""
        columns, rows, column, row = {}, {}, 0, self._balances
        for name, shape in shapes.items():
            columns[name], rows[name] = column, row
            column, row = column + shape.assets * shape.columns, row + shape.assets * shape.rows
        return columns, rows


def rows_of(at: IntArray | int, span: int, first: int) -> IndexArray:
    """Give the rows of a balance, shape (assets, periods)."""
    rows = (np.atleast_1d(at)[:, None] + first) * span + np.arange(span)
    return rows.astype(np.int32)


def pair(b: Block, at: int, rows: tuple[IndexArray, IndexArray], values: tuple[object, object]) -> int:
    """Write columns with two entries each from entry ``at`` on; give where they end."""
    end = at + 2 * rows[0].shape[1]
    for side in (0, 1):
        b.index[:, at + side : end : 2] = rows[side]
        b.value[:, at + side : end : 2] = values[side]
    return end


def chain(b: Block, at: int, rows: IndexArray, first: float, then: object) -> int:
    """Write a store's content: its own period's row, then the next one's."""
    end = at + 2 * rows.shape[1] - 1
    b.index[:, at:end:2], b.value[:, at:end:2] = rows, first
    b.index[:, at + 1 : end : 2], b.value[:, at + 1 : end : 2] = rows[:, 1:], then
    return end
