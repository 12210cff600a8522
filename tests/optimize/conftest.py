"""Small regions, built directly from the region's own types."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from energy.domain import Authority, Level, Limit
from energy.optimize.problem import Problem, problem_from
from energy.ports import Prices
from energy.region.asset import DeviceAddress, HistoryColumn, Name
from energy.region.battery import Battery
from energy.region.boiler import Boiler
from energy.region.chp import Chp
from energy.region.electrolyser import Electrolyser
from energy.region.ev_hub import EvHub
from energy.region.feeder import Feeder
from energy.region.flexible_load import FlexibleLoad
from energy.region.grid_loss import GridLoss
from energy.region.grid_point import GridPoint
from energy.region.heat_load import HeatLoad
from energy.region.heat_pump import HeatPump
from energy.region.heat_storage import HeatStorage
from energy.region.hydro import Hydro
from energy.region.hydrogen_storage import HydrogenStorage
from energy.region.load import Load
from energy.region.market import Market
from energy.region.model import Control, Municipality, Network, Region
from energy.region.place import Location
from energy.region.pumped_reservoir import PumpedReservoir
from energy.region.pv import Pv
from energy.region.wind import Wind

START = datetime(2020, 6, 1, tzinfo=UTC)
NAME = Name(de="x", en="x")
KINDS: dict[str, tuple[type[Any], dict[str, Any]]] = {
    "load": (Load, {"power_kw_max": 1e5}),
    "grid_loss": (GridLoss, {"fraction_of_load": 0.03, "power_kw_max": 1e4}),
    "pv": (Pv, {"power_kw_rated": 1e4, "ramp_kw_per_s": 100.0}),
    "wind": (Wind, {"power_kw_rated": 1e4, "ramp_kw_per_s": 100.0}),
    "hydro": (Hydro, {"power_kw_rated": 1e4, "ramp_kw_per_s": 100.0}),
    "battery": (
        Battery,
        {
            "energy_kwh_capacity": 1000.0,
            "energy_kwh_min": 100.0,
            "energy_kwh_max": 900.0,
            "power_kw_charge_max": 400.0,
            "power_kw_discharge_max": 400.0,
            "efficiency_charge": 0.95,
            "efficiency_discharge": 0.95,
            "wear_eur_per_kwh": 0.01,
            "ramp_kw_per_s": 100.0,
        },
    ),
    "ev_hub": (EvHub, {"power_kw_max": 300.0, "power_kw_safe": 30.0, "dwell_h": 2.0, "ramp_kw_per_s": 50.0}),
    "chp": (
        Chp,
        {
            "heat_network": "town",
            "power_kw_rated": 400.0,
            "power_kw_least": 200.0,
            "heat_kw_rated": 500.0,
            "heat_kw_least": 300.0,
            "fuel_kw_rated": 1000.0,
            "fuel_kw_least": 560.0,
            "fuel_eur_per_kwh": 0.05,
            "co2_kg_per_kwh_fuel": 0.2,
            "wear_eur_per_kwh": 0.01,
            "ramp_kw_per_s": 10.0,
            "start_eur": 20.0,
            "uptime_h_min": 1.0,
            "downtime_h_min": 0.75,
        },
    ),
    "heat_pump": (
        HeatPump,
        {
            "heat_network": "town",
            "power_kw_rated": 150.0,
            "power_kw_least": 60.0,
            "cop_at_0_c": 3.0,
            "cop_per_k": 0.05,
            "cop_max": 4.5,
            "ramp_kw_per_s": 10.0,
            "start_eur": 2.0,
            "uptime_h_min": 0.5,
            "downtime_h_min": 0.5,
            "fee_eur_per_kwh_drawn": 0.02,
        },
    ),
    "boiler": (
        Boiler,
        {
            "heat_network": "town",
            "heat_kw_rated": 900.0,
            "efficiency": 0.9,
            "fuel_eur_per_kwh": 0.05,
            "co2_kg_per_kwh_fuel": 0.2,
        },
    ),
    "heat_load": (HeatLoad, {"heat_network": "town", "heat_kw_max": 1000.0}),
    "heat_storage": (
        HeatStorage,
        {
            "heat_network": "town",
            "energy_kwh_capacity": 2000.0,
            "heat_kw_max": 600.0,
            "loss_fraction_per_h": 0.01,
        },
    ),
    "electrolyser": (
        Electrolyser,
        {
            "hydrogen_network": "gas",
            "power_kw_rated": 500.0,
            "power_kw_least": 100.0,
            "power_kw_standby": 5.0,
            "hydrogen_kw_rated": 330.0,
            "hydrogen_kw_least": 70.0,
            "wear_eur_per_kwh": 0.005,
            "ramp_kw_per_s": 10.0,
            "start_eur": 5.0,
            "uptime_h_min": 0.5,
            "downtime_h_min": 0.25,
            "fee_eur_per_kwh_drawn": 0.01,
        },
    ),
    "hydrogen_storage": (
        HydrogenStorage,
        {
            "hydrogen_network": "gas",
            "energy_kwh_capacity": 2000.0,
            "energy_kwh_min": 100.0,
            "offtake_kwh_per_day": 2400.0,
        },
    ),
    "pumped_reservoir": (
        PumpedReservoir,
        {
            "power_kw_rated": 100.0,
            "volume_m3_min": 200.0,
            "volume_m3_max": 1000.0,
            "pump_kwh_per_m3": 0.5,
            "ramp_kw_per_s": 10.0,
            "fee_eur_per_kwh_drawn": 0.03,
        },
    ),
    "flexible_load": (
        FlexibleLoad,
        {
            "mode": "shift",
            "power_kw_max": 300.0,
            "shift_h": 3.0,
            "ramp_kw_per_s": 10.0,
            "unserved_eur_per_kwh": 3.0,
        },
    ),
    "feeder": (Feeder, {"power_kw_max": 1e5}),
    "grid_point": (GridPoint, {"power_kw_import_max": 1e5, "power_kw_export_max": 1e5}),
}


def asset(kind: str, asset_id: str | None = None, **changes: Any) -> Any:
    """Make an asset of a kind, with some fields changed."""
    make, fields = KINDS[kind]
    device = DeviceAddress(profile="generic_meter", host="127.0.0.1")
    return make(kind=kind, id=asset_id or kind, name=NAME, device=device, **{**fields, **changes})


def region_of(*members: Any, grid: Any = None, **market: float) -> Region:
    """Make a region of these members, a grid point and market rules."""
    return Region(
        folder=Path(),
        id="tiny",
        name=NAME,
        description=None,
        zone=ZoneInfo("Europe/Berlin"),
        holidays="DE-BY",
        location=Location(latitude=50.0, longitude=12.0),
        illustrative=True,
        authority=Authority.AUTOMATIC,
        control=Control(),
        market=Market(day_ahead=HistoryColumn(file="prices.csv", column="price_eur_per_mwh"), **market),
        temperature=None,
        municipalities=(Municipality(id="town", name=NAME),),
        heat_networks=(Network(id="town", name=NAME),),
        hydrogen_networks=(Network(id="gas", name=NAME),),
        assets=(*members, grid or asset("grid_point")),
        digest="0",
    )


def prices_of(*price_eur_per_kwh: float) -> Prices:
    """Make prices from the common start on."""
    values = np.array(price_eur_per_kwh, dtype=np.float64)
    return Prices(start=START, price_eur_per_kwh=values, indicative=[False] * values.size)


def problem_of(region: Region, price_eur_per_kwh: Any, **inputs: Any) -> Problem:
    """Make a problem; expected powers may be given as plain lists."""
    expected = {key: np.array(value, dtype=float) for key, value in inputs.pop("expected_kw", {}).items()}
    states = inputs.pop("states", {})
    prices = prices_of(*price_eur_per_kwh)
    return problem_from(region, start=START, prices=prices, expected_kw=expected, states=states, **inputs)


def limit_on(target_id: str, power_kw_min: float | None, power_kw_max: float | None, **changes: Any) -> Limit:
    """Make a grid operator's limit over all periods, with some fields changed."""
    fields: dict[str, Any] = {
        "limit_id": f"limit_{target_id}",
        "target_id": target_id,
        "power_kw_min": power_kw_min,
        "power_kw_max": power_kw_max,
        "level": Level.GRID_OPERATOR,
        "start": START,
        "until": None,
        "reason": "test",
    }
    return Limit(**{**fields, **changes})


class Tiny:
    """The builders above, handed to tests as one fixture."""

    start = START
    asset = staticmethod(asset)
    region = staticmethod(region_of)
    prices = staticmethod(prices_of)
    problem = staticmethod(problem_of)
    limit = staticmethod(limit_on)


@pytest.fixture(scope="session")
def tiny() -> type[Tiny]:
    return Tiny


@pytest.fixture(scope="session")
def plan() -> Callable[..., Any]:
    """Plan a problem of a region with fixed limits."""
    from energy.optimize.optimizer import Optimizer  # noqa: PLC0415 - keeps collection fast

    def solve(region: Region, problem: Problem, *, gap: float = 1e-6) -> Any:
        return Optimizer(region).solve(problem, plan_id="p1", issued_at=START, seconds_max=20.0, gap=gap)

    return solve
