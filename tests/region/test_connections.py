"""Feeders and networks: what names nothing, or can never do its part, is a fault with its line and mend."""

import shutil
from pathlib import Path

import pytest

from energy.devices.plant.grid import Grid
from energy.errors import BadInput, Fault
from energy.planning.metering import nodes_of
from energy.region.feeder_tree import inside_out, paths_of
from energy.region.loader import load_region, shipped_regions

SHIPPED = shipped_regions()["musterstadt"]

HEAD = """
heat_networks:
  - id: centre
    name: {de: Mitte, en: Centre}
hydrogen_networks:
  - id: works
    name: {de: Werk, en: Works}
temperature: {file: temperature.csv, column: temperature_c}
"""
ASSETS = """
  - id: feeder_a
    kind: feeder
    name: {de: Abgang A, en: Feeder A}
    device: {profile: generic_meter, host: 127.0.0.1, port: 15030}
    power_kw_max: 8000
  - id: heat_load
    kind: heat_load
    name: {de: Wärmelast, en: Heat load}
    device: {profile: generic_heat_meter, host: 127.0.0.1, port: 15031}
    heat_network: centre
    heat_kw_max: 1000
  - id: boiler
    kind: boiler
    name: {de: Kessel, en: Boiler}
    device: {profile: generic_boiler, host: 127.0.0.1, port: 15032}
    heat_network: centre
    heat_kw_rated: 500
    efficiency: 0.92
    fuel_eur_per_kwh: 0.045
  - id: heat_pump
    kind: heat_pump
    name: {de: Wärmepumpe, en: Heat pump}
    device: {profile: generic_heat_pump, host: 127.0.0.1, port: 15033}
    heat_network: centre
    power_kw_rated: 125
    power_kw_least: 50
    cop_at_0_c: 2.7
    cop_per_k: 0.05
    cop_max: 4.0
    ramp_kw_per_s: 1
  - id: heat_store
    kind: heat_storage
    name: {de: Wärmespeicher, en: Heat store}
    device: {profile: generic_heat_store, host: 127.0.0.1, port: 15034}
    heat_network: centre
    energy_kwh_capacity: 3000
    heat_kw_max: 300
  - id: electrolyser
    kind: electrolyser
    name: {de: Elektrolyseur, en: Electrolyser}
    device: {profile: generic_electrolyser, host: 127.0.0.1, port: 15035}
    feeder: feeder_a
    hydrogen_network: works
    power_kw_rated: 1000
    power_kw_least: 150
    power_kw_standby: 10
    hydrogen_kw_rated: 670
    hydrogen_kw_least: 95
    ramp_kw_per_s: 10
  - id: hydrogen_store
    kind: hydrogen_storage
    name: {de: Wasserstoffspeicher, en: Hydrogen store}
    device: {profile: generic_hydrogen_store, host: 127.0.0.1, port: 15036}
    hydrogen_network: works
    energy_kwh_capacity: 8000
    offtake_kwh_per_day: 8000
"""


def _region(folder: Path, *edits: tuple[str, str]) -> str:
    """Write Musterstadt with one heat and one hydrogen network, and then the edits."""
    shutil.copytree(SHIPPED, folder)
    (folder / "history" / "temperature.csv").write_text("utc,temperature_c\n2020-03-01T00:00Z,3\n")
    text = (SHIPPED / "region.yaml").read_text(encoding="utf-8")
    text = text.replace("\nmunicipalities:", f"{HEAD}\nmunicipalities:") + ASSETS
    for old, new in edits:
        assert old in text
        text = text.replace(old, new)
    (folder / "region.yaml").write_text(text, encoding="utf-8")
    return str(folder)


def _faults(folder: str) -> tuple[Fault, ...]:
    with pytest.raises(BadInput) as caught:
        load_region(folder)
    for fault in caught.value.faults:
        assert fault.line is not None
        assert fault.mend
    return caught.value.faults


