"""A record of invented years, and regions of one kind of asset, for what trains at night."""

from collections.abc import Callable
from datetime import datetime, timedelta

import numpy as np

from energy.domain import FloatArray, Point
from energy.periods import PERIOD, parse_utc, periods_between
from energy.ports import Means
from energy.region.loader import load_region
from energy.region.model import Region

START = parse_utc("2022-01-01T00:00Z")
Course = Callable[[FloatArray], FloatArray]
"""From the number of the quarter hour since START to a magnitude in kW."""


def usual_kw(at: FloatArray) -> FloatArray:
    """A town's load: days, weekends, and noise that fades over hours; the same for the same moment."""
    hour, day = at % 96 / 4.0, at // 96
    weekend = np.where((day + 5) % 7 >= 5, 0.8, 1.0)
    rng = np.random.default_rng(11)
    noise = np.convolve(rng.normal(size=90_000), np.exp(-np.arange(40) / 10.0))[40 : 40 + 80_000]
    shape = 1.0 + 0.3 * np.sin((hour - 8.0) / 24.0 * 2.0 * np.pi)
    course: FloatArray = 500.0 * weekend * shape + 8.0 * noise[at.astype(np.int64) % noise.size]
    return course


class InventedRecord:
    """Answers for every asset with a course; counts how often it was asked."""

    def __init__(self, course: Course = usual_kw, *, since: datetime = START) -> None:
        self.course = course
        self._since = since

    def means(
        self, asset_id: str, point: Point, *, start: datetime, end: datetime, known_at: datetime
    ) -> Means:
        """Implements ``ports.MeansSource``."""
        del asset_id
        periods = periods_between(start, end)
        at = np.arange(periods, dtype=np.float64) + (start - START) / PERIOD
        known = (at >= (self._since - START) / PERIOD) & (at < (known_at - START) / PERIOD)
        value = np.where(known, self.course(np.maximum(at, 0.0)), np.nan)
        if point is Point.POWER_KW_AVAILABLE:
            value = -value
        elif point is not Point.POWER_KW:
            value = np.full(periods, np.nan)
        return Means(start=start, value=value, coverage=np.where(known, 1.0, 0.0))

    def weather_at(self, source: str, known_at: datetime) -> None:
        """Implements ``ports.WeatherSource``: nobody forecast the weather."""
        del source, known_at


def region_of_loads() -> Region:
    """The shipped region; its one load is what tests train."""
    return load_region("musterstadt")


def day(number: int) -> datetime:
    """Three in the night of a day, UTC: after the hour of training."""
    return START + timedelta(days=number, hours=3)
