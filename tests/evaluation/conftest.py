"""A small region on disk, with a past that is quick to learn from and prices that are negative at noon."""

import math
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from energy.region.loader import load_region
from energy.region.model import Region

FIRST = datetime(2020, 3, 1, tzinfo=UTC)
DAYS = 80
JUDGED = datetime(2020, 5, 4, 10, tzinfo=UTC)
"""A Monday; the window of one day begins at 00:00 local time."""
REGION = """
schema_version: energiewaage.region/1
id: tiny
name: {de: Winzig, en: Tiny}
timezone: Europe/Berlin
holidays: DE-BY
location: {latitude: 50.0, longitude: 12.0}
illustrative: true
authority: automatic
control: {reading_age_s_max: 180, setpoint_valid_s: 150}
market:
  day_ahead: {file: past.csv, column: price_eur_per_mwh}
  import_surcharge_eur_per_kwh: 0.01
  export_discount_eur_per_kwh: 0.002
  capacity_charge_eur_per_kw_year: 70.0
  imbalance_eur_per_kwh: 0.065
municipalities:
  - {id: town, name: {de: Ort, en: Town}}
assets:
  - kind: grid_point
    id: grid_point
    name: {de: Netz, en: Grid}
    device: {profile: generic_meter, host: 127.0.0.1, port: 15120}
    power_kw_import_max: 3000
    power_kw_export_max: 500
  - kind: load
    id: load
    name: {de: Last, en: Load}
    device: {profile: generic_meter, host: 127.0.0.1, port: 15121}
    history: {file: past.csv, column: load_kw}
    power_kw_max: 3000
  - kind: pv
    id: pv
    name: {de: Sonne, en: Sun}
    device: {profile: generic_park_controller, host: 127.0.0.1, port: 15122}
    history: {file: past.csv, column: pv_kw}
    power_kw_rated: 3000
    ramp_kw_per_s: 100
  - kind: battery
    id: battery
    name: {de: Speicher, en: Battery}
    device: {profile: generic_battery, host: 127.0.0.1, port: 15123}
    energy_kwh_capacity: 1000
    energy_kwh_min: 0
    energy_kwh_max: 1000
    power_kw_charge_max: 500
    power_kw_discharge_max: 500
    efficiency_charge: 0.95
    efficiency_discharge: 0.95
    wear_eur_per_kwh: 0.01
    ramp_kw_per_s: 100
"""


def _row(moment: datetime) -> str:
    hour = moment.hour + moment.minute / 60.0
    day = (moment - FIRST).days
    load_kw = 900.0 + 300.0 * math.sin(2.0 * math.pi * (hour - 7.0) / 24.0) + 10.0 * (day % 7)
    cloud = 0.6 + 0.4 * ((day * 37) % 11) / 10.0
    pv_kw = max(0.0, 2500.0 * cloud * math.sin(math.pi * (hour - 5.0) / 14.0)) if 5.0 < hour < 19.0 else 0.0
    price = 90.0 + 70.0 * math.sin(2.0 * math.pi * (hour - 13.0) / 24.0)
    price = -20.0 if 10 <= moment.hour < 12 else price
    return f"{moment:%Y-%m-%dT%H:%MZ},{load_kw:.2f},{pv_kw:.2f},{price:.2f}"


@pytest.fixture(scope="session")
def tiny_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tiny")
    (folder / "history").mkdir()
    (folder / "region.yaml").write_text(REGION.lstrip(), encoding="utf-8")
    rows = [_row(FIRST + index * timedelta(minutes=15)) for index in range(96 * DAYS)]
    text = "\n".join(["utc,load_kw,pv_kw,price_eur_per_mwh", *rows]) + "\n"
    (folder / "history" / "past.csv").write_text(text, encoding="utf-8")
    return folder


@pytest.fixture(scope="session")
def tiny(tiny_folder: Path) -> Region:
    return load_region(str(tiny_folder))
