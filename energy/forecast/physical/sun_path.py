"""Where the sun stands within each period, at several points, and what a clear sky lets through."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from pvlib import atmosphere, clearsky, irradiance, spa  # type: ignore[import-untyped] # it ships no types

from energy.domain import FloatArray
from energy.forecast.calendar import IntArray

POINT_S = 600
"""Points lie so far apart: three or two in a quarter hour, six in an hour."""
LINKE_TURBIDITY = 3.5
"""A typical turbidity of Central Europe's air (Ineichen 2008, doi 10.1016/j.solener.2007.06.012, table 1)."""
PRESSURE_HPA, AIR_C, REFRACTION_DEGREES = 1013.25, 12.0, 0.5667
"""What bends the light near the horizon; the defaults of the algorithm."""
DELTA_T_S = 69.0
"""Terrestrial time ahead of universal time in the 2020s; a second moves the sun by nothing that counts."""
_BLOCKS_KEPT = 128


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SunPath:
    """The sun over a run of periods, shape (periods, points); ``up`` is 1 where it stands above the horizon.

    ``zenith_degrees`` is the apparent one; ``sine`` is the mean sine of the elevation over a period, shape
    (periods,), nights and the part of a period before sunrise counted as 0. ``clear_*`` are means over a
    period under a clear sky, ``dni_extra`` what arrives above the air, both in W/m2.
    """

    zenith_degrees: FloatArray
    azimuth_degrees: FloatArray
    up: FloatArray
    sine: FloatArray
    dni_extra: FloatArray
    clear_ghi: FloatArray
    clear_dhi: FloatArray


@lru_cache(maxsize=_BLOCKS_KEPT)
def sun_over(first_s: int, periods: int, step_s: int, latitude: float, longitude: float) -> SunPath:
    """Give the sun's path over periods in a row, the same to all plants of a place."""
    at_s = first_s + np.arange(periods, dtype=np.int64) * step_s
    return sun_path(at_s, step_s=step_s, latitude=latitude, longitude=longitude)


def sun_path(at_s: IntArray, *, step_s: int, latitude: float, longitude: float) -> SunPath:
    """Give the sun's path over periods that start at ``at_s`` (seconds since 1970 UTC).

    The position is NREL's solar position algorithm (Reda and Andreas 2004, doi 10.1016/j.solener.2003.12.003)
    as pvlib has it, the clear sky Ineichen and Perez (2002,
    doi 10.1016/S0038-092X(02)00045-2) with the air mass of Kasten and Young (1989, doi 10.1364/AO.28.004735).
    """
    points = max(2, round(step_s / POINT_S))
    offsets = (np.arange(points) + 0.5) * step_s / points
    moments = (at_s[:, None] + offsets).ravel()
    found = spa.solar_position(
        moments, latitude, longitude, 0.0, PRESSURE_HPA, AIR_C, DELTA_T_S, REFRACTION_DEGREES
    )
    shape = (at_s.size, points)
    zenith = np.asarray(found[0], dtype=np.float64).reshape(shape)
    azimuth = np.asarray(found[4], dtype=np.float64).reshape(shape)
    up = (zenith < 90.0).astype(np.float64)
    sine = np.maximum(np.cos(np.radians(zenith)), 0.0)
    date = at_s.astype("datetime64[s]").astype("datetime64[D]")
    day_of_year = (date - date.astype("datetime64[Y]").astype("datetime64[D]")).astype(np.float64) + 1.0
    extra = np.asarray(irradiance.get_extra_radiation(day_of_year), dtype=np.float64)
    low = np.minimum(zenith, 89.9)
    clear = clearsky.ineichen(
        low, atmosphere.get_relative_airmass(low), LINKE_TURBIDITY, dni_extra=extra[:, None]
    )
    return SunPath(
        zenith_degrees=zenith,
        azimuth_degrees=azimuth,
        up=up,
        sine=sine.mean(axis=1),
        dni_extra=extra,
        clear_ghi=(np.nan_to_num(clear["ghi"]) * up).mean(axis=1),
        clear_dhi=(np.nan_to_num(clear["dhi"]) * up).mean(axis=1),
    )
