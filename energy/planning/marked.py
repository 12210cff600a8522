"""What the record holds of an asset, without what cannot be true; and what planners are told of it."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from energy.forecast.marks.fault import Marks, Span
from energy.forecast.marks.looking import marks_of, possible
from energy.forecast.series import History, SeriesSpec
from energy.periods import PERIOD, format_utc

TOLD_FOR = timedelta(days=7)
"""So long after its end a finding stays on the page; it stays out of training as long as it is looked at."""
GAP_TOLD = timedelta(hours=3)
"""A shorter gap is no news: the alarm for a missing reading told it."""


def marked(spec: SeriesSpec, history: History) -> tuple[History, Marks]:
    """Leave out what cannot be true (NaN), and say what it was."""
    marks = marks_of(spec, history)
    value = possible(spec, marks.cleaned(history.value))
    return replace(history, value=value), marks


def data_notes(marks: Mapping[str, Marks], *, end: datetime) -> tuple[str, ...]:
    """Tell of each asset's findings of the last days, as ``data_kind@asset: detail``, the latest of a kind.

    Args:
        marks: by asset; the last period of each ends at ``end``.
        end: until when was looked.
    """
    notes = []
    for asset_id in sorted(marks):
        found = marks[asset_id]
        start = end - found.periods * PERIOD
        latest = {span.kind: span for span in _recent(found, start, end)}
        notes += [
            f"data_{kind}@{asset_id}: {told(span, start, PERIOD)}" for kind, span in sorted(latest.items())
        ]
    return tuple(notes)


def told(span: Span, start: datetime, step: timedelta) -> str:
    """Write a finding for people: from when to when, and why."""
    first, end = start + span.first * step, start + span.end * step
    kept = "" if span.kept_out else "; still used"
    return f"{format_utc(first)} to {format_utc(end)}: {span.why}{kept}"


def _recent(marks: Marks, start: datetime, end: datetime) -> Iterable[Span]:
    for span in marks.spans:
        until = start + span.end * PERIOD
        short = span.kind == "gap" and (span.end - span.first) * PERIOD < GAP_TOLD
        if end - until < TOLD_FOR and not short:
            yield span
