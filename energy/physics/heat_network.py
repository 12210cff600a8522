"""A heat network: its machines, its store and its boiler serve its loads."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from energy.physics.boiler import fuel_kwh_of_boiler
from energy.physics.carrier import CarrierState, Delivery, Maker, Pool, at_rest, step_carrier
from energy.physics.chp import curve_of_chp
from energy.physics.finite import clamp, finite
from energy.physics.heat_pump import curve_of_heat_pump
from energy.physics.heat_storage import heat_pool_of
from energy.physics.machine import Curve, MachineState
from energy.physics.own_control import (
    CHP_START,
    CHP_STOP,
    HEAT_PUMP_START,
    HEAT_PUMP_STOP,
    OwnControl,
    between,
)
from energy.region.boiler import Boiler
from energy.region.chp import Chp
from energy.region.heat_load import HeatLoad
from energy.region.heat_pump import HeatPump
from energy.region.heat_storage import HeatStorage
from energy.region.model import Region

FILLED_AT_START = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class HeatNetwork:
    """What belongs to a heat network; ``curves`` are the machines', a heat pump's at 0 degrees."""

    loads: tuple[HeatLoad, ...]
    stores: tuple[HeatStorage, ...]
    boilers: tuple[Boiler, ...]
    machines: tuple[Chp | HeatPump, ...]
    pool: Pool
    curves: tuple[Curve, ...]

    @property
    def heat_kw_backup(self) -> float:
        """What all boilers give together."""
        return sum(boiler.heat_kw_rated for boiler in self.boilers)

    def share_of(self, part: HeatStorage | Boiler) -> float:
        """Give a store's share of the stored energy, or a boiler's share of the boilers' heat."""
        if isinstance(part, HeatStorage):
            return part.energy_kwh_capacity / self.pool.energy_kwh_max
        return part.heat_kw_rated / self.heat_kw_backup

    def fuel_kwh(self, boiler: Boiler, state: CarrierState) -> float:
        """Give the fuel that a boiler has burnt since commissioning."""
        return fuel_kwh_of_boiler(boiler, heat_kwh=self.share_of(boiler) * state.energy_kwh_backup)


def heat_network_of(region: Region, network_id: str) -> HeatNetwork:
    """Gather the assets of a network."""
    assets = region.members
    stores = tuple(one for one in assets if isinstance(one, HeatStorage) and one.heat_network == network_id)
    machines = tuple(
        one for one in assets if isinstance(one, Chp | HeatPump) and one.heat_network == network_id
    )
    return HeatNetwork(
        loads=tuple(one for one in assets if isinstance(one, HeatLoad) and one.heat_network == network_id),
        stores=stores,
        boilers=tuple(one for one in assets if isinstance(one, Boiler) and one.heat_network == network_id),
        machines=machines,
        pool=heat_pool_of(stores),
        curves=tuple(
            curve_of_chp(one) if isinstance(one, Chp) else curve_of_heat_pump(one, temperature_c=0.0)
            for one in machines
        ),
    )


def first_heat_network(network: HeatNetwork, *, demands_kw: Sequence[float]) -> CarrierState:
    """Give the state to begin with: stores half full, machines standing."""
    state = CarrierState(
        energy_kwh=FILLED_AT_START * network.pool.energy_kwh_max,
        machines=tuple(MachineState() for _ in network.machines),
        deliveries=tuple(Delivery() for _ in network.loads),
    )
    drawn_kw = _within(network, demands_kw)
    return at_rest(network.pool, state, demands_kw=drawn_kw, backup_kw_max=network.heat_kw_backup)


def step_heat_network(
    network: HeatNetwork,
    state: CarrierState,
    *,
    demands_kw: Sequence[float],
    setpoints_kw: Sequence[float | None],
    temperature_c: float,
    dt_s: float,
) -> CarrierState:
    """Step a network; setpoints are in our sign, None leaves a machine to its own control.

    Raises:
        ValueError: a value is not finite or the step is negative.
    """
    drawn_kw = _within(network, demands_kw)
    curves = [
        curve_of_heat_pump(machine, temperature_c=temperature_c) if isinstance(machine, HeatPump) else curve
        for machine, curve in zip(network.machines, network.curves, strict=True)
    ]
    wanted_kw = [
        None if setpoint_kw is None else -setpoint_kw if isinstance(machine, Chp) else setpoint_kw
        for machine, setpoint_kw in zip(network.machines, setpoints_kw, strict=True)
    ]
    return step_carrier(
        network.pool,
        _makers(network, curves, demand_kw=sum(drawn_kw)),
        state,
        demands_kw=drawn_kw,
        backup_kw_max=network.heat_kw_backup,
        wanted_kw=wanted_kw,
        dt_s=dt_s,
    )


def _within(network: HeatNetwork, demands_kw: Sequence[float]) -> list[float]:
    """Keep each load to its connection."""
    return [
        clamp(finite(demand_kw, "demand_kw"), 0.0, load.heat_kw_max)
        for load, demand_kw in zip(network.loads, demands_kw, strict=True)
    ]


def _makers(network: HeatNetwork, curves: Sequence[Curve], *, demand_kw: float) -> list[Maker]:
    """Pair each machine with its own control: by the store's level, by the demand where there is none."""
    makers: list[Maker] = []
    capacity_kwh = network.pool.energy_kwh_max
    for machine, curve in zip(network.machines, curves, strict=True):
        if network.stores:
            low, high = (
                (CHP_START, CHP_STOP) if isinstance(machine, Chp) else (HEAT_PUMP_START, HEAT_PUMP_STOP)
            )
            own = OwnControl(
                between(0.0, capacity_kwh, fraction=low),
                between(0.0, capacity_kwh, fraction=high),
                curve.power_kw_rated,
            )
        else:
            least_kw = curve.output_kw_at_0 + curve.output_kw_per_kw * curve.power_kw_least
            power_kw = curve.power_kw_for(demand_kw) if demand_kw >= least_kw else 0.0
            if power_kw > 0.0:
                demand_kw -= curve.output_kw_at_0 + curve.output_kw_per_kw * power_kw
            own = OwnControl(math.inf, math.inf, power_kw)
        makers.append(Maker(curve, own))
    return makers
