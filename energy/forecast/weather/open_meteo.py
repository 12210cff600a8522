"""Open-Meteo's forecast API: asks for our units, and believes an answer only if it names them.

Facts of the format (documentation of the API, open-meteo.com/en/docs): one array a variable under
``hourly``, units under ``hourly_units``; radiation and precipitation are the mean or sum of the preceding
hour, all else is stated for the instant. The answer does not say when its model run was issued: the moment
of asking stands in for it.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from math import log
from typing import Any

import numpy as np

from energy.domain import FloatArray
from energy.forecast.weather.download import Bounds, download
from energy.forecast.weather.hourly import bad_answer, forecast_of, require_near
from energy.region.weather import OpenMeteoWeather
from energy.weather import WeatherForecast

PATH = "/v1/forecast"
BYTES_MAX = 4_000_000
"""A hundred hours of ten variables are some 10 kB."""
FORECAST_DAYS = "5"
TIMES_MAX = 1_000
PERCENT = 100.0
OUR_NAMES: Mapping[str, tuple[str, str]] = {
    "temperature_2m": ("temperature_c", "°C"),
    "shortwave_radiation": ("ghi_w_per_m2", "W/m²"),
    "direct_normal_irradiance": ("dni_w_per_m2", "W/m²"),
    "diffuse_radiation": ("dhi_w_per_m2", "W/m²"),
    "wind_speed_10m": ("wind_speed_10m_m_per_s", "m/s"),
    "wind_speed_100m": ("wind_speed_100m_m_per_s", "m/s"),
    "wind_direction_10m": ("wind_direction_degrees", "°"),
    "cloud_cover": ("cloud_cover_fraction", "%"),
    "surface_pressure": ("pressure_hpa", "hPa"),
    "precipitation": ("precipitation_mm_per_h", "mm"),
}
"""Their name: ours, and the unit that the answer must state."""
LOWER, UPPER = "wind_speed_80m", "wind_speed_120m"
UPPER_SHARE = log(100.0 / 80.0) / log(120.0 / 80.0)
"""Of the wind at 100 m between 80 m and 120 m: linear in the logarithm of the height, as the neutral
boundary layer's profile is (Stull, 1988, An Introduction to Boundary Layer Meteorology, 9.7)."""
PRECEDING = frozenset({"ghi_w_per_m2", "dni_w_per_m2", "dhi_w_per_m2", "precipitation_mm_per_h"})


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenMeteo:
    """One place of an Open-Meteo server."""

    source: str
    settings: OpenMeteoWeather
    place: tuple[float, float]
    bounds: Bounds
    key: str | None = None

    def fetch(self, at: datetime) -> WeatherForecast:
        """Ask for the coming days; see ``ports.WeatherProvider``."""
        address = self.settings.base_url + PATH
        query = {
            "latitude": f"{self.place[0]:.4f}",
            "longitude": f"{self.place[1]:.4f}",
            "hourly": ",".join(self._wanted()),
            "temperature_unit": "celsius",
            "wind_speed_unit": "ms",
            "precipitation_unit": "mm",
            "timeformat": "unixtime",
            "timezone": "GMT",
            "forecast_days": FORECAST_DAYS,
        }
        if self.settings.model is not None:
            query["models"] = self.settings.model
        body = download(address, query, bounds=self.bounds, secret=self.key)
        found = read_answer(body, wanted=self._wanted(), source=self.source, where=address, at=at)
        return require_near(found, self.place, where=address)

    def _wanted(self) -> tuple[str, ...]:
        own = tuple(name for name in OUR_NAMES if name != "wind_speed_100m")
        match self.settings.wind_from:
            case "100m":
                return tuple(OUR_NAMES)
            case "80m_and_120m":
                return (*own, LOWER, UPPER)
            case "none":
                return own


def read_answer(
    body: bytes, *, wanted: tuple[str, ...], source: str, where: str, at: datetime
) -> WeatherForecast:
    """Read an answer.

    Raises:
        BadInput: it is none, or states other units than those asked for.
    """
    answer = _answer(body, where)
    units, hourly = answer["hourly_units"], answer["hourly"]
    _require_units(units, wanted, where)
    times = _times(hourly.get("time"), where)
    found = {name: _array(hourly.get(name), name, len(times), where) for name in wanted}
    ours = {OUR_NAMES[name][0]: array for name, array in found.items() if name in OUR_NAMES}
    ours["cloud_cover_fraction"] = ours["cloud_cover_fraction"] / PERCENT
    if LOWER in found:
        ours["wind_speed_100m_m_per_s"] = (1.0 - UPPER_SHARE) * found[LOWER] + UPPER_SHARE * found[UPPER]
    return forecast_of(
        source,
        where=where,
        issued_at=at,
        at=at,
        times=times,
        place=_place(answer, where),
        instants={name: array for name, array in ours.items() if name not in PRECEDING},
        preceding={name: array for name, array in ours.items() if name in PRECEDING},
    )


def _answer(body: bytes, where: str) -> dict[str, Any]:
    try:
        answer = json.loads(body)
    except (ValueError, RecursionError):
        answer = None
    if isinstance(answer, dict) and all(isinstance(answer.get(k), dict) for k in ("hourly", "hourly_units")):
        return answer
    shown = " ".join(body[:80].decode(errors="replace").split())
    raise bad_answer(
        where,
        "answer",
        value=shown,
        limit="no forecast in Open-Meteo's form (JSON with hourly and hourly_units)",
        mend="check base_url: a proxy or another page may answer there",
    )


def _require_units(units: Mapping[str, Any], wanted: tuple[str, ...], where: str) -> None:
    expected = {"time": "unixtime", LOWER: "m/s", UPPER: "m/s"} | {
        name: unit for name, (_, unit) in OUR_NAMES.items()
    }
    for name in ("time", *wanted):
        if units.get(name) != expected[name]:
            raise bad_answer(
                where,
                f"hourly_units.{name}",
                value=units.get(name),
                limit=f"{expected[name]} was asked for",
                mend="use a server that gives the unit asked for",
            )


def _times(stated: Any, where: str) -> list[datetime]:
    good = isinstance(stated, list) and 0 < len(stated) <= TIMES_MAX
    if good and all(type(item) is int and 0 <= item < 2**33 for item in stated):
        return [datetime.fromtimestamp(item, UTC) for item in stated]
    limit = f"1 to {TIMES_MAX} whole seconds since 1970"
    raise bad_answer(
        where, "hourly.time", value=str(stated)[:60], limit=limit, mend="use a server that keeps to the API"
    )


def _array(stated: Any, name: str, size: int, where: str) -> FloatArray:
    is_list = isinstance(stated, list) and len(stated) == size
    if is_list and all(item is None or type(item) in {int, float} for item in stated):
        return np.array([np.nan if item is None else float(item) for item in stated])
    raise bad_answer(
        where,
        f"hourly.{name}",
        value=str(stated)[:60],
        limit=f"{size} numbers or null, as many as times",
        mend="use a server that keeps to the API",
    )


def _place(answer: Mapping[str, Any], where: str) -> tuple[float, float]:
    """Give the place of the grid cell that answered."""
    latitude, longitude = answer.get("latitude"), answer.get("longitude")
    for name, value, most in (("latitude", latitude, 90.0), ("longitude", longitude, 180.0)):
        if type(value) not in {int, float} or not abs(value) <= most:  # type: ignore[arg-type] # checked just before
            raise bad_answer(
                where, name, value=value, limit="degrees", mend="use a server that keeps to the API"
            )
    return float(latitude), float(longitude)  # type: ignore[arg-type] # numbers, checked above
