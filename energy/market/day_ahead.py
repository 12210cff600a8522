"""Day-ahead prices as they were known at a moment, and an indicative price where none was.

All of the local day is known, and all of tomorrow from the hour of publication on. Beyond that a forecast
from the last six weeks' prices stands in (``energy.market.price_forecast``); in a gap of the price file, and
where it is too short for a forecast, the last known price of the same clock time on the same type of day.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import Enum
from typing import Protocol
from zoneinfo import ZoneInfo

import holidays as public_holidays
import numpy as np

from energy.domain import FloatArray
from energy.market.price_forecast import SLOTS, USUAL_DAYS, PriceForecast, PublishedDays
from energy.periods import PERIOD, local_day, period_start, period_starts, periods_between, require_aware
from energy.ports import Prices
from energy.region.history import Series
from energy.region.model import Region
from energy.units import eur_per_kwh_from_eur_per_mwh

PRICE_EUR_PER_MWH_UNKNOWN = 95.0
"""Stands in, marked indicative, where no price is known at all: the German day-ahead mean of 2023 (SMARD)."""
LOOKBACK_DAYS = 28
"""How far back a price may stand in: four weeks hold each type of day, also around Christmas and Easter."""


class PriceHistory(Protocol):
    """Where published prices come from."""

    def price_eur_per_mwh(self) -> Series:
        """Give the day-ahead price, EUR/MWh, NaN in gaps."""
        ...


class DayType(Enum):
    """Days with the same course of prices."""

    WORKDAY = "workday"
    SATURDAY = "saturday"
    SUNDAY = "sunday"
    """Sundays and public holidays."""

    @property
    def number(self) -> int:
        """Its place among the types."""
        return list(DayType).index(self)


class DayAheadPrices:
    """Answers for prices as they were known at a moment (``energy.ports.PriceSource``)."""

    def __init__(self, region: Region, history: PriceHistory) -> None:
        country, _, state = region.holidays.partition("-")
        self._calendar = _Calendar(
            zone=region.zone,
            published_at=region.market.published_at,
            holidays=public_holidays.country_holidays(country, subdiv=state or None),
        )
        self._series = history.price_eur_per_mwh()

    def published_until(self, known_at: datetime) -> datetime:
        """Give the first moment whose price was not yet published at ``known_at``."""
        return self._calendar.published_until(require_aware(known_at))

    def prices(self, *, start: datetime, periods: int, known_at: datetime) -> Prices:
        """Give a price for every period from the one that contains ``start``.

        Only prices published at ``known_at`` are used; the rest is filled and marked indicative.
        """
        published_until = self.published_until(known_at)
        known = _Known(series=self._series, until=published_until)
        starts = period_starts(start, periods)
        published = [known.at(moment) for moment in starts]
        forecast = self._forecast(known) if starts and starts[-1] >= known.end else None
        chosen = [
            price if price is not None else self._indicative(moment, known, forecast)
            for moment, price in zip(starts, published, strict=True)
        ]
        return Prices(
            start=period_start(start),
            price_eur_per_kwh=np.array([eur_per_kwh_from_eur_per_mwh(price) for price in chosen]),
            indicative=[price is None for price in published],
        )

    def _indicative(self, moment: datetime, known: "_Known", forecast: PriceForecast | None) -> float:
        """Give what is forecast, else the last known price of the same clock time."""
        local = moment.astimezone(self._calendar.zone)
        if forecast is not None and moment >= known.end:
            expected = forecast.expected_eur_per_mwh(
                self._calendar.day_type(local.date()).number,
                (local.hour * 60 + local.minute) // 15,
                lead_h=(moment - known.end).total_seconds() / 3600.0,
            )
            if expected is not None:
                return expected
        return self._last_alike(local, known)

    def _last_alike(self, local: datetime, known: "_Known") -> float:
        """Give the last known price of the same clock time, if it can be on the same type of day."""
        wanted = self._calendar.day_type(local.date())
        last_day = (known.end - PERIOD).astimezone(self._calendar.zone).date()
        other: float | None = None
        for day in _days_before(min(local.date(), last_day)):
            price = known.at(self._calendar.moment(day, local.time()))
            if price is None:
                continue
            if self._calendar.day_type(day) is wanted:
                return price
            other = price if other is None else other
        return other if other is not None else PRICE_EUR_PER_MWH_UNKNOWN

    def _forecast(self, known: "_Known") -> PriceForecast | None:
        """Lay out the last weeks by the clock; None where the file has no price."""
        zone = self._calendar.zone
        if known.end <= known.series.start:
            return None
        last = (known.end - PERIOD).astimezone(zone)
        days = [last.date() - timedelta(days=back) for back in range(USUAL_DAYS + 2, -1, -1)]
        last_slot = (last.hour * 60 + last.minute) // 15 + 1
        return PriceForecast(
            PublishedDays(
                price_eur_per_mwh=np.array([self._by_clock(day, known) for day in days]),
                day_type=np.array([self._calendar.day_type(day).number for day in days], dtype=np.int64),
                last_slot=last_slot,
            )
        )

    def _by_clock(self, day: date, known: "_Known") -> FloatArray:
        """Give a day's published prices by the clock, shape (SLOTS,); of the doubled hour the second."""
        begin, end = local_day(day, self._calendar.zone)
        values = known.between(begin, end)
        if values.size == SLOTS:
            return values
        row = np.full(SLOTS, np.nan)
        for moment, value in zip(period_starts(begin, values.size), values, strict=True):
            local = moment.astimezone(self._calendar.zone)
            row[(local.hour * 60 + local.minute) // 15] = value
        return row


@dataclass(frozen=True, slots=True, kw_only=True)
class _Calendar:
    """Local days and the hour of publication."""

    zone: ZoneInfo
    published_at: time
    holidays: public_holidays.HolidayBase

    def published_until(self, known_at: datetime) -> datetime:
        local = known_at.astimezone(self.zone)
        days = 1 if local.time() >= self.published_at else 0
        return local_day(local.date() + timedelta(days=days), self.zone)[1]

    def day_type(self, day: date) -> DayType:
        if day.weekday() == 6 or day in self.holidays:
            return DayType.SUNDAY
        return DayType.SATURDAY if day.weekday() == 5 else DayType.WORKDAY

    def moment(self, day: date, clock: time) -> datetime | None:
        """Give the moment of a clock time; None in the hour that a change to summer time leaves out."""
        local = datetime.combine(day, clock.replace(fold=0), tzinfo=self.zone)
        moment = period_start(local)
        return moment if moment.astimezone(self.zone).time() == local.time() else None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Known:
    """The part of the price series that was published."""

    series: Series
    until: datetime

    @property
    def end(self) -> datetime:
        """The first moment without a price."""
        return min(self.until, self.series.end)

    def at(self, moment: datetime | None) -> float | None:
        """Give the price of a period; None where none was published or the file has a gap."""
        if moment is None or not self.series.start <= moment < self.end:
            return None
        price = float(self.series.values[periods_between(self.series.start, moment)])
        return price if math.isfinite(price) else None

    def between(self, begin: datetime, end: datetime) -> FloatArray:
        """Give the prices of all periods of a span, NaN where none was published."""
        count = periods_between(begin, end)
        result = np.full(count, np.nan)
        first = periods_between(self.series.start, begin)
        known = periods_between(self.series.start, self.end)
        low, high = max(first, 0), min(first + count, known)
        if low < high:
            result[low - first : high - first] = self.series.values[low:high]
        return result


def _days_before(day: date) -> Iterator[date]:
    """Give the day itself and the days before it, latest first."""
    for days in range(LOOKBACK_DAYS + 1):
        yield day - timedelta(days=days)
