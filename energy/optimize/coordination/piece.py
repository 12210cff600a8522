"""One part of a region as a piece of work: what goes out to whoever solves it, what comes back."""

import time
from dataclasses import dataclass

import highspy

from energy.domain import FloatArray
from energy.errors import NoPlan
from energy.optimize.highs.mixed import Mixed, solve_mixed

RELATIVE_GAP = 1e-6
"""The absolute gap decides; this only ends the search of a part that costs very much."""


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


def solver_version() -> str:
    """Name the solver and its version: answers of another one are not taken."""
    parts = (highspy.HIGHS_VERSION_MAJOR, highspy.HIGHS_VERSION_MINOR, highspy.HIGHS_VERSION_PATCH)
    return "HiGHS " + ".".join(str(part) for part in parts)


def seconds_left(deadline: float) -> float:
    """Give how long there is to a moment of ``time.perf_counter``."""
    return deadline - time.perf_counter()
