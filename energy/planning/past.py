"""What the forecaster may see of each asset: its quarter hours up to a moment, as magnitudes."""

from datetime import datetime, timedelta

import numpy as np

from energy.domain import FloatArray, Point
from energy.forecast.series import History, Kind, SeriesSpec
from energy.periods import PERIOD, PERIOD_H, period_start, periods_between
from energy.ports import MeansSource
from energy.region.ev_hub import EvHub
from energy.region.expected import Forecastable, greatest_kw
from energy.region.flexible_load import FlexibleLoad
from energy.region.heat_load import HeatLoad
from energy.region.heat_pump import HeatPump
from energy.region.hydro import Hydro
from energy.region.load import Load
from energy.region.model import Asset, Region
from energy.region.pumped_reservoir import PumpedReservoir
from energy.region.pv import Pv
from energy.region.wind import Wind

WINDOW = timedelta(days=180)
"""Half a year is kept in memory: forecasts look back less far."""
TRAINING_WINDOW = timedelta(days=730)
"""Two years: each season and each holiday twice."""
TEMPERATURE_WINDOW = timedelta(days=30)
"""The next two days' temperature leans on the last days, not on the season."""
LATE = timedelta(days=2)
"""Data may come in this late; older quarter hours are read once."""
PERIODS_A_DAY = 96
"""Of 24 hours: a whole number of these keeps the grid's place in the day."""
COVERAGE_MIN = 0.5
"""A quarter hour measured for less than this says too little about its mean."""
Source = Pv | Wind | Hydro
Expected = Forecastable
TEMPERATURE = "temperature"
"""The one series that is no asset's."""


def expected_assets(region: Region) -> tuple[Expected, ...]:
    """List the assets that are forecast from their own past."""
    return tuple(asset for asset in region.assets if isinstance(asset, Expected))


def series_spec(region: Region, asset: Expected) -> SeriesSpec:
    """Say what the forecaster needs to know of an asset."""
    return SeriesSpec(
        asset_id=asset.id,
        kind=_kind(asset),
        rated_kw=greatest_kw(asset),
        sign=-1 if isinstance(asset, Source) else 1,
        zone=region.zone,
        holidays=region.holidays,
        location=(region.location.latitude, region.location.longitude),
    )


def temperature_spec(region: Region) -> SeriesSpec | None:
    """Say the same of the temperature outside; None where no heat pump depends on it."""
    if not any(isinstance(asset, HeatPump) for asset in region.assets):
        return None
    return SeriesSpec(
        asset_id=TEMPERATURE,
        kind="temperature",
        zone=region.zone,
        holidays=region.holidays,
        location=(region.location.latitude, region.location.longitude),
    )


def _kind(asset: Expected) -> Kind:
    match asset:
        case HeatLoad():
            return "heat"
        case FlexibleLoad() | PumpedReservoir():
            return "load"
        case _:
            return asset.kind


class Past:
    """Keeps each asset's window in memory and reads only what is new or may have come late."""

    def __init__(self, region: Region, means: MeansSource) -> None:
        self._region = region
        self._means = means
        self._kept: dict[str, History] = {}

    def history(self, asset: Expected, *, known_at: datetime, window: timedelta = WINDOW) -> History:
        """Give what was measured, kW, of the quarter hours that were complete at ``known_at``.

        Magnitudes; below zero stands what runs the wrong way, for the marks to judge. Another window than
        the usual one is read for this once, and begins with the first day measured.
        """
        end = period_start(known_at)
        if window != WINDOW:
            return _from_first_day(end - window, self._read(asset, end - window, end, known_at))
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
            case EvHub() | FlexibleLoad():
                return self._asked_for(asset, start, end, known_at)
            case HeatLoad():
                return self._magnitude(asset, Point.HEAT_KW, start, end, known_at)
            case PumpedReservoir():
                return self._water_drawn(asset, start, end, known_at)

    def _magnitude(
        self, asset: Asset, point: Point, start: datetime, end: datetime, known_at: datetime
    ) -> FloatArray:
        means = self._means.means(asset.id, point, start=start, end=end, known_at=known_at)
        sign = -1.0 if isinstance(asset, Source) else 1.0
        result: FloatArray = np.where(means.coverage >= COVERAGE_MIN, sign * means.value, np.nan)
        return result

    def _asked_for(
        self, asset: EvHub | FlexibleLoad, start: datetime, end: datetime, known_at: datetime
    ) -> FloatArray:
        """What was asked for: what was drawn plus the growth of the backlog.

        The backlog's mean stands in for its value, which shifts an arrival by half a quarter hour and keeps
        its energy. Where no backlog was recorded (imported history), everything was drawn when asked for.
        """
        charged_kw = self._magnitude(asset, Point.POWER_KW, start, end, known_at)
        backlog = self._means.means(
            asset.id, Point.ENERGY_KWH_BACKLOG, start=start, end=end, known_at=known_at
        ).value
        growth_kwh = np.diff(backlog, prepend=backlog[:1])
        growth_kwh = np.where(np.isfinite(growth_kwh), growth_kwh, 0.0)
        result: FloatArray = np.maximum(0.0, charged_kw + growth_kwh / PERIOD_H)
        return result

    def _water_drawn(
        self, asset: PumpedReservoir, start: datetime, end: datetime, known_at: datetime
    ) -> FloatArray:
        """The pumping power that the water drawn asks for: what was pumped less the growth of the content."""
        pumped_kw = self._magnitude(asset, Point.POWER_KW, start, end, known_at)
        volume_m3 = self._means.means(
            asset.id, Point.VOLUME_M3, start=start, end=end, known_at=known_at
        ).value
        growth_m3 = np.diff(volume_m3, prepend=volume_m3[:1])
        growth_kwh = asset.pump_kwh_per_m3 * np.where(np.isfinite(growth_m3), growth_m3, 0.0)
        result: FloatArray = np.maximum(0.0, pumped_kw - growth_kwh / PERIOD_H)
        return result

    def temperature(self, region: Region, *, known_at: datetime) -> History | None:
        """Give the temperature outside, as the first heat pump measures it; None where none does."""
        pump = next((asset for asset in region.assets if isinstance(asset, HeatPump)), None)
        if pump is None:
            return None
        end = period_start(known_at)
        start = end - TEMPERATURE_WINDOW
        means = self._means.means(pump.id, Point.TEMPERATURE_C, start=start, end=end, known_at=known_at)
        return History(start=start, value=np.where(means.coverage >= COVERAGE_MIN, means.value, np.nan))


def _from_first_day(start: datetime, value: FloatArray) -> History:
    """Leave out whole days before anything was measured."""
    known = np.flatnonzero(np.isfinite(value))
    days = int(known[0]) // PERIODS_A_DAY if known.size else 0
    return History(start=start + timedelta(days=days), value=value[days * PERIODS_A_DAY :])
