"""A series by days, and what its days usually were before each of them."""

from dataclasses import dataclass

import numpy as np

from energy.domain import FloatArray
from energy.forecast.calendar import IntArray

USUAL_DAYS = 28
DAYS_MIN = 7
"""With fewer days before it nothing is called unusual."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Days:
    """Values laid out as (days, slots) from a midnight UTC on, NaN-padded; ``offset`` periods come before."""

    table: FloatArray
    offset: int
    periods: int

    @property
    def slots(self) -> int:
        """Periods in a day."""
        return int(self.table.shape[1])

    @property
    def of(self) -> IntArray:
        """The day of each period, shape (periods,)."""
        return (np.arange(self.periods) + self.offset) // self.slots

    def by_period(self, daily: FloatArray) -> FloatArray:
        """Repeat one value a day for each of its periods."""
        spread: FloatArray = np.repeat(daily, self.slots)[self.offset : self.offset + self.periods]
        return spread


def days_of(values: FloatArray, *, start_s: int, step_s: int) -> Days:
    """Lay values out by days of 24 hours, so that a window that moves on leaves them where they are."""
    slots = 86_400 // step_s
    offset = (start_s % 86_400) // step_s
    count = -(-(offset + values.size) // slots)
    table = np.full(count * slots, np.nan)
    table[offset : offset + values.size] = values
    return Days(table=table.reshape(count, slots), offset=offset, periods=values.size)


def greatest(table: FloatArray) -> FloatArray:
    """Give each day's greatest value, NaN where it has none."""
    result: FloatArray = np.fmax.reduce(table, axis=1)
    return result


def least(table: FloatArray) -> FloatArray:
    """Give each day's least value, NaN where it has none."""
    result: FloatArray = np.fmin.reduce(table, axis=1)
    return result


def usual(daily: FloatArray, share: float, *, days: int = USUAL_DAYS) -> FloatArray:
    """Give for each day the quantile of the days before it; NaN where fewer than DAYS_MIN were measured."""
    padded = np.concatenate([np.full(days, np.nan), daily])
    windows = np.sort(np.lib.stride_tricks.sliding_window_view(padded, days)[: daily.size], axis=1)
    count = np.isfinite(windows).sum(axis=1)
    place = np.floor(share * np.maximum(count - 1, 0)).astype(np.int64)
    chosen: FloatArray = windows[np.arange(daily.size), place]
    return np.where(count >= DAYS_MIN, chosen, np.nan)
