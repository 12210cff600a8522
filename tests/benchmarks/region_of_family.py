"""A region of the family as the product knows it: ``Region``, inputs of ``problem_from``, and the problem."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np

from energy.domain import Authority, FloatArray
from energy.optimize.items import Charging
from energy.optimize.problem import Problem, problem_from
from energy.periods import PERIOD, PERIOD_H, PERIOD_S
from energy.ports import Prices
from energy.region.asset import DeviceAddress, HistoryColumn, Name
from energy.region.battery import Battery
from energy.region.boiler import Boiler
from energy.region.chp import Chp
from energy.region.ev_hub import EvHub
from energy.region.feeder import Feeder
from energy.region.grid_point import GridPoint
from energy.region.heat_load import HeatLoad
from energy.region.heat_storage import HeatStorage
from energy.region.load import Load
from energy.region.market import Market
from energy.region.model import Asset, Control, Municipality, Network, Region
from energy.region.place import Location
from energy.region.pv import Pv
from tests.benchmarks.region_family import (
    BAND,
    CAPACITY_CHARGE_EUR_PER_KW,
    EXPORT_DISCOUNT_EUR_PER_KWH,
    IMPORT_SURCHARGE_EUR_PER_KWH,
    KEPT_FRACTION,
    MUNICIPALITIES,
    Family,
)
from tests.benchmarks.region_state import State

START = datetime(2024, 6, 1, tzinfo=UTC)
CHP_EFFICIENCY = 0.9
BOILER_EFFICIENCY = 0.92
FULL_RAMP_S = 60.0
"""Everything reaches its rating within a minute, so that no ramp binds from quarter hour to quarter hour."""
PERIODS_PER_H = 4


def region_of(family: Family) -> Region:
    """Describe the region: a feeder a municipality, a load in each, then the family's assets by kind."""
    networks = range(family.chp_kw.size)
    return Region(
        folder=Path(),
        id=f"family_{family.assets}",
        name=_name("family"),
        description=None,
        zone=ZoneInfo("Europe/Berlin"),
        holidays="DE-BY",
        location=Location(latitude=50.0, longitude=12.0),
        illustrative=True,
        authority=Authority.AUTOMATIC,
        control=Control(),
        market=Market(
            day_ahead=HistoryColumn(file="prices.csv", column="price"),
            import_surcharge_eur_per_kwh=IMPORT_SURCHARGE_EUR_PER_KWH,
            export_discount_eur_per_kwh=EXPORT_DISCOUNT_EUR_PER_KWH,
            capacity_charge_eur_per_kw_year=CAPACITY_CHARGE_EUR_PER_KW,
        ),
        municipalities=tuple(Municipality(id=f"m{i}", name=_name(f"m{i}")) for i in range(MUNICIPALITIES)),
        heat_networks=tuple(Network(id=f"n{i}", name=_name(f"n{i}")) for i in networks),
        assets=(*_grid(family), *_electric(family), *_thermal(family)),
        digest="",
    )


def _name(word: str) -> Name:
    return Name(de=word, en=word)


def _shared(kind: str, number: int, at: int | None = None) -> dict[str, Any]:
    """Give what every asset has; ``at`` is its municipality, which is a feeder too."""
    return {
        "kind": kind,
        "id": f"{kind}_{number}",
        "name": _name(f"{kind} {number}"),
        "feeder": None if at is None else f"feeder_{at}",
        "device": DeviceAddress(profile="generic_meter", host="127.0.0.1"),
    }


def _grid(f: Family) -> tuple[Asset, ...]:
    return (
        GridPoint(
            **_shared("grid_point", 0),
            power_kw_import_max=f.import_kw_max,
            power_kw_export_max=f.export_kw_max,
        ),
        *(
            Feeder(**_shared("feeder", i), power_kw_max=float(most))
            for i, most in enumerate(f.transfer_kw_max)
        ),
        *(
            Load(**_shared("load", i, i), power_kw_max=float(2.0 * series.max()))
            for i, series in enumerate(f.load_kw)
        ),
    )


def _electric(f: Family) -> tuple[Asset, ...]:
    batteries = (
        Battery(
            **_shared("battery", i, int(f.battery_at[i])),
            energy_kwh_capacity=float(f.battery_kwh[i]),
            energy_kwh_min=float(BAND[0] * f.battery_kwh[i]),
            energy_kwh_max=float(BAND[1] * f.battery_kwh[i]),
            power_kw_charge_max=float(f.battery_kw[i]),
            power_kw_discharge_max=float(f.battery_kw[i]),
            efficiency_charge=float(f.efficiency_charge[i]),
            efficiency_discharge=float(f.efficiency_discharge[i]),
            wear_eur_per_kwh=float(f.wear_eur_per_kwh[i]),
            ramp_kw_per_s=float(f.battery_kw[i] / FULL_RAMP_S),
        )
        for i in range(f.battery_kw.size)
    )
    sources = (
        Pv(
            **_shared("pv", i, int(f.source_at[i])),
            power_kw_rated=float(series.max()),
            ramp_kw_per_s=float(series.max() / FULL_RAMP_S),
        )
        for i, series in enumerate(f.available_kw)
    )
    sessions = (
        EvHub(
            **_shared("ev_hub", i, int(f.session_at[i])),
            power_kw_max=float(f.session_kw[i]),
            power_kw_safe=0.0,
            dwell_h=float(PERIOD_H * f.session_stays[i]),
            ramp_kw_per_s=float(f.session_kw[i] / FULL_RAMP_S),
        )
        for i in range(f.session_kw.size)
    )
    return (*batteries, *sources, *sessions)


