"""What devices in a heat network, a hydrogen network or a waterworks show, and what is true of them."""

from energy.devices.plant.networks import Network
from energy.domain import Point
from energy.physics.carrier import CarrierState
from energy.physics.heat_network import HeatNetwork
from energy.physics.heat_pump import curve_of_heat_pump
from energy.physics.hydrogen_network import HydrogenNetwork
from energy.physics.machine import MachineState
from energy.physics.pumped_reservoir import Waterworks
from energy.region.boiler import Boiler
from energy.region.chp import Chp
from energy.region.heat_load import HeatLoad
from energy.region.heat_pump import HeatPump
from energy.region.heat_storage import HeatStorage
from energy.region.hydrogen_storage import HydrogenStorage
from energy.region.model import Asset

Values = dict[str, float]


def shown_of_part(
    one: Network, state: CarrierState, asset: Asset, *, temperature_c: float
) -> dict[Point, float]:
    """Give every measured point that the device of a part of a network can show."""
    match one:
        case HeatNetwork():
            return _shown_of_heat(one, state, asset, temperature_c=temperature_c)
        case HydrogenNetwork():
            return _shown_of_hydrogen(one, state, asset)
        case Waterworks():
            [pumps] = state.machines
            return {**_shown_electricity(asset, pumps), Point.VOLUME_M3: one.volume_m3(state.energy_kwh)}


def counted_of_part(one: Network, state: CarrierState, asset: Asset) -> Values:
    """Give the totals beyond what a device shows, for checkers; energies count since commissioning."""
    match one:
        case HeatNetwork():
            return _counted_heat(one, state, asset)
        case HydrogenNetwork():
            return _counted_hydrogen(one, state, asset)
        case Waterworks():
            [delivery] = state.deliveries
            return {
                "starts": float(state.machines[0].starts),
                "energy_kwh_unserved": delivery.energy_kwh_unserved,
                "volume_m3_unserved": one.volume_m3(delivery.energy_kwh_unserved),
                "volume_m3_delivered": one.volume_m3(delivery.energy_kwh),
            }


def power_sign(asset: Asset) -> float:
    """Tell which way a machine's power goes: a CHP feeds in, all others draw."""
    return -1.0 if isinstance(asset, Chp) else 1.0


def _shown_electricity(asset: Asset, machine: MachineState) -> dict[Point, float]:
    feeds_in = isinstance(asset, Chp)
    return {
        Point.POWER_KW: power_sign(asset) * machine.level_kw + 0.0,
        Point.ENERGY_KWH_DRAWN: 0.0 if feeds_in else machine.energy_kwh,
        Point.ENERGY_KWH_FED_IN: machine.energy_kwh if feeds_in else 0.0,
    }


def _shown_machine(asset: Asset, machine: MachineState) -> dict[Point, float]:
    return {
        **_shown_electricity(asset, machine),
        Point.RUNNING_S: machine.running_s,
        Point.STANDING_S: machine.standing_s,
    }


def _shown_of_heat(
    one: HeatNetwork, state: CarrierState, asset: Asset, *, temperature_c: float
) -> dict[Point, float]:
    match asset:
        case HeatLoad():
            return {Point.HEAT_KW: state.deliveries[one.loads.index(asset)].flow_kw}
        case HeatStorage():
            share = one.share_of(asset)
            return {Point.ENERGY_KWH: share * state.energy_kwh, Point.HEAT_KW: share * state.flow_kw + 0.0}
        case Boiler():
            return {Point.HEAT_KW: -one.share_of(asset) * state.backup_kw + 0.0}
        case Chp() | HeatPump():
            index = one.machines.index(asset)
            machine, curve = state.machines[index], one.curves[index]
            values = _shown_machine(asset, machine)
            if isinstance(asset, HeatPump):
                curve = curve_of_heat_pump(asset, temperature_c=temperature_c)
                values[Point.TEMPERATURE_C] = temperature_c
            values[Point.HEAT_KW] = -curve.output_kw(machine) + 0.0
            return values
        case _:
            return {}


def _counted_heat(one: HeatNetwork, state: CarrierState, asset: Asset) -> Values:
    match asset:
        case HeatLoad():
            delivery = state.deliveries[one.loads.index(asset)]
            return {
                "heat_kwh": delivery.energy_kwh,
                "energy_kwh_unserved": delivery.energy_kwh_unserved,
                "energy_kwh_dumped": state.energy_kwh_dumped / len(one.loads),
            }
        case HeatStorage():
            return {"energy_kwh_lost": one.share_of(asset) * state.energy_kwh_lost}
        case Boiler():
            return {
                "heat_kwh": one.share_of(asset) * state.energy_kwh_backup,
                "fuel_kwh": one.fuel_kwh(asset, state),
            }
        case Chp() | HeatPump():
            machine = state.machines[one.machines.index(asset)]
            counted = {"heat_kwh": machine.output_kwh, "starts": float(machine.starts)}
            if isinstance(asset, Chp):
                counted["fuel_kwh"] = machine.fuel_kwh
            return counted
        case _:
            return {}


def _shown_of_hydrogen(one: HydrogenNetwork, state: CarrierState, asset: Asset) -> dict[Point, float]:
    if isinstance(asset, HydrogenStorage):
        return {
            Point.ENERGY_KWH: one.energy_kwh_of(asset, state),
            Point.HYDROGEN_KW: state.deliveries[one.stores.index(asset)].flow_kw,
        }
    index = [machine.id for machine in one.machines].index(asset.id)
    machine = state.machines[index]
    return {
        **_shown_machine(asset, machine),
        Point.HYDROGEN_KW: -one.makers[index].curve.output_kw(machine) + 0.0,
    }


def _counted_hydrogen(one: HydrogenNetwork, state: CarrierState, asset: Asset) -> Values:
    if isinstance(asset, HydrogenStorage):
        delivery = state.deliveries[one.stores.index(asset)]
        return {
            "hydrogen_kwh": delivery.energy_kwh,
            "energy_kwh_unserved": delivery.energy_kwh_unserved,
            "energy_kwh_dumped": state.energy_kwh_dumped / len(one.stores),
        }
    machine = state.machines[[machine.id for machine in one.machines].index(asset.id)]
    return {"hydrogen_kwh": machine.output_kwh, "starts": float(machine.starts)}
