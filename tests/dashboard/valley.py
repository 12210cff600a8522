"""A made-up region with every kind: 17 municipalities, six feeders, two heat networks, hydrogen, water."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import TypeAdapter

from energy.domain import (
    Alarm,
    Applied,
    AssetPlan,
    Authority,
    FloatArray,
    Forecast,
    Level,
    Limited,
    Outcome,
    Plan,
    Point,
    Quality,
    Reading,
    Rung,
    Setpoint,
    Severity,
    Status,
)
from energy.historian.sqlite_record import SqliteRecord
from energy.periods import HORIZON_PERIODS, PERIOD, period_start
from energy.ports import PlanAnswer
from energy.region.asset import Name
from energy.region.loader import load_region
from energy.region.model import Asset, Municipality, Network, Region
from tests.dashboard.day import DAY_START, NOW, hours

PLACES = 17
FEEDERS = 6
PARKS = 8
ASSET: TypeAdapter[Asset] = TypeAdapter(Asset)


def valley() -> Region:
    """Give the region."""
    base = load_region("musterstadt")
    return replace(
        base,
        id="valley",
        name=Name(de="Mustertal", en="Sample Valley"),
        municipalities=tuple(
            Municipality(id=f"place_{index}", name=Name(de=f"Musterort {index:02}", en=f"Sample {index:02}"))
            for index in range(PLACES)
        ),
        heat_networks=tuple(
            Network(id=item, name=Name(de=f"Netz {item.upper()}", en=f"network {item.upper()}"))
            for item in ("a", "b")
        ),
        hydrogen_networks=(Network(id="h", name=Name(de="Tankstelle", en="Filling station")),),
        assets=tuple(ASSET.validate_python(item) for item in _assets()),
    )


def _entry(asset_id: str, kind: str, *, place: int | None = None, **fields: Any) -> dict[str, Any]:
    where = {} if place is None else {"municipality": f"place_{place}", "feeder": f"feeder_{place % FEEDERS}"}
    name = asset_id.replace("_", " ").capitalize()
    return {
        "id": asset_id,
        "kind": kind,
        "name": {"de": name, "en": name},
        "device": {"profile": "generic_meter", "host": "127.0.0.1"},
        **where,
        **fields,
    }


def _assets() -> Iterator[dict[str, Any]]:
    yield _entry("grid_point", "grid_point", power_kw_import_max=42000.0, power_kw_export_max=35000.0)
    for index in range(FEEDERS):
        yield _entry(f"feeder_{index}", "feeder", power_kw_max=10000.0)
        yield _entry(
            f"loss_{index}", "grid_loss", feeder=f"feeder_{index}", fraction_of_load=0.025, power_kw_max=500.0
        )
    for index in range(PLACES):
        yield _entry(f"load_{index}", "load", place=index, power_kw_max=5000.0)
    for index in range(PLACES):
        yield _entry(f"pv_{index}", "pv", place=index, **SOURCE)
    for index in range(PARKS):
        yield _entry(f"wind_{index}", "wind", place=index, **SOURCE)
    for index in range(2):
        yield _entry(f"battery_{index}", "battery", place=index, **BATTERY)
        yield _entry(f"hub_{index}", "ev_hub", place=index + 3, **HUB)
    yield _entry("river", "hydro", place=5, **SOURCE)
    yield from _heat()
    yield _entry("electrolyser", "electrolyser", place=6, hydrogen_network="h", **ELECTROLYSER)
    yield _entry(
        "hydrogen_store",
        "hydrogen_storage",
        place=6,
        hydrogen_network="h",
        energy_kwh_capacity=60000.0,
        offtake_kwh_per_day=40000.0,
    )
    yield _entry("waterworks", "pumped_reservoir", place=7, **WATER)
    yield _entry("pellets", "flexible_load", place=8, **PELLETS)


def _heat() -> Iterator[dict[str, Any]]:
    for network, place in (("a", 1), ("b", 2)):
        inside = {"place": place, "heat_network": network}
        yield _entry(f"chp_{network}", "chp", **inside, **CHP)
        yield _entry(f"boiler_{network}", "boiler", **inside, heat_kw_rated=12000.0, **FUEL, efficiency=0.92)
        yield _entry(
            f"store_{network}", "heat_storage", **inside, energy_kwh_capacity=60000.0, heat_kw_max=6000.0
        )
        yield _entry(f"heat_{network}", "heat_load", **inside, heat_kw_max=12000.0)
    yield _entry("heat_pump", "heat_pump", place=2, heat_network="b", **HEAT_PUMP)


FUEL = {"fuel_eur_per_kwh": 0.04}
SOURCE = {
    "power_kw_rated": 6000.0,
    "ramp_kw_per_s": 50.0,
    "safe_fraction": 0.6,
    "curtailment_eur_per_kwh": 0.0,
}
BATTERY = {
    "energy_kwh_capacity": 10000.0,
    "energy_kwh_min": 500.0,
    "energy_kwh_max": 9500.0,
    "power_kw_charge_max": 8400.0,
    "power_kw_discharge_max": 8400.0,
    "efficiency_charge": 0.95,
    "efficiency_discharge": 0.95,
    "wear_eur_per_kwh": 0.015,
    "ramp_kw_per_s": 200.0,
}
HUB = {"power_kw_max": 600.0, "power_kw_safe": 120.0, "dwell_h": 6.0, "ramp_kw_per_s": 20.0}
MACHINE = {"ramp_kw_per_s": 10.0, "start_eur": 40.0, "uptime_h_min": 1.0}
CHP = {
    **MACHINE,
    **FUEL,
    "power_kw_rated": 2000.0,
    "power_kw_least": 1000.0,
    "heat_kw_rated": 3200.0,
    "heat_kw_least": 1700.0,
    "fuel_kw_rated": 5700.0,
    "fuel_kw_least": 3100.0,
}
HEAT_PUMP = {
    **MACHINE,
    "power_kw_rated": 500.0,
    "power_kw_least": 150.0,
    "cop_at_0_c": 2.8,
    "cop_per_k": 0.05,
    "cop_max": 4.5,
}
ELECTROLYSER = {
    **MACHINE,
    "power_kw_rated": 8750.0,
    "power_kw_least": 1750.0,
    "power_kw_standby": 80.0,
    "hydrogen_kw_rated": 5600.0,
    "hydrogen_kw_least": 1100.0,
}
WATER = {
    "power_kw_rated": 500.0,
    "volume_m3_min": 900.0,
    "volume_m3_max": 3000.0,
    "pump_kwh_per_m3": 0.5,
    "ramp_kw_per_s": 10.0,
}
PELLETS = {
    "mode": "shift",
    "power_kw_max": 3000.0,
    "shift_h": 8.0,
    "ramp_kw_per_s": 20.0,
    "unserved_eur_per_kwh": 1.0,
}
HEAT_KW = {
    "chp_a": -3200.0,
    "chp_b": 0.0,
    "boiler_a": -1900.0,
    "boiler_b": 0.0,
    "heat_pump": -1380.0,
    "store_a": -1500.0,
    "store_b": 180.0,
    "heat_a": 6600.0,
    "heat_b": 1200.0,
}
POWER_KW_BY_KIND = {
    "load": 1450.0,
    "grid_loss": 100.0,
    "pv": -640.0,
    "wind": -750.0,
    "hydro": -1500.0,
    "battery": 1200.0,
    "ev_hub": 220.0,
    "heat_pump": 480.0,
    "electrolyser": 4200.0,
    "pumped_reservoir": 310.0,
    "flexible_load": 2100.0,
}
ENERGY_KWH = {
    "battery_0": 6100.0,
    "battery_1": 2400.0,
    "store_a": 37800.0,
    "store_b": 51000.0,
    "hydrogen_store": 21400.0,
}


def powers_kw(region: Region) -> dict[str, float]:
    """Give every asset's electricity, feeders by their sums; one feeder is near its limit."""
    powers = {
        asset.id: POWER_KW_BY_KIND[asset.kind] for asset in region.members if asset.kind in POWER_KW_BY_KIND
    }
    powers |= {"chp_a": -2000.0, "chp_b": 0.0}
    powers["electrolyser"] += 2600.0
    for feeder in region.feeders:
        powers[feeder.id] = sum(powers.get(asset.id, 0.0) for asset in region.members_of(feeder.id))
    return powers | {"grid_point": sum(powers.get(asset.id, 0.0) for asset in region.members)}


