"""Gives a record a past: the region's shipped history becomes quarter-hour means."""

from datetime import datetime, timedelta
from typing import Protocol

import numpy as np

from energy.domain import FloatArray, Point
from energy.errors import BadInput, Fault
from energy.periods import format_utc, period_start, periods_between
from energy.region.ev_hub import EvHub
from energy.region.flexible_load import FlexibleLoad
from energy.region.generator import Generator
from energy.region.heat_load import HeatLoad
from energy.region.heat_pump import HeatPump
from energy.region.history import RegionHistory
from energy.region.model import Asset, Region

WINDOW = timedelta(days=182)
"""What the forecaster learns from, and a little more."""


class TakesHistory(Protocol):
    """A record that takes quarter-hour means from elsewhere."""

    def import_means(self, asset_id: str, point: Point, start: datetime, values: FloatArray) -> None:
        """Take means from ``start`` on; NaN is left out."""
        ...

    def commit(self) -> None:
        """Make what was taken visible."""
        ...


def span_of(region: Region, history: RegionHistory) -> tuple[datetime, datetime]:
    """Give the first and the past-the-end moment that all series hold; the prices always exist."""
    spans = [history.magnitude_kw(asset.id) for asset in region.members if history.has(asset.id)]
    spans.append(history.price_eur_per_mwh())
    if region.temperature is not None:
        spans.append(history.temperature_c())
    return max(series.start for series in spans), min(series.end for series in spans)


def require_history(region: Region, history: RegionHistory, *, start: datetime, end: datetime) -> None:
    """Check before anything runs that the measured past reaches over all of it.

    Raises:
        BadInput: it does not.
    """
    first, last = span_of(region, history)
    if first <= start < end <= last:
        return
    raise BadInput(
        [
            Fault(
                file=str(region.folder / "history"),
                line=None,
                place="--start, --days",
                value=f"{format_utc(start)} to {format_utc(end)}",
                limit=f"the history reaches from {format_utc(first)} to {format_utc(last)}",
                mend="choose --start and --days inside it",
            )
        ]
    )


def preload(region: Region, history: RegionHistory, record: TakesHistory, *, start: datetime) -> None:
    """Record up to WINDOW of history before ``start``, as if nothing had been controlled.

    Everything was drawn when it was asked for, stores stood still, sources ran free; feeders and the grid
    point are the sums of what is known behind them.
    """
    end = period_start(start)
    first = max(span_of(region, history)[0], end - WINDOW)
    if first >= end:
        return
    periods = periods_between(first, end)
    powers_kw: dict[str, FloatArray] = {}
    for asset in region.members:
        if not history.has(asset.id):
            continue
        values = history.power_kw(asset.id).window(first, periods)
        for point, series in _means_of(asset, values):
            record.import_means(asset.id, point, first, series)
            if point is Point.POWER_KW:
                powers_kw[asset.id] = series
    for feeder in region.feeders:
        behind = [powers_kw[asset.id] for asset in region.members_of(feeder.id) if asset.id in powers_kw]
        record.import_means(feeder.id, Point.POWER_KW, first, sum(behind, np.zeros(periods)))
    total_kw = sum(powers_kw.values(), np.zeros(periods))
    record.import_means(region.grid_point.id, Point.POWER_KW, first, total_kw)
    if region.temperature is not None:
        outside_c = history.temperature_c().window(first, periods)
        for asset in region.assets:
            if isinstance(asset, HeatPump):
                record.import_means(asset.id, Point.TEMPERATURE_C, first, outside_c)
    record.commit()


def _means_of(asset: Asset, values: FloatArray) -> list[tuple[Point, FloatArray]]:
    """Say what the asset's device would have measured, had nobody controlled it."""
    match asset:
        case HeatLoad():
            return [(Point.HEAT_KW, values)]
        case Generator():
            return [(Point.POWER_KW, values), (Point.POWER_KW_AVAILABLE, values)]
        case EvHub() | FlexibleLoad():
            return [(Point.POWER_KW, values), (Point.ENERGY_KWH_BACKLOG, np.zeros_like(values))]
        case _:
            return [(Point.POWER_KW, values)]
