"""What physics expects of a region's PV and wind, from the region file and the weather known ahead."""

import numpy as np

from energy.forecast.physical.expected import PhysicalPriors
from energy.forecast.physical.plants import (
    USUAL_HUB_M,
    USUAL_PLANES,
    USUAL_TURBINE,
    Plane,
    Plant,
    PvPlant,
    WindPlant,
)
from energy.forecast.reference import LEAD_DAYS_MAX
from energy.forecast.series import History, Prior
from energy.periods import HORIZON_PERIODS
from energy.region.model import Region
from energy.region.pv import Pv
from energy.region.wind import Wind


def physical_prior(
    region: Region, asset: Pv | Wind, history: History, priors: PhysicalPriors
) -> Prior | None:
    """Give what an asset should yield over its history and as far ahead as is asked.

    Sun under no forecast, or one too short for the plan, is a usual sky; wind gives None there.
    """
    known = history.value.size
    expected_kw = priors.expected_kw(
        plant_of(region, asset),
        history.known_ahead,
        start=history.start,
        periods=known + int(LEAD_DAYS_MAX * 86_400 / history.step_s),
        step_s=history.step_s,
        known=known,
        needed=known + HORIZON_PERIODS,
    )
    return None if expected_kw is None else Prior(name="physical", expected=np.asarray(expected_kw))


def plant_of(region: Region, asset: Pv | Wind) -> Plant:
    """Describe an asset to physics; what the region file leaves out is usual."""
    if isinstance(asset, Wind):
        return WindPlant(
            power_kw_rated=asset.power_kw_rated,
            hub_height_m=USUAL_HUB_M if asset.hub_height_m is None else asset.hub_height_m,
            turbine_type=USUAL_TURBINE if asset.turbine_type is None else asset.turbine_type,
        )
    place = region.location if asset.location is None else asset.location
    planes: tuple[Plane, ...] = USUAL_PLANES
    if asset.planes is not None:
        planes = tuple(
            Plane(tilt_degrees=plane.tilt_degrees, azimuth_degrees=plane.azimuth_degrees, share=plane.share)
            for plane in asset.planes
        )
    return PvPlant(
        power_kwp=asset.power_kw_rated if asset.power_kwp is None else asset.power_kwp,
        power_kw_limit=asset.power_kw_rated,
        planes=planes,
        latitude=place.latitude,
        longitude=place.longitude,
    )
