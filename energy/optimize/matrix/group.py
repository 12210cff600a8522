"""Assets that share a prototype, side by side in the region's matrix."""

from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from energy.domain import FloatArray
from energy.optimize.kinds.kind import Kind
from energy.optimize.matrix.form import IntArray
from energy.optimize.matrix.prototype import Prototype

ScalarT = TypeVar("ScalarT", bound=np.generic)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Group:
    """Assets that share a prototype, in the order of the problem."""

    kind: Kind[Any]
    prototype: Prototype
    asset_ids: tuple[str, ...]
    first_column: int
    first_row: int
    first_coefficient: int
    balance: IntArray
    """Shape (assets, balances of the kind): which balance of the region each asset enters."""

    @property
    def assets(self) -> int:
        """How many there are."""
        return len(self.asset_ids)

    def columns(self, variable: str) -> IntArray:
        """Give the region's columns of a variable, shape (assets, elements)."""
        offsets = self.first_column + np.arange(self.assets) * self.prototype.columns
        columns: IntArray = offsets[:, None] + self.prototype.variables[variable][None, :]
        return columns

    def of_group(self, column: NDArray[ScalarT]) -> NDArray[ScalarT]:
        """Give the group's part of the region's columns, a view of shape (assets, columns)."""
        return _tile(column, self.first_column, self.assets, self.prototype.columns)

    def of_variable(self, column: NDArray[ScalarT], variable: str) -> NDArray[ScalarT]:
        """Give the group's part of a variable's columns, shape (assets, elements)."""
        return self.of_group(column)[:, self.prototype.variable_at[variable]]

    def of_constraint(self, row: FloatArray, constraint: str) -> FloatArray:
        """Give the group's part of a constraint's rows, shape (assets, elements)."""
        return self.rows_of_group(row)[:, self.prototype.constraint_at[constraint]]

    def rows(self, constraint: str) -> IntArray:
        """Give the region's rows of a constraint, shape (assets, elements)."""
        offsets = self.first_row + np.arange(self.assets) * self.prototype.rows
        rows: IntArray = offsets[:, None] + self.prototype.constraints[constraint][None, :]
        return rows

    def rows_of_group(self, row: FloatArray) -> FloatArray:
        """Give the group's part of the region's rows, a view of shape (assets, rows)."""
        return _tile(row, self.first_row, self.assets, self.prototype.rows)

    def coefficients_of_group(self, coefficients: FloatArray) -> FloatArray:
        """Give the group's part of the coefficients, a view of shape (assets, coefficients)."""
        return _tile(coefficients, self.first_coefficient, self.assets, self.prototype.entry_row.size)


def _tile(values: NDArray[ScalarT], first: int, assets: int, size: int) -> NDArray[ScalarT]:
    return values[first : first + assets * size].reshape(assets, size)
