"""History held against its assets: wrong units, short files and foreign years are faults of their lines."""

import shutil
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from energy.errors import BadInput, Fault
from energy.periods import format_utc, period_starts
from energy.region.history import RegionHistory
from energy.region.history_check import check_region, faults_of_history
from energy.region.loader import load_region, shipped_regions

SHIPPED = shipped_regions()["musterstadt"]
PRICE = "{file: day_ahead_2020.csv.gz, column: price_eur_per_mwh}"
LOAD = "{file: measured_2020.csv.gz, column: load_kw}"
WIND = "{file: measured_2020.csv.gz, column: wind_kw}"
EV = "{file: ev_arrivals_2020.csv.gz, column: ev_arrivals_kw}"


def _check(folder: Path, old: str, *, value: float, days: float, year: int = 2020) -> tuple[Fault, ...]:
    """Check the shipped region with one column replaced by a flat one."""
    shutil.copytree(SHIPPED, folder)
    column = old.split("column: ")[1].rstrip("}")
    starts = period_starts(datetime(year, 3, 1, tzinfo=UTC), int(days * 96))
    lines = [f"{format_utc(start)},{'' if np.isnan(value) else value}" for start in starts]
    text = "\n".join([f"utc,{column}", *lines]) + "\n"
    (folder / "history" / "other.csv").write_text(text, encoding="utf-8")
    file = folder / "region.yaml"
    content = file.read_text(encoding="utf-8")
    assert old in content
    file.write_text(content.replace(old, f"{{file: other.csv, column: {column}}}"), encoding="utf-8")
    with pytest.raises(BadInput) as caught:
        check_region(str(folder))
    for fault in caught.value.faults:
        assert fault.line is not None
        assert "other.csv" in file.read_text(encoding="utf-8").splitlines()[fault.line - 1]
    return caught.value.faults


def test_the_shipped_region_has_no_fault() -> None:
    assert check_region("musterstadt").id == "musterstadt"


@pytest.mark.parametrize(
    ("column", "value", "days", "words"),
    [
        (LOAD, 60_000.0, 40, "more than power_kw_max"),
        (LOAD, 6.0, 40, "far below power_kw_max"),
        (WIND, 60_000.0, 40, "more than power_kw_rated"),
        (EV, 900.0, 40, "more than power_kw_max"),
        (LOAD, 6_000.0, 20, "at least 28 days"),
        (PRICE, 50.0, 20, "at least 28 days"),
        (LOAD, np.nan, 40, "may be missing"),
    ],
)
def test_a_series_that_cannot_be_the_assets_is_a_fault_of_its_line(
    tmp_path: Path, column: str, value: float, days: int, words: str
) -> None:
    (fault,) = _check(tmp_path / "region", column, value=value, days=days)
    assert words in fault.limit


WORKS = """
  - id: works
    kind: {kind}
    name: {{de: Werk, en: Works}}
    device: {{profile: generic_flexible_load, host: 127.0.0.1, port: 15090}}
    history: {{file: measured_2020.csv.gz, column: load_kw}}
{values}
"""
LOSSES = "    fraction_of_load: 0.02\n    power_kw_max: {kw}"
SHED = "    mode: shed\n    power_kw_max: {kw}\n    ramp_kw_per_s: 9\n    unserved_eur_per_kwh: 1"
HEAT = "    heat_network: town\n    heat_kw_max: {kw}"
WATER = (
    "    power_kw_rated: {kw}\n    volume_m3_min: 100\n    volume_m3_max: 900\n"
    "    pump_kwh_per_m3: 0.5\n    ramp_kw_per_s: 9"
)


