"""A waterworks' reservoir: pumps fill it, the town draws from it.

Water is counted by the energy that pumping it takes, so that the pumps' power is its flow; ``volume_m3``
translates. The fire-water reserve is kept by control alone: nothing in nature keeps a reservoir from running
empty.
"""

import math
from dataclasses import dataclass

from energy.physics.carrier import CarrierState, Delivery, Maker, Pool, at_rest, step_carrier
from energy.physics.finite import finite
from energy.physics.machine import Curve, MachineState
from energy.physics.own_control import FULL_RELEASE, PUMPS_START, PUMPS_STOP, OwnControl, between
from energy.region.pumped_reservoir import PumpedReservoir

FILLED_AT_START = 0.7
"""Of the band above the reserve."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Waterworks:
    """A reservoir with what follows from its parameters."""

    asset: PumpedReservoir
    pool: Pool
    pumps: Maker

    def volume_m3(self, energy_kwh: float) -> float:
        """Give the water that an energy pumps."""
        return energy_kwh / self.asset.pump_kwh_per_m3


def waterworks_of(asset: PumpedReservoir) -> Waterworks:
    """Give what follows from the asset's parameters."""
    reserve_kwh = asset.volume_m3_min * asset.pump_kwh_per_m3
    capacity_kwh = asset.volume_m3_max * asset.pump_kwh_per_m3
    curve = Curve(
        power_kw_least=0.0,
        power_kw_rated=asset.power_kw_rated,
        power_kw_standing=0.0,
        ramp_kw_per_s=asset.ramp_kw_per_s,
        uptime_s_min=0.0,
        downtime_s_min=0.0,
        output_kw_at_0=0.0,
        output_kw_per_kw=1.0,
    )
    own = OwnControl(
        between(reserve_kwh, capacity_kwh, fraction=PUMPS_START),
        between(reserve_kwh, capacity_kwh, fraction=PUMPS_STOP),
        asset.power_kw_rated,
    )
    pool = Pool(
        energy_kwh_min=0.0,
        energy_kwh_max=capacity_kwh,
        energy_kwh_release=between(reserve_kwh, capacity_kwh, fraction=FULL_RELEASE),
        flow_kw_max=math.inf,
        loss_per_s=0.0,
    )
    return Waterworks(asset=asset, pool=pool, pumps=Maker(curve, own))


def first_pumped_reservoir(works: Waterworks, *, demand_kw: float) -> CarrierState:
    """Give the state to begin with: seven tenths full above the reserve, pumps standing."""
    asset = works.asset
    volume_m3 = between(asset.volume_m3_min, asset.volume_m3_max, fraction=FILLED_AT_START)
    state = CarrierState(
        energy_kwh=volume_m3 * asset.pump_kwh_per_m3, machines=(MachineState(),), deliveries=(Delivery(),)
    )
    return at_rest(works.pool, state, demands_kw=[max(0.0, demand_kw)], backup_kw_max=0.0)


def step_pumped_reservoir(
    works: Waterworks, state: CarrierState, *, demand_kw: float, setpoint_kw: float | None, dt_s: float
) -> CarrierState:
    """Step a reservoir; the demand is the pumping power that the water drawn asks for.

    A setpoint of None leaves the pumps to their level control.

    Raises:
        ValueError: a value is not finite or the step is negative.
    """
    return step_carrier(
        works.pool,
        (works.pumps,),
        state,
        demands_kw=[max(0.0, finite(demand_kw, "demand_kw"))],
        backup_kw_max=0.0,
        wanted_kw=[setpoint_kw],
        dt_s=dt_s,
    )
