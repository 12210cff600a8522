"""Which map a name means, and whether it gives an asset what its kind needs."""

import shutil
from pathlib import Path

import pytest

from energy.devices.map_library import check_devices, find_map, maps_of, shipped_maps
from energy.errors import BadInput
from energy.region.loader import find_region, load_region
from energy.region.model import Region


def region_with(tmp_path: Path, *changes: tuple[str, str]) -> Region:
    folder = tmp_path / "region"
    shutil.copytree(find_region("musterstadt"), folder)
    file = folder / "region.yaml"
    text = file.read_text(encoding="utf-8")
    for before, after in changes:
        assert before in text
        text = text.replace(before, after, 1)
    file.write_text(text, encoding="utf-8")
    return load_region(str(folder))


def own_map(region: Region, name: str, text: str) -> None:
    (region.folder / "profiles").mkdir(exist_ok=True)
    (region.folder / "profiles" / f"{name}.yaml").write_text(text, encoding="utf-8")


def shipped_text(name: str) -> str:
    return shipped_maps()[name].read_text(encoding="utf-8")


def test_the_shipped_region_finds_all_it_needs() -> None:
    check_devices(load_region("musterstadt"))


def test_a_regions_own_map_comes_before_a_shipped_one(tmp_path: Path) -> None:
    region = region_with(tmp_path)
    own_map(
        region, "generic_meter", shipped_text("generic_meter").replace("Generic power meter", "Our meter")
    )
    assert maps_of(region)["generic_meter"].product == "Our meter"
    assert find_map("generic_meter", None) == shipped_maps()["generic_meter"]


def test_a_missing_map_is_a_fault_at_the_asset_that_names_it(tmp_path: Path) -> None:
    region = region_with(tmp_path, ("profile: generic_battery", "profile: nowhere"))
    with pytest.raises(BadInput) as caught:
        check_devices(region)
    [fault] = caught.value.faults
    assert fault.value == "nowhere"
    assert fault.line is not None
    text = (region.folder / "region.yaml").read_text(encoding="utf-8").splitlines()[fault.line - 1]
    assert "profile: nowhere" in text


def test_a_battery_behind_a_meters_map_lacks_its_points(tmp_path: Path) -> None:
    region = region_with(tmp_path, ("profile: generic_battery", "profile: generic_meter"))
    with pytest.raises(BadInput) as caught:
        check_devices(region)
    limits = " ".join(fault.limit for fault in caught.value.faults)
    assert "energy_kwh" in limits
    assert "power_kw_setpoint" in limits


def test_faults_of_the_map_and_of_the_region_come_together(tmp_path: Path) -> None:
    region = region_with(tmp_path, ("profile: generic_battery", "profile: nowhere"))
    own_map(region, "generic_meter", shipped_text("generic_meter").replace("unit: Wh", "unit: W"))
    with pytest.raises(BadInput) as caught:
        check_devices(region)
    assert {Path(fault.file).name for fault in caught.value.faults} == {"generic_meter.yaml", "region.yaml"}


def test_a_register_too_narrow_for_the_nameplate_is_a_fault(tmp_path: Path) -> None:
    region = region_with(tmp_path)
    narrow = shipped_text("generic_battery").replace("type: int32\n    unit: W", "type: int16\n    unit: W")
    own_map(region, "generic_battery", narrow.replace("[0x80000000]", "[0x8000]"))
    with pytest.raises(BadInput) as caught:
        check_devices(region)
    assert all("cannot hold the nameplate" in fault.limit for fault in caught.value.faults)
