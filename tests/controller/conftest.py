"""A small region and images of it, built by hand so that every number in a test can be seen."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from energy.domain import AssetPlan, Image, Plan, Point, Quality, Reading, Rung
from energy.region.loader import load_region
from energy.region.model import Region

NOW = datetime(2020, 6, 3, 10, 5, tzinfo=UTC)

REGION_YAML = """
schema_version: energiewaage.region/1
id: dorf
name: {de: Dorf, en: Village}
timezone: Europe/Berlin
holidays: DE-BY
location: {latitude: 50.0, longitude: 12.0}
authority: automatic
control: {tick_s: 5, correction_deadband_kw: 20, setpoint_valid_s: 120}
market:
  day_ahead: {file: series.csv, column: price_eur_per_mwh}
municipalities:
  - {id: dorf, name: {de: Dorf, en: Village}}
assets:
  - {id: netz, kind: grid_point, name: {de: Netz, en: Grid}, device: {profile: generic_meter, host: 127.0.0.1,
  port: 15101},
     power_kw_import_max: 1000, power_kw_export_max: 800}
  - {id: last, kind: load, name: {de: Last, en: Load}, device: {profile: generic_meter, host: 127.0.0.1, port:
  15102},
     power_kw_max: 900}
  - {id: park, kind: pv, name: {de: Park, en: Park}, device: {profile: generic_park_controller, host:
  127.0.0.1, port: 15103},
     power_kw_rated: 600, ramp_kw_per_s: 60, safe_fraction: 0.7}
  - {id: speicher, kind: battery, name: {de: Speicher, en: Battery}, device: {profile: generic_battery, host:
  127.0.0.1, port: 15104},
     energy_kwh_capacity: 420, energy_kwh_min: 20, energy_kwh_max: 400, power_kw_charge_max: 200,
     power_kw_discharge_max: 200, efficiency_charge: 0.95, efficiency_discharge: 0.95, wear_eur_per_kwh: 0.02,
     ramp_kw_per_s: 100}
  - {id: laden, kind: ev_hub, name: {de: Laden, en: Charging}, device: {profile: generic_ev_hub, host:
  127.0.0.1, port: 15105},
     power_kw_max: 150, power_kw_safe: 30, dwell_h: 6, ramp_kw_per_s: 50}
"""

VALUES: dict[tuple[str, Point], float] = {
    ("netz", Point.POWER_KW): 250.0,
    ("netz", Point.ENERGY_KWH_DRAWN): 1000.0,
    ("netz", Point.ENERGY_KWH_FED_IN): 400.0,
    ("last", Point.POWER_KW): 500.0,
    ("park", Point.POWER_KW): -300.0,
    ("park", Point.POWER_KW_AVAILABLE): -300.0,
    ("park", Point.POWER_KW_MIN): -600.0,
    ("speicher", Point.POWER_KW): 0.0,
    ("speicher", Point.ENERGY_KWH): 200.0,
    ("speicher", Point.POWER_KW_SETPOINT): 0.0,
    ("laden", Point.POWER_KW): 50.0,
    ("laden", Point.ENERGY_KWH_BACKLOG): 100.0,
    ("laden", Point.ENERGY_KWH_URGENT): 10.0,
    ("laden", Point.POWER_KW_MAX): 50.0,
}


@pytest.fixture
def region(tmp_path: Path) -> Region:
    (tmp_path / "region.yaml").write_text(REGION_YAML, encoding="utf-8")
    history = tmp_path / "history"
    history.mkdir()
    rows = [f"{(NOW + timedelta(minutes=15 * i)).strftime('%Y-%m-%dT%H:00Z')},50.0" for i in range(1)]
    (history / "series.csv").write_text("utc,price_eur_per_mwh\n" + "\n".join(rows) + "\n", encoding="utf-8")
    return load_region(str(tmp_path))


ImageMaker = Callable[..., Image]


@pytest.fixture
def image_of() -> ImageMaker:
    def make(
        changes: Mapping[tuple[str, Point], float | Quality] | None = None,
        *,
        at: datetime = NOW,
        age_s: float = 0.0,
    ) -> Image:
        readings = {}
        for (asset_id, point), value in {**VALUES, **(changes or {})}.items():
            good = not isinstance(value, Quality)
            readings[asset_id, point] = Reading(
                asset_id=asset_id,
                point=point,
                value=float(value) if good else None,
                quality=Quality.GOOD if good else Quality(value),
                measured_at=at - timedelta(seconds=age_s),
            )
        return Image(at=at, readings=readings)

    return make


def plan_of(
    powers_kw: Mapping[str, float],
    *,
    start: datetime = datetime(2020, 6, 3, 10, 0, tzinfo=UTC),
    issued_at: datetime | None = None,
    rung: Rung = Rung.OPTIMAL,
    curtailed_kw: float = 0.0,
) -> Plan:
    assets = {
        asset_id: AssetPlan(
            power_kw=np.full(192, power_kw), states={"power_kw_curtailed": np.full(192, curtailed_kw)}
        )
        for asset_id, power_kw in powers_kw.items()
    }
    return Plan(
        plan_id="p1",
        region_id="dorf",
        issued_at=issued_at if issued_at is not None else start - timedelta(minutes=2),
        start=start,
        rung=rung,
        status="optimal",
        gap=0.0,
        objective_eur={},
        assets=assets,
        marginal_price_eur_per_kwh={},
    )


@pytest.fixture(scope="session")
def region_once(tmp_path_factory: pytest.TempPathFactory) -> Region:
    folder = tmp_path_factory.mktemp("dorf")
    (folder / "region.yaml").write_text(REGION_YAML, encoding="utf-8")
    (folder / "history").mkdir()
    (folder / "history" / "series.csv").write_text(
        "utc,price_eur_per_mwh\n2020-06-03T10:00Z,50.0\n", encoding="utf-8"
    )
    return load_region(str(folder))
