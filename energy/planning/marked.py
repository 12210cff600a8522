"""What the record holds of an asset, without what cannot be true; and what planners are told of it."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from energy.forecast.marks.fault import Marks, Span
from energy.forecast.marks.looking import marks_of, possible
from energy.forecast.marks.runs import gaps
from energy.forecast.series import History, SeriesSpec
from energy.periods import PERIOD, format_utc
from energy.planning.past import Expected
from energy.region.ev_hub import EvHub
from energy.region.flexible_load import FlexibleLoad
from energy.region.pumped_reservoir import PumpedReservoir

TOLD_FOR = timedelta(days=7)
"""So long after its end a finding stays on the page; it stays out of training as long as it is looked at."""
GAP_TOLD = timedelta(hours=3)
"""A shorter gap is no news: the alarm for a missing reading told it."""


def marks_on(asset: Expected, spec: SeriesSpec, history: History) -> Marks:
    """Look an asset's past through.

    What is worked out from a backlog or a content leaps by nature and may pass what the asset can do at once:
    of it only gaps are told.
    """
    if isinstance(asset, EvHub | FlexibleLoad | PumpedReservoir):
        return Marks(periods=history.value.size, spans=tuple(gaps(history.value)))
    return marks_of(spec, history)


def marked(asset: Expected, spec: SeriesSpec, history: History) -> tuple[History, Marks]:
    """Leave out what cannot be true (NaN), and say what it was."""
    marks = marks_on(asset, spec, history)
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
        # labels may be off for half a year: that is news when it is found
        until = start + (span.decided if span.kind == "shifted" else span.end) * PERIOD
        short = span.kind == "gap" and (span.end - span.first) * PERIOD < GAP_TOLD
        if end - until < TOLD_FOR and not short:
            yield span