def _without(asset_id: str) -> tuple[str, str]:
    start = ASSETS.index(f"  - id: {asset_id}\n")
    end = ASSETS.find("  - id:", start + 1)
    return ASSETS[start : end if end >= 0 else None], ""


def test_networks_and_feeders_that_fit_have_no_fault(tmp_path: Path) -> None:
    region = load_region(_region(tmp_path / "region"))
    assert [asset.id for asset in region.feeders] == ["feeder_a"]
    assert [asset.id for asset in region.members_of("feeder_a")] == ["electrolyser"]
    assert region.feeders[0] not in region.members


@pytest.mark.parametrize(
    ("edit", "place", "words"),
    [
        (("feeder: feeder_a", "feeder: feeder_b"), "assets.electrolyser.feeder", "use one of: feeder_a"),
        (("feeder: feeder_a", "feeder: battery"), "assets.electrolyser.feeder", "use one of: feeder_a"),
        (
            ("kind: feeder\n", "kind: feeder\n    feeder: feeder_a\n"),
            "assets.feeder_a.feeder",
            "through itself",
        ),
        (
            ("kind: grid_point\n", "kind: grid_point\n    feeder: feeder_a\n"),
            "assets.grid_point.feeder",
            "not itself",
        ),
        (
            ("kind: grid_loss\n", "kind: grid_loss\n    feeder: feeder_a\n"),
            "assets.grid_loss",
            "loads of the same feeder",
        ),
        (
            (
                "8000\n  - id: heat_load",
                "8000\n    history: {file: day_ahead_2020.csv.gz, column: a_kw}\n  - id: heat_load",
            ),
            "assets.feeder_a.history",
            "this kind has no history",
        ),
        (
            ("temperature: {file: temperature.csv, column: temperature_c}", ""),
            "assets.heat_pump.kind",
            "needs the region's outdoor temperature",
        ),
        (("column: temperature_c", "column: temperature_kw"), "temperature.column", "end in its unit, _c"),
        (("file: temperature.csv", "file: weather.csv"), "temperature.file", "no such file"),
        (
            ("    heat_network: centre\n    energy", "    heat_network: center\n    energy"),
            "assets.heat_store.heat_network",
            "use one of: centre",
        ),
        (
            ("hydrogen_network: works\n    energy", "hydrogen_network: centre\n    energy"),
            "assets.hydrogen_store.hydrogen_network",
            "use one of: works",
        ),
        (_without("heat_load"), "heat_networks.centre", "needs an asset of kind heat_load"),
        (_without("electrolyser"), "hydrogen_networks.works", "needs an asset of kind electrolyser"),
        (_without("hydrogen_store"), "hydrogen_networks.works", "needs an asset of kind hydrogen_storage"),
        (("heat_kw_max: 1000", "heat_kw_max: 1301"), "heat_networks.centre", "cannot give heat_kw_max, 1301"),
        (("power_kw_least: 50", "power_kw_least: 0"), "assets.heat_pump.power_kw_least", "more than 0"),
        (("per_day: 8000", "per_day: 16081"), "hydrogen_networks.works", "cannot make offtake_kwh_per_day"),
        (
            ("  - id: works\n", "  - id: works\n    name: {de: A, en: A}\n  - id: works\n"),
            "hydrogen_networks.works.id",
            "has this id already",
        ),
    ],
)
def test_what_cannot_be_is_a_fault_of_its_line(
    tmp_path: Path, edit: tuple[str, str], place: str, words: str
) -> None:
    faults = _faults(_region(tmp_path / "region", edit))
    assert any(fault.place == place and words in str(fault) for fault in faults), faults


def test_as_much_heat_and_hydrogen_as_can_be_made_is_no_fault(tmp_path: Path) -> None:
    edits = (("heat_kw_max: 1000", "heat_kw_max: 1300"), ("per_day: 8000", "per_day: 16080"))
    assert load_region(_region(tmp_path / "region", *edits)).heat_networks[0].id == "centre"


