"""Which of a file's columns are weather: told by name and unit, for files that have names of their own."""

from collections.abc import Iterable, Mapping

import numpy as np

from energy.domain import FloatArray

DIRECT = "direct_horizontal_w_per_m2"
"""Beam on the horizontal, which some sources give beside the diffuse part."""
_UNITS: Mapping[str, tuple[tuple[frozenset[str], str], ...]] = {
    "_w_per_m2": (
        (frozenset({"diffuse"}), "dhi_w_per_m2"),
        (frozenset({"dhi"}), "dhi_w_per_m2"),
        (frozenset({"direct", "horizontal"}), DIRECT),
        (frozenset({"dni"}), "dni_w_per_m2"),
        (frozenset({"direct", "normal"}), "dni_w_per_m2"),
        (frozenset({"ghi"}), "ghi_w_per_m2"),
        (frozenset({"global"}), "ghi_w_per_m2"),
        (frozenset({"shortwave"}), "ghi_w_per_m2"),
    ),
    "_c": ((frozenset({"temperature"}), "temperature_c"),),
    "_m_per_s": (
        (frozenset({"wind", "100m"}), "wind_speed_100m_m_per_s"),
        (frozenset({"wind"}), "wind_speed_10m_m_per_s"),
    ),
    "_fraction": ((frozenset({"cloud"}), "cloud_cover_fraction"),),
    "_hpa": ((frozenset({"pressure"}), "pressure_hpa"),),
}


def weather_name(column: str) -> str | None:
    """Give what a column holds, None where it is no weather that physics uses.

    >>> weather_name("radiation_diffuse_horizontal_de_w_per_m2"), weather_name("temperature_de_c")
    ('dhi_w_per_m2', 'temperature_c')
    >>> weather_name("wind_speed_10m_berlin_m_per_s"), weather_name("load_forecast_mw")
    ('wind_speed_10m_m_per_s', None)
    """
    lower = column.lower()
    words = set(lower.split("_"))
    for unit, names in _UNITS.items():
        if lower.endswith(unit):
            return next((name for marks, name in names if marks <= words), None)
    return None


def weather_of(columns: Mapping[str, FloatArray]) -> dict[str, FloatArray]:
    """Gather the weather among columns: several of a kind are averaged, a horizontal beam becomes global."""
    found: dict[str, list[FloatArray]] = {}
    for column, values in columns.items():
        name = weather_name(column)
        if name is not None:
            found.setdefault(name, []).append(values)
    weather = {name: _mean(values) for name, values in found.items()}
    direct = weather.pop(DIRECT, None)
    if direct is not None and "dhi_w_per_m2" in weather:
        weather.setdefault("ghi_w_per_m2", direct + weather["dhi_w_per_m2"])
    return weather


def _mean(values: Iterable[FloatArray]) -> FloatArray:
    mean: FloatArray = np.mean(list(values), axis=0)
    return mean
