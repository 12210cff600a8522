"""How wrong the net load's forecasts have been of late: the size of the reserve.

The record holds the forecasts that plans stood on, and what came. Every three hours' forecast of the last
week counts, at every lead whose quarter hour is over; nothing later than the moment of planning is looked at.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
from scipy.stats import norm

from energy.domain import FloatArray, Forecast
from energy.forecast.series import History
from energy.optimize.uncertainty.reserve import Reserve
from energy.periods import PERIOD_H, periods_between
from energy.planning.net_load import net_band_kw, net_kw, shares_of
from energy.ports import PlanSource
from energy.region.model import Region

EVERY = timedelta(hours=3)
LOOKED_BACK = timedelta(days=7)
FRESH = timedelta(hours=1)
"""A forecast issued longer before the moment it is asked for belongs to an earlier one."""
LEAD_EDGES_H = (1.0, 3.0, 6.0, 12.0, 24.0, 48.0)
"""Errors of alike leads count together; each class ends before its edge."""
FORECASTS_MIN = 16
"""Two days of forecasts: with fewer, the forecasts' own band says how wrong they may be."""
OUTER = 0.95
"""The band's upper quantile."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Measured:
    """One asset's past: ``sign`` puts our sign to its magnitudes."""

    sign: int
    history: History


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Issued:
    asset_ids: frozenset[str]
    start: datetime
    net_kw: FloatArray


class NetErrors:
    """Keeps the net load's forecasts of the last week; a restart finds them in the record again."""

    def __init__(self, region: Region, record: PlanSource) -> None:
        self._region = region
        self._record = record
        self._kept: dict[datetime, _Issued | None] = {}

    def reserve(
        self, forecasts: Sequence[Forecast], measured: Mapping[str, Measured], *, known_at: datetime
    ) -> Reserve:
        """Size the reserve as the region's dial asks.

        Raises:
            StoreUnavailable: the forecasts cannot be read.
            RecordBroken: a forecast cannot be understood.
        """
        dial, market = self._region.control.uncertainty, self._region.market
        ahead = round(dial.ahead_h / PERIOD_H)
        band_kw = net_band_kw(self._region, forecasts)
        errors_kw = self.errors_kw(measured, known_at=known_at, periods=band_kw.shape[1])
        up_kw, down_kw = quantiles_by_lead(errors_kw, band_kw, dial.quantile)
        price = dial.shortfall_eur_per_kwh
        return Reserve(
            up_kw=dial.share * up_kw[:ahead],
            down_kw=dial.share * down_kw[:ahead],
            hold_h=dial.hold_h,
            shortfall_eur_per_kwh=(1.0 - dial.quantile) * market.imbalance_eur_per_kwh
            if price is None
            else price,
        )

    def errors_kw(self, measured: Mapping[str, Measured], *, known_at: datetime, periods: int) -> FloatArray:
        """Give what came less what was expected, shape (forecasts, periods ahead), NaN where unknown.

        A forecast of other assets than those measured (one was added since, one failed then) tells no error.
        """
        first, truth_kw = self._truth(measured)
        asset_ids = frozenset(shares_of(self._region, list(measured)))
        rows = [np.full(periods, np.nan)]
        for issued in self._issued(known_at):
            row = np.full(periods, np.nan)
            offset = periods_between(first, issued.start)
            low, high = max(0, -offset), min(periods, issued.net_kw.size, truth_kw.size - offset)
            if low < high and issued.asset_ids == asset_ids:
                row[low:high] = truth_kw[low + offset : high + offset] - issued.net_kw[low:high]
            rows.append(row)
        return np.stack(rows)[1:]

    def _issued(self, known_at: datetime) -> list[_Issued]:
        newest = known_at.replace(minute=0, second=0, microsecond=0)
        newest -= timedelta(hours=newest.hour % (EVERY // timedelta(hours=1)))
        moments = [newest - number * EVERY for number in range(LOOKED_BACK // EVERY)]
        self._kept = {
            moment: self._kept[moment] if moment in self._kept else self._look(moment) for moment in moments
        }
        return [issued for issued in self._kept.values() if issued is not None]

    def _look(self, moment: datetime) -> _Issued | None:
        found = [item for item in self._record.forecasts_at(moment) if moment - item.issued_at <= FRESH]
        shares = shares_of(self._region, [item.asset_id for item in found])
        used = [item for item in found if item.asset_id in shares]
        alike = len({(item.start, item.quantiles_kw.shape) for item in used}) == 1
        if not alike:
            return None
        return _Issued(
            asset_ids=frozenset(item.asset_id for item in used),
            start=used[0].start,
            net_kw=net_kw(self._region, used),
        )

    def _truth(self, measured: Mapping[str, Measured]) -> tuple[datetime, FloatArray]:
        """Sum what was measured of the same assets; NaN where one of them is missing."""
        shares = shares_of(self._region, list(measured))
        pasts = {name: measured[name].history for name in shares}
        first = max(past.start for past in pasts.values())
        size = min(past.value.size - periods_between(past.start, first) for past in pasts.values())
        total = np.zeros(max(0, size))
        for name, past in pasts.items():
            skip = periods_between(past.start, first)
            total += shares[name].share * measured[name].sign * past.value[skip : skip + total.size]
        return first, total


def quantiles_by_lead(
    errors_kw: FloatArray, band_kw: FloatArray, quantile: float
) -> tuple[FloatArray, FloatArray]:
    """Give how much more and how much less than expected comes with the quantile, not below 0.

    Args:
        errors_kw: shape (forecasts, periods ahead), NaN where not known.
        band_kw: the newest forecast, shape (5, periods): serves where too few errors are known, its outer
            half widths taken for those of a normal distribution.
        quantile: of the errors, either way.
    """
    stretch = float(norm.ppf(quantile) / norm.ppf(OUTER))
    up_kw, down_kw = stretch * (band_kw[4] - band_kw[2]), stretch * (band_kw[2] - band_kw[0])
    first = 0
    for edge_h in LEAD_EDGES_H:
        end = min(round(edge_h / PERIOD_H), band_kw.shape[1])
        own = errors_kw[:, first:end]
        known = np.isfinite(own)
        if first < end and int(known.any(axis=1).sum()) >= FORECASTS_MIN:
            low, high = np.quantile(own[known], [1.0 - quantile, quantile])
            up_kw[first:end], down_kw[first:end] = high, -low
        first = end
    return np.maximum(up_kw, 0.0), np.maximum(down_kw, 0.0)
