"""A fingerprint says for which device a test was made, and for no other."""

import dataclasses
from pathlib import Path

import pytest

from energy.devices.fingerprint import fingerprint
from energy.devices.map_library import load_map, maps_of, shipped_maps
from energy.devices.register_map import RegisterMap
from energy.region.loader import load_region
from energy.region.model import Asset


@pytest.fixture(scope="module")
def battery() -> tuple[Asset, RegisterMap]:
    region = load_region("musterstadt")
    asset = region.asset("battery")
    return asset, maps_of(region)[asset.device.profile]


def test_it_is_the_same_for_the_same_device(battery: tuple[Asset, RegisterMap]) -> None:
    asset, content = battery
    assert fingerprint(asset, content) == fingerprint(asset, load_map(shipped_maps()["generic_battery"]))


def test_comments_and_white_space_of_a_map_change_nothing(
    battery: tuple[Asset, RegisterMap], tmp_path: Path
) -> None:
    asset, content = battery
    file = tmp_path / "generic_battery.yaml"
    text = shipped_maps()["generic_battery"].read_text(encoding="utf-8")
    file.write_text("# another comment\n\n" + text, encoding="utf-8")
    assert fingerprint(asset, load_map(file)) == fingerprint(asset, content)


def test_a_sign_a_scale_or_a_watchdog_changes_it(battery: tuple[Asset, RegisterMap], tmp_path: Path) -> None:
    asset, content = battery
    text = shipped_maps()["generic_battery"].read_text(encoding="utf-8")
    seen = {fingerprint(asset, content)}
    changes = (("inverted", "as_ours"), ("unit: W\n", "unit: kW\n"), ("watchdog_s: 180", "watchdog_s: 60"))
    for index, (old, new) in enumerate(changes):
        file = tmp_path / f"changed_{index}.yaml"
        file.write_text(text.replace(old, new), encoding="utf-8")
        seen.add(fingerprint(asset, load_map(file)))
    assert len(seen) == 1 + len(changes)


def test_an_address_a_unit_or_a_nameplate_changes_it(battery: tuple[Asset, RegisterMap]) -> None:
    asset, content = battery
    device = asset.device
    others = [
        dataclasses.replace(asset, device=dataclasses.replace(device, port=502)),
        dataclasses.replace(asset, device=dataclasses.replace(device, host="10.1.2.3")),
        dataclasses.replace(asset, device=dataclasses.replace(device, unit=2)),
        dataclasses.replace(asset, power_kw_charge_max=1999.0),
    ]
    digests = {fingerprint(other, content) for other in [asset, *others]}
    assert len(digests) == 1 + len(others)


def test_what_people_read_changes_nothing(battery: tuple[Asset, RegisterMap]) -> None:
    asset, content = battery
    renamed = dataclasses.replace(asset, name=dataclasses.replace(asset.name, en="Another name"))
    assert fingerprint(renamed, content) == fingerprint(asset, content)
