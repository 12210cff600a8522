"""A boiler: the fuel that its heat takes."""

from energy.physics.finite import finite
from energy.region.boiler import Boiler


def fuel_kwh_of_boiler(asset: Boiler, *, heat_kwh: float) -> float:
    """Give the fuel burnt for an amount of heat.

    Raises:
        ValueError: the heat is not finite.
    """
    return finite(heat_kwh, "heat_kwh") / asset.efficiency
