"""Gives a record a past: the region's shipped history becomes quarter-hour means."""

from datetime import datetime, timedelta
from typing import Protocol

import numpy as np

from energy.domain import FloatArray, Point
from energy.periods import period_start, periods_between
from energy.region.ev_hub import EvHub
from energy.region.generator import Generator
from energy.region.history import RegionHistory
from energy.region.model import Region

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


def preload(region: Region, history: RegionHistory, record: TakesHistory, *, start: datetime) -> None:
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
