"""A hydrogen network: its electrolysers fill its store, its store serves the offtake."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from energy.physics.carrier import CarrierState, Delivery, Maker, Pool, at_rest, step_carrier
from energy.physics.electrolyser import curve_of_electrolyser
from energy.physics.finite import finite
from energy.physics.hydrogen_storage import hydrogen_pool_of
from energy.physics.machine import MachineState
from energy.physics.own_control import ELECTROLYSER_START, ELECTROLYSER_STOP, OwnControl, between
from energy.region.electrolyser import Electrolyser
from energy.region.hydrogen_storage import HydrogenStorage
from energy.region.model import Region

FILLED_AT_START = 0.5
H_PER_DAY = 24.0


@dataclass(frozen=True, slots=True, kw_only=True)
class HydrogenNetwork:
    """What belongs to a hydrogen network."""

    stores: tuple[HydrogenStorage, ...]
    machines: tuple[Electrolyser, ...]
    pool: Pool
    makers: tuple[Maker, ...]

    def energy_kwh_of(self, store: HydrogenStorage, state: CarrierState) -> float:
        """Give one store's part of the content: all are equally full above their least."""
        room_kwh = self.pool.energy_kwh_max - self.pool.energy_kwh_min
        filled = (state.energy_kwh - self.pool.energy_kwh_min) / room_kwh
        return between(store.energy_kwh_min, store.energy_kwh_capacity, fraction=filled)


def hydrogen_network_of(region: Region, network_id: str) -> HydrogenNetwork:
    """Gather the assets of a network."""
    stores = tuple(
        one
        for one in region.members
        if isinstance(one, HydrogenStorage) and one.hydrogen_network == network_id
    )
    machines = tuple(
        one for one in region.members if isinstance(one, Electrolyser) and one.hydrogen_network == network_id
    )
    pool = hydrogen_pool_of(stores)
    return HydrogenNetwork(
        stores=stores, machines=machines, pool=pool, makers=_makers(pool, stores, machines)
    )


def first_hydrogen_network(network: HydrogenNetwork, *, offtakes_kw: Sequence[float]) -> CarrierState:
    """Give the state to begin with: stores half full, electrolysers standing by and about to start."""
    state = CarrierState(
        energy_kwh=between(
            network.pool.energy_kwh_min, network.pool.energy_kwh_max, fraction=FILLED_AT_START
        ),
        machines=tuple(
            MachineState(level_kw=machine.power_kw_standby, is_asked=True) for machine in network.machines
        ),
        deliveries=tuple(Delivery() for _ in network.stores),
    )
    return at_rest(network.pool, state, demands_kw=offtakes_kw, backup_kw_max=0.0)


def step_hydrogen_network(
    network: HydrogenNetwork,
    state: CarrierState,
    *,
    offtakes_kw: Sequence[float],
    setpoints_kw: Sequence[float | None],
    dt_s: float,
) -> CarrierState:
    """Step a network; a setpoint of None leaves an electrolyser to its own control, flat to the offtake.

    Raises:
        ValueError: a value is not finite or the step is negative.
    """
    return step_carrier(
        network.pool,
        network.makers,
        state,
        demands_kw=[max(0.0, finite(offtake_kw, "offtake_kw")) for offtake_kw in offtakes_kw],
        backup_kw_max=0.0,
        wanted_kw=setpoints_kw,
        dt_s=dt_s,
    )


def _makers(
    pool: Pool, stores: Sequence[HydrogenStorage], machines: Sequence[Electrolyser]
) -> tuple[Maker, ...]:
    """Give each electrolyser the power that makes its share of the daily offtake evenly over the day."""
    flat_kw = sum(store.offtake_kwh_per_day for store in stores) / H_PER_DAY
    rated_kw = sum(machine.hydrogen_kw_rated for machine in machines)
    start_kwh = between(pool.energy_kwh_min, pool.energy_kwh_max, fraction=ELECTROLYSER_START)
    stop_kwh = between(pool.energy_kwh_min, pool.energy_kwh_max, fraction=ELECTROLYSER_STOP)
    makers: list[Maker] = []
    for machine in machines:
        curve = curve_of_electrolyser(machine)
        power_kw = curve.power_kw_for(flat_kw * machine.hydrogen_kw_rated / rated_kw)
        own = OwnControl(start_kwh, stop_kwh, power_kw) if stores else OwnControl(-math.inf, -math.inf, 0.0)
        makers.append(Maker(curve, own))
    return tuple(makers)
