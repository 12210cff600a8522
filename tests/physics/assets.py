"""Assets with plain numbers, one of a kind, to step alone or in a small network."""

from energy.region.asset import DeviceAddress, Name
from energy.region.boiler import Boiler
from energy.region.chp import Chp
from energy.region.electrolyser import Electrolyser
from energy.region.heat_load import HeatLoad
from energy.region.heat_pump import HeatPump
from energy.region.heat_storage import HeatStorage
from energy.region.hydrogen_storage import HydrogenStorage

BASE = {"name": Name(de="N", en="N"), "device": DeviceAddress(profile="generic_meter", host="127.0.0.1")}


def chp(**changes: object) -> Chp:
    """1,000 kW electric, 1,600 kW of heat, at least half of each."""
    numbers = {
        "id": "chp",
        "kind": "chp",
        "heat_network": "town",
        "power_kw_rated": 1000.0,
        "power_kw_least": 500.0,
        "ramp_kw_per_s": 5.0,
        "uptime_h_min": 2.0,
        "downtime_h_min": 1.0,
        "heat_kw_rated": 1600.0,
        "heat_kw_least": 900.0,
        "fuel_kw_rated": 3000.0,
        "fuel_kw_least": 1700.0,
        "fuel_eur_per_kwh": 0.05,
    }
    return Chp(**{**BASE, **numbers, **changes})


def heat_pump(**changes: object) -> HeatPump:
    """400 kW electric; three times as much heat at 0 degrees."""
    numbers = {
        "id": "heat_pump",
        "kind": "heat_pump",
        "heat_network": "town",
        "power_kw_rated": 400.0,
        "power_kw_least": 100.0,
        "ramp_kw_per_s": 2.0,
        "uptime_h_min": 0.5,
        "downtime_h_min": 0.25,
        "cop_at_0_c": 3.0,
        "cop_per_k": 0.1,
        "cop_max": 5.0,
    }
    return HeatPump(**{**BASE, **numbers, **changes})


def electrolyser(**changes: object) -> Electrolyser:
    """1,000 kW, of which 650 kW become hydrogen."""
    numbers = {
        "id": "electrolyser",
        "kind": "electrolyser",
        "hydrogen_network": "gas",
        "power_kw_rated": 1000.0,
        "power_kw_least": 200.0,
        "ramp_kw_per_s": 20.0,
        "uptime_h_min": 0.5,
        "downtime_h_min": 0.25,
        "power_kw_standby": 10.0,
        "hydrogen_kw_rated": 650.0,
        "hydrogen_kw_least": 140.0,
    }
    return Electrolyser(**{**BASE, **numbers, **changes})


def heat_load(**changes: object) -> HeatLoad:
    """At most 4,000 kW of heat."""
    numbers = {"id": "heat", "kind": "heat_load", "heat_network": "town", "heat_kw_max": 4000.0}
    return HeatLoad(**{**BASE, **numbers, **changes})


def heat_storage(**changes: object) -> HeatStorage:
    """4,000 kWh of hot water behind 1,500 kW of pipe; a hundredth is lost in an hour."""
    numbers = {
        "id": "store",
        "kind": "heat_storage",
        "heat_network": "town",
        "energy_kwh_capacity": 4000.0,
        "heat_kw_max": 1500.0,
        "loss_fraction_per_h": 0.01,
    }
    return HeatStorage(**{**BASE, **numbers, **changes})


def boiler(**changes: object) -> Boiler:
    """1,000 kW of heat."""
    numbers = {
        "id": "boiler",
        "kind": "boiler",
        "heat_network": "town",
        "heat_kw_rated": 1000.0,
        "efficiency": 0.9,
        "fuel_eur_per_kwh": 0.05,
    }
    return Boiler(**{**BASE, **numbers, **changes})


def hydrogen_storage(**changes: object) -> HydrogenStorage:
    """5,000 kWh, of which 500 stay; 6,000 kWh are taken each day from six to six."""
    numbers = {
        "id": "gas_store",
        "kind": "hydrogen_storage",
        "hydrogen_network": "gas",
        "energy_kwh_capacity": 5000.0,
        "energy_kwh_min": 500.0,
        "offtake_kwh_per_day": 6000.0,
    }
    return HydrogenStorage(**{**BASE, **numbers, **changes})
