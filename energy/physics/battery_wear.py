"""What cycles deeper than a stated depth take from a battery: their wear costs more.

A content has a shallow part, as large as that depth, and a deep part. Charging fills the shallow part first,
discharging takes from it first; so energy leaves the deep part exactly as far as a cycle goes deeper, as the
rainflow method counts it (Xu, Zhao, Zheng, Litvinov and Kirschen, Factoring the cycle aging cost of batteries
participating in electricity markets, 2018, doi:10.1109/TPWRS.2017.2733339). A cycle in progress is taken to
have begun full: at the start the deep part holds what it can.
"""

from dataclasses import dataclass

import numpy as np

from energy.domain import FloatArray
from energy.region.battery import Battery


@dataclass(frozen=True, slots=True, kw_only=True)
class Depth:
    """The band in use, and how deep a cycle may go before it counts as deep."""

    energy_kwh_min: float
    energy_kwh_max: float
    shallow_kwh: float

    @property
    def deep_kwh(self) -> float:
        """The size of the deep part."""
        return self.energy_kwh_max - self.energy_kwh_min - self.shallow_kwh


def depth_of(asset: Battery) -> Depth | None:
    """Give a battery's band and depth; None where depth costs nothing."""
    if asset.wear_depth_kwh is None:
        return None
    return Depth(
        energy_kwh_min=asset.energy_kwh_kept,
        energy_kwh_max=asset.energy_kwh_max,
        shallow_kwh=asset.wear_depth_kwh,
    )


def deep_kwh_at_start(depth: Depth, energy_kwh: float) -> float:
    """Give what the deep part holds at a content where nothing is known of the cycle."""
    return min(depth.deep_kwh, max(0.0, energy_kwh - depth.energy_kwh_min))


def deeply_taken_kwh(depth: Depth, *, start_kwh: float, energy_kwh: FloatArray) -> FloatArray:
    """Give what left the deep part in each period, in kWh stored, shape (periods,).

    Args:
        depth: band and depth.
        start_kwh: the content before the first period.
        energy_kwh: the content at the end of each period.
    """
    deep_kwh = deep_kwh_at_start(depth, start_kwh)
    taken_kwh = np.zeros(energy_kwh.size)
    for period, content_kwh in enumerate(np.clip(energy_kwh, depth.energy_kwh_min, depth.energy_kwh_max)):
        used_kwh = float(content_kwh) - depth.energy_kwh_min
        now_kwh = min(max(deep_kwh, used_kwh - depth.shallow_kwh), used_kwh)
        taken_kwh[period] = max(0.0, deep_kwh - now_kwh)
        deep_kwh = now_kwh
    return taken_kwh
