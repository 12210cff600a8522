"""A backtest's figures: over all, by hour, by month, by lead time, beside the rivals."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

import numpy as np

from energy.domain import FloatArray
from energy.forecast.calendar import Calendar, IntArray
from energy.forecast.judging.backtest_options import local_date
from energy.forecast.judging.baselines import rival_scores, seasonal_scores
from energy.forecast.judging.imbalance_cost import error_cost_eur
from energy.forecast.judging.rolling_origin import Judged
from energy.forecast.judging.scores import Score, reliability, scores_of

LEADS_H = (0.25, 0.5, 1.0, 2.0, 3.0, 6.0, 12.0, 24.0, 36.0, 48.0)
"""Classes of lead time within the day, each named by the longest: from the gate to the period's end."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Samples:
    """All that was forecast and measured; arrays have shape (samples,), those of quantiles (5, samples)."""

    truth: FloatArray
    quantiles: FloatArray
    seasonal: FloatArray
    rivals: Mapping[str, FloatArray]
    day: IntArray
    hour: IntArray
    month: IntArray
    lead: IntArray
    """Periods from the gate to the period's end, at least 1."""

    def only(self, where: IntArray) -> "Samples":
        """Give the samples at these places."""
        return Samples(
            truth=self.truth[where],
            quantiles=self.quantiles[:, where],
            seasonal=self.seasonal[:, where],
            rivals={name: values[where] for name, values in self.rivals.items()},
            day=self.day[where],
            hour=self.hour[where],
            month=self.month[where],
            lead=self.lead[where],
        )


def samples_of(
    judged: Judged,
    truth: FloatArray,
    rivals: Mapping[str, FloatArray],
    *,
    calendar: Calendar,
    start: datetime,
    zone: ZoneInfo,
) -> Samples:
    """Give the samples whose truth (a value for each period of the file) is known."""
    index = judged.index
    dates = [local_date(start, zone, day) for day in range(int(calendar.day[-1]) + 1)]
    month = np.array([moment.year * 12 + moment.month - 1 for moment in dates])
    every = Samples(
        truth=truth[index],
        quantiles=judged.quantiles,
        seasonal=judged.seasonal,
        rivals=rivals,
        day=calendar.day[index],
        hour=calendar.slot[index] * 24 // calendar.slots,
        month=month[calendar.day[index]],
        lead=index - judged.known + 1,
    )
    return every.only(np.flatnonzero(np.isfinite(every.truth)))


def figures(samples: Samples, *, step_s: int, intraday: bool) -> dict[str, object]:
    """Score the samples over all and by group."""
    lead_h = samples.lead * (step_s / 3600.0)
    lead = (
        np.searchsorted(np.asarray(LEADS_H), lead_h - 1e-9)
        if intraday
        else (samples.lead - 1) * step_s // 3600
    )
    return {
        **scores_of(samples.truth, samples.quantiles),
        "reliability": reliability(samples.truth, samples.quantiles),
        "by_hour": _by(samples, samples.hour, lambda key: f"{key:02d}"),
        "by_month": _by(samples, samples.month, lambda key: f"{key // 12:04d}-{key % 12 + 1:02d}"),
        "by_lead_time": _by(samples, lead, lambda key: f"{LEADS_H[key]:g}" if intraday else str(key)),
    }


def baselines(samples: Samples) -> dict[str, dict[str, object]]:
    """Score the rivals and the seasonal rung, each beside ours over the periods that both know."""
    expected = samples.quantiles[2]
    return {
        **rival_scores(samples.truth, expected, samples.rivals, samples.day),
        "seasonal": seasonal_scores(samples.truth, expected, samples.seasonal, samples.day),
    }


def costs_eur(
    samples: Samples,
    *,
    kwh_per_unit: float,
    price_eur_per_kwh: FloatArray | None,
    imbalance_eur_per_kwh: FloatArray | None,
) -> dict[str, float | None]:
    """Give what the errors of ours and of each rival cost; a rival that lacks a period is None.

    Prices are by sample; periods without both are left out for all alike.
    """
    expected = {"ours": samples.quantiles[2], "seasonal": samples.seasonal[2], **samples.rivals}
    result: dict[str, float | None] = {}
    priced = np.ones(samples.truth.size, dtype=np.bool_)
    if price_eur_per_kwh is not None and imbalance_eur_per_kwh is not None:
        priced = np.isfinite(price_eur_per_kwh + imbalance_eur_per_kwh)
    for name, values in expected.items():
        cost = error_cost_eur(
            (samples.truth - values) * kwh_per_unit,
            price_eur_per_kwh=price_eur_per_kwh,
            imbalance_eur_per_kwh=imbalance_eur_per_kwh,
        )[priced]
        result[name] = float(cost.sum()) if cost.size and np.isfinite(cost).all() else None
    return result


def _by(samples: Samples, group: IntArray, name: Callable[[int], str]) -> dict[str, Score]:
    return {name(int(key)): _group(samples.only(np.flatnonzero(group == key))) for key in np.unique(group)}


def _group(samples: Samples) -> Score:
    beside = {"seasonal": samples.seasonal[2], **samples.rivals}
    errors = {name: np.abs(values - samples.truth) for name, values in beside.items()}
    return {
        **scores_of(samples.truth, samples.quantiles),
        "mae_baselines": {
            name: float(error[np.isfinite(error)].mean()) if np.isfinite(error).any() else None
            for name, error in errors.items()
        },
    }