def readings(region: Region) -> list[Reading]:
    """Give one good reading of every point but one; the device of heat network B's CHP holds no setpoint."""
    values = {(asset_id, Point.POWER_KW): power for asset_id, power in powers_kw(region).items()}
    values |= {(asset_id, Point.HEAT_KW): heat for asset_id, heat in HEAT_KW.items()}
    values |= {(asset_id, Point.ENERGY_KWH): energy for asset_id, energy in ENERGY_KWH.items()}
    values |= {
        ("electrolyser", Point.HYDROGEN_KW): 4300.0,
        ("hydrogen_store", Point.HYDROGEN_KW): 3333.0,
        ("waterworks", Point.VOLUME_M3): 1850.0,
        ("heat_pump", Point.TEMPERATURE_C): -4.3,
        ("pellets", Point.ENERGY_KWH_BACKLOG): 900.0,
        ("pellets", Point.ENERGY_KWH_URGENT): 0.0,
    }
    for machine, running_s, standing_s in (
        ("chp_a", 9000.0, 0.0),
        ("chp_b", 0.0, 2700.0),
        ("heat_pump", 4200.0, 0.0),
        ("electrolyser", 5400.0, 0.0),
    ):
        values |= {(machine, Point.RUNNING_S): running_s, (machine, Point.STANDING_S): standing_s}
    good = [
        Reading(asset_id=asset_id, point=point, value=value, quality=Quality.GOOD, measured_at=NOW)
        for (asset_id, point), value in values.items()
    ]
    silent = Reading(
        asset_id="chp_b",
        point=Point.POWER_KW_SETPOINT,
        value=None,
        quality=Quality.NOT_IMPLEMENTED,
        measured_at=NOW,
    )
    return [*good, silent]


