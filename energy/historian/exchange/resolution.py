"""Quarter hours put together to hours, and to days as the region's clock counts them."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from energy.domain import FloatArray
from energy.historian.instants import ms_of
from energy.periods import PERIOD, local_day, periods_between

Resolution = Literal["15min", "1h", "1d"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Spans:
    """Intervals over quarter hours: their labels in UTC, and the place of the first quarter hour of each.

    A first or last interval that the span cuts is a mean of what lies inside.
    """

    labels: NDArray[np.datetime64]
    places: NDArray[np.int64]

    def mean(self, values: FloatArray) -> FloatArray:
        """Give the mean of the quarter hours that have a value in each interval, NaN where none has."""
        if self.places.size == 0:
            return np.empty(0)
        finite = np.isfinite(values)
        sums = np.add.reduceat(np.where(finite, values, 0.0), self.places)
        counts = np.add.reduceat(finite.astype(np.float64), self.places)
        means: FloatArray = np.full(sums.size, np.nan)
        np.divide(sums, counts, out=means, where=counts > 0.0)
        return means


def spans_of(start: datetime, end: datetime, resolution: Resolution, zone: ZoneInfo) -> Spans:
    """Give the intervals of [start, end), which begins at a quarter hour; a day is one of the zone's."""
    periods = -periods_between(end, start)
    if resolution == "1d":
        begins = _days(start, end, zone)
    else:
        step = PERIOD if resolution == "15min" else timedelta(hours=1)
        first = start - (start - start.replace(minute=0)) % step
        begins = [first + index * step for index in range(-((first - end) // step))]
    labels = np.array([ms_of(begin) for begin in begins], dtype="datetime64[ms]")
    places = np.array([max(0, periods_between(start, begin)) for begin in begins], dtype=np.int64)
    return Spans(labels=labels[places < periods], places=places[places < periods])


def _days(start: datetime, end: datetime, zone: ZoneInfo) -> list[datetime]:
    begins: list[datetime] = []
    begin, stop = local_day(start.astimezone(zone).date(), zone)
    while begin < end:
        begins.append(begin)
        begin, stop = local_day(stop.astimezone(zone).date(), zone)
    return begins
