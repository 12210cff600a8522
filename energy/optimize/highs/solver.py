"""A linear program that stays alive in HiGHS: changed, bounded and solved again, warm."""

import time
from dataclasses import replace
from functools import reduce

import numpy as np

from energy.domain import FloatArray
from energy.errors import NoPlan
from energy.optimize.highs.instance import SECONDS_MIN, Solution, expect, new_highs, pass_program, run
from energy.optimize.highs.program import Exclusive, Mixed, Program
from energy.optimize.matrix.form import BoolArray, Int32Array, IntArray
from energy.optimize.matrix.layout import Layout
from energy.optimize.matrix.tile import Numbers

RETRY_SHARE = 0.3
"""Share of the time that must be left for a second try without the old basis."""
COEFFICIENTS_FEW = 100
"""More than so many that changed are passed with the whole matrix, and the basis is given back."""


class LinearSolver:
    """A linear program in HiGHS that is changed and solved again, warm.

    HiGHS is told only what differs from what it has, whoever changed it.
    """

    def __init__(self) -> None:
        self._highs = new_highs()
        self._layout: Layout | None = None
        self._has: Numbers | None = None

    def update(self, layout: Layout, numbers: Numbers) -> None:
        """Bring HiGHS up to date. Its basis stays as long as the structure does.

        Raises:
            NoPlan: HiGHS refuses the model, or a number is not finite.
        """
        refuse_not_finite(numbers, self._has)
        has, self._has = self._has, None
        if self._layout is not layout or has is None:
            self._layout = layout
            self._pass(layout, numbers)
        else:
            self._change_coefficients(layout, has, numbers)
            self._change_vectors(has, numbers)
        self._has = numbers

    def _pass(self, layout: Layout, numbers: Numbers) -> None:
        pass_program(self._highs, program_of(layout, numbers))

    def _change_coefficients(self, layout: Layout, has: Numbers, numbers: Numbers) -> None:
        moved = _moved((has.coefficients, numbers.coefficients))
        if moved.size > COEFFICIENTS_FEW:
            basis = self._highs.getBasis()
            self._pass(layout, replace(has, coefficients=numbers.coefficients))
            if basis.valid:
                expect(self._highs.setBasis(basis), "setBasis")
            return
        column = np.searchsorted(layout.column_start, moved, side="right") - 1
        for entry, at in zip(moved.tolist(), column.tolist(), strict=True):
            row, value = int(layout.row_index[entry]), float(numbers.coefficients[entry])
            expect(self._highs.changeCoeff(row, at, value), "changeCoeff")

    def _change_vectors(self, has: Numbers, numbers: Numbers) -> None:
        h = self._highs
        priced = _moved((has.cost_eur, numbers.cost_eur))
        if priced.size:
            expect(h.changeColsCost(priced.size, priced, numbers.cost_eur[priced]), "changeColsCost")
        self._change_bounds(has, numbers)
        self._change_row_bounds(has, numbers)
        expect(h.changeObjectiveOffset(numbers.offset_eur), "changeObjectiveOffset")

    def _change_bounds(self, has: Numbers, numbers: Numbers) -> None:
        columns = _moved((has.lower, numbers.lower), (has.upper, numbers.upper))
        if columns.size:
            lower, upper = numbers.lower[columns], numbers.upper[columns]
            expect(
                self._highs.changeColsBounds(columns.size, columns, lower, upper),
                "changeColsBounds",
            )

    def _change_row_bounds(self, has: Numbers, numbers: Numbers) -> None:
        rows = _moved((has.row_lower, numbers.row_lower), (has.row_upper, numbers.row_upper))
        if rows.size:
            lower, upper = numbers.row_lower[rows], numbers.row_upper[rows]
            expect(self._highs.changeRowsBounds(rows.size, rows, lower, upper), "changeRowsBounds")

    def bound(self, lower: FloatArray, upper: FloatArray) -> None:
        """Change the columns' bounds only.

        Raises:
            NoPlan: HiGHS holds no program, or refuses the bounds.
        """
        has = self._taken()
        bounded = replace(has, lower=lower, upper=upper)
        self._change_bounds(has, bounded)
        self._has = bounded

    def _taken(self) -> Numbers:
        """Give what HiGHS holds, and count it as unknown until the change has gone through."""
        has, self._has = self._has, None
        if has is None:
            raise NoPlan("the solver holds no program whose bounds could change")
        return has

    def bound_rows(self, lower: FloatArray, upper: FloatArray) -> None:
        """Change the rows' bounds only.

        Raises:
            NoPlan: HiGHS holds no program, or refuses the bounds.
        """
        has = self._taken()
        bounded = replace(has, row_lower=lower, row_upper=upper)
        self._change_row_bounds(has, bounded)
        self._has = bounded

    def forget(self) -> None:
        """Let the next solve begin afresh: with presolve, which HiGHS leaves out where it has a basis.

        Raises:
            NoPlan: HiGHS refuses.
        """
        expect(self._highs.clearSolver(), "clearSolver")

    def perturb(self, share: float) -> None:
        """Let the dual simplex change costs by this share of what is usual, so that it does not stand still.

        Raises:
            NoPlan: HiGHS refuses.
        """
        name = "dual_simplex_cost_perturbation_multiplier"
        expect(self._highs.setOptionValue(name, share), name)

    def solve(self, *, seconds_max: float) -> Solution:
        """Solve, warm where HiGHS has a basis.

        Raises:
            NoPlan: no feasible point within the time limit, or HiGHS failed.
        """
        deadline = time.perf_counter() + seconds_max
        try:
            return run(self._highs, seconds_max=seconds_max)
        except NoPlan:
            # An old basis can lead astray; without it the same program is solved afresh, if there is time.
            left_s = deadline - time.perf_counter()
            if left_s < max(SECONDS_MIN, RETRY_SHARE * seconds_max):
                raise
            expect(self._highs.clearSolver(), "clearSolver")
            return run(self._highs, seconds_max=left_s)


