"""A series laid out for forecasting: values, calendar, reference, and sums that answer for any gate."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import numpy as np

from energy.domain import FloatArray
from energy.forecast.calendar import Calendar, IntArray, calendar_of
from energy.forecast.correction import Correction, correction_of
from energy.forecast.marks.leaps import STEADY, lone_leaps
from energy.forecast.reference import Reference, centre_of, reference_of
from energy.forecast.series import History, SeriesSpec
from energy.forecast.steps import STEPPED, levelled

_POWER_UNITS = ("_w", "_kw", "_mw", "_gw")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Column:
    """An extra input: its values and how far they stand from their own usual course, shape (periods,)."""

    value: FloatArray
    anomaly: FloatArray
    sums: "Sums"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Sums:
    """Running sums of a deviation and its scale, so that any window's mean costs two look-ups."""

    deviation: FloatArray
    scale: FloatArray
    count: IntArray

    def mean(self, begin: IntArray, end: IntArray) -> FloatArray:
        """Mean deviation in units of the scale over [begin, end); NaN if under a quarter is known."""
        begin, end = np.maximum(begin, 0), np.maximum(end, 0)
        deviation = self.deviation[end] - self.deviation[begin]
        scale = self.scale[end] - self.scale[begin]
        enough = (scale > 0.0) & (4 * (self.count[end] - self.count[begin]) >= end - begin) & (end > begin)
        mean: FloatArray = np.divide(deviation, scale, out=np.full(scale.shape, np.nan), where=enough)
        return mean


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PriorColumn:
    """What was expected without learning: as an extra input, and against what was measured.

    ``lead`` (periods,) is how far it stands from the reference, in units of the scale; ``gap`` sums how far
    the truth stood from it; ``correction`` mends it with what was measured before any gate.
    """

    name: str
    column: Column
    lead: FloatArray
    gap: Sums
    correction: Correction


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Frame:
    """Everything that features are read from; arrays have shape (periods,), the horizon included.

    ``value`` is per unit of ``capacity``, brought to the measure that counts since the last lasting step, and
    NaN from the last known period on. A reader that asks on behalf of a gate uses only indexes below it.
    """

    spec: SeriesSpec
    calendar: Calendar
    value: FloatArray
    capacity: FloatArray
    reference: Reference
    anomaly: FloatArray
    sums: Sums
    known_ahead: Mapping[str, Column]
    past: Mapping[str, Column]
    prior: PriorColumn | None = None

    @property
    def start(self) -> datetime:
        """The first period's label."""
        return datetime.fromtimestamp(int(self.calendar.at_s[0]), UTC)

    @property
    def slots(self) -> int:
        """Periods in a day of 24 hours."""
        return self.calendar.slots

    def magnitude(self, deviation: FloatArray, index: IntArray) -> FloatArray:
        """Turn deviations (..., samples) at ``index`` (samples,) into bounded magnitudes."""
        scale = self.reference.scale[index]
        raw = (self.reference.centre[index] + scale * deviation) * self.capacity[index]
        low, high = self.spec.bounds
        bounded: FloatArray = np.clip(np.where(scale > 0.0, raw, 0.0), low, high)
        return bounded


def frame_of(spec: SeriesSpec, history: History, *, known: int, periods: int) -> Frame:
    """Lay out the first ``known`` periods of a history and a horizon up to ``periods`` in all."""
    calendar = calendar_of(
        history.start, periods, step_s=history.step_s, zone=spec.zone, holidays_of=spec.holidays
    )
    capacity = _capacity(history, known, periods)
    value = _fitted(history.value[:known], periods) / capacity
    if spec.kind in STEPPED:
        value = levelled(value, calendar)
    reference = reference_of(spec, value, calendar)
    anomaly = _anomaly(value, reference)
    if spec.kind in STEADY:
        wild = lone_leaps(anomaly, slots=calendar.slots)
        if wild.any():
            value = np.where(wild, np.nan, value)
            reference = reference_of(spec, value, calendar)
            anomaly = _anomaly(value, reference)
    frame = Frame(
        spec=spec,
        calendar=calendar,
        value=value,
        capacity=capacity,
        reference=reference,
        anomaly=anomaly,
        sums=_sums(value - reference.centre, reference.scale),
        known_ahead={},
        past={},
    )
    return replace(
        frame,
        known_ahead={
            name: _column(frame, _fitted(values, periods), power=name.endswith(_POWER_UNITS))
            for name, values in history.known_ahead.items()
        },
        past={
            name: _column(frame, _fitted(values[:known], periods), power=name.endswith(_POWER_UNITS))
            for name, values in history.past.items()
        },
        prior=None
        if history.prior is None
        else _prior_column(frame, history.prior.name, _fitted(history.prior.expected, periods)),
    )


def _anomaly(value: FloatArray, reference: Reference) -> FloatArray:
    usable = (reference.scale > 0.0) & np.isfinite(reference.centre)
    anomaly: FloatArray = np.full(value.size, np.nan)
    np.divide(value - reference.centre, reference.scale, out=anomaly, where=usable)
    return anomaly


def _prior_column(frame: Frame, name: str, expected: FloatArray) -> PriorColumn:
    column = _column(frame, expected, power=True)
    scale = frame.reference.scale
    return PriorColumn(
        name=name,
        column=column,
        lead=_anomaly(column.value, frame.reference),
        gap=_sums(frame.value - column.value, scale),
        correction=correction_of(
            frame.spec.kind,
            frame.calendar,
            frame.value,
            column.value,
            longitude=frame.spec.location[1],
        ),
    )


def _column(frame: Frame, value: FloatArray, *, power: bool) -> Column:
    """Lay out an extra input; one in units of power is scaled as the series itself is."""
    if power:
        value = value / frame.capacity
    centre = centre_of(frame.spec, value, frame.calendar)
    scale = frame.reference.scale if power else np.ones(value.size)
    anomaly = np.divide(value - centre, scale, out=np.full(value.size, np.nan), where=scale > 0.0)
    return Column(value=value, anomaly=anomaly, sums=_sums(value - centre, scale))


def _sums(deviation: FloatArray, scale: FloatArray) -> Sums:
    known = np.isfinite(deviation) & (scale > 0.0)
    return Sums(
        deviation=np.concatenate([[0.0], np.cumsum(np.where(known, deviation, 0.0))]),
        scale=np.concatenate([[0.0], np.cumsum(np.where(known, scale, 0.0))]),
        count=np.concatenate([[0], np.cumsum(known)]),
    )


def _fitted(values: FloatArray, periods: int) -> FloatArray:
    """Cut or pad with NaN to ``periods``."""
    result = np.full(periods, np.nan)
    count = min(values.size, periods)
    result[:count] = values[:count]
    return result


def _capacity(history: History, known: int, periods: int) -> FloatArray:
    """Capacity by period, the last one known at the gate carried on; 1 where the series has none."""
    if history.capacity is None:
        return np.ones(periods)
    capacity = _fitted(history.capacity[:known], periods)
    usable = np.isfinite(capacity) & (capacity > 0.0)
    if not usable.any():
        return np.ones(periods)
    last = np.maximum.accumulate(np.where(usable, np.arange(periods), -1))
    last[last < 0] = int(np.argmax(usable))
    return capacity[last]
