"""What the forecaster may see of each asset: its quarter hours up to a moment, as magnitudes."""

from datetime import datetime, timedelta

import numpy as np

from energy.domain import FloatArray, Point
from energy.forecast.series import History, SeriesSpec
from energy.periods import PERIOD, PERIOD_H, period_start, periods_between
from energy.ports import MeansSource
from energy.region.ev_hub import EvHub
from energy.region.hydro import Hydro
from energy.region.load import Load
from energy.region.model import Asset, Region
from energy.region.pv import Pv
from energy.region.wind import Wind

WINDOW = timedelta(days=180)
"""Half a year: more than that teaches the next two days little and trains longer."""
LATE = timedelta(days=2)
"""Data may come in this late; older quarter hours are read once."""
COVERAGE_MIN = 0.5
"""A quarter hour measured for less than this says too little about its mean."""
Source = Pv | Wind | Hydro
Expected = Load | Pv | Wind | Hydro | EvHub


def expected_assets(region: Region) -> tuple[Expected, ...]:
    """List the assets that are forecast from their own past."""
    return tuple(asset for asset in region.assets if isinstance(asset, Expected))


def series_spec(region: Region, asset: Expected) -> SeriesSpec:
    """Say what the forecaster needs to know of an asset."""
    least, most = asset.power_kw_nameplate
    return SeriesSpec(
        asset_id=asset.id,
        kind=asset.kind,
        rated_kw=max(abs(least), abs(most)),
        sign=-1 if isinstance(asset, Source) else 1,
        zone=region.zone,
        holidays=region.holidays,
        location=(region.location.latitude, region.location.longitude),
    )


class Past:
    """Keeps each asset's window in memory and reads only what is new or may have come late."""

    def __init__(self, region: Region, means: MeansSource) -> None:
        self._region = region
        self._means = means
        self._kept: dict[str, History] = {}

    def history(self, asset: Expected, *, known_at: datetime) -> History:
        """Give the magnitudes in kW of the quarter hours that were complete at ``known_at``."""
        end = period_start(known_at)
        start = end - WINDOW
        kept = self._kept.get(asset.id)
        if kept is None:
            history = History(start=start, value=self._read(asset, start, end, known_at))
        else:
            fresh_from = max(start, min(kept.start + kept.value.size * PERIOD, end) - LATE)
            fresh = self._read(asset, fresh_from, end, known_at)
            old = kept.value[
                max(0, periods_between(kept.start, start)) : periods_between(kept.start, fresh_from)
            ]
            history = History(
                start=end - (old.size + fresh.size) * PERIOD, value=np.concatenate([old, fresh])
            )
        self._kept[asset.id] = history
        return history

    def _read(self, asset: Expected, start: datetime, end: datetime, known_at: datetime) -> FloatArray:
        match asset:
            case Load():
                return self._magnitude(asset, Point.POWER_KW, start, end, known_at)
            case Pv() | Wind() | Hydro():
                return self._magnitude(asset, Point.POWER_KW_AVAILABLE, start, end, known_at)
            case EvHub():
                return self._asked_for(asset, start, end, known_at)

    def _magnitude(
        self, asset: Asset, point: Point, start: datetime, end: datetime, known_at: datetime
    ) -> FloatArray:
        means = self._means.means(asset.id, point, start=start, end=end, known_at=known_at)
        sign = -1.0 if isinstance(asset, Source) else 1.0
        magnitude = np.maximum(0.0, sign * means.value)
        result: FloatArray = np.where(means.coverage >= COVERAGE_MIN, magnitude, np.nan)
        return result

    def _asked_for(self, asset: EvHub, start: datetime, end: datetime, known_at: datetime) -> FloatArray:
        """What arriving vehicles asked for: what was charged plus the growth of the backlog.

        The backlog's mean stands in for its value, which shifts an arrival by half a quarter hour and keeps
        its energy. Where no backlog was recorded (imported history), vehicles were charged on arrival.
        """
        charged_kw = self._magnitude(asset, Point.POWER_KW, start, end, known_at)
        backlog = self._means.means(
            asset.id, Point.ENERGY_KWH_BACKLOG, start=start, end=end, known_at=known_at
        ).value
        growth_kwh = np.diff(backlog, prepend=backlog[:1])
        growth_kwh = np.where(np.isfinite(growth_kwh), growth_kwh, 0.0)
        result: FloatArray = np.maximum(0.0, charged_kw + growth_kwh / PERIOD_H)
        return result
