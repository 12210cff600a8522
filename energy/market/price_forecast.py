"""Day-ahead prices before they are published: the usual course of such a day, and where prices stand now.

Days of a type (workday, Saturday, Sunday or holiday) have a usual level and a usual course. Wind, sun and
fuel move prices away from it for days; so what the last days, the last hours and the last day's same quarter
hour were off is carried on and fades. The shares were regressed on German prices of 2015 to 2020 and 2023,
where they hardly differ from year to year; docs/forecasting.md has what it gives.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from energy.domain import FloatArray

SLOTS = 96
"""Quarter hours of the clock; a day of a clock change has some twice or not at all."""
HOURS_PER_SLOT = 24.0 / SLOTS
USUAL_DAYS = 42
"""What is usual is what the last six weeks were."""
COURSE_DAYS_MAX = 10
_COURSE_DECAY = 0.9
"""From one day of a type to the one before it, in weight."""
_KNOWN_SHARE_MIN = 0.9
"""Of a day's quarter hours, to say what the day's level was."""
_RECENT_DAYS = 7
_RECENT_SHARE = 0.25
_LAST_SLOTS = 16
_LAST_SHARES = ((0.7, 36.0), (0.4, 6.0))
_SAME_SHARES = ((0.2, 30.0),)
"""Shares of what was off, each with the hours after which only a third of it (1/e) is left."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PublishedDays:
    """Local days in a row whose prices are published, the last perhaps in part.

    ``price_eur_per_mwh`` has shape (days, SLOTS), by the clock, NaN where nothing is known; ``day_type`` is
    the number of each day's type, shape (days,).
    """

    price_eur_per_mwh: FloatArray
    day_type: NDArray[np.int64]
    last_slot: int
    """Of the last day, the first that is not published; SLOTS where all are."""


class PriceForecast:
    """What to expect after the last published price."""

    def __init__(self, days: PublishedDays) -> None:
        self._days = days
        known = np.isfinite(days.price_eur_per_mwh)
        whole = known.mean(axis=1) >= _KNOWN_SHARE_MIN
        total = np.where(known, days.price_eur_per_mwh, 0.0).sum(axis=1)
        self._level = np.where(whole, total / np.maximum(known.sum(axis=1), 1), np.nan)
        self._usual = {
            number: self._usual_before(number, self._level.size) for number in np.unique(days.day_type)
        }
        self._recent = self._recent_level()
        off = self._last_off()
        self._last = _mean(off[-_LAST_SLOTS:])
        self._same = np.roll(off[-SLOTS:], days.last_slot) - _mean(off[-SLOTS:])

    def expected_eur_per_mwh(self, day_type: int, slot: int, *, lead_h: float) -> float | None:
        """Give the price of a quarter hour ``lead_h`` hours after the last published; None without a past."""
        usual = self._usual.get(day_type)
        if usual is None or not np.isfinite(usual[slot]):
            return None
        same = self._same[slot] if np.isfinite(self._same[slot]) else 0.0
        return float(
            usual[slot]
            + _RECENT_SHARE * self._recent
            + _faded(_LAST_SHARES, lead_h) * self._last
            + _faded(_SAME_SHARES, lead_h) * same
        )

    def _usual_before(self, day_type: int, day: int) -> FloatArray | None:
        """Give the usual course of a type as seen before a day, shape (SLOTS,)."""
        begin = max(0, day - USUAL_DAYS)
        alike = begin + np.flatnonzero(
            (self._days.day_type[begin:day] == day_type) & np.isfinite(self._level[begin:day])
        )
        if alike.size == 0:
            return None
        latest = alike[::-1][:COURSE_DAYS_MAX]
        weight = _COURSE_DECAY ** np.arange(latest.size)[:, None]
        away = self._days.price_eur_per_mwh[latest] - self._level[latest, None]
        there = np.isfinite(away)
        count = (weight * there).sum(axis=0)
        course = np.divide(
            (weight * np.where(there, away, 0.0)).sum(axis=0),
            count,
            out=np.full(SLOTS, np.nan),
            where=count > 0,
        )
        usual: FloatArray = self._level[alike].mean() + course
        return usual

    def _recent_level(self) -> float:
        """Give how far the last week's days were off their types' usual level."""
        begin = max(0, self._level.size - USUAL_DAYS)
        types, level = self._days.day_type[begin:], self._level[begin:]
        off = np.full(level.size, np.nan)
        for number in np.unique(types):
            off[types == number] = level[types == number] - _mean(level[types == number])
        return _mean(off[-_RECENT_DAYS:])

    def _last_off(self) -> FloatArray:
        """Give how far the last two days' quarter hours were off what was usual before, the latest last."""
        rows = []
        for day in range(max(0, self._level.size - 2), self._level.size):
            usual = self._usual_before(int(self._days.day_type[day]), day)
            price = self._days.price_eur_per_mwh[day]
            rows.append(np.full(SLOTS, np.nan) if usual is None else price - usual)
        off: FloatArray = np.concatenate([np.full(SLOTS, np.nan), *rows])
        return off[: off.size - SLOTS + self._days.last_slot]


def _faded(shares: tuple[tuple[float, float], ...], lead_h: float) -> float:
    return float(sum(share * np.exp(-max(lead_h, 0.0) / hours) for share, hours in shares))


def _mean(values: FloatArray) -> float:
    """Mean of what is known; 0, which expects the usual, where nothing is."""
    known = values[np.isfinite(values)]
    return float(known.mean()) if known.size else 0.0
