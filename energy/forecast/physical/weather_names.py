"""Which of a file's columns are weather: told by name and unit, for files that have names of their own."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from energy.domain import FloatArray

DIRECT = "direct_horizontal_w_per_m2"
"""Beam on the horizontal, which some sources give beside the diffuse part."""
_HIGH_WIND_M = 60
"""From here up a wind is nearer to one at 100 m than to one at 10 m; the correction takes the rest."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Unit:
    """How a column's name ends, and what makes its values ours: ``factor * value + offset``."""

    ends: tuple[str, ...]
    factor: float = 1.0
    offset: float = 0.0


_Words = frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Quantity:
    """Names by the words that mark them, the first that fits; none where a word of ``others`` stands."""

    units: tuple[_Unit, ...]
    names: tuple[tuple[_Words, str], ...]
    others: _Words = frozenset()


def _named(name: str, *choices: str) -> tuple[tuple[_Words, str], ...]:
    return tuple((frozenset(choice.split()), name) for choice in choices)


_RADIATION = _Quantity(
    units=(
        _Unit(ends=("_kw_per_m2", "_kw_m2"), factor=1000.0),
        _Unit(ends=("_w_per_m2", "_w_m2", "_wm2")),
    ),
    names=(
        *_named("dhi_w_per_m2", "diffuse", "dhi"),
        *_named("dni_w_per_m2", "dni", "direct normal", "beam normal"),
        *_named(DIRECT, "direct", "beam"),
        *_named("ghi_w_per_m2", "ghi", "global", "shortwave", "ssrd", "radiation", "irradiance", "solar"),
    ),
    others=frozenset(
        {"longwave", "terrestrial", "extraterrestrial", "toa", "clear", "clearsky", "uv", "tilted"}
    ),
)
_TEMPERATURE = _Quantity(
    units=(
        _Unit(ends=("_c", "_degc", "_celsius")),
        _Unit(ends=("_k", "_kelvin"), offset=-273.15),
    ),
    names=_named("temperature_c", "temperature", "temp", "t2m", "temperatur"),
    others=frozenset(
        {"dew", "dewpoint", "dew2m", "soil", "apparent", "felt", "wet", "module", "cell", "water"}
    ),
)
_WIND = _Quantity(
    units=(
        _Unit(ends=("_m_per_s", "_m_s", "_mps", "_ms")),
        _Unit(ends=("_km_per_h", "_km_h", "_kmh"), factor=1.0 / 3.6),
    ),
    names=(
        *_named("wind_speed_100m_m_per_s", "ws100", "ws100m"),
        *_named("wind_speed_10m_m_per_s", "wind", "windspeed", "ws", "ws10", "ws10m"),
    ),
    others=frozenset({"gust", "gusts", "direction", "u", "v", "u10", "v10", "u100", "v100"}),
)
_CLOUD = _Quantity(
    units=(
        _Unit(ends=("_fraction", "_share")),
        _Unit(ends=("_percent", "_pct"), factor=0.01),
    ),
    names=_named("cloud_cover_fraction", "cloud", "clouds", "cloudcover"),
    others=frozenset({"low", "mid", "high"}),
)
_PRESSURE = _Quantity(
    units=(_Unit(ends=("_hpa", "_mbar")), _Unit(ends=("_pa",), factor=0.01)),
    names=_named("pressure_hpa", "pressure"),
)
_QUANTITIES = (_RADIATION, _TEMPERATURE, _WIND, _CLOUD, _PRESSURE)


def weather_name(column: str) -> str | None:
    """Give what a column holds, None where it is no weather that physics uses.

    >>> weather_name("radiation_diffuse_horizontal_de_w_per_m2"), weather_name("temperature_de_c")
    ('dhi_w_per_m2', 'temperature_c')
    >>> weather_name("wind_speed_100m_berlin_km_per_h"), weather_name("load_forecast_mw")
    ('wind_speed_100m_m_per_s', None)
    """
    found = _found(column)
    return None if found is None else found[0]


def weather_of(columns: Mapping[str, FloatArray]) -> dict[str, FloatArray]:
    """Gather the weather among columns, in our units.

    Several of a kind are averaged, as far as each is known; a horizontal beam becomes global.
    """
    gathered: dict[str, list[FloatArray]] = {}
    for column, values in columns.items():
        found = _found(column)
        if found is not None:
            name, unit = found
            gathered.setdefault(name, []).append(unit.factor * values + unit.offset)
    weather = {name: _mean(values) for name, values in gathered.items()}
    direct = weather.pop(DIRECT, None)
    if direct is not None and "dhi_w_per_m2" in weather:
        weather.setdefault("ghi_w_per_m2", direct + weather["dhi_w_per_m2"])
    return weather


def _found(column: str) -> tuple[str, _Unit] | None:
    lower = column.lower()
    if lower in ("ghi", "dni", "dhi"):  # nobody means anything but W/m2
        return f"{lower}_w_per_m2", _Unit(ends=())
    for quantity in _QUANTITIES:
        for unit in quantity.units:
            end = next((end for end in unit.ends if lower.endswith(end)), None)
            if end is not None:
                name = _name(quantity, lower.removesuffix(end))
                return None if name is None else (name, unit)
    return None


def _name(quantity: _Quantity, stem: str) -> str | None:
    words = frozenset(re.split(r"[^a-z0-9]+", stem))
    if words & quantity.others:
        return None
    name = next((name for marks, name in quantity.names if marks <= words), None)
    heights_m = [int(match[1]) for word in words if (match := re.fullmatch(r"(\d+)m?", word))]
    if quantity is _WIND and name is not None and max(heights_m, default=0) >= _HIGH_WIND_M:
        return "wind_speed_100m_m_per_s"
    return name


def _mean(values: Iterable[FloatArray]) -> FloatArray:
    table = np.array(list(values))
    known = np.isfinite(table)
    count = known.sum(axis=0)
    mean: FloatArray = np.divide(
        np.where(known, table, 0.0).sum(axis=0), count, out=np.full(count.shape, np.nan), where=count > 0
    )
    return mean
