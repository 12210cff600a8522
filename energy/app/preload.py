"""Gives a demo a past: the region's shipped history becomes quarter-hour means in the record."""

from datetime import datetime, timedelta

import numpy as np

from energy.domain import FloatArray, Point
from energy.errors import BadInput, Fault
from energy.historian.sqlite_record import SqliteRecord
from energy.periods import format_utc, period_start, periods_between
from energy.region.ev_hub import EvHub
from energy.region.generator import Generator
from energy.region.history import RegionHistory
from energy.region.model import Region

WINDOW = timedelta(days=182)
"""What the forecaster learns from, and a little more."""


def span_of(region: Region, history: RegionHistory) -> tuple[datetime, datetime]:
    """Give the first and the past-the-end moment that all series hold; the prices always exist."""
    spans = [history.magnitude_kw(asset.id) for asset in region.members if history.has(asset.id)]
    spans.append(history.price_eur_per_mwh())
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


def preload(region: Region, history: RegionHistory, record: SqliteRecord, *, start: datetime) -> None:
    """Record up to WINDOW of history before ``start``, as if nothing had been controlled.

    Vehicles were charged on arrival, stores stood still, sources ran free; the grid point is the sum.
    """
    end = period_start(start)
    total: FloatArray | None = None
    first = end
    for asset in region.members:
        if not history.has(asset.id):
            continue
        series = history.power_kw(asset.id)
        first = max(series.start, end - WINDOW)
        if first >= end:
            continue
        values = series.window(first, periods_between(first, end))
        record.import_means(asset.id, Point.POWER_KW, first, values)
        if isinstance(asset, Generator):
            record.import_means(asset.id, Point.POWER_KW_AVAILABLE, first, values)
        if isinstance(asset, EvHub):
            record.import_means(asset.id, Point.ENERGY_KWH_BACKLOG, first, np.zeros_like(values))
        total = values if total is None or total.size != values.size else total + values
    if total is not None:
        record.import_means(region.grid_point.id, Point.POWER_KW, first, total)
    record.commit()
