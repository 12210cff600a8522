"""A region with an asset of every kind: two heat networks, hydrogen, water, two feeders, a frosty week."""

import math
from datetime import UTC, datetime, timedelta
from pathlib import Path

from energy.region.loader import load_region
from energy.region.model import Region

BEGIN = datetime(2020, 1, 6, tzinfo=UTC)
PERIODS = 8 * 96

HEAD = """
schema_version: energiewaage.region/1
id: valley
name: {de: Tal, en: Valley}
timezone: Europe/Berlin
holidays: DE-BY
location: {latitude: 50.0, longitude: 12.0}
market: {day_ahead: {file: prices.csv, column: price_eur_per_mwh}}
temperature: {file: weather.csv, column: temperature_c}
municipalities: [{id: dorf, name: {de: Dorf, en: Village}}]
heat_networks:
  - {id: town, name: {de: Stadt, en: Town}}
  - {id: school, name: {de: Schule, en: School}}
hydrogen_networks: [{id: gas, name: {de: Gas, en: Gas}}]
assets:
"""
ASSETS = """
grid_point: {kind: grid_point, power_kw_import_max: 20000, power_kw_export_max: 20000} @generic_meter
north: {kind: feeder, power_kw_max: 9000, meter_class: 0.5S} @generic_meter
south: {kind: feeder, power_kw_max: 9000} @generic_meter
load_north: {kind: load, power_kw_max: 5000, feeder: north, \
meter_class: 0.5S, history: load_kw} @generic_meter
load_south: {kind: load, power_kw_max: 5000, feeder: south, history: load_kw} @generic_meter
loss_north: {kind: grid_loss, fraction_of_load: 0.03, power_kw_max: 300, feeder: north} @generic_meter
loss_south: {kind: grid_loss, fraction_of_load: 0.02, power_kw_max: 300, feeder: south} @generic_meter
pv: {kind: pv, power_kw_rated: 2000, ramp_kw_per_s: 50, feeder: north, \
history: pv_kw} @generic_park_controller
battery: {kind: battery, energy_kwh_capacity: 2000, energy_kwh_min: 100, energy_kwh_max: 1900, \
power_kw_charge_max: 1000, power_kw_discharge_max: 1000, efficiency_charge: 0.95, \
efficiency_discharge: 0.95, wear_eur_per_kwh: 0.01, ramp_kw_per_s: 100, feeder: south} @generic_battery
hub: {kind: ev_hub, power_kw_max: 600, power_kw_safe: 60, dwell_h: 4, ramp_kw_per_s: 20, feeder: south, \
history: ev_kw} @generic_ev_hub
pellets: {kind: flexible_load, mode: shift, power_kw_max: 900, shift_h: 6, ramp_kw_per_s: 20, \
unserved_eur_per_kwh: 1.0, feeder: north, history: works_kw} @generic_flexible_load
freezer: {kind: flexible_load, mode: shed, power_kw_max: 900, ramp_kw_per_s: 20, unserved_eur_per_kwh: 1.0, \
feeder: north, history: works_kw} @generic_flexible_load
water: {kind: pumped_reservoir, power_kw_rated: 400, volume_m3_min: 500, volume_m3_max: 3000, \
pump_kwh_per_m3: 0.5, ramp_kw_per_s: 20, feeder: south, history: water_kw} @generic_pump_station
town_heat: {kind: heat_load, heat_network: town, heat_kw_max: 9000, history: heat_kw} @generic_heat_meter
town_store: {kind: heat_storage, heat_network: town, energy_kwh_capacity: 12000, heat_kw_max: 5000, \
loss_fraction_per_h: 0.002} @generic_heat_store
town_boiler: {kind: boiler, heat_network: town, heat_kw_rated: 9000, efficiency: 0.9, \
fuel_eur_per_kwh: 0.05} @generic_boiler
chp: {kind: chp, heat_network: town, power_kw_rated: 2000, power_kw_least: 1000, ramp_kw_per_s: 20, \
uptime_h_min: 2, downtime_h_min: 1, heat_kw_rated: 3200, heat_kw_least: 1800, fuel_kw_rated: 6000, \
fuel_kw_least: 3300, fuel_eur_per_kwh: 0.05, feeder: north} @generic_chp
heat_pump: {kind: heat_pump, heat_network: town, power_kw_rated: 800, power_kw_least: 200, ramp_kw_per_s: 5, \
uptime_h_min: 0.5, downtime_h_min: 0.5, cop_at_0_c: 2.8, cop_per_k: 0.06, cop_max: 4.5, \
feeder: north} @generic_heat_pump
school_heat: {kind: heat_load, heat_network: school, heat_kw_max: 900, history: school_kw} @generic_heat_meter
school_boiler: {kind: boiler, heat_network: school, heat_kw_rated: 900, efficiency: 0.9, \
fuel_eur_per_kwh: 0.05} @generic_boiler
school_chp: {kind: chp, heat_network: school, power_kw_rated: 100, power_kw_least: 50, ramp_kw_per_s: 2, \
heat_kw_rated: 180, heat_kw_least: 100, fuel_kw_rated: 320, fuel_kw_least: 170, fuel_eur_per_kwh: 0.05, \
feeder: south} @generic_chp
electrolyser: {kind: electrolyser, hydrogen_network: gas, power_kw_rated: 2000, power_kw_least: 400, \
ramp_kw_per_s: 50, uptime_h_min: 1, downtime_h_min: 0.5, power_kw_standby: 20, hydrogen_kw_rated: 1300, \
hydrogen_kw_least: 270} @generic_electrolyser
gas_store: {kind: hydrogen_storage, hydrogen_network: gas, energy_kwh_capacity: 20000, energy_kwh_min: 1000, \
offtake_kwh_per_day: 18000} @generic_hydrogen_store
"""
FILES = {
    "measured.csv": ("load_kw", "pv_kw", "ev_kw", "works_kw", "water_kw", "heat_kw", "school_kw"),
    "weather.csv": ("temperature_c",),
    "prices.csv": ("price_eur_per_mwh",),
}


