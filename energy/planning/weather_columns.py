"""What was known ahead of the weather, as columns beside an asset's past.

For the coming days the newest forecast known by then. For a day that is past, what was known when it was
nominated, the day before at the market's hour: a lead much like that of the plans that count, and never a
later analysis. So nothing here depends on what became known after ``known_at``.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from math import cos, hypot, radians

import numpy as np

from energy.domain import FloatArray
from energy.periods import HORIZON_PERIODS, PERIOD, format_utc, local_day, period_start, periods_between
from energy.planning.past import Expected
from energy.planning.weather_quarters import quarter_hours
from energy.ports import WeatherSource
from energy.region.heat_load import HeatLoad
from energy.region.load import Load
from energy.region.model import Region
from energy.region.pumped_reservoir import PumpedReservoir
from energy.region.pv import Pv
from energy.region.weather import WeatherPlace, places_of, source_name
from energy.region.wind import Wind
from energy.weather import WeatherForecast

S_PER_H = 3600.0
AHEAD_PERIODS = HORIZON_PERIODS + 4
"""A plan begins up to a quarter hour after it is asked for."""
REACH_PERIODS_MIN = HORIZON_PERIODS // 2
"""A forecast that reaches less far is taken for late: it says nothing of the day that is nominated."""
SETTLED = timedelta(hours=1)
"""What was known so long ago is in the record, if it ever will be: it is not asked for again."""
COLUMNS: Mapping[str, tuple[str, ...]] = {
    "pv": ("temperature_c", "ghi_w_per_m2", "dni_w_per_m2", "dhi_w_per_m2", "wind_speed_10m_m_per_s"),
    "wind": (
        *("wind_speed_10m_m_per_s", "wind_speed_100m_m_per_s", "wind_direction_degrees"),
        *("temperature_c", "pressure_hpa"),
    ),
    "load": ("temperature_c", "ghi_w_per_m2"),
    "heat": ("temperature_c", "ghi_w_per_m2", "wind_speed_10m_m_per_s"),
    "water": ("temperature_c",),
}
"""What an asset of a kind depends on; others have no weather."""
_Days = dict[tuple[str, date], Mapping[str, FloatArray] | None]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Coming:
    """A place's newest forecast, by quarter hours; ``forecast`` None where there is none to use."""

    forecast: WeatherForecast | None
    trouble: str | None
    start: datetime
    values: Mapping[str, FloatArray]


