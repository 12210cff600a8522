"""History held against its assets: wrong units, short files and foreign years are faults of their lines."""

import shutil
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from energy.errors import BadInput, Fault
from energy.periods import format_utc, period_starts
from energy.region.history import RegionHistory
from energy.region.history_check import check_region
from energy.region.loader import shipped_regions

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
