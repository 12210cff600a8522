"""From what a weather source has to the three parts of sunlight: global, beam and diffuse."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from pvlib import irradiance  # type: ignore[import-untyped] # it ships no types

from energy.domain import FloatArray
from energy.forecast.physical.plants import has_sunlight
from energy.forecast.physical.sun_path import SunPath

USUAL_CLEARNESS = (0.57, 0.57, 0.63, 0.68, 0.69, 0.67, 0.69, 0.69, 0.65, 0.61, 0.57, 0.57)
"""Share of a clear sky's energy that arrives in each month in Germany, January first: what DWD's mean
monthly sums of global radiation (1981 to 2010, about 1,055 kWh/m2 a year) are of a clear sky's, rounded."""
_SINE_LEAST = 0.0523
"""Beyond a zenith of 87 degrees, pvlib's limit for a beam that is worked out of a horizontal value: dividing
by a sine near zero makes a beam of every watt of twilight, and planes that lean towards the sun a needle."""

_LOW_SINE = 0.17
"""Ten degrees above the horizon: below, the way through the air is long and edges of clouds add little."""
_CLEAREST = 1.1
"""A clear winter's air lets through this much more than the usual turbidity does (Linke 2.5, not 3.5)."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Radiation:
    """Means over the periods in W/m2, shape (periods,); NaN where the weather is not known."""

    ghi: FloatArray
    dni: FloatArray
    dhi: FloatArray


def radiation_of(sun: SunPath, columns: Mapping[str, FloatArray], month: FloatArray) -> Radiation:
    """Give the radiation of a run of periods, from the best of what there is.

    Global and one of its parts give the other by the sun's elevation; global alone is split by Erbs et al.
    (1982, doi 10.1016/0038-092X(82)90302-4); a cloud cover dims the clear sky after Kasten and Czeplak (1980,
    doi 10.1016/0038-092X(80)90391-6); without any of them it is the clear sky times the month's usual share.
    """
    missing = np.full(sun.sine.size, np.nan)
    ghi, dni, dhi = (columns.get(name, missing) for name in ("ghi_w_per_m2", "dni_w_per_m2", "dhi_w_per_m2"))
    ghi = np.where(np.isfinite(ghi), ghi, dni * sun.sine + dhi)
    if "cloud_cover_fraction" in columns:
        cover = np.clip(columns["cloud_cover_fraction"], 0.0, 1.0)
        ghi = np.where(np.isfinite(ghi), ghi, sun.clear_ghi * (1.0 - 0.75 * cover**3.4))
    if not has_sunlight(columns):
        ghi = sun.clear_ghi * np.asarray(USUAL_CLEARNESS)[month.astype(np.int64) - 1]
    ghi = np.maximum(ghi, 0.0)
    # an hour's mean that is laid into its few minutes of sun may say more than any air lets through
    most = np.where(sun.sine < _LOW_SINE, _CLEAREST * sun.clear_ghi, sun.dni_extra * sun.sine)
    ghi = np.where(np.isfinite(ghi), np.minimum(ghi, np.maximum(most, 0.0)), ghi)
    dhi = np.where(np.isfinite(dhi), dhi, ghi - dni * sun.sine)
    dhi = np.where(np.isfinite(dhi), dhi, _diffuse(sun, ghi))
    dhi = np.clip(dhi, 0.0, ghi)
    beam = np.divide(ghi - dhi, sun.sine, out=np.zeros(ghi.size), where=sun.sine > _SINE_LEAST)
    return Radiation(ghi=ghi, dni=np.minimum(beam, sun.dni_extra) + 0.0 * ghi, dhi=dhi)


def _diffuse(sun: SunPath, ghi: FloatArray) -> FloatArray:
    zenith = np.degrees(np.arccos(np.clip(sun.sine, 0.0, 1.0)))
    parts = irradiance.erbs_driesse(ghi, zenith, dni_extra=sun.dni_extra)
    return np.where(np.isfinite(ghi), np.asarray(parts["dhi"], dtype=np.float64), np.nan)
