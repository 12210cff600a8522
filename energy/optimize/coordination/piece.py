"""One part of a region as a piece of work: what goes out to whoever solves it, what comes back."""

import time
from dataclasses import dataclass

import numpy as np
from scipy import sparse

from energy.domain import FloatArray
from energy.errors import NoPlan
from energy.optimize.highs.instance import solver_version
from energy.optimize.highs.mixed import solve_mixed
from energy.optimize.highs.program import Mixed

RELATIVE_GAP = 1e-6
"""The absolute gap decides; this only ends the search of a part that costs very much."""
OFF_MAX = 1e-4
"""How far a plan may be off a bound, a row or its cost (relative above 1): far more than a solver rounds."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Piece:
    """A part at given prices, and how far from its least cost it may end."""

    program: Mixed
    gap_eur: float

    @property
    def decisions(self) -> int:
        """How many yes-or-no decisions it holds."""
        return int(self.program.binary.size) + self.program.exclusive.count


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Answer:
    """A plan of a part, and what none of its plans can cost less than; ``solver`` tells who solved it."""

    column: FloatArray
    objective_eur: float
    bound_eur: float
    solver: str


def solve_piece(piece: Piece, seconds_max: float) -> Answer | None:
    """Solve a piece; None where no plan of it was found in time."""
    try:
        found = solve_mixed(piece.program, seconds_max=seconds_max, gap=RELATIVE_GAP, gap_eur=piece.gap_eur)
    except NoPlan:
        return None
    return Answer(
        column=found.column,
        objective_eur=found.objective_eur,
        bound_eur=found.bound_eur,
        solver=solver_version(),
    )


def is_plan_of(answer: Answer, piece: Piece) -> bool:
    """Tell whether an answer keeps its piece's bounds and rows and costs what it says.

    Its bound is only held against its cost: more would take solving the piece again.
    """
    program, column = piece.program, np.asarray(answer.column)
    if column.dtype != np.float64 or column.shape != program.cost_eur.shape or not np.isfinite(column).all():
        return False
    claimed = np.asarray((answer.objective_eur, answer.bound_eur))
    if claimed.dtype != np.float64 or claimed.shape != (2,):
        return False
    shape = (program.row_lower.size, program.columns)
    matrix = sparse.csc_array((program.coefficients, program.row_index, program.column_start), shape=shape)
    row = np.asarray(matrix @ column, dtype=np.float64)
    eur = float(program.cost_eur @ column) + program.offset_eur
    whole = np.round(column[program.binary])
    return (
        _keeps(column, program.lower, program.upper)
        and _keeps(row, program.row_lower, program.row_upper)
        and _keeps(column[program.binary], whole, whole)
        and _keeps(claimed, np.array([eur, -np.inf]), np.array([eur, eur]))
    )


def _keeps(value: FloatArray, lower: FloatArray, upper: FloatArray) -> bool:
    """Tell whether values lie in their bounds; one that is no number does not."""
    least = lower - OFF_MAX * np.maximum(1.0, np.abs(lower))
    most = upper + OFF_MAX * np.maximum(1.0, np.abs(upper))
    return bool(((value >= least) & (value <= most)).all())


def seconds_left(deadline: float) -> float:
    """Give how long there is to a moment of ``time.perf_counter``."""
    return deadline - time.perf_counter()
