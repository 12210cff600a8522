"""What wind turbines yield: from wind at a weather mast's height to power behind the park's meter."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import pandas as pd
import windpowerlib  # type: ignore[import-untyped] # it ships no types
from windpowerlib import power_curves, power_output, wind_speed

from energy.domain import FloatArray
from energy.forecast.physical.plants import WindPlant

TURBULENCE = 0.15
"""Standard deviation over mean, by which one turbine's curve is smeared to a park's."""
_WAKE_SHARE = 0.9
"""What neighbours leave of a park's wind energy, with outages and wires."""
_DENSITY = 1.225
_KELVIN = 273.15
_DRY_AIR_J_PER_KG_K = 287.05
_PA_PER_HPA = 100.0
_PRESSURE_HPA = 1005.0
"""About the mean at a hub in Germany, where the weather has a temperature but no pressure."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Curve:
    """Power as a share of the rated one over wind speed at the hub."""

    wind_m_per_s: FloatArray
    share: FloatArray


def wind_power_kw(plant: WindPlant, columns: Mapping[str, FloatArray]) -> FloatArray:
    """Expect the mean power of each period, NaN where no wind is known.

    The wind at 100 m comes first, the one at 10 m serves where it is missing; the profile is logarithmic.
    Thin or cold air counts as slower or faster wind by the cube root of its density (IEC 61400-12-1).
    """
    wind = _at_hub(plant, columns)
    known = np.isfinite(wind)
    wind = wind * np.cbrt(_density(columns, wind.size) / _DENSITY)
    curve = park_curve(plant.turbine_type)
    share = power_output.power_curve(np.where(known, wind, 0.0), curve.wind_m_per_s, curve.share)
    return np.where(known, plant.power_kw_rated * np.asarray(share, dtype=np.float64), np.nan)


def _at_hub(plant: WindPlant, columns: Mapping[str, FloatArray]) -> FloatArray:
    at_hub: FloatArray | None = None
    for height_m, name in ((100.0, "wind_speed_100m_m_per_s"), (10.0, "wind_speed_10m_m_per_s")):
        if name not in columns:
            continue
        wind = np.asarray(
            wind_speed.logarithmic_profile(
                np.maximum(columns[name], 0.0), height_m, plant.hub_height_m, plant.roughness_m
            ),
            dtype=np.float64,
        )
        at_hub = wind if at_hub is None else np.where(np.isfinite(at_hub), at_hub, wind)
    if at_hub is None:
        raise ValueError("the weather holds no wind")
    return at_hub


def _density(columns: Mapping[str, FloatArray], size: int) -> FloatArray:
    if "temperature_c" not in columns:
        return np.full(size, _DENSITY)
    pressure_hpa = columns.get("pressure_hpa", np.full(size, _PRESSURE_HPA))
    pressure_hpa = np.where(np.isfinite(pressure_hpa), pressure_hpa, _PRESSURE_HPA)
    density = pressure_hpa * _PA_PER_HPA / (_DRY_AIR_J_PER_KG_K * (columns["temperature_c"] + _KELVIN))
    return np.where(np.isfinite(density), density, _DENSITY)


@lru_cache(maxsize=32)
def park_curve(turbine_type: str) -> Curve:
    """Give a park's curve from windpowerlib's own table, smeared over its turbulence and less its wakes.

    Raises:
        ValueError: the table has no curve of that turbine.
    """
    alone = turbine_curve(turbine_type)
    smooth = power_curves.smooth_power_curve(
        pd.Series(alone.wind_m_per_s),
        pd.Series(alone.share),
        standard_deviation_method="turbulence_intensity",
        turbulence_intensity=TURBULENCE,
    )
    return Curve(
        wind_m_per_s=np.asarray(smooth["wind_speed"], dtype=np.float64),
        share=np.clip(_WAKE_SHARE * np.asarray(smooth["value"], dtype=np.float64), 0.0, 1.0),
    )


@lru_cache(maxsize=32)
def turbine_curve(turbine_type: str) -> Curve:
    """Give one turbine's own curve; the table lies in the package, so nothing is fetched.

    Raises:
        ValueError: the table has no curve of that turbine.
    """
    table = _table()
    rows = pd.read_csv(table, index_col=0)
    if turbine_type not in rows.index:
        raise ValueError(f"{turbine_type}: no such turbine in windpowerlib's table")
    row = rows.loc[turbine_type].dropna()
    share = row.to_numpy(dtype=np.float64)
    return Curve(
        wind_m_per_s=np.asarray([float(name) for name in row.index], dtype=np.float64),
        share=share / float(share.max()),
    )


def _table() -> Path:
    return Path(str(windpowerlib.__file__)).parent / "oedb" / "power_curves.csv"