def program_of(layout: Layout, numbers: Numbers) -> Program:
    """Give a region's matrix as a linear program."""
    return Program(
        cost_eur=numbers.cost_eur,
        lower=numbers.lower,
        upper=numbers.upper,
        row_lower=numbers.row_lower,
        row_upper=numbers.row_upper,
        column_start=layout.column_start,
        row_index=layout.row_index,
        coefficients=numbers.coefficients,
        offset_eur=numbers.offset_eur,
    )


def mixed_of(layout: Layout, numbers: Numbers, *, binary: IntArray, exclusive: Exclusive) -> Mixed:
    """Give the whole region as one mixed-integer program."""
    return Mixed(
        cost_eur=numbers.cost_eur,
        lower=numbers.lower,
        upper=numbers.upper,
        row_lower=numbers.row_lower,
        row_upper=numbers.row_upper,
        column_start=layout.column_start,
        row_index=layout.row_index,
        coefficients=numbers.coefficients,
        offset_eur=numbers.offset_eur,
        binary=binary,
        exclusive=exclusive,
    )


def fixed_upper(numbers: Numbers, exclusive: Exclusive, column: FloatArray) -> FloatArray:
    """Give upper bounds that keep of each pair only the column with the greater value."""
    upper = numbers.upper.copy()
    first_leads: BoolArray = column[exclusive.first] >= column[exclusive.second]
    upper[np.where(first_leads, exclusive.second, exclusive.first)] = 0.0
    return upper


def refuse_not_finite(numbers: Numbers, has: Numbers | None) -> None:
    """Refuse what HiGHS would take and leave out without a word: it calls a plan with a NaN price optimal.

    Bounds may be infinite, and HiGHS refuses a NaN among them itself. What it ``has`` was looked at before.

    Raises:
        NoPlan: a cost or a coefficient is not finite.
    """
    for name in ("cost_eur", "coefficients", "offset_eur"):
        values = getattr(numbers, name)
        # Finite numbers of a region never add up beyond a double, so that the sum tells of each of them.
        if (has is None or values is not getattr(has, name)) and not np.isfinite(np.sum(values)):
            raise NoPlan(f"the problem's numbers are not finite: {name}")


def _moved(*pairs: tuple[FloatArray, FloatArray]) -> Int32Array:
    """Give the places at which any pair of arrays differs."""
    differs = [old != new for old, new in pairs if old is not new]
    if not differs:
        return np.zeros(0, dtype=np.int32)
    return np.flatnonzero(reduce(np.logical_or, differs)).astype(np.int32)
