"""From hours to quarter hours: each hour's mean stays what it was."""

from collections.abc import Mapping
from datetime import datetime, timedelta

import numpy as np

from energy.domain import FloatArray
from energy.forecast.sun import sine_of_elevation
from energy.periods import PERIOD_S
from energy.weather import WeatherForecast

SMOOTH = (
    *("temperature_c", "wind_speed_10m_m_per_s", "wind_speed_100m_m_per_s"),
    *("cloud_cover_fraction", "pressure_hpa"),
)
"""What changes steadily; direction turns, rain and radiation are shared out."""
NON_NEGATIVE = frozenset({"wind_speed_10m_m_per_s", "wind_speed_100m_m_per_s", "cloud_cover_fraction"})
SUN_SHAPED = ("ghi_w_per_m2", "dhi_w_per_m2")
DIRECTION = "wind_direction_degrees"
BEAM = "dni_w_per_m2"


def quarter_hours(forecast: WeatherForecast) -> tuple[datetime, Mapping[str, FloatArray]]:
    """Give a forecast by quarter hours: the first label, and arrays by variable, NaN where it says nothing.

    Temperature, wind, clouds and pressure go straight from one hour's middle to the next, moved so that the
    hour keeps its mean. Global and diffuse radiation follow the sine of the sun's elevation within the hour,
    the beam shines evenly while the sun is up; an hour without sun keeps what it has. Direction and rain
    stay as they are over the hour. A forecast in quarter hours is given as it is.

    Raises:
        ValueError: its steps are no whole multiple of a quarter hour.
    """
    parts, rest = divmod(forecast.step_s, PERIOD_S)
    if rest or parts < 1:
        raise ValueError(f"{forecast.source}: steps of {forecast.step_s} s are no quarter hours")
    if parts == 1:
        return forecast.start, forecast.values
    shared = {
        name: _smooth(values, parts, floor=0.0 if name in NON_NEGATIVE else -np.inf)
        if name in SMOOTH
        else np.repeat(values, parts)
        for name, values in forecast.values.items()
    }
    if BEAM in shared or any(name in shared for name in SUN_SHAPED):
        height = _sun(forecast, parts)
        for name in SUN_SHAPED:
            if name in shared:
                shared[name] = _shaped(forecast.values[name], np.maximum(height, 0.0), parts)
        if BEAM in shared:
            shared[BEAM] = _shaped(forecast.values[BEAM], np.where(height > 0.0, 1.0, 0.0), parts)
    return forecast.start, shared


def _smooth(values: FloatArray, parts: int, *, floor: float) -> FloatArray:
    """Join the middles of the steps by straight lines, and keep each step's mean."""
    half = 0.5 / parts
    offsets = np.arange(parts) / parts + half - 0.5
    before = np.concatenate([values[:1], values[:-1]])
    after = np.concatenate([values[1:], values[-1:]])
    before, after = np.where(np.isfinite(before), before, values), np.where(np.isfinite(after), after, values)
    slope = np.where(offsets < 0.0, (values - before)[:, None], (after - values)[:, None])
    lines = values[:, None] + slope * offsets
    kept = lines + (values - lines.mean(axis=1))[:, None]
    low = kept.min(axis=1) < floor
    kept[low] = values[low, None]
    result: FloatArray = kept.ravel()
    return result


def _sun(forecast: WeatherForecast, parts: int) -> FloatArray:
    middle = forecast.start + timedelta(seconds=PERIOD_S / 2)
    at_s = middle.timestamp() + PERIOD_S * np.arange(forecast.steps * parts, dtype=np.float64)
    return sine_of_elevation(at_s, latitude=forecast.latitude, longitude=forecast.longitude)


def _shaped(values: FloatArray, weight: FloatArray, parts: int) -> FloatArray:
    """Share out each step's mean by weight, evenly where nothing weighs."""
    weights = weight.reshape(-1, parts)
    mean = weights.mean(axis=1)
    share = np.divide(weights, mean[:, None], out=np.ones_like(weights), where=(mean > 0.0)[:, None])
    result: FloatArray = (values[:, None] * share).ravel()
    return result