@pytest.mark.parametrize(
    ("kind", "values", "enough_kw", "rating"),
    [
        ("grid_loss", LOSSES, 8_000, "power_kw_max"),
        ("flexible_load", SHED, 8_000, "power_kw_max"),
        ("heat_load", HEAT, 8_000, "heat_kw_max"),
        ("pumped_reservoir", WATER, 5_500, "power_kw_rated"),
    ],
)
def test_a_series_of_any_kind_must_fit_under_its_rating(
    tmp_path: Path, kind: str, values: str, enough_kw: int, rating: str
) -> None:
    """The load's series has 6,000 kW on average and 8,769 kW at most, and a tenth more is let pass."""
    for name, kw in (("fits", enough_kw), ("small", 5_000), ("huge", 900_000)):
        folder = tmp_path / name
        shutil.copytree(SHIPPED, folder)
        file = folder / "region.yaml"
        content = file.read_text(encoding="utf-8") + WORKS.format(kind=kind, values=values.format(kw=kw))
        if kind == "heat_load":
            content = content.replace("\nassets:", f"{NETWORK}\nassets:") + BOILER.format(kw=kw)
        file.write_text(content, encoding="utf-8")
        faults = faults_of_history(load_region(str(folder)))
        assert [fault.place for fault in faults] == ([] if name == "fits" else ["assets.works.history"])
        assert all(f"{rating} (" in fault.limit for fault in faults)


NETWORK = """
heat_networks:
  - id: town
    name: {de: Stadt, en: Town}
"""
BOILER = """
  - id: boiler
    kind: boiler
    name: {{de: Kessel, en: Boiler}}
    device: {{profile: generic_boiler, host: 127.0.0.1, port: 15091}}
    heat_network: town
    heat_kw_rated: {kw}
    efficiency: 0.92
    fuel_eur_per_kwh: 0.045
"""


def test_a_temperature_of_another_year_than_the_prices_is_a_fault(tmp_path: Path) -> None:
    folder = tmp_path / "region"
    shutil.copytree(SHIPPED, folder)
    starts = period_starts(datetime(2018, 3, 1, tzinfo=UTC), 40 * 96)
    lines = [f"{format_utc(start)},-3.5" for start in starts]
    (folder / "history" / "t.csv").write_text("\n".join(["utc,outside_c", *lines]) + "\n", encoding="utf-8")
    file = folder / "region.yaml"
    content = file.read_text(encoding="utf-8")
    named = "\ntemperature: {file: t.csv, column: outside_c}\n\nassets:"
    file.write_text(content.replace("\nassets:", named), encoding="utf-8")
    (fault,) = faults_of_history(load_region(str(folder)))
    assert fault.place == "temperature"
    assert "must overlap the prices" in fault.limit


def test_a_series_of_another_year_than_the_prices_is_a_fault(tmp_path: Path) -> None:
    (fault,) = _check(tmp_path / "region", LOAD, value=6000.0, days=40, year=2018)
    assert "must overlap the prices" in fault.limit


def test_a_column_that_the_file_lacks_is_named(tmp_path: Path) -> None:
    folder = tmp_path / "region"
    shutil.copytree(SHIPPED, folder)
    file = folder / "region.yaml"
    content = file.read_text(encoding="utf-8")
    file.write_text(content.replace("column: hydro_kw", "column: river_kw"), encoding="utf-8")
    with pytest.raises(BadInput, match="river_kw: there is no such column"):
        check_region(str(folder))


def test_musterstadt_is_lively() -> None:
    """It exports, comes near its import limit, has negative prices, and its nights are dark."""
    region = check_region("musterstadt")
    history = RegionHistory(region)
    members = [asset.id for asset in region.members if history.has(asset.id)]
    net_kw = np.sum([history.power_kw(asset_id).values for asset_id in members], axis=0)
    price = history.price_eur_per_mwh().values
    spread = [price[day : day + 96].max() - price[day : day + 96].min() for day in range(0, price.size, 96)]
    assert 0.03 < (net_kw < 0.0).mean() < 0.15
    assert (net_kw < -region.grid_point.power_kw_export_max).any()
    assert (net_kw > 0.95 * region.grid_point.power_kw_import_max).any()
    assert 50.0 < (price < 0.0).sum() / 4.0 < 400.0
    assert price.mean() == pytest.approx(95.0, abs=0.1)
    assert np.mean(spread) == pytest.approx(98.0, abs=3.0)
    assert (history.power_kw("pv_park").values == 0.0).mean() > 0.4
    assert history.power_kw("load").values.mean() == pytest.approx(6000.0, abs=1.0)
