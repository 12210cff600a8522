"""Findings as planners and programs get them: from when to when, what stood there, what was usual."""

from collections.abc import Mapping
from datetime import timedelta

import numpy as np

from energy.domain import FloatArray
from energy.forecast.marks.fault import Marks, Span
from energy.forecast.marks.looking import possible
from energy.forecast.series import History, SeriesSpec
from energy.periods import format_utc

IMPOSSIBLE = frozenset({"negative", "above_rated", "unit"})
"""Kinds of findings that no forecast is held against: nothing of the sort can have happened."""
USUAL_DAYS = 28


def known_at_gate(spec: SeriesSpec, history: History, marks: Marks, *, known: int) -> FloatArray:
    """Give the first ``known`` values without what could be told by then to be untrue."""
    return possible(spec, marks.cleaned(history.value, known)[:known])


def truth_of(history: History, marks: Marks) -> FloatArray:
    """Give what forecasts are held against: what was measured, NaN where it cannot have been."""
    spans = tuple(span for span in marks.spans if span.kind in IMPOSSIBLE)
    return Marks(periods=marks.periods, spans=spans).cleaned(history.value)


def listed(history: History, marks: Marks) -> list[dict[str, object]]:
    """List findings, ready for JSON; values are in the history's unit."""
    step = timedelta(seconds=history.step_s)
    return [
        {
            "kind": span.kind,
            "from": format_utc(history.start + span.first * step),
            "to": format_utc(history.start + span.end * step),
            "periods": span.end - span.first,
            "value": _value(history, span),
            "usual": usual_before(history, span),
            "why": span.why,
            "kept_out": span.kept_out,
        }
        for span in marks.spans
    ]


def usual_before(history: History, span: Span) -> float | None:
    """Give what was usual at the time of day over the weeks before a finding; None where unknown."""
    slots = 86_400 // history.step_s
    index = np.arange(span.first - slots, max(-1, span.first - USUAL_DAYS * slots - 1), -slots)
    return _median(history.value[index[index >= 0]])


def counted(marks: Marks) -> Mapping[str, int]:
    """Count findings by kind."""
    counts: dict[str, int] = {}
    for span in marks.spans:
        counts[span.kind] = counts.get(span.kind, 0) + 1
    return counts


def _value(history: History, span: Span) -> float | None:
    return _median(history.value[span.first : span.end])


def _median(values: FloatArray) -> float | None:
    values = values[np.isfinite(values)]
    return float(np.median(values)) if values.size else None
