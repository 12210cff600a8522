"""Looks a series through for data that lies: the one way to its marks."""

import numpy as np

from energy.domain import FloatArray
from energy.forecast.calendar import calendar_of
from energy.forecast.marks.clock import shifted
from energy.forecast.marks.days import Days, days_of
from energy.forecast.marks.fault import Marks, Span
from energy.forecast.marks.runs import calm_too_long, gaps, repeated, stuck
from energy.forecast.marks.sizes import dark_at_noon, impossible, missing_as_zero, other_unit
from energy.forecast.marks.spikes import spikes
from energy.forecast.reference import clear_sky_over
from energy.forecast.series import UNBOUNDED, History, SeriesSpec

SPANS_MAX = 2000
"""More than this are not told one by one."""


def marks_of(spec: SeriesSpec, history: History) -> Marks:
    """Find what cannot be true in all that the history holds; ``Marks`` says at which gate each was known.

    What follows a value decides on it only from ``Span.decided`` on. Findings of one sort are left out before
    the next is looked for, so a meter in another unit is not also a spike.
    """
    values = history.value
    if values.size == 0:
        return Marks(periods=0, spans=())
    start_s, slots = int(history.start.timestamp()), 86_400 // history.step_s

    def days(left: FloatArray) -> Days:
        return days_of(left, start_s=start_s, step_s=history.step_s)

    calendar = calendar_of(
        history.start, values.size, step_s=history.step_s, zone=spec.zone, holidays_of=spec.holidays
    )
    spans: list[Span] = gaps(values)
    left = values
    left = _without(left, spans, impossible(spec, left, days(left)))
    laid = days(left)
    left = _without(left, spans, other_unit(spec.kind, left, laid))
    # held against all that is possible: what has been in another unit for two weeks is how the series is now
    left = _without(left, spans, missing_as_zero(spec.kind, left, laid))
    if spec.kind == "pv":
        sun = clear_sky_over(calendar, spec.location)
        left = _without(left, spans, dark_at_noon(left, sun, days(left)))
    if spec.kind == "wind":
        left = _without(left, spans, calm_too_long(left, slots=slots))
    left = _without(left, spans, spikes(spec.kind, left, days(left), start_s=start_s, step_s=history.step_s))
    left = _without(left, spans, stuck(left, spec.kind, slots=slots))
    if spec.kind != "price":
        left = _without(left, spans, repeated(left, slots=slots))
    spans += shifted(spec.kind, left, calendar, zone=spec.zone)
    return Marks(
        periods=values.size, spans=tuple(sorted(spans, key=lambda span: (span.first, span.kind))[:SPANS_MAX])
    )


def possible(spec: SeriesSpec, values: FloatArray) -> FloatArray:
    """Draw what is a little below zero up to it: a source's own use at night is no generation."""
    if spec.kind in UNBOUNDED:
        return values
    drawn: FloatArray = np.where(values < 0.0, 0.0, values)
    return drawn


def _without(values: FloatArray, spans: list[Span], found: list[Span]) -> FloatArray:
    spans += found
    return Marks(periods=values.size, spans=tuple(found)).cleaned(values)
