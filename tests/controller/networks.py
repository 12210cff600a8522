"""A small region with every kind that runs or stands, and what its devices show on a calm morning."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np

from energy.domain import AssetPlan, Image, Plan, Point, Quality, Reading, Rung
from energy.region.loader import load_region
from energy.region.model import Region

NOW = datetime(2020, 6, 3, 10, 5, tzinfo=UTC)

REGION_YAML = """
schema_version: energiewaage.region/1
id: tal
name: {de: Tal, en: Valley}
timezone: Europe/Berlin
holidays: DE-BY
location: {latitude: 50.0, longitude: 12.0}
authority: automatic
control: {tick_s: 5, correction_deadband_kw: 20, setpoint_valid_s: 120}
market:
  day_ahead: {file: series.csv, column: price_eur_per_mwh}
  imbalance_eur_per_kwh: 0.065
temperature: {file: series.csv, column: temperature_c}
municipalities:
  - {id: tal, name: {de: Tal, en: Valley}}
heat_networks:
  - {id: nord, name: {de: Nord, en: North}}
hydrogen_networks:
  - {id: gas, name: {de: Gas, en: Gas}}
assets:
  - {id: netz, kind: grid_point, name: {de: Netz, en: Grid},
     device: {profile: generic_meter, host: 127.0.0.1, port: 15101},
     power_kw_import_max: 6000, power_kw_export_max: 4000}
  - {id: last, kind: load, name: {de: Last, en: Load},
     device: {profile: generic_meter, host: 127.0.0.1, port: 15102}, power_kw_max: 3000}
  - {id: abgang, kind: feeder, name: {de: Abgang, en: Feeder},
     device: {profile: generic_meter, host: 127.0.0.1, port: 15113}, power_kw_max: 2000}
  - {id: dorf, kind: load, name: {de: Dorf, en: Village}, feeder: abgang,
     device: {profile: generic_meter, host: 127.0.0.1, port: 15114}, power_kw_max: 500}
  - {id: verlust, kind: grid_loss, name: {de: Verluste, en: Losses}, feeder: abgang, fraction_of_load: 0.05,
     device: {profile: generic_meter, host: 127.0.0.1, port: 15115}, power_kw_max: 50}
  - {id: bhkw, kind: chp, name: {de: BHKW, en: CHP}, heat_network: nord,
     device: {profile: generic_chp, host: 127.0.0.1, port: 15103},
     power_kw_rated: 1000, power_kw_least: 500, ramp_kw_per_s: 10, start_eur: 30, uptime_h_min: 2,
     downtime_h_min: 2, heat_kw_rated: 1200, heat_kw_least: 650, fuel_kw_rated: 2500, fuel_kw_least: 1350,
     fuel_eur_per_kwh: 0.045, co2_kg_per_kwh_fuel: 0.201}
  - {id: pumpe, kind: heat_pump, name: {de: Pumpe, en: Pump}, heat_network: nord,
     device: {profile: generic_heat_pump, host: 127.0.0.1, port: 15104},
     power_kw_rated: 400, power_kw_least: 100, ramp_kw_per_s: 20,
     cop_at_0_c: 2.8, cop_per_k: 0.06, cop_max: 4.5}
  - {id: kessel, kind: boiler, name: {de: Kessel, en: Boiler}, heat_network: nord,
     device: {profile: generic_boiler, host: 127.0.0.1, port: 15105},
     heat_kw_rated: 3000, efficiency: 0.9, fuel_eur_per_kwh: 0.045, co2_kg_per_kwh_fuel: 0.201}
  - {id: waermespeicher, kind: heat_storage, name: {de: Speicher, en: Store}, heat_network: nord,
     device: {profile: generic_heat_store, host: 127.0.0.1, port: 15106},
     energy_kwh_capacity: 10000, heat_kw_max: 3000, loss_fraction_per_h: 0.002}
  - {id: waerme, kind: heat_load, name: {de: Netz Nord, en: North}, heat_network: nord,
     device: {profile: generic_heat_meter, host: 127.0.0.1, port: 15107}, heat_kw_max: 2500}
  - {id: elektrolyse, kind: electrolyser, name: {de: Elektrolyse, en: Electrolyser}, hydrogen_network: gas,
     device: {profile: generic_electrolyser, host: 127.0.0.1, port: 15108},
     power_kw_rated: 2000, power_kw_least: 300, power_kw_standby: 20, ramp_kw_per_s: 100,
     hydrogen_kw_rated: 1300, hydrogen_kw_least: 190}
  - {id: wasserstoff, kind: hydrogen_storage, name: {de: Wasserstoff, en: Hydrogen}, hydrogen_network: gas,
     device: {profile: generic_hydrogen_store, host: 127.0.0.1, port: 15109},
     energy_kwh_capacity: 20000, offtake_kwh_per_day: 8000}
  - {id: hochbehaelter, kind: pumped_reservoir, name: {de: Wasserwerk, en: Waterworks},
     device: {profile: generic_pump_station, host: 127.0.0.1, port: 15110},
     power_kw_rated: 200, volume_m3_min: 500, volume_m3_max: 2500, pump_kwh_per_m3: 0.5, ramp_kw_per_s: 20}
  - {id: werk, kind: flexible_load, name: {de: Werk, en: Works}, feeder: abgang, mode: shift, shift_h: 6,
     device: {profile: generic_flexible_load, host: 127.0.0.1, port: 15111},
     power_kw_max: 1000, ramp_kw_per_s: 50, unserved_eur_per_kwh: 1.0}
  - {id: kuehlhaus, kind: flexible_load, name: {de: Haus, en: House}, mode: shed,
     device: {profile: generic_flexible_load, host: 127.0.0.1, port: 15112},
     power_kw_max: 300, ramp_kw_per_s: 50, unserved_eur_per_kwh: 0.4}