def _thermal(f: Family) -> tuple[Asset, ...]:
    numbers = range(f.chp_kw.size)
    loads = (
        HeatLoad(**_shared("heat_load", i), heat_network=f"n{i}", heat_kw_max=float(2.0 * f.heat_kw[i].max()))
        for i in numbers
    )
    boilers = (
        Boiler(
            **_shared("boiler", i),
            heat_network=f"n{i}",
            heat_kw_rated=float(f.boiler_kw[i]),
            efficiency=BOILER_EFFICIENCY,
            fuel_eur_per_kwh=float(f.boiler_eur_per_kwh[i] * BOILER_EFFICIENCY),
        )
        for i in numbers
    )
    stores = (
        HeatStorage(
            **_shared("heat_storage", i),
            heat_network=f"n{i}",
            energy_kwh_capacity=float(f.store_kwh[i]),
            heat_kw_max=float(f.store_kw[i]),
            loss_fraction_per_h=1.0 - KEPT_FRACTION**PERIODS_PER_H,
        )
        for i in numbers
    )
    return (*(_chp(f, i) for i in numbers), *loads, *boilers, *stores)


def _chp(f: Family, i: int) -> Chp:
    """Describe a CHP with heat and fuel in proportion to its power; fuel costs what its power costs."""
    fuel_per_power = (1.0 + f.heat_per_power[i]) / CHP_EFFICIENCY
    least, rated = float(f.chp_kw_least[i]), float(f.chp_kw[i])
    return Chp(
        **_shared("chp", i, int(f.chp_at[i])),
        heat_network=f"n{i}",
        power_kw_rated=rated,
        power_kw_least=least,
        ramp_kw_per_s=rated / FULL_RAMP_S,
        start_eur=float(f.start_eur[i]),
        uptime_h_min=float(PERIOD_H * f.uptime_periods[i]),
        downtime_h_min=float(PERIOD_H * f.downtime_periods[i]),
        heat_kw_rated=float(rated * f.heat_per_power[i]),
        heat_kw_least=float(least * f.heat_per_power[i]),
        fuel_kw_rated=float(rated * fuel_per_power),
        fuel_kw_least=float(least * fuel_per_power),
        fuel_eur_per_kwh=float(f.chp_eur_per_kwh[i] / fuel_per_power),
    )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Inputs:
    """All that one call of ``problem_from`` takes, and the sessions that are under way."""

    start: datetime
    prices: Prices
    expected_kw: dict[str, FloatArray]
    states: dict[str, dict[str, float]]
    billed_peak_kw: float
    under_way: dict[str, Charging]


def inputs_of(family: Family, state: State) -> Inputs:
    """Gather the inputs of the planning that begins in this state."""
    f, now, window = family, state.step, slice(state.step, state.step + family.periods)
    start = START + now * PERIOD
    wishes = np.zeros((f.session_kw.size, f.periods))
    still_to_come = np.flatnonzero(f.session_arrives >= now)
    wishes[still_to_come, f.session_arrives[still_to_come] - now] = f.session_kwh[still_to_come] / PERIOD_H
    series = {"load": f.load_kw[:, window], "pv": -f.available_kw[:, window]}
    series |= {"ev_hub": wishes, "heat_load": f.heat_kw[:, window]}
    states = {
        **{f"battery_{i}": {"energy_kwh": float(v)} for i, v in enumerate(state.battery_kwh)},
        **{f"heat_storage_{i}": {"energy_kwh": float(v)} for i, v in enumerate(state.store_kwh)},
        **{
            f"chp_{i}": {"running_s" if running else "standing_s": float(PERIOD_S * since)}
            for i, (running, since) in enumerate(zip(state.running, state.since_periods, strict=True))
        },
    }
    return Inputs(
        start=start,
        prices=Prices(
            start=start,
            price_eur_per_kwh=f.market_eur_per_kwh[window],
            indicative=[False] * f.periods,
        ),
        expected_kw={f"{kind}_{i}": row for kind, rows in series.items() for i, row in enumerate(rows)},
        states=states,
        billed_peak_kw=state.billed_peak_kw,
        under_way={
            f"ev_hub_{i}": _under_way(f, state, i) for i in np.flatnonzero(f.session_arrives < now).tolist()
        },
    )


def _under_way(f: Family, state: State, i: int) -> Charging:
    """Give a session that has begun: the product spreads the departures of a backlog, this one is known."""
    left_kwh, leaves = float(state.session_kwh[i]), int(f.session_arrives[i] + f.session_stays[i])
    due_kwh = np.where(np.arange(f.periods) >= leaves - 1 - state.step, left_kwh, 0.0)
    return Charging(
        asset_id=f"ev_hub_{i}",
        feeder=f"feeder_{f.session_at[i]}",
        power_kw_min=np.zeros(f.periods),
        power_kw_max=np.full(f.periods, f.session_kw[i]),
        arrived_kwh=np.full(f.periods, left_kwh),
        due_kwh=due_kwh,
        unserved_eur_per_kwh=2.0,
        fee_eur_per_kwh_drawn=0.0,
    )


def problem_of(region: Region, inputs: Inputs) -> Problem:
    """Make the problem; stores end with at least what they began with."""
    problem = problem_from(
        region,
        start=inputs.start,
        prices=inputs.prices,
        expected_kw=inputs.expected_kw,
        states=inputs.states,
        billed_peak_kw=inputs.billed_peak_kw,
        end_at_start=True,
    )
    if not inputs.under_way:
        return problem
    members = tuple(inputs.under_way.get(item.asset_id, item) for item in problem.members)
    return replace(problem, members=members)
