"""Who solves pieces: this process, a pool of processes, or a Dask cluster. Answers come in the same order."""

from collections.abc import Sequence
from typing import Protocol

from energy.optimize.coordination.piece import Answer, Piece, seconds_left, solve_piece
from energy.optimize.highs.instance import SECONDS_MIN

PIECE_S_MAX = 60.0
"""What one piece may take at most: far more than one of a common size needs, so that as a rule not the clock
but the gap ends its search, and equal plannings give equal plans."""


class Crew(Protocol):
    """Solves pieces."""

    def solve(self, pieces: Sequence[Piece], *, deadline: float) -> list[Answer | None]:
        """Give an answer a piece, None where there is none in time.

        ``deadline`` is a moment of ``time.perf_counter``.
        """

    def close(self) -> None:
        """Let go what is kept between plans; it comes back when needed."""


class InProcess:
    """Solves one piece after the other, here."""

    def solve(self, pieces: Sequence[Piece], *, deadline: float) -> list[Answer | None]:
        """Give an answer a piece."""
        return [solve_piece(piece, piece_s(deadline)) if piece_s(deadline) else None for piece in pieces]

    def close(self) -> None:
        """Nothing is kept."""


def piece_s(deadline: float) -> float:
    """Give how long a piece may take that is begun now; 0.0 where it is not worth beginning."""
    left_s = min(PIECE_S_MAX, seconds_left(deadline))
    return left_s if left_s >= SECONDS_MIN else 0.0