"""

VALUES: Mapping[tuple[str, Point], float | Quality] = {
    ("netz", Point.POWER_KW): 2900.0,
    ("netz", Point.ENERGY_KWH_DRAWN): 1000.0,
    ("netz", Point.ENERGY_KWH_FED_IN): 400.0,
    ("last", Point.POWER_KW): 2000.0,
    ("abgang", Point.POWER_KW): 710.0,
    ("dorf", Point.POWER_KW): 200.0,
    ("verlust", Point.POWER_KW): 10.0,
    ("bhkw", Point.POWER_KW): -800.0,
    ("bhkw", Point.HEAT_KW): -980.0,
    ("bhkw", Point.POWER_KW_SETPOINT): -800.0,
    ("bhkw", Point.RUNNING_S): 7200.0,
    ("bhkw", Point.STANDING_S): 0.0,
    ("pumpe", Point.POWER_KW): 0.0,
    ("pumpe", Point.HEAT_KW): 0.0,
    ("pumpe", Point.POWER_KW_SETPOINT): Quality.NOT_IMPLEMENTED,
    ("pumpe", Point.RUNNING_S): 0.0,
    ("pumpe", Point.STANDING_S): 3600.0,
    ("pumpe", Point.TEMPERATURE_C): 12.0,
    ("kessel", Point.HEAT_KW): 0.0,
    ("waermespeicher", Point.ENERGY_KWH): 5000.0,
    ("waermespeicher", Point.HEAT_KW): 200.0,
    ("waerme", Point.HEAT_KW): 780.0,
    ("elektrolyse", Point.POWER_KW): 1000.0,
    ("elektrolyse", Point.HYDROGEN_KW): -650.0,
    ("elektrolyse", Point.POWER_KW_SETPOINT): 1000.0,
    ("elektrolyse", Point.RUNNING_S): 900.0,
    ("elektrolyse", Point.STANDING_S): 0.0,
    ("wasserstoff", Point.ENERGY_KWH): 9000.0,
    ("wasserstoff", Point.HYDROGEN_KW): 600.0,
    ("hochbehaelter", Point.POWER_KW): 100.0,
    ("hochbehaelter", Point.POWER_KW_SETPOINT): 100.0,
    ("hochbehaelter", Point.VOLUME_M3): 1500.0,
    ("werk", Point.POWER_KW): 500.0,
    ("werk", Point.POWER_KW_MAX): 500.0,
    ("werk", Point.ENERGY_KWH_BACKLOG): 400.0,
    ("werk", Point.ENERGY_KWH_URGENT): 0.0,
    ("kuehlhaus", Point.POWER_KW): 100.0,
    ("kuehlhaus", Point.POWER_KW_MAX): 300.0,
    ("kuehlhaus", Point.ENERGY_KWH_BACKLOG): 0.0,
    ("kuehlhaus", Point.ENERGY_KWH_URGENT): 0.0,
}

PLANNED_KW: Mapping[str, float] = {
    "netz": 2900.0,
    "bhkw": -800.0,
    "pumpe": 0.0,
    "elektrolyse": 1000.0,
    "hochbehaelter": 100.0,
    "werk": 500.0,
    "kuehlhaus": 90.0,
}


def region_in(folder: Path) -> Region:
    """Write the region into a folder and load it."""
    (folder / "history").mkdir(parents=True)
    (folder / "region.yaml").write_text(REGION_YAML, encoding="utf-8")
    (folder / "history" / "series.csv").write_text(
        "utc,price_eur_per_mwh,temperature_c\n2020-06-03T10:00Z,50.0,12.0\n", encoding="utf-8"
    )
    return load_region(str(folder))


def image_of(
    changes: Mapping[tuple[str, Point], float | Quality] | None = None, *, at: datetime = NOW
) -> Image:
    """Give the calm morning's image with some readings changed; a quality means no value."""
    readings = {}
    for (asset_id, point), value in {**VALUES, **(changes or {})}.items():
        readings[asset_id, point] = Reading(
            asset_id=asset_id,
            point=point,
            value=None if isinstance(value, Quality) else value,
            quality=value if isinstance(value, Quality) else Quality.GOOD,
            measured_at=at,
        )
    return Image(at=at, readings=readings)


def plan_of(
    changes_kw: Mapping[str, float] | None = None, *, shed_kw: float = 0.0, start: datetime | None = None
) -> Plan:
    """Give a plan of constant powers."""
    begin = start if start is not None else NOW - timedelta(minutes=5)
    assets = {
        asset_id: AssetPlan(power_kw=np.full(192, power_kw))
        for asset_id, power_kw in {**PLANNED_KW, **(changes_kw or {})}.items()
    }
    assets["kuehlhaus"] = AssetPlan(
        power_kw=assets["kuehlhaus"].power_kw, states={"power_kw_unserved": np.full(192, shed_kw)}
    )
    return Plan(
        plan_id="p1",
        region_id="tal",
        issued_at=begin - timedelta(minutes=2),
        start=begin,
        rung=Rung.OPTIMAL,
        status="optimal",
        gap=0.0,
        objective_eur={},
        assets=assets,
        marginal_price_eur_per_kwh={},
    )
