"""Where the sun stands, as simply as a power forecast needs it."""

import numpy as np

from energy.domain import FloatArray
from energy.forecast.calendar import IntArray

_S_PER_DAY = 86_400.0


def sine_of_elevation(at_s: FloatArray | IntArray, *, latitude: float, longitude: float) -> FloatArray:
    """Give the sine of the sun's elevation, negative below the horizon.

    Declination and equation of time by Spencer (1971), "Fourier series representation of the position of
    the sun", Search 2(5); good to about a quarter of a degree.

    Args:
        at_s: moments in seconds since 1970 UTC, any shape.
        latitude: degrees, north positive.
        longitude: degrees, east positive.
    """
    days = np.asarray(at_s, dtype=np.float64) / _S_PER_DAY
    declination, equation_min = _sun_of_day(days)
    solar_day = days + longitude / 360.0 + equation_min / 1440.0
    hour_angle = 2.0 * np.pi * (np.mod(solar_day, 1.0) - 0.5)
    phi = np.radians(latitude)
    result: FloatArray = np.sin(phi) * np.sin(declination) + np.cos(phi) * np.cos(declination) * np.cos(
        hour_angle
    )
    return result


def _sun_of_day(moment_days: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Give declination (radians) and equation of time (minutes) at the noon of each moment's day."""
    first = int(np.floor(moment_days.min())) if moment_days.size else 0
    number = np.floor(moment_days).astype(np.int64) - first
    days = first + 0.5 + np.arange(int(number.max()) + 1 if number.size else 1)
    angle = 2.0 * np.pi * np.mod(days, 365.2425) / 365.2425
    declination = (
        0.006918
        - 0.399912 * np.cos(angle)
        + 0.070257 * np.sin(angle)
        - 0.006758 * np.cos(2.0 * angle)
        + 0.000907 * np.sin(2.0 * angle)
        - 0.002697 * np.cos(3.0 * angle)
        + 0.00148 * np.sin(3.0 * angle)
    )
    equation_min = 229.18 * (
        0.000075
        + 0.001868 * np.cos(angle)
        - 0.032077 * np.sin(angle)
        - 0.014615 * np.cos(2.0 * angle)
        - 0.040849 * np.sin(2.0 * angle)
    )
    return declination[number], equation_min[number]