def test_a_network_without_any_producer_says_so_once(tmp_path: Path) -> None:
    (fault,) = _faults(_region(tmp_path / "region", _without("boiler"), _without("heat_pump")))
    assert "boiler, chp, heat_pump" in fault.limit


def test_two_heat_stores_in_one_network_are_one_too_many(tmp_path: Path) -> None:
    old, _ = _without("heat_store")
    second = old.replace("id: heat_store", "id: heat_tank").replace("15034", "15044")
    (fault,) = _faults(_region(tmp_path / "region", (old, old + second)))
    assert "at most one heat_storage" in fault.limit


def test_losses_with_a_history_of_their_own_need_no_load(tmp_path: Path) -> None:
    edit = (
        "kind: grid_loss\n",
        "kind: grid_loss\n    feeder: feeder_a\n    history: {file: measured_2020.csv.gz, column: load_kw}\n",
    )
    assert load_region(_region(tmp_path / "region", edit)).asset("grid_loss").feeder == "feeder_a"


@pytest.mark.parametrize("value", ["[centre]", "{a: b}", "3", "null"])
def test_a_name_that_is_no_text_is_left_to_the_schema(tmp_path: Path, value: str) -> None:
    edit = ("    heat_network: centre\n    energy", f"    heat_network: {value}\n    energy")
    faults = _faults(_region(tmp_path / "region", edit))
    assert [fault.place for fault in faults] == ["assets.heat_store.heat_network"]


OUTER = """  - id: feeder_b
    kind: feeder
    name: {de: Abgang B, en: Feeder B}
    device: {profile: generic_meter, host: 127.0.0.1, port: 15040}
    power_kw_max: 9000
"""
INNER = (
    "kind: feeder\n    name: {de: Abgang A",
    "kind: feeder\n    feeder: feeder_b\n    name: {de: Abgang A",
)


def test_a_feeder_may_hang_on_another_and_counts_in_both(tmp_path: Path) -> None:
    folder = _region(tmp_path / "region", INNER, ("  - id: heat_load\n", f"{OUTER}  - id: heat_load\n"))
    region = load_region(folder)
    assert [asset.id for asset in region.members_of("feeder_b")] == ["electrolyser"]
    assert [feeder.id for feeder in inside_out(region.feeders[::-1])] == ["feeder_a", "feeder_b"]
    assert paths_of(region.feeders)["feeder_a"] == ("feeder_a", "feeder_b")
    meters = {node.meter_id: node.member_ids for node in nodes_of(region)}
    assert meters["feeder_b"] == ("feeder_a",)
    assert "feeder_a" not in meters["grid_point"]


def test_feeders_in_a_circle_are_each_named_with_the_way_round(tmp_path: Path) -> None:
    circle = OUTER.replace("kind: feeder\n", "kind: feeder\n    feeder: feeder_a\n")
    faults = _faults(
        _region(tmp_path / "region", INNER, ("  - id: heat_load\n", f"{circle}  - id: heat_load\n"))
    )
    assert [fault.value for fault in faults] == [
        "feeder_a -> feeder_b -> feeder_a",
        "feeder_b -> feeder_a -> feeder_b",
    ]


def test_the_plant_meters_an_inner_feeder_in_the_outer_one_too(tmp_path: Path) -> None:
    folder = _region(tmp_path / "region", INNER, ("  - id: heat_load\n", f"{OUTER}  - id: heat_load\n"))
    grid = Grid(load_region(folder))
    meters, tally = grid.first_meters(), grid.tally()
    region = load_region(folder)
    tally.add(grid.node_of(region.asset("electrolyser")), 100.0, 1.0)
    tally.add(grid.node_of(region.asset("battery")), 50.0, 0.5)
    after = grid.step(meters, tally, dt_s=36.0)
    powers = {name: after[name].power_kw for name in ("feeder_a", "feeder_b", "grid_point")}
    assert powers["feeder_a"] == powers["feeder_b"] == 100.0
    assert powers["grid_point"] == pytest.approx(150.0 + after["grid_loss"].power_kw)
