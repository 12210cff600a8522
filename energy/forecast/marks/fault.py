"""A stretch of a series that cannot be true: what is wrong with it, why, and since when that is known."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from energy.domain import FloatArray
from energy.forecast.calendar import BoolArray, IntArray

FaultKind = Literal["gap", "stuck", "spike", "zero", "negative", "above_rated", "unit", "repeated", "shifted"]
"""Missing; a meter that stands still; a few values far off; zero for missing; less than nothing; more than
the asset can do; another unit; a copy of the hour or the day before; labels off by an hour."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """Periods [first, end) of a series that cannot be true.

    ``decided`` is how many periods had to be known to tell: of those before it nothing could be said earlier,
    those from it on are told the moment they come in. ``kept_out`` says whether a forecast leaves them out.
    """

    kind: FaultKind
    first: int
    end: int
    decided: int
    why: str
    kept_out: bool = True


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Marks:
    """What was found in a series of ``periods`` values, oldest first."""

    periods: int
    spans: tuple[Span, ...]

    def kept_out(self, known: int | None = None) -> BoolArray:
        """Mark what is left out, shape (periods,).

        Args:
            known: a gate: only what could be told from so many periods counts, and of younger ones what can
                be told of each as it comes in. None means all that is known by now.
        """
        marked = np.zeros(self.periods, dtype=np.bool_)
        for span in self.spans:
            if span.kept_out:
                first = span.first if known is None or span.decided <= known else span.decided - 1
                marked[max(span.first, first) : span.end] = True
        return marked

    def cleaned(self, values: FloatArray, known: int | None = None) -> FloatArray:
        """Give the values without those kept out (NaN instead); see ``kept_out``."""
        marked = self.kept_out(known)
        return np.where(marked, np.nan, values) if marked.any() else values


def stretches(where: BoolArray) -> IntArray:
    """List stretches of True as rows of first and end, shape (stretches, 2)."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], where, [False]]).astype(np.int8)))
    return edges.reshape(-1, 2).astype(np.int64)
