"""The ladder: learned, else physical or profile, else seasonal, else flat; the forecast names its rung."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import numpy as np
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped] # it ships no types

from energy.domain import QUANTILES, FloatArray, Forecast
from energy.forecast.calendar import IntArray
from energy.forecast.frame import Frame, frame_of
from energy.forecast.gates import Gates, LiveGates
from energy.forecast.learned.band import place_of, spread
from energy.forecast.learned.conformal import stretched
from energy.forecast.learned.drift import band_stretch
from energy.forecast.learned.model import Model, learned_deviation, periods_known
from energy.forecast.prior import prior_quantiles
from energy.forecast.reference import LEAD_DAYS_MAX, clear_sky_over
from energy.forecast.seasonal import seasonal_band, seasonal_deviation
from energy.forecast.series import History, SeriesSpec
from energy.periods import HORIZON_PERIODS

HISTORY_DAYS_MAX = 130
"""How far back a forecast looks; the longest reference needs 120 days and three."""
_FLAT_SHARES = (0.0, 0.1, 0.25, 0.5, 0.9)
"""Quantiles as shares of the rated power where nothing was ever measured."""


def forecast(
    spec: SeriesSpec,
    model: Model | None,
    history: History,
    *,
    issued_at: datetime,
    start: datetime,
    periods: int = HORIZON_PERIODS,
    known_until: datetime | None = None,
) -> Forecast:
    """Forecast one series with the best rung that its model and history allow.

    Args:
        spec: the series.
        model: what ``train`` gave, or None.
        history: measured magnitudes; periods that end after ``issued_at`` are not looked at.
        issued_at: the gate.
        start: label of the first period, on the history's grid, at or after the history's start.
        periods: how many; the last may lie at most 60 hours after what is known.
        known_until: for series published ahead (day-ahead prices): values before this moment are known
            already at ``issued_at``. None means that values are known when their period has ended.

    Returns:
        A forecast in our sign, rung in ``model``; non-crossing quantiles within what the asset can do.

    Raises:
        ValueError: the start is off the grid, or the horizon reaches too far.
    """
    gate_at = issued_at if known_until is None else max(issued_at, known_until)
    history = _recent(history, gate_at)
    known = periods_known(history, gate_at)
    first = _position(history, start)
    if first + periods - known > LEAD_DAYS_MAX * 86_400 / history.step_s:
        raise ValueError(
            f"{periods} periods from {start.isoformat()} reach more than {LEAD_DAYS_MAX} days ahead"
        )
    index = np.arange(first, first + periods, dtype=np.int64)
    frame = frame_of(spec, history, known=known, periods=first + periods)
    gate = np.full(periods, min(known, first), dtype=np.int64)
    rung, magnitude = _best(model, frame, history, index, gate)
    return Forecast(
        asset_id=spec.asset_id,
        issued_at=issued_at,
        known_at=issued_at,
        model=rung,
        start=start,
        quantiles_kw=np.sort(spec.sign * magnitude, axis=0) + 0.0,
    )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Request:
    """One forecast wanted: the arguments of ``forecast``."""

    spec: SeriesSpec
    model: Model | None
    history: History
    issued_at: datetime
    start: datetime
    periods: int = HORIZON_PERIODS
    known_until: datetime | None = None


def forecast_many(requests: Sequence[Request]) -> tuple[Forecast, ...]:
    """Forecast many series, to the last bit as ``forecast`` does one by one.

    Series of one region ask alike: their calendar, sun and days before are worked out once, and one library
    thread is enough for arrays this small.

    Raises:
        ValueError: as ``forecast``.
    """
    with threadpool_limits(limits=1):
        return tuple(
            forecast(
                request.spec,
                request.model,
                request.history,
                issued_at=request.issued_at,
                start=request.start,
                periods=request.periods,
                known_until=request.known_until,
            )
            for request in requests
        )


def quantiles_of(
    model: Model | None, frame: Frame, index: IntArray, gate: IntArray, *, gates: Gates
) -> tuple[str, FloatArray] | None:
    """Give the rung's name and magnitudes (5, samples): the best that can say something; None if none can.

    What is no number says nothing: the rung below is asked instead, for one asset, and named.
    """
    for rung in _rungs(model, frame, index, gate, gates):
        if rung is not None and np.isfinite(rung[1]).all():
            return rung
    return None


def _rungs(
    model: Model | None, frame: Frame, index: IntArray, gate: IntArray, gates: Gates
) -> Iterator[tuple[str, FloatArray] | None]:
    if model is not None and _has_reference(frame, index):
        deviation = learned_deviation(model, frame, index, gate)
        stretch = band_stretch(model, frame, known=int(gate[0]), gates=gates)
        errors = spread(model.band, place_of(frame, index, gate, deviation))
        yield "learned", _around(frame, index, deviation, stretched(errors, stretch))
    if frame.prior is not None:
        expected = prior_quantiles(frame, index, gate, gates=gates)
        if expected is not None:
            yield frame.prior.name, expected
    yield seasonal_quantiles(frame, index, gate, gates=gates)


def seasonal_quantiles(
    frame: Frame, index: IntArray, gate: IntArray, *, gates: Gates
) -> tuple[str, FloatArray] | None:
    """Give the seasonal rung, whatever stands above it; None without a past to lean on."""
    band = seasonal_band(frame, known=int(gate[0]), gates=gates) if _has_reference(frame, index) else None
    if band is None:
        return None
    deviation = seasonal_deviation(frame, index, gate)
    return "seasonal", _around(frame, index, deviation, spread(band, place_of(frame, index, gate, deviation)))


def _around(frame: Frame, index: IntArray, deviation: FloatArray, errors: FloatArray) -> FloatArray:
    magnitude: FloatArray = np.sort(frame.magnitude(deviation + errors, index), axis=0)
    return magnitude


def _best(
    model: Model | None, frame: Frame, history: History, index: IntArray, gate: IntArray
) -> tuple[str, FloatArray]:
    usable = model if model is not None and model.fits(frame.spec, history) else None
    found = quantiles_of(usable, frame, index, gate, gates=LiveGates())
    return found if found is not None else ("flat", flat_quantiles(frame, index, gate))


def _has_reference(frame: Frame, index: IntArray) -> bool:
    reference = frame.reference
    return bool(np.all(np.isfinite(reference.centre[index]) & np.isfinite(reference.scale[index])))


def flat_quantiles(frame: Frame, index: IntArray, gate: IntArray) -> FloatArray:
    """Spread the last day's measured range over the horizon, else the rated power's; night is night."""
    known = frame.value[max(0, int(gate[0]) - frame.slots) : int(gate[0])]
    known = known[np.isfinite(known)]
    low, high = frame.spec.bounds
    shares = np.asarray(_FLAT_SHARES)
    if known.size:
        level = np.quantile(known, QUANTILES) * frame.capacity[index[0]]
    elif np.isfinite(high):
        level = shares * high
    else:
        level = np.zeros(shares.size)
    shape = np.ones(index.size)
    if frame.spec.kind == "pv":
        shape = clear_sky_over(frame.calendar, frame.spec.location)[index]
        level = level / max(float(shape.max()), 0.1)
    bounded: FloatArray = np.clip(level[:, None] * shape, low, high)
    return bounded


def _recent(history: History, issued_at: datetime) -> History:
    """Drop whole days from the front that no forecast looks at any more."""
    days = (issued_at - history.start) // timedelta(days=1) - HISTORY_DAYS_MAX
    if days <= 0:
        return history
    cut = days * (86_400 // history.step_s)
    return History(
        start=history.start + timedelta(days=days),
        value=history.value[cut:],
        step_s=history.step_s,
        known_ahead={name: values[cut:] for name, values in history.known_ahead.items()},
        past={name: values[cut:] for name, values in history.past.items()},
        capacity=None if history.capacity is None else history.capacity[cut:],
        prior=None
        if history.prior is None
        else replace(history.prior, expected=history.prior.expected[cut:]),
    )


def _position(history: History, start: datetime) -> int:
    offset = (start - history.start).total_seconds() / history.step_s
    if offset != int(offset) or offset < 0:
        raise ValueError(f"{start.isoformat()} is not on the grid that begins at {history.start.isoformat()}")
    return int(offset)
