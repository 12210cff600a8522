"""What HiGHS is given: a linear program in compressed columns, and one with yes-or-no columns."""

from dataclasses import dataclass

from energy.domain import FloatArray
from energy.optimize.matrix.form import Int32Array, IntArray


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Program:
    """A linear program, to be minimised; the entries of column ``j`` stand from ``column_start[j]`` on."""

    cost_eur: FloatArray
    lower: FloatArray
    upper: FloatArray
    row_lower: FloatArray
    row_upper: FloatArray
    column_start: IntArray | Int32Array
    row_index: IntArray | Int32Array
    coefficients: FloatArray
    offset_eur: float

    @property
    def columns(self) -> int:
        """How many columns there are."""
        return int(self.cost_eur.size)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Exclusive:
    """Pairs of columns of which one must be zero. Shape (pairs,) each."""

    first: IntArray
    second: IntArray

    @property
    def count(self) -> int:
        """How many pairs there are."""
        return int(self.first.size)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Mixed(Program):
    """A program of which ``binary`` columns must be 0 or 1, and of ``exclusive`` pairs one is 0."""

    binary: IntArray
    exclusive: Exclusive
