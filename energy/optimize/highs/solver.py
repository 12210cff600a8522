"""The one place that talks to HiGHS: an instance that stays alive, and every status checked.

HiGHS runs with one thread and a fixed seed, so that the same sequence of problems gives the same plans. A
time limit is always set. Nothing of highspy leaves this module: what cannot be used ends in NoPlan.
"""

import time
from dataclasses import dataclass, replace
from enum import StrEnum

import highspy
import numpy as np

from energy.domain import FloatArray
from energy.errors import NoPlan
from energy.optimize.matrix.form import BoolArray, Int32Array, IntArray
from energy.optimize.matrix.layout import Layout
from energy.optimize.matrix.tile import Numbers

SECONDS_MIN = 0.05
"""Below this HiGHS is not started any more."""
RETRY_SHARE = 0.3
"""Share of the time that must be left for a second try without the old basis."""
COEFFICIENTS_FEW = 100
"""More than so many that changed are passed with the whole matrix, and the basis is given back."""
FEASIBILITY = 1e-7
"""Primal and dual tolerance, HiGHS's own default, in the units of the model (kW, kWh, EUR)."""


class End(StrEnum):
    """How a run ended, with something to use."""

    OPTIMAL = "optimal"
    TIME_LIMIT = "time_limit"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Solution:
    """A feasible point. Duals are those of the linear program; where ``priced`` is False there are none.

    They are zeros then, which say nothing about prices: after a mixed-integer run, and where a linear run
    ended before it was optimal. ``bound_eur`` is what no plan can cost less than.
    """

    end: End
    objective_eur: float
    bound_eur: float
    column: FloatArray
    column_dual: FloatArray
    row: FloatArray
    row_dual: FloatArray
    priced: bool


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Solved:
    """A plan's numbers: the linear solution, and the bound proven on the way."""

    solution: Solution
    bound_eur: float
    end: End


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Exclusive:
    """Pairs of columns of which one must be zero. Shape (pairs,) each."""

    first: IntArray
    second: IntArray

    @property
    def count(self) -> int:
        """How many pairs there are."""
        return int(self.first.size)


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
        refuse_not_finite(numbers)
        has, self._has = self._has, None
        if self._layout is not layout or has is None:
            self._layout = layout
            self._pass(layout, numbers)
        else:
            self._change_coefficients(layout, has, numbers)
            self._change_vectors(has, numbers)
        self._has = numbers

    def _pass(self, layout: Layout, numbers: Numbers) -> None:
        pass_program(
            self._highs,
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


def relative_gap(objective_eur: float, bound_eur: float) -> float:
    """Give the proven relative distance to the best possible plan (to 1 EUR where the cost is smaller)."""
    return max(0.0, objective_eur - bound_eur) / max(1.0, abs(objective_eur))


def fixed_upper(numbers: Numbers, exclusive: Exclusive, column: FloatArray) -> FloatArray:
    """Give upper bounds that keep of each pair only the column with the greater value."""
    upper = numbers.upper.copy()
    first_leads: BoolArray = column[exclusive.first] >= column[exclusive.second]
    upper[np.where(first_leads, exclusive.second, exclusive.first)] = 0.0
    return upper


class _SilentHighs(highspy.Highs):  # type: ignore[misc]  # highspy brings no types
    """HiGHS that never writes to standard output: its constructor prints a banner once callbacks are on."""

    def enableCallbacks(self) -> None:  # noqa: N802 - highspy's name
        self.silent()
        super().enableCallbacks()


def new_highs() -> highspy.Highs:
    """Give an instance of one thread, with the seed and the tolerances that all plans share."""
    highs = _SilentHighs()
    for name, value in (
        ("threads", 1),
        ("random_seed", 0),
        ("parallel", "off"),
        ("primal_feasibility_tolerance", FEASIBILITY),
        ("dual_feasibility_tolerance", FEASIBILITY),
    ):
        expect(highs.setOptionValue(name, value), name)
    return highs


def pass_program(
    highs: highspy.Highs,
    *,
    cost_eur: FloatArray,
    lower: FloatArray,
    upper: FloatArray,
    row_lower: FloatArray,
    row_upper: FloatArray,
    column_start: IntArray | Int32Array,
    row_index: IntArray | Int32Array,
    coefficients: FloatArray,
    offset_eur: float,
) -> None:
    """Pass a whole linear program in compressed columns.

    Arrays are passed as they are: highspy takes a program object of its own apart number by number.

    Raises:
        NoPlan: HiGHS refuses the model.
    """
    status = highs.passModel(
        cost_eur.size,
        row_lower.size,
        coefficients.size,
        int(highspy.MatrixFormat.kColwise),
        int(highspy.ObjSense.kMinimize),
        offset_eur,
        cost_eur,
        lower,
        upper,
        row_lower,
        row_upper,
        column_start.astype(np.int32, copy=False),
        row_index.astype(np.int32, copy=False),
        coefficients,
        np.full(cost_eur.size, int(highspy.HighsVarType.kContinuous), dtype=np.int32),
    )
    expect(status, "passModel")


def run(highs: highspy.Highs, *, seconds_max: float) -> Solution:
    """Run, check the run status and the model status, and only then read."""
    if not seconds_max >= SECONDS_MIN:
        raise NoPlan("the solver has too little time left to start")
    # The limit counts from the making of the instance, over all its runs.
    expect(highs.setOptionValue("time_limit", highs.getRunTime() + seconds_max), "time_limit")
    status = highs.run()
    model_status = highs.getModelStatus()
    info = highs.getInfo()
    feasible = info.primal_solution_status == highspy.SolutionStatus.kSolutionStatusFeasible
    ended = {
        highspy.HighsModelStatus.kOptimal: End.OPTIMAL,
        highspy.HighsModelStatus.kTimeLimit: End.TIME_LIMIT,
    }.get(model_status)
    if status == highspy.HighsStatus.kError or ended is None or not feasible:
        words = highs.modelStatusToString(model_status)
        # No duration in the words: they are hashed into the ledger, and two equal runs differ on the wall.
        raise NoPlan(f"the solver ended without a plan: {words}")
    solution = highs.getSolution()
    column = _array(solution.col_value)
    if not np.isfinite(column).all():
        raise NoPlan("the solver's plan holds values that are not finite")
    objective = float(info.objective_function_value)
    # Duals of a basis that is not optimal are no prices, even where HiGHS has some.
    dual = ended is End.OPTIMAL and bool(solution.dual_valid)
    found = Solution(
        end=ended,
        objective_eur=objective,
        bound_eur=objective if ended is End.OPTIMAL else -np.inf,
        column=column,
        column_dual=_array(solution.col_dual) if dual else np.zeros(column.size),
        row=_array(solution.row_value),
        row_dual=_array(solution.row_dual) if dual else np.zeros(highs.getNumRow()),
        priced=dual,
    )
    if not all(np.isfinite(values).all() for values in (objective, found.column_dual, found.row_dual)):
        raise NoPlan("the solver's cost or prices are not finite")
    return found


def refuse_not_finite(numbers: Numbers) -> None:
    """Refuse what HiGHS would take and leave out without a word: it calls a plan with a NaN price optimal.

    Bounds may be infinite, and HiGHS refuses a NaN among them itself.

    Raises:
        NoPlan: a cost or a coefficient is not finite.
    """
    for name in ("cost_eur", "coefficients", "offset_eur"):
        # Finite numbers of a region never add up beyond a double, so that the sum tells of each of them.
        if not np.isfinite(np.sum(getattr(numbers, name))):
            raise NoPlan(f"the problem's numbers are not finite: {name}")


def _array(values: list[float]) -> FloatArray:
    """Read one of highspy's lists; it makes a new one each time that it is asked."""
    return np.fromiter(values, dtype=np.float64, count=len(values))


def _moved(*pairs: tuple[FloatArray, FloatArray]) -> Int32Array:
    """Give the places at which any pair of arrays differs."""
    differs = [old != new for old, new in pairs if old is not new]
    if not differs:
        return np.zeros(0, dtype=np.int32)
    return np.flatnonzero(np.logical_or.reduce(differs)).astype(np.int32)


def expect(status: highspy.HighsStatus, step: str) -> None:
    """Refuse an error; a warning (a coefficient of zero was dropped) is no hindrance."""
    if status == highspy.HighsStatus.kError:
        raise NoPlan(f"the solver refused: {step}")
