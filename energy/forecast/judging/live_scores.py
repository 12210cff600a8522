"""Scores one local day of one asset: every forecast that stood, against what came."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from energy.domain import QUANTILES, FloatArray, Forecast
from energy.forecast.judging.error_cost import error_cost
from energy.live_score import DAY_BEFORE, UNCORRECTED, WEEK_BEFORE, Lead, LiveScore, Rival
from energy.periods import PERIOD, PERIOD_H, PERIOD_S

NOON_H = 12
NOON_LATE = timedelta(hours=1)
"""A forecast for the day ahead starts at noon, or where the planner was away within an hour of it."""
_CLASSES = (
    (Lead.UNDER_1_H, 0.0, 1.0),
    (Lead.FROM_1_TO_6_H, 1.0, 6.0),
    (Lead.FROM_6_TO_24_H, 6.0, 24.0),
    (Lead.FROM_24_TO_48_H, 24.0, 48.0),
)
_INSIDE_SLACK = 1e-9
"""Of the truth: a night of zeros is inside a band of zeros."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Day:
    """A local day of one asset: magnitudes in kW and prices, shape (periods,), NaN where not known.

    ``naive_kw`` holds what naive forecasts would have said, by name. ``sign`` is the asset's.
    """

    start: datetime
    zone: ZoneInfo
    sign: int
    truth_kw: FloatArray
    naive_kw: Mapping[str, FloatArray]
    price_eur_per_kwh: FloatArray
    imbalance_eur_per_kwh: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Samples:
    """Quarter hours of several forecasts of one model one after the other; quantiles (5, samples)."""

    period: NDArray[np.int64]
    quantiles_kw: FloatArray
    uncorrected_kw: FloatArray


def day_scores(
    day: Day, forecasts: Sequence[Forecast], before: Sequence[Forecast] = ()
) -> tuple[LiveScore, ...]:
    """Score by model and lead class what was forecast of a day.

    Args:
        day: what came.
        forecasts: of one asset, all that reach into the day.
        before: forecasts of other rungs, and those that a correction replaced: scored alike. A corrected
            forecast is scored over the quarter hours that it changed, and compared there with the one of
            the same moment without its correction; all others count for that one's name.
    """
    rows: list[LiveScore] = []
    every = [*forecasts, *before]
    for model in sorted({forecast.model for forecast in every}):
        own = [forecast for forecast in every if forecast.model == model]
        for lead, picked in _by_lead(day, own):
            found = _samples(day, picked, _uncorrected(model, before))
            if found is not None:
                rows.append(_score(day, own[0].asset_id, model, lead, found))
    return tuple(rows)


def noon_before(day: Day) -> datetime:
    """Give 12:00 local time of the day before."""
    local = day.start.astimezone(day.zone) - timedelta(days=1)
    return local.replace(hour=NOON_H, minute=0).astimezone(day.start.tzinfo)


Picked = Sequence[tuple[Forecast, float, float]]
"""Forecasts with the lead times from and up to which they count, hours."""


def _by_lead(day: Day, own: Sequence[Forecast]) -> Iterator[tuple[Lead, Picked]]:
    noon = noon_before(day)
    at_noon = [forecast for forecast in own if noon <= forecast.start < noon + NOON_LATE]
    if at_noon:
        first = min(at_noon, key=lambda forecast: (forecast.start, forecast.issued_at))
        yield Lead.DAY_AHEAD, [(first, 0.0, float("inf"))]
    for lead, low_h, high_h in _CLASSES:
        yield lead, [(forecast, low_h, high_h) for forecast in own]


def _uncorrected(model: str, before: Sequence[Forecast]) -> Mapping[datetime, Forecast]:
    """Only a corrected forecast has another one to answer to, by the moment of both."""
    return {forecast.issued_at: forecast for forecast in before if model.startswith(f"{forecast.model}+")}


