"""Notices when day-ahead prices are published, once each time."""

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

import numpy as np

from energy.domain import FloatArray
from energy.market.day_ahead import DayAheadPrices
from energy.periods import local_day, periods_between


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Publication:
    """Prices that became known; EUR/kWh by period from ``start`` on, NaN in a gap of the market's file."""

    published_at: datetime
    start: datetime
    price_eur_per_kwh: FloatArray

    @property
    def gaps(self) -> int:
        """How many periods have no price though they should."""
        return int(np.isnan(self.price_eur_per_kwh).sum())


class Publications:
    """Implements ``controller.loop.PriceDesk`` over day-ahead prices."""

    def __init__(self, prices: DayAheadPrices, zone: ZoneInfo) -> None:
        self._prices = prices
        self._zone = zone
        self._until: datetime | None = None

    def published(self, at: datetime) -> Publication | None:
        """Give what was published since the last call; the first call gives all from local midnight on."""
        until = self._prices.published_until(at)
        midnight, _ = local_day(at.astimezone(self._zone).date(), self._zone)
        start = self._until if self._until is not None else midnight
        if until == self._until or until <= start:
            return None
        self._until = until
        known = self._prices.prices(start=start, periods=periods_between(start, until), known_at=at)
        values = np.where(known.indicative, np.nan, known.price_eur_per_kwh)
        return Publication(published_at=at, start=start, price_eur_per_kwh=values)