def outcomes() -> list[Outcome]:
    """Give setpoints that run, stand, and are limited."""
    return [
        Applied(setpoint=_setpoint("chp_a", -2000.0), read_back_kw=-2000.0, at=NOW),
        Applied(setpoint=_setpoint("electrolyser", 6800.0), read_back_kw=6800.0, at=NOW),
        Applied(setpoint=_setpoint("battery_0", 1200.0), read_back_kw=1200.0, at=NOW),
        Limited(setpoint=_setpoint("heat_pump", 490.0), read_back_kw=480.0, at=NOW, reason="device's step"),
    ]


def _setpoint(asset_id: str, power_kw: float) -> Setpoint:
    return Setpoint(
        asset_id=asset_id,
        point=Point.POWER_KW_SETPOINT,
        power_kw=power_kw,
        valid_until=NOW + timedelta(minutes=2),
        level=Level.PLAN,
        reason="plan v-1",
    )


def alarms() -> tuple[Alarm, ...]:
    """Give an alarm at a feeder and one at an asset behind it."""
    return tuple(
        Alarm(code=code, severity=severity, target_id=target, since=NOW - timedelta(minutes=3), detail="")
        for code, severity, target in (
            ("feeder_limit_breached", Severity.ALARM, "feeder_0"),
            ("setpoint_limited", Severity.WARNING, "heat_pump"),
        )
    )