def _samples(day: Day, picked: Picked, originals: Mapping[datetime, Forecast]) -> _Samples | None:
    periods: list[NDArray[np.int64]] = []
    quantiles: list[FloatArray] = []
    uncorrected: list[FloatArray] = []
    for forecast, low_h, high_h in picked:
        offset = (forecast.start - day.start) // PERIOD
        place = np.arange(forecast.quantiles_kw.shape[1], dtype=np.int64) + offset
        lead_h = (place * PERIOD_S + (day.start - forecast.issued_at).total_seconds()) / 3600.0
        inside = (place >= 0) & (place < day.truth_kw.size) & (lead_h >= low_h) & (lead_h < high_h)
        original = originals.get(forecast.issued_at)
        if original is not None and (
            original.start != forecast.start or original.quantiles_kw.shape != forecast.quantiles_kw.shape
        ):
            original = None
        if original is not None:
            inside &= (forecast.quantiles_kw != original.quantiles_kw).any(axis=0)
        known = inside.copy()
        known[inside] = np.isfinite(day.truth_kw[place[inside]])
        if not known.any():
            continue
        magnitude = np.sort(day.sign * forecast.quantiles_kw[:, known], axis=0)
        periods.append(place[known])
        quantiles.append(magnitude)
        uncorrected.append(
            np.full(magnitude.shape[1], np.nan)
            if original is None
            else day.sign * original.expected_kw[known]
        )
    if not periods:
        return None
    return _Samples(
        period=np.concatenate(periods),
        quantiles_kw=np.concatenate(quantiles, axis=1),
        uncorrected_kw=np.concatenate(uncorrected),
    )


def _score(day: Day, asset_id: str, model: str, lead: Lead, found: _Samples) -> LiveScore:
    truth = day.truth_kw[found.period]
    expected = found.quantiles_kw[2]
    error = expected - truth
    levels = np.asarray(QUANTILES)[:, None]
    miss = truth - found.quantiles_kw
    slack = _INSIDE_SLACK * np.abs(truth)
    low, high = found.quantiles_kw[0] - slack, found.quantiles_kw[-1] + slack
    cost = error_cost(
        truth_kw=day.sign * truth,
        expected_kw=day.sign * expected,
        price_eur_per_kwh=day.price_eur_per_kwh[found.period],
        imbalance_eur_per_kwh=day.imbalance_eur_per_kwh,
        period_h=PERIOD_H,
    )
    others = {name: values[found.period] for name, values in day.naive_kw.items()}
    if np.isfinite(found.uncorrected_kw).any():
        others[UNCORRECTED] = found.uncorrected_kw
    return LiveScore(
        asset_id=asset_id,
        model=model,
        lead=lead,
        n=int(truth.size),
        error_kw=float(error.sum()),
        error_kw_abs=float(np.abs(error).sum()),
        error_kw_squared=float((error**2).sum()),
        pinball_kw=float(np.maximum(levels * miss, (levels - 1.0) * miss).mean(axis=0).sum()),
        inside=int(((truth >= low) & (truth <= high)).sum()),
        truth_kw_abs=float(np.abs(truth).sum()),
        cost_n=cost.n,
        cost_eur=cost.cost_eur,
        short_eur=cost.short_eur,
        long_eur=cost.long_eur,
        rivals={name: _rival(truth, expected, values) for name, values in others.items()},
    )


def _rival(truth: FloatArray, expected: FloatArray, other: FloatArray) -> Rival:
    both = np.isfinite(other)
    return Rival(
        n=int(both.sum()),
        error_kw_abs=float(np.abs(other - truth)[both].sum()),
        own_error_kw_abs=float(np.abs(expected - truth)[both].sum()),
    )


def naive_kw(
    values_kw: FloatArray, *, first: datetime, start: datetime, periods: int, zone: ZoneInfo
) -> dict[str, FloatArray]:
    """Give what the day before and the week before say of a local day, clock time for clock time.

    Args:
        values_kw: measured magnitudes from ``first`` on.
        first: label of the first value.
        start: start of the local day.
        periods: its length.
        zone: the region's.
    """
    moments = [(start + place * PERIOD).astimezone(zone) for place in range(periods)]
    found: dict[str, FloatArray] = {}
    for name, days in ((DAY_BEFORE, 1), (WEEK_BEFORE, 7)):
        places = np.array(
            [
                ((moment - timedelta(days=days)).astimezone(first.tzinfo) - first) // PERIOD
                for moment in moments
            ]
        )
        there = (places >= 0) & (places < values_kw.size)
        found[name] = np.where(there, values_kw[np.clip(places, 0, values_kw.size - 1)], np.nan)
    return found
