"""What stands there: modules on their planes, turbines on their hubs; and which weather they need."""

from collections.abc import Mapping
from dataclasses import dataclass

from energy.domain import FloatArray

USUAL_TURBINE = "V112/3000"
"""Where none is named: 112 m of rotor on 3 MW, near the mean of what Germany built around 2015."""
USUAL_HUB_M = 120.0
ROUGHNESS_M = 0.15
"""Farmland with hedges and villages, class 2 of the European Wind Atlas (Troen and Petersen 1989)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plane:
    """Modules that look one way: ``share`` of the whole power; azimuth in degrees from north over east."""

    tilt_degrees: float
    azimuth_degrees: float
    share: float


USUAL_PLANES = (
    Plane(tilt_degrees=25.0, azimuth_degrees=100.0, share=0.16),
    Plane(tilt_degrees=30.0, azimuth_degrees=145.0, share=0.2),
    Plane(tilt_degrees=28.0, azimuth_degrees=180.0, share=0.3),
    Plane(tilt_degrees=30.0, azimuth_degrees=215.0, share=0.2),
    Plane(tilt_degrees=25.0, azimuth_degrees=260.0, share=0.14),
)
"""A mix where nobody says how the modules stand: half of them within 40 degrees of south, tilted about 28
degrees, as Killinger et al. (2018, doi 10.1016/j.solener.2018.08.051) found roofs in Central Europe to be."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PvPlant:
    """Modules and inverter: peak power, the limit on the grid's side, the planes, the place (degrees)."""

    power_kwp: float
    power_kw_limit: float
    planes: tuple[Plane, ...] = USUAL_PLANES
    latitude: float
    longitude: float


@dataclass(frozen=True, slots=True, kw_only=True)
class WindPlant:
    """A park: rated power at its meter, height of its hubs, its turbine by windpowerlib's name."""

    power_kw_rated: float
    hub_height_m: float = USUAL_HUB_M
    turbine_type: str = USUAL_TURBINE
    roughness_m: float = ROUGHNESS_M


Plant = PvPlant | WindPlant


def has_sunlight(columns: Mapping[str, FloatArray]) -> bool:
    """Tell whether the weather says anything of the sun."""
    return bool({"ghi_w_per_m2", "cloud_cover_fraction"} & set(columns)) or (
        {"dni_w_per_m2", "dhi_w_per_m2"} <= set(columns)
    )


def has_wind(columns: Mapping[str, FloatArray]) -> bool:
    """Tell whether the weather says anything of the wind."""
    return bool({"wind_speed_10m_m_per_s", "wind_speed_100m_m_per_s"} & set(columns))
