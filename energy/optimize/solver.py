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
from energy.optimize.prototype import BoolArray, IntArray
from energy.optimize.tile import Layout, Numbers

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
        self._highs = _new_highs()
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
            _expect(self._highs.passModel(_lp(layout, numbers)), "passModel")
            self._layout, self._coefficients = layout, numbers.coefficients
            return
        columns = np.arange(layout.columns, dtype=np.int32)
        rows = np.arange(layout.rows, dtype=np.int32)
        h = self._highs
        _expect(h.changeColsCost(columns.size, columns, numbers.cost_eur), "changeColsCost")
        self.bound(numbers.lower, numbers.upper)
        _expect(h.changeRowsBounds(rows.size, rows, numbers.row_lower, numbers.row_upper), "changeRowsBounds")
        _expect(h.changeObjectiveOffset(numbers.offset_eur), "changeObjectiveOffset")

    def bound(self, lower: FloatArray, upper: FloatArray) -> None:
        """Change the columns' bounds only."""
        columns = np.arange(lower.size, dtype=np.int32)
        _expect(self._highs.changeColsBounds(columns.size, columns, lower, upper), "changeColsBounds")

    def solve(self, *, seconds_max: float) -> Solution:
        """Solve, warm where HiGHS has a basis.

        Raises:
            NoPlan: no feasible point within the time limit, or HiGHS failed.
        """
        deadline = time.perf_counter() + seconds_max
        try:
            return _run(self._highs, seconds_max=seconds_max)
        except NoPlan:
            # An old basis can lead astray; without it the same program is solved afresh, if there is time.
            left_s = deadline - time.perf_counter()
            if left_s < max(SECONDS_MIN, RETRY_SHARE * seconds_max):
                raise
            _expect(self._highs.clearSolver(), "clearSolver")
            return _run(self._highs, seconds_max=left_s)


def solve_mixed(
    layout: Layout,
    numbers: Numbers,
    *,
    exclusive: Exclusive,
    binary: IntArray,
    seconds_max: float,
    gap: float,
    known: FloatArray | None = None,
) -> Solution:
    """Solve with whole numbers, in an instance of its own.

    Args:
        layout: the structure.
        numbers: the numbers.
        exclusive: pairs that get a yes-or-no decision each.
        binary: columns that must be 0 or 1.
        seconds_max: time limit.
        gap: relative gap at which to stop.
        known: columns of a plan that is known already, to start from; None for none.

    Raises:
        NoPlan: no feasible point within the time limit, or HiGHS failed.
    """
    highs = _new_highs()
    _expect(highs.setOptionValue("mip_rel_gap", gap), "mip_rel_gap")
    _expect(highs.passModel(_lp(layout, numbers)), "passModel")
    integer = int(highspy.HighsVarType.kInteger.value)
    kinds = np.full(binary.size, integer, dtype=np.uint8)
    _expect(highs.changeColsIntegrality(binary.size, binary.astype(np.int32), kinds), "changeColsIntegrality")
    if exclusive.count:
        _add_directions(highs, layout.columns, numbers, exclusive)
    if known is not None:
        start = highspy.HighsSolution()
        directions = (known[exclusive.first] >= known[exclusive.second]).astype(np.float64)
        start.col_value = np.concatenate([known, directions]).tolist()
        _expect(highs.setSolution(start), "setSolution")
    solution = _run(highs, seconds_max=seconds_max)
    return Solution(
        end=solution.end,
        objective_eur=solution.objective_eur,
        bound_eur=float(highs.getInfo().mip_dual_bound),
        column=solution.column[: layout.columns],
        column_dual=np.zeros(layout.columns),
        row=solution.row[: layout.rows],
        row_dual=np.zeros(layout.rows),
    )


def _add_directions(highs: highspy.Highs, columns: int, numbers: Numbers, exclusive: Exclusive) -> None:
    """Add a yes-or-no column for each pair: 1 leaves the first of the two free, 0 the second."""
    pairs = exclusive.count
    zeros, ones = np.zeros(pairs), np.ones(pairs)
    none = np.zeros(0)
    binary = np.arange(columns, columns + pairs, dtype=np.int32)
    starts = np.zeros(pairs, dtype=np.int32)
    _expect(highs.addCols(pairs, zeros, zeros, ones, 0, starts, none.astype(np.int32), none), "addCols")
    kinds = np.full(pairs, int(highspy.HighsVarType.kInteger.value), dtype=np.uint8)
    _expect(highs.changeColsIntegrality(pairs, binary, kinds), "changeColsIntegrality")
    upper_first, upper_second = numbers.upper[exclusive.first], numbers.upper[exclusive.second]
    two = np.arange(0, 2 * pairs, 2, dtype=np.int32)
    minus_infinity = np.full(pairs, -np.inf)
    for column, slope, limit in (
        (exclusive.first, -upper_first, zeros),
        (exclusive.second, upper_second, upper_second),
    ):
        index = np.stack([column.astype(np.int32), binary], axis=1).ravel()
        value = np.stack([ones, slope], axis=1).ravel()
        _expect(highs.addRows(pairs, minus_infinity, limit, index.size, two, index, value), "addRows")


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


def _new_highs() -> highspy.Highs:
    highs = _SilentHighs()
    for name, value in (
        ("threads", 1),
        ("random_seed", 0),
        ("parallel", "off"),
        ("primal_feasibility_tolerance", FEASIBILITY),
        ("dual_feasibility_tolerance", FEASIBILITY),
    ):
        _expect(highs.setOptionValue(name, value), name)
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


def _run(highs: highspy.Highs, *, seconds_max: float) -> Solution:
    """Run, check the run status and the model status, and only then read."""
    if not seconds_max >= SECONDS_MIN:
        raise NoPlan("the solver has too little time left to start")
    # The limit counts from the making of the instance, over all its runs.
    _expect(highs.setOptionValue("time_limit", highs.getRunTime() + seconds_max), "time_limit")
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


def _expect(status: highspy.HighsStatus, step: str) -> None:
    """Refuse an error; a warning (a coefficient of zero was dropped) is no hindrance."""
    if status == highspy.HighsStatus.kError:
        raise NoPlan(f"the solver refused: {step}")
