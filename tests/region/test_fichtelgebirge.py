"""The shipped region is what it says, and its municipalities add up without being copies."""

from collections import Counter

import numpy as np
import pytest

from energy.domain import FloatArray
from energy.region.battery import Battery
from energy.region.electrolyser import Electrolyser
from energy.region.generator import Generator
from energy.region.history import RegionHistory, read_history
from energy.region.history_check import faults_of_history
from energy.region.hydrogen_storage import HydrogenStorage
from energy.region.load import Load
from energy.region.loader import load_region
from energy.region.model import Region
from energy.region.pv import Pv
from energy.region.wind import Wind

SIZE_BYTES_MAX = 3_000_000
OPEN_DATABASE = ("simbench_mixed_2020.csv.gz", "ev_arrivals_2020.csv.gz")


@pytest.fixture(scope="module")
def region() -> Region:
    return load_region("fichtelgebirge")


@pytest.fixture(scope="module")
def history(region: Region) -> RegionHistory:
    return RegionHistory(region)


def _files(region: Region) -> set[str]:
    return {asset.history.file for asset in region.assets if asset.history is not None}


def _correlations(rows: list[FloatArray]) -> FloatArray:
    matrix: FloatArray = np.asarray(np.corrcoef(np.stack(rows)))
    pairs: FloatArray = matrix[np.triu_indices(len(rows), 1)]
    return pairs


def _net_kw(region: Region, history: RegionHistory, feeder_id: str | None) -> FloatArray:
    """Sum what loads, losses and uncurtailed sources exchange through a feeder, or of the whole region."""
    chosen = [
        asset.id
        for asset in region.members
        if (feeder_id is None or asset.feeder == feeder_id)
        and history.has(asset.id)
        and (isinstance(asset, Load | Generator) or asset.kind == "grid_loss")
    ]
    net_kw: FloatArray = np.sum([history.power_kw(asset_id).values for asset_id in chosen], axis=0)
    return net_kw


def test_it_has_no_fault(region: Region) -> None:
    assert faults_of_history(region) == []
    assert region.illustrative


def test_it_is_as_large_as_asked(region: Region) -> None:
    kinds = Counter(asset.kind for asset in region.assets)
    assert len(region.municipalities) == kinds["load"] == 17
    assert kinds["feeder"] == kinds["grid_loss"] == 6
    assert len(region.assets) >= 60
    assert all(8_000 <= feeder.power_kw_max <= 12_000 for feeder in region.feeders)
    assert (region.grid_point.power_kw_import_max, region.grid_point.power_kw_export_max) == (42_000, 35_000)
    wind = [asset.power_kw_rated for asset in region.assets if isinstance(asset, Wind)]
    assert (len(wind), sum(wind), max(wind)) == (4, 39_000, 12_000)
    assert sum(asset.power_kw_rated for asset in region.assets if isinstance(asset, Pv)) == 55_000
    stores = [
        (asset.power_kw_charge_max, asset.energy_kwh_max - asset.energy_kwh_min)
        for asset in region.assets
        if isinstance(asset, Battery)
    ]
    assert sorted(stores) == [(2_000, 4_000), (8_400, 10_000)]


def test_every_asset_has_a_device_of_its_own_and_few_gateways(region: Region) -> None:
    devices = {(asset.device.port, asset.device.unit) for asset in region.assets}
    assert len(devices) == len(region.assets)
    assert len({port for port, _ in devices}) <= 25


def test_the_offtake_leaves_the_electrolyser_room_to_choose(region: Region) -> None:
    made_kwh = sum(24 * asset.hydrogen_kw_rated for asset in region.assets if isinstance(asset, Electrolyser))
    asked_kwh = sum(
        asset.offtake_kwh_per_day for asset in region.assets if isinstance(asset, HydrogenStorage)
    )
    assert asked_kwh / made_kwh == pytest.approx(0.45, abs=0.01)


def test_the_municipalities_add_up_in_every_quarter_hour_and_are_no_copies(
    region: Region, history: RegionHistory
) -> None:
    loads = [history.power_kw(asset.id).values for asset in region.assets if isinstance(asset, Load)]
    path = region.folder / "history" / "measured_2020.csv.gz"
    total_kw = read_history(path, ["load_total_kw"]).columns["load_total_kw"]
    assert np.array_equal(np.sum(loads, axis=0), total_kw)
    assert total_kw.mean() == pytest.approx(25_000.0, abs=1.0)
    assert _correlations(loads).max() < 0.99
    parks = [history.power_kw(asset.id).values for asset in region.assets if isinstance(asset, Wind)]
    assert 0.8 < _correlations(parks).min() < _correlations(parks).max() < 0.97


def test_sources_yield_what_such_sources_yield(region: Region, history: RegionHistory) -> None:
    """Full-load hours over 8,760: PV 900 to 1,150, wind 2,200 to 2,800, run-of-river 2,500 to 4,000."""
    bounds = {"pv": (0.10, 0.135), "wind": (0.25, 0.32), "hydro": (0.28, 0.46)}
    for asset in region.assets:
        if isinstance(asset, Generator):
            series = history.magnitude_kw(asset.id).values
            low, high = bounds[asset.kind]
            assert low < series.mean() / asset.power_kw_rated < high, asset.id
            assert series.max() <= asset.power_kw_rated
            assert asset.kind != "pv" or (series == 0.0).mean() > 0.4


def test_limits_bind_now_and_then(region: Region, history: RegionHistory) -> None:
    """Without any control: three feeders at least, none for over 2 % of the year, loads never alone."""
    shares = {}
    for feeder in region.feeders:
        net_kw = _net_kw(region, history, feeder.id)
        shares[feeder.id] = float((np.abs(net_kw) > feeder.power_kw_max).mean())
        assert net_kw.max() < feeder.power_kw_max
    assert max(shares.values()) < 0.02
    assert sum(share > 0.0005 for share in shares.values()) >= 3
    net_kw = _net_kw(region, history, None)
    assert 0.0 < (net_kw < -region.grid_point.power_kw_export_max).mean() < 0.02


def test_it_is_colder_when_more_heat_is_drawn(history: RegionHistory) -> None:
    days = history.temperature_c().values.reshape(-1, 96).mean(axis=1)
    for asset_id in ("heat_load_a", "heat_load_b"):
        heat_kw = history.magnitude_kw(asset_id).values.reshape(-1, 96).mean(axis=1)
        assert np.corrcoef(days, heat_kw)[0, 1] < -0.9


def test_its_files_are_small_and_each_has_its_licence_beside_it(region: Region) -> None:
    files = sorted(path for path in region.folder.rglob("*") if path.is_file())
    assert sum(path.stat().st_size for path in files) <= SIZE_BYTES_MAX
    for path in files:
        if path.name.endswith(".csv.gz"):
            notice = path.with_name(path.name.replace(".csv.gz", ".md")).read_text(encoding="utf-8")
            assert "licence" in notice
            assert ("ODbL" in notice) == (path.name in OPEN_DATABASE)
    assert set(OPEN_DATABASE) < _files(region)


def test_whatever_has_a_part_of_simbench_stands_under_the_open_database_licence(region: Region) -> None:
    """A municipality's split, the works and the charging come from SimBench: none of it elsewhere."""
    for asset in region.assets:
        if asset.history is not None and asset.kind in (
            "load",
            "flexible_load",
            "pumped_reservoir",
            "ev_hub",
        ):
            assert asset.history.file in OPEN_DATABASE
