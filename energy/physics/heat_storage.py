"""Stores of hot water: those of one network stand side by side at one temperature, so they are one pool."""

import math
from collections.abc import Sequence

from energy.physics.carrier import Pool
from energy.physics.own_control import FULL_RELEASE
from energy.region.heat_storage import HeatStorage
from energy.units import S_PER_H


def heat_pool_of(stores: Sequence[HeatStorage]) -> Pool:
    """Add a network's stores up; what is lost in an hour is lost evenly over it."""
    capacity_kwh = sum(store.energy_kwh_capacity for store in stores)
    lost_kwh_per_h = sum(store.energy_kwh_capacity * store.loss_fraction_per_h for store in stores)
    fraction_per_h = lost_kwh_per_h / capacity_kwh if stores else 0.0
    return Pool(
        energy_kwh_min=0.0,
        energy_kwh_max=capacity_kwh,
        energy_kwh_release=FULL_RELEASE * capacity_kwh,
        flow_kw_max=sum(store.heat_kw_max for store in stores),
        loss_per_s=-math.log1p(-fraction_per_h) / S_PER_H,
    )
