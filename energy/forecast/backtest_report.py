"""A backtest's figures: over all, by hour, by month, by lead time, beside the baselines."""

from datetime import datetime
from zoneinfo import ZoneInfo

import numpy as np

from energy.domain import FloatArray
from energy.forecast.backtest_options import local_date
from energy.forecast.calendar import BoolArray, Calendar
from energy.forecast.rolling_origin import Judged
from energy.forecast.scores import scores_by, scores_of


def figures(
    judged: Judged,
    truth: FloatArray,
    known: BoolArray,
    *,
    calendar: Calendar,
    start: datetime,
    zone: ZoneInfo,
) -> dict[str, object]:
    """Score the samples whose truth is known."""
    index = judged.index[known]
    measured, quantiles = truth[index], judged.quantiles[:, known]
    hour = calendar.slot[index] * 24 // calendar.slots
    dates = [local_date(start, zone, day) for day in range(int(calendar.day[-1]) + 1)]
    month = np.array([moment.year * 12 + moment.month - 1 for moment in dates])[calendar.day[index]]
    lead_h = (index - judged.known[known]) * calendar.step_s // 3600
    return {
        **scores_of(measured, quantiles),
        "by_hour": {f"{key:02d}": score for key, score in scores_by(hour, measured, quantiles).items()},
        "by_month": {
            f"{key // 12:04d}-{key % 12 + 1:02d}": score
            for key, score in scores_by(month, measured, quantiles).items()
        },
        "by_lead_time": {str(key): score for key, score in scores_by(lead_h, measured, quantiles).items()},
        "n_missing": int((~known).sum()),
    }