class WeatherColumns:
    """Gives each asset's columns; past days are looked up once and kept."""

    def __init__(self, region: Region, record: WeatherSource) -> None:
        self._region = region
        self._record = record
        self._days: _Days = {}
        self._coming: dict[str, tuple[datetime, _Coming]] = {}
        self._kept: dict[str, tuple[tuple[datetime, datetime], Mapping[str, FloatArray]]] = {}

    def columns(self, asset: Expected, *, start: datetime, known_at: datetime) -> dict[str, FloatArray]:
        """Give the columns from ``start`` to past the horizon; none where there is no weather to stand on.

        A period that no forecast reached is NaN. All are there or none, whatever the past lacks: those that
        the newest forecast has.
        """
        names = COLUMNS.get(_kind(asset), ())
        if self._region.weather is None or not names:
            return {}
        source = self._source(asset)
        coming = self._newest(source, known_at)
        if coming.forecast is None:
            return {}
        every = self._laid_out(source, coming, start=start, known_at=known_at)
        return {name: every[name].copy() for name in names if name in every}

    def _laid_out(
        self, source: str, coming: _Coming, *, start: datetime, known_at: datetime
    ) -> Mapping[str, FloatArray]:
        """Give all columns of a place; assets of one region ask alike, so the last answer is kept."""
        asked = start, known_at
        kept = self._kept.get(source)
        if kept is not None and kept[0] == asked:
            return kept[1]
        now = period_start(known_at)
        columns = {
            name: np.full(periods_between(start, now) + AHEAD_PERIODS, np.nan) for name in coming.values
        }
        for day in _days_of(start, now, self._region):
            first, _ = local_day(day, self._region.zone)
            _lay(columns, start, first, self._day(source, day, known_at))
        for array in columns.values():
            array[periods_between(start, now) :] = np.nan
        skip = max(0, periods_between(coming.start, now))
        ahead = {name: array[skip:] for name, array in coming.values.items()}
        _lay(columns, start, coming.start + skip * PERIOD, ahead)
        self._kept[source] = asked, columns
        return columns

    def notes(self, known_at: datetime) -> Sequence[str]:
        """Say which weather is missing, late or short of the horizon."""
        weather = self._region.weather
        if weather is None:
            return ()
        found = [self._newest(source_name(weather, place), known_at) for place in places_of(weather)]
        return tuple(item.trouble for item in found if item.trouble is not None)

    def newest(self, known_at: datetime) -> list[WeatherForecast]:
        """List what the forecasts stand on, a forecast a place."""
        weather = self._region.weather
        if weather is None:
            return []
        found = [self._newest(source_name(weather, place), known_at) for place in places_of(weather)]
        return [item.forecast for item in found if item.forecast is not None]

    def _source(self, asset: Expected) -> str:
        weather = self._region.weather
        if weather is None:
            raise ValueError("the region has no weather")
        own = _place_of(asset, self._region)
        places = places_of(weather)
        nearest = min(places, key=lambda place: _distance(own, _coordinates(place, self._region)))
        return source_name(weather, nearest)

    def _newest(self, source: str, known_at: datetime) -> _Coming:
        kept = self._coming.get(source)
        if kept is None or kept[0] != known_at:
            kept = known_at, self._look(source, known_at)
            self._coming[source] = kept
        return kept[1]

    def _look(self, source: str, known_at: datetime) -> _Coming:
        forecast = self._record.weather_at(source, known_at)
        if forecast is None:
            return _Coming(
                forecast=None, trouble=f"weather_missing: {source}: none is known", start=known_at, values={}
            )
        begin, values = quarter_hours(forecast)
        reach = begin + forecast.steps * timedelta(seconds=forecast.step_s)
        ahead = periods_between(period_start(known_at), reach)
        trouble = None
        if self._is_late(forecast, known_at):
            trouble = f"weather_late: {source}: issued {format_utc(forecast.issued_at)}"
        elif ahead < REACH_PERIODS_MIN:
            trouble = f"weather_late: {source}: reaches only to {format_utc(reach)}"
        if trouble is not None:
            return _Coming(forecast=None, trouble=trouble, start=begin, values={})
        if ahead < HORIZON_PERIODS:
            trouble = f"weather_short: {source}: reaches only to {format_utc(reach)}"
        return _Coming(forecast=forecast, trouble=trouble, start=begin, values=values)

    def _is_late(self, forecast: WeatherForecast, at: datetime) -> bool:
        weather = self._region.weather
        age_h = (at - forecast.issued_at).total_seconds() / S_PER_H
        return weather is None or age_h > weather.age_h_max

    def _day(self, source: str, day: date, known_at: datetime) -> Mapping[str, FloatArray] | None:
        """Give what was known of a day when it was nominated; None where nothing was, or it was late."""
        if (source, day) in self._days:
            return self._days[source, day]
        zone = self._region.zone
        gate = datetime.combine(day - timedelta(days=1), self._region.market.nominated_at, tzinfo=zone)
        forecast = self._record.weather_at(source, min(gate, known_at))
        values = None
        if forecast is not None and not self._is_late(forecast, gate):
            values = _cut(*quarter_hours(forecast), *local_day(day, zone))
        if gate + SETTLED <= known_at:
            self._days[source, day] = values
        return values


def _kind(asset: Expected) -> str:
    match asset:
        case HeatLoad():
            return "heat"
        case PumpedReservoir():
            return "water"
        case Pv() | Wind() | Load():
            return asset.kind
        case _:
            return ""


def _days_of(start: datetime, end: datetime, region: Region) -> list[date]:
    first, last = start.astimezone(region.zone).date(), end.astimezone(region.zone).date()
    return [first + timedelta(days=number) for number in range((last - first).days + 1)]


def _cut(
    begin: datetime, values: Mapping[str, FloatArray], first: datetime, last: datetime
) -> Mapping[str, FloatArray]:
    """Take the quarter hours of [first, last) out of a forecast, NaN where it does not reach."""
    periods = periods_between(first, last)
    taken = {name: np.full(periods, np.nan) for name in values}
    _lay(taken, first, begin, values)
    return taken


def _lay(
    columns: Mapping[str, FloatArray],
    start: datetime,
    begin: datetime,
    values: Mapping[str, FloatArray] | None,
) -> None:
    """Write values that begin at ``begin`` into columns that begin at ``start``, as far as they overlap."""
    if values is None:
        return
    offset = periods_between(start, begin)
    for name, column in columns.items():
        array = values.get(name)
        if array is None:
            continue
        first, last = max(0, offset), min(column.size, offset + array.size)
        if first < last:
            column[first:last] = array[first - offset : last - offset]


def _place_of(asset: Expected, region: Region) -> tuple[float, float]:
    """Give where an asset stands, as far as it says."""
    own = asset.location if isinstance(asset, Pv | Wind) else None
    place = own if own is not None else region.location
    return place.latitude, place.longitude


def _coordinates(place: WeatherPlace, region: Region) -> tuple[float, float]:
    if place.latitude is None or place.longitude is None:
        return region.location.latitude, region.location.longitude
    return place.latitude, place.longitude


def _distance(one: tuple[float, float], other: tuple[float, float]) -> float:
    """Compare distances on the plane: a region is small."""
    east = (one[1] - other[1]) * cos(radians(one[0]))
    return hypot(one[0] - other[0], east)
