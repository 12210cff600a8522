"""The layout of a series at each gate: without what could be told by then to be untrue."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from energy.forecast.frame import Frame, frame_of
from energy.forecast.marks.fault import Marks, Span
from energy.forecast.marks.looking import possible
from energy.forecast.series import History, SeriesSpec

IMPOSSIBLE = frozenset({"negative", "above_rated", "unit"})
"""Kinds of findings that no forecast is held against: nothing of the sort can have happened."""


@dataclass(slots=True, eq=False)
class MarkedFrames:
    """Lays a whole series out anew whenever a gate has seen more of what was wrong with it."""

    spec: SeriesSpec
    history: History
    marks: Marks
    _told: int = -1
    _frame: Frame | None = None

    def at(self, known: int) -> Frame:
        """Give the layout for a gate at which ``known`` periods were known, or for any soon after it."""
        told = sum(span.decided <= known for span in self.marks.spans if _waits(span))
        if self._frame is None or told != self._told:
            value = possible(self.spec, self.marks.cleaned(self.history.value, known))
            periods = value.size
            self._frame = frame_of(
                self.spec, replace(self.history, value=value), known=periods, periods=periods
            )
            self._told = told
        return self._frame


def _waits(span: Span) -> bool:
    """Tell whether a finding was known later than its values."""
    return span.kept_out and span.decided > span.first + 1


def faults_found(marks: Marks) -> Mapping[str, int]:
    """Count findings by kind."""
    counts: dict[str, int] = {}
    for span in marks.spans:
        counts[span.kind] = counts.get(span.kind, 0) + 1
    return counts