def values_at(hour: float) -> dict[str, float]:
    """Give every column at an hour of the frosty week: it grows colder to 16 degrees below zero."""
    day = math.sin((hour % 24.0 - 9.0) / 24.0 * math.tau)
    temperature_c = -6.0 - 8.0 * math.sin(min(hour / 168.0, 1.0) * math.pi) + 3.0 * day
    return {
        "load_kw": 2000.0 + 500.0 * day,
        "pv_kw": max(0.0, 900.0 * math.sin((hour % 24.0 - 8.0) / 8.0 * math.pi))
        if 8 <= hour % 24 <= 16
        else 0.0,
        "ev_kw": 100.0 + 5.0 * (int(hour * 4) % 7),
        "works_kw": 600.0 if 6 <= hour % 24 < 22 else 200.0,
        "water_kw": 120.0 + 60.0 * day,
        "heat_kw": max(0.0, 150.0 * (16.0 - temperature_c) + 500.0 * day),
        "school_kw": max(0.0, 200.0 + 180.0 * day),
        "temperature_c": temperature_c,
        "price_eur_per_mwh": 40.0 + 20.0 * day,
    }


def valley(
    folder: Path,
    ports: list[int] | None = None,
    *,
    copies: int = 0,
    begin: datetime = BEGIN,
    periods: int = PERIODS,
) -> Region:
    """Write the region's folder and load it; ``copies`` adds loads to make it larger."""
    (folder / "history").mkdir(parents=True)
    for name, columns in FILES.items():
        rows = [",".join(["utc", *columns])]
        for index in range(periods):
            values = values_at(index / 4.0)
            cells = [f"{values[column]:.3f}" for column in columns]
            rows.append(",".join([f"{begin + index * timedelta(minutes=15):%Y-%m-%dT%H:%M:%SZ}", *cells]))
        (folder / "history" / name).write_text("\n".join(rows) + "\n")
    lines = [line for line in ASSETS.strip().splitlines() if line]
    lines += [
        f"more_{index}: {{kind: load, power_kw_max: 5000, feeder: north, history: load_kw}} @generic_meter"
        for index in range(copies)
    ]
    entries = [_entry(line, ports[index] if ports else 20_000 + index) for index, line in enumerate(lines)]
    (folder / "region.yaml").write_text(HEAD + "\n".join(entries) + "\n")
    return load_region(str(folder))


def _entry(line: str, port: int) -> str:
    asset_id, rest = line.split(": ", 1)
    body, profile = rest.rsplit(" @", 1)
    if "history: " in body:
        column = body.split("history: ")[1].split(",")[0].rstrip("}")
        body = body.replace(f"history: {column}", f"history: {{file: measured.csv, column: {column}}}")
    device = f"device: {{profile: {profile}, host: 127.0.0.1, port: {port}}}"
    return f"  - {{id: {asset_id}, name: {{de: N, en: N}}, {body[1:-1]}, {device}}}"