def course(region: Region, periods: int, start: Any = DAY_START) -> dict[str, dict[str, FloatArray]]:
    """Give a smooth course of power, heat, hydrogen and content of each asset."""
    hour = hours(start, periods)
    swing = 1.0 + 0.25 * np.sin(hour / 24.0 * 2.0 * np.pi)
    runs = ((hour % 8.0) < 5.0).astype(float)
    made: dict[str, dict[str, FloatArray]] = {}
    for asset_id, power in powers_kw(region).items():
        made[asset_id] = {"power_kw": power * swing}
    for asset_id in ("chp_a", "chp_b", "heat_pump", "electrolyser"):
        rated = {"chp_a": -2000.0, "chp_b": -2000.0}.get(asset_id, made[asset_id]["power_kw"][0])
        made[asset_id] = {"power_kw": rated * runs, "running": runs}
    for asset_id, heat in HEAT_KW.items():
        shape = runs * -3200.0 if asset_id.startswith("chp") else heat * swing
        made.setdefault(asset_id, {"power_kw": np.zeros(periods)})["heat_kw"] = shape
    made["electrolyser"]["hydrogen_kw"] = -4300.0 * runs
    made["hydrogen_store"] = {
        "power_kw": np.zeros(periods),
        "hydrogen_kw": 3333.0 * ((hour > 6) & (hour < 18)),
    }
    for asset_id, energy in ENERGY_KWH.items():
        made[asset_id]["energy_kwh"] = energy * (1.0 + 0.2 * np.sin(hour / 12.0 * np.pi))
    made["waterworks"]["volume_m3"] = 1800.0 * swing
    return made


def plan(region: Region) -> Plan:
    """Give a plan over the horizon."""
    start = period_start(NOW)
    assets = {
        asset_id: AssetPlan(
            power_kw=series["power_kw"], states={k: v for k, v in series.items() if k != "power_kw"}
        )
        for asset_id, series in course(region, HORIZON_PERIODS, start).items()
    }
    return Plan(
        plan_id="v-1",
        region_id="valley",
        issued_at=start - timedelta(minutes=2),
        start=start,
        rung=Rung.OPTIMAL,
        status="optimal",
        gap=0.0008,
        objective_eur={"energy_import": 14211.4, "energy_export": -820.0, "fuel": 3900.0, "starts": 240.0},
        assets=assets,
        marginal_price_eur_per_kwh={"electricity": np.full(HORIZON_PERIODS, 0.09)},
    )


def forecasts(region: Region) -> tuple[Forecast, ...]:
    """Give forecasts of what weather and people decide."""
    start = period_start(NOW)
    made = []
    for asset_id, series in course(region, HORIZON_PERIODS, start).items():
        kind = region.asset(asset_id).kind
        if kind not in {"load", "pv", "wind", "hydro", "heat_load", "ev_hub"}:
            continue
        median = series["heat_kw" if kind == "heat_load" else "power_kw"]
        width = np.abs(median) * 0.1
        quantiles = np.array([median + factor * width for factor in (-1.6, -0.6, 0.0, 0.6, 1.6)])
        made.append(
            Forecast(
                asset_id=asset_id,
                issued_at=start,
                known_at=start,
                model="test",
                start=start,
                quantiles_kw=quantiles,
            )
        )
    return tuple(made)


def status() -> Status:
    """Give a status."""
    return Status(
        at=NOW,
        rung=Rung.OPTIMAL,
        plan_id="v-1",
        authority=Authority.AUTOMATIC,
        alarms=alarms(),
        simulated=True,
        speed=60.0,
        tick_ms=41.5,
    )


POINTS = {
    "power_kw": Point.POWER_KW,
    "heat_kw": Point.HEAT_KW,
    "hydrogen_kw": Point.HYDROGEN_KW,
    "energy_kwh": Point.ENERGY_KWH,
}


def prepare(folder: Path, region: Region) -> None:
    """Write a whole data folder."""
    periods = (period_start(NOW) - DAY_START) // PERIOD
    with SqliteRecord(folder) as record:
        for asset_id, series in course(region, periods).items():
            for name, point in POINTS.items():
                if name in series:
                    record.import_means(asset_id, point, DAY_START, series[name])
        prices = 0.09 + 0.05 * np.cos((hours(DAY_START, 192) - 19.5) / 12 * np.pi)
        record.write_prices(published_at=NOW - timedelta(hours=1), start=DAY_START, price_eur_per_kwh=prices)
        record.write_plan(PlanAnswer(plan=plan(region), forecasts=forecasts(region)))
        record.write_outcomes(outcomes())
        record.write_readings(readings(region))
        record.write_status(status())
        record.commit()
