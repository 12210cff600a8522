"""A hydrogen store and its offtake, which is taken evenly between two times of the local day."""

import math
from collections.abc import Sequence
from datetime import date, datetime
from zoneinfo import ZoneInfo

from energy.physics.carrier import Pool
from energy.physics.own_control import FULL_RELEASE
from energy.region.hydrogen_storage import HydrogenStorage
from energy.units import S_PER_H


def hydrogen_pool_of(stores: Sequence[HydrogenStorage]) -> Pool:
    """Add a network's stores up; below its least content a store gives nothing."""
    least_kwh = sum(store.energy_kwh_min for store in stores)
    capacity_kwh = sum(store.energy_kwh_capacity for store in stores)
    return Pool(
        energy_kwh_min=least_kwh,
        energy_kwh_max=capacity_kwh,
        energy_kwh_release=least_kwh + FULL_RELEASE * (capacity_kwh - least_kwh),
        flow_kw_max=math.inf if stores else 0.0,
        loss_per_s=0.0,
    )


def offtake_of(asset: HydrogenStorage, *, day: date, zone: ZoneInfo) -> tuple[float, float, float]:
    """Give a local day's offtake: its begin and its end in Unix seconds, and its power in kW.

    The day's energy is the same where a clock change makes the time shorter or longer.
    """
    begin_s = datetime.combine(day, asset.offtake_from, tzinfo=zone).timestamp()
    end_s = datetime.combine(day, asset.offtake_until, tzinfo=zone).timestamp()
    if end_s <= begin_s:
        return begin_s, begin_s, 0.0
    return begin_s, end_s, asset.offtake_kwh_per_day * S_PER_H / (end_s - begin_s)
