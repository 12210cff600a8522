"""What photovoltaic modules yield: from sunlight on their planes to power behind the inverter."""

from collections.abc import Mapping

import numpy as np
from pvlib import iam, inverter, irradiance, pvsystem, temperature  # type: ignore[import-untyped] # it ships no types

from energy.domain import FloatArray
from energy.forecast.physical.plants import Plane, PvPlant
from energy.forecast.physical.radiation import Radiation, radiation_of
from energy.forecast.physical.sun_path import SunPath

ALBEDO = 0.2
"""Grass and fields, pvlib's default."""
GAMMA_PER_K = -0.0038
"""Power lost by each kelvin of cell temperature: crystalline silicon (PVWatts: -0.0047, newer ones less)."""
LOSSES = 0.14
"""Soiling, shading, wiring, mismatch, age and outages (PVWatts 5, Dobos 2014, NREL/TP-6A20-62641)."""
TEMPERATURE_C = 12.0
"""Where the weather does not say it: about a German mean over daylight."""
WIND_M_PER_S = 2.0
"""At the modules, where the weather does not say it."""
_WIND_AT_MODULES = 0.6
"""Wind near a roof as a share of that at 10 m."""
_INVERTER = 0.96
"""Nominal efficiency of an inverter (PVWatts 5)."""
_ASHRAE_B = 0.05
"""Glass over silicon, pvlib's default of the ASHRAE model."""


def pv_power_kw(
    plant: PvPlant, sun: SunPath, columns: Mapping[str, FloatArray], month: FloatArray
) -> FloatArray:
    """Expect the mean power of each period, shape (periods,): 0 at night, NaN where the weather is missing.

    The sky is Hay and Davies's (1980), glass reflects after ASHRAE (Souka and Safwat 1966), cells warm up
    after Faiman (2008, doi 10.1002/pip.813), modules and inverter are PVWatts's (Dobos 2014).
    """
    light = radiation_of(sun, columns, month)
    air_c = _known(columns.get("temperature_c"), TEMPERATURE_C, sun)
    wind = _known(columns.get("wind_speed_10m_m_per_s"), WIND_M_PER_S / _WIND_AT_MODULES, sun)
    dc_kw = np.zeros(sun.zenith_degrees.shape)
    for plane in plant.planes:
        on_plane = _on_plane(plane, sun, light)
        cell_c = temperature.faiman(on_plane, air_c[:, None], _WIND_AT_MODULES * wind[:, None])
        peak_kw = plant.power_kwp * plane.share * (1.0 - LOSSES)
        dc_kw += pvsystem.pvwatts_dc(on_plane, cell_c, peak_kw, GAMMA_PER_K)
    nominal_kw = plant.power_kw_limit / _INVERTER
    ac_kw = np.asarray(inverter.pvwatts(np.nan_to_num(dc_kw), nominal_kw, eta_inv_nom=_INVERTER))
    mean_kw = (np.maximum(ac_kw, 0.0) * sun.up).mean(axis=1)
    dark = ~(sun.up > 0.0).any(axis=1)
    result: FloatArray = np.where(dark, 0.0, np.where(np.isfinite(light.ghi), mean_kw, np.nan))
    return result


def _known(values: FloatArray | None, otherwise: float, sun: SunPath) -> FloatArray:
    if values is None:
        return np.full(sun.sine.size, otherwise)
    return np.where(np.isfinite(values), values, otherwise)


def _on_plane(plane: Plane, sun: SunPath, light: Radiation) -> FloatArray:
    """Light that gets into the modules in W/m2, shape (periods, points): zero while the sun is down."""
    angles = (plane.tilt_degrees, plane.azimuth_degrees, sun.zenith_degrees, sun.azimuth_degrees)
    towards = np.clip(irradiance.aoi_projection(*angles), 0.0, 1.0)
    through = iam.ashrae(np.degrees(np.arccos(towards)), b=_ASHRAE_B)
    dni, dhi = light.dni[:, None], light.dhi[:, None]
    extra = sun.dni_extra[:, None]
    sky = irradiance.haydavies(
        plane.tilt_degrees,
        plane.azimuth_degrees,
        dhi,
        dni,
        extra,
        sun.zenith_degrees,
        sun.azimuth_degrees,
    )
    ground = irradiance.get_ground_diffuse(plane.tilt_degrees, light.ghi[:, None], ALBEDO)
    within: FloatArray = np.asarray((dni * towards * through + sky + ground) * sun.up, dtype=np.float64)
    return np.maximum(within, 0.0)
