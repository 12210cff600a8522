"""An instance of HiGHS: made the same for all, given a program, run with every status checked.

HiGHS runs with one thread and a fixed seed, so that the same sequence of problems gives the same plans. A
time limit is always set. What cannot be used ends in NoPlan.

Nothing here knows of a region's matrix: a worker that solves parts imports no more than this.
"""

import struct
from dataclasses import dataclass
from enum import StrEnum

import highspy
import numpy as np

from energy.domain import FloatArray
from energy.errors import NoPlan
from energy.optimize.highs.program import Program

SECONDS_MIN = 0.05
"""Below this HiGHS is not started any more."""
FEASIBILITY = 1e-7
"""Primal and dual tolerance, HiGHS's own default, in the units of the model (kW, kWh, EUR)."""


GAP_NOISE = 1e-9
"""A relative gap below this is what sums of doubles differ by."""


class End(StrEnum):
    """How a run ended, with something to use."""

    OPTIMAL = "optimal"
    TIME_LIMIT = "time_limit"
    NODE_LIMIT = "node_limit"


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


def relative_gap(objective_eur: float, bound_eur: float) -> float:
    """Give the proven relative distance to the best possible plan (to 1 EUR where the cost is smaller)."""
    return max(0.0, objective_eur - bound_eur) / max(1.0, abs(objective_eur))


def is_near(objective_eur: float, bound_eur: float, *, gap: float) -> bool:
    """Tell whether a cost is proven to be within a relative gap; the last digits are no distance."""
    return relative_gap(objective_eur, bound_eur) <= gap + GAP_NOISE


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


def pass_program(highs: highspy.Highs, program: Program) -> None:
    """Pass a whole program; yes-or-no columns are told afterwards.

    Arrays are passed as they are: highspy takes a program object of its own apart number by number.

    Raises:
        NoPlan: HiGHS refuses the model.
    """
    status = highs.passModel(
        program.columns,
        program.row_lower.size,
        program.coefficients.size,
        int(highspy.MatrixFormat.kColwise),
        int(highspy.ObjSense.kMinimize),
        program.offset_eur,
        program.cost_eur,
        program.lower,
        program.upper,
        program.row_lower,
        program.row_upper,
        program.column_start.astype(np.int32, copy=False),
        program.row_index.astype(np.int32, copy=False),
        program.coefficients,
        np.full(program.columns, int(highspy.HighsVarType.kContinuous), dtype=np.int32),
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
        highspy.HighsModelStatus.kSolutionLimit: End.NODE_LIMIT,
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


def _array(values: list[float]) -> FloatArray:
    """Read one of highspy's lists; it makes a new one each time that it is asked."""
    array = np.empty(len(values))
    # A third of the time that numpy takes to read a list, number by number.
    struct.pack_into(f"{len(values)}d", array.data, 0, *values)
    return array


def expect(status: highspy.HighsStatus, step: str) -> None:
    """Refuse an error; a warning (a coefficient of zero was dropped) is no hindrance."""
    if status == highspy.HighsStatus.kError:
        raise NoPlan(f"the solver refused: {step}")


def solver_version() -> str:
    """Name the solver and its version: answers of another one are not taken."""
    parts = (highspy.HIGHS_VERSION_MAJOR, highspy.HIGHS_VERSION_MINOR, highspy.HIGHS_VERSION_PATCH)
    return "HiGHS " + ".".join(str(part) for part in parts)
