"""The one place that talks to HiGHS: an instance that stays alive, and every status checked.

HiGHS runs with one thread and a fixed seed, so that the same sequence of problems gives the same plans. A
time limit is always set. Nothing of highspy leaves this module: what cannot be used ends in NoPlan.
"""

import time
from dataclasses import dataclass
from enum import StrEnum

import highspy
import numpy as np

from energy.domain import FloatArray
from energy.errors import NoPlan
from energy.optimize.form import BoolArray, IntArray
from energy.optimize.layout import Layout
from energy.optimize.tile import Numbers

SECONDS_MIN = 0.05
"""Below this HiGHS is not started any more."""
RETRY_SHARE = 0.3
"""Share of the time that must be left for a second try without the old basis."""
FEASIBILITY = 1e-7
"""Primal and dual tolerance, HiGHS's own default, in the units of the model (kW, kWh, EUR)."""


class End(StrEnum):
    """How a run ended, with something to use."""

    OPTIMAL = "optimal"
    TIME_LIMIT = "time_limit"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Solution:
    """A feasible point. Duals are those of the linear program, zero after a mixed-integer run.

    ``bound_eur`` is what no plan can cost less than.
    """

    end: End
    objective_eur: float
    bound_eur: float
    column: FloatArray
    column_dual: FloatArray
    row: FloatArray
    row_dual: FloatArray


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
    """A linear program in HiGHS that is changed and solved again, warm."""

    def __init__(self) -> None:
        self._highs = new_highs()
        self._layout: Layout | None = None
        self._coefficients: FloatArray | None = None

    def update(self, layout: Layout, numbers: Numbers) -> None:
        """Bring HiGHS up to date: vectors only, unless the structure or a coefficient changed.

        Raises:
            NoPlan: HiGHS refuses the model.
        """
        old = self._coefficients
        if self._layout is not layout or old is None or not np.array_equal(old, numbers.coefficients):
            self._layout, self._coefficients = None, None
            expect(self._highs.passModel(_lp(layout, numbers)), "passModel")
            self._layout, self._coefficients = layout, numbers.coefficients
            return
        columns = np.arange(layout.columns, dtype=np.int32)
        rows = np.arange(layout.rows, dtype=np.int32)
        h = self._highs
        expect(h.changeColsCost(columns.size, columns, numbers.cost_eur), "changeColsCost")
        self.bound(numbers.lower, numbers.upper)
        expect(h.changeRowsBounds(rows.size, rows, numbers.row_lower, numbers.row_upper), "changeRowsBounds")
        expect(h.changeObjectiveOffset(numbers.offset_eur), "changeObjectiveOffset")

    def bound(self, lower: FloatArray, upper: FloatArray) -> None:
        """Change the columns' bounds only."""
        columns = np.arange(lower.size, dtype=np.int32)
        expect(self._highs.changeColsBounds(columns.size, columns, lower, upper), "changeColsBounds")

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


def _lp(layout: Layout, numbers: Numbers) -> highspy.HighsLp:
    lp = highspy.HighsLp()
    lp.num_col_, lp.num_row_ = layout.columns, layout.rows
    lp.col_cost_, lp.col_lower_, lp.col_upper_ = numbers.cost_eur, numbers.lower, numbers.upper
    lp.row_lower_, lp.row_upper_ = numbers.row_lower, numbers.row_upper
    lp.offset_ = numbers.offset_eur
    lp.a_matrix_.format_ = highspy.MatrixFormat.kColwise
    lp.a_matrix_.num_col_, lp.a_matrix_.num_row_ = layout.columns, layout.rows
    lp.a_matrix_.start_ = layout.column_start.astype(np.int32)
    lp.a_matrix_.index_ = layout.row_index.astype(np.int32)
    lp.a_matrix_.value_ = numbers.coefficients
    return lp


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
    column = np.array(solution.col_value, dtype=np.float64)
    if not np.isfinite(column).all():
        raise NoPlan("the solver's plan holds values that are not finite")
    objective = float(info.objective_function_value)
    dual = bool(solution.dual_valid)
    return Solution(
        end=ended,
        objective_eur=objective,
        bound_eur=objective if ended is End.OPTIMAL else -np.inf,
        column=column,
        column_dual=np.array(solution.col_dual) if dual else np.zeros(column.size),
        row=np.array(solution.row_value, dtype=np.float64),
        row_dual=np.array(solution.row_dual) if dual else np.zeros(len(solution.row_value)),
    )


def expect(status: highspy.HighsStatus, step: str) -> None:
    """Refuse an error; a warning (a coefficient of zero was dropped) is no hindrance."""
    if status == highspy.HighsStatus.kError:
        raise NoPlan(f"the solver refused: {step}")
