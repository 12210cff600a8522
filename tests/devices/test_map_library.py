"""Which map a name means, and whether it gives an asset what its kind needs."""

import shutil
from pathlib import Path

import pytest

from energy.devices.map_library import (
    REQUIRED_POINTS,
    check_devices,
    find_map,
    latching_assets,
    maps_of,
    shipped_maps,
)
from energy.errors import BadInput, Fault
from energy.region.loader import find_region, load_region
from energy.region.model import Region
from tests.devices.plant.valley import valley


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
    narrow = narrow.replace("max: 1000000}\n    write:", "max: 32}\n    write:").replace(
        "min: -1000000, max: 32", "min: -32, max: 32"
    )
    own_map(region, "generic_battery", narrow.replace("[0x80000000]", "[0x8000]"))
    with pytest.raises(BadInput) as caught:
        check_devices(region)
    assert all("cannot hold the nameplate" in fault.limit for fault in caught.value.faults)


def write_faults(
    tmp_path: Path, *changes: tuple[str, str], own: tuple[str, str] | None = None
) -> list[Fault]:
    region = region_with(tmp_path, *changes)
    if own is not None:
        own_map(region, "generic_battery", shipped_text("generic_battery").replace(*own))
    try:
        check_devices(region)
    except BadInput as error:
        return list(error.faults)
    return []


def test_a_tick_too_slow_for_a_watchdog_is_a_fault_at_the_tick(tmp_path: Path) -> None:
    [fault] = write_faults(
        tmp_path,
        ("tick_s: 5 ", "tick_s: 15 "),
        ("setpoint_valid_s: 150", "setpoint_valid_s: 30"),
        own=("watchdog_s: 180", "watchdog_s: 30"),
    )
    assert (fault.place, fault.value) == ("control.tick_s", 15.0)
    assert fault.line is not None
    assert "must be less than 15 s" in fault.limit
    assert "'battery'" in fault.limit


def test_a_setpoint_that_outlives_a_watchdog_is_a_fault(tmp_path: Path) -> None:
    [fault] = write_faults(tmp_path, own=("watchdog_s: 180", "watchdog_s: 149"))
    assert (fault.place, fault.value) == ("control.setpoint_valid_s", 150.0)
    assert "must be at most 149 s" in fault.limit


LATCHING = ("watchdog_s: 180\n      watchdog_fed_by: write", "watchdog_s: none\n      watchdog_fed_by: none")
UNKNOWN = (
    "watchdog_s: 180\n      watchdog_fed_by: write",
    "watchdog_s: unknown\n      watchdog_fed_by: unknown",
)
WEARING = (
    "storage: ram\n      write_budget_per_day: unlimited",
    "storage: flash\n      write_budget_per_day: 1616",
)
UNTOLD = (
    "storage: ram\n      write_budget_per_day: unlimited",
    "storage: unknown\n      write_budget_per_day: unknown",
)
WRITTEN_IN_RAM = "storage: ram\n      write_budget_per_day: unlimited"
DEVICE = "    device: {profile: generic_battery"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (LATCHING, "keep its last setpoint"),
        (UNKNOWN, "keep its last setpoint"),
        (WEARING, "written 1536 times a day"),
        (UNTOLD, "written 1536 times a day"),
    ],
    ids=["latching", "unknown_watchdog", "wearing", "unknown_storage"],
)
def test_a_device_that_does_not_bear_it_is_not_run_automatically(
    tmp_path: Path, change: tuple[str, str], words: str
) -> None:
    [fault] = write_faults(tmp_path / "a", own=change)
    assert fault.place == "assets.battery.authority"
    assert words in fault.limit
    assert "observe or advise" in fault.mend
    advised = (DEVICE, "    authority: advise\n" + DEVICE)
    assert write_faults(tmp_path / "b", advised, own=change) == []


def test_a_budget_for_the_renewals_and_the_plans_changes_is_enough(tmp_path: Path) -> None:
    assert write_faults(tmp_path, own=(WEARING[0], WEARING[1].replace("1616", "1617"))) == []


def test_who_keeps_its_last_value_for_ever_is_named(tmp_path: Path) -> None:
    region = region_with(tmp_path, (DEVICE, "    authority: advise\n" + DEVICE))
    assert latching_assets(region, maps_of(region)) == frozenset()
    own_map(region, "generic_battery", shipped_text("generic_battery").replace(*LATCHING))
    assert latching_assets(region, maps_of(region)) == {"battery"}


def test_a_device_that_reverts_by_itself_does_not_latch(tmp_path: Path) -> None:
    latching, reverting = LATCHING
    own = (latching + "\n      reversion_s: none", reverting + "\n      reversion_s: 160")
    assert write_faults(tmp_path, own=own) == []


@pytest.mark.parametrize(
    ("profile", "before", "after", "asset_id"),
    [
        ("generic_chp", "safe_value_kw: own_control", "safe_value_kw: 0", "chp"),
        ("generic_pump_station", "safe_value_kw: own_control", "safe_value_kw: by_region", "water"),
        ("generic_battery", "safe_value_kw: 0", "safe_value_kw: own_control", "battery"),
        ("generic_electrolyser", "safe_value_kw: by_region", "safe_value_kw: own_control", "electrolyser"),
    ],
)
def test_a_device_goes_back_to_its_own_control_exactly_where_that_is_its_safe_state(
    tmp_path: Path, profile: str, before: str, after: str, asset_id: str
) -> None:
    region = valley(tmp_path / "valley")
    check_devices(region)
    assert before in shipped_text(profile)
    own_map(region, profile, shipped_text(profile).replace(before, after))
    with pytest.raises(BadInput) as caught:
        check_devices(region)
    assert any(f"safe state of '{asset_id}'" in fault.limit for fault in caught.value.faults)


def test_a_device_that_does_not_say_what_it_falls_back_to_passes(tmp_path: Path) -> None:
    region = valley(tmp_path / "valley")
    unknown = shipped_text("generic_chp").replace("safe_value_kw: own_control", "safe_value_kw: unknown")
    own_map(region, "generic_chp", unknown)
    check_devices(region)


def test_each_kind_finds_what_it_needs_in_a_shipped_map(tmp_path: Path) -> None:
    region = valley(tmp_path / "valley")
    maps = maps_of(region)
    for asset in region.assets:
        for point in REQUIRED_POINTS[asset.kind]:
            assert maps[asset.device.profile].point(point) is not None, (asset.id, point)
    assert {asset.kind for asset in region.assets} == set(REQUIRED_POINTS) - {"wind", "hydro"}


ONE_XX = ("profile: generic_park_controller", "profile: sunspec_inverter_1xx")


def park_falling_back_to(tmp_path: Path, power_kw: str, *changes: tuple[str, str]) -> list[Fault]:
    """Give the faults of a wind park of 6000 kW with a safe state of -3600 kW."""
    region = region_with(tmp_path, ONE_XX, *changes)
    text = shipped_text("sunspec_inverter_1xx")
    text = text.replace("storage: unknown\n      write_budget_per_day: unknown", WRITTEN_IN_RAM)
    own_map(region, ONE_XX[1][9:], text.replace("safe_value_kw: own_control", f"safe_value_kw: {power_kw}"))
    try:
        check_devices(region)
    except BadInput as error:
        return list(error.faults)
    return []


@pytest.mark.parametrize("power_kw", ["-7500", "-6000", "-3700"])
def test_a_bound_that_a_device_falls_back_to_must_not_be_looser_than_the_safe_state(
    tmp_path: Path, power_kw: str
) -> None:
    [fault] = park_falling_back_to(tmp_path / "automatic", power_kw)
    assert (fault.place, fault.value) == ("assets.wind_park.device.profile", "sunspec_inverter_1xx")
    assert Path(fault.file).name == "region.yaml"
    assert f"falls back to {power_kw} kW in power_kw_min" in fault.limit
    assert "safe state of 'wind_park' is -3600 kW (connection_agreement)" in fault.limit
    assert "by_region" in fault.mend
    advised = (f"    device: {{{ONE_XX[1]}", f"    authority: advise\n    device: {{{ONE_XX[1]}")
    assert park_falling_back_to(tmp_path / "advise", power_kw, advised) == []


@pytest.mark.parametrize(
    ("power_kw", "changes"),
    [
        ("-3600", ()),
        ("-3000", ()),
        ("0", ()),
        ("-7500", (("safe_fraction: 0.6", "safe_fraction: 1.0"),)),
    ],
    ids=["the_same", "tighter", "nothing", "free_where_free_is_safe"],
)
def test_a_bound_as_tight_as_the_safe_state_or_tighter_passes(
    tmp_path: Path, power_kw: str, changes: tuple[tuple[str, str], ...]
) -> None:
    assert park_falling_back_to(tmp_path, power_kw, *changes) == []


def test_a_power_that_a_device_falls_back_to_must_be_the_safe_state(tmp_path: Path) -> None:
    [fault] = write_faults(tmp_path, own=("safe_value_kw: 0", "safe_value_kw: -500"))
    assert fault.place == "assets.battery.device.profile"
    assert "safe state of 'battery' is 0 kW (idle)" in fault.limit


def test_a_device_that_drops_its_bound_suits_only_an_asset_that_is_safe_without_one(tmp_path: Path) -> None:
    profile = ("profile: generic_park_controller", "profile: sunspec_inverter_1xx")
    text = shipped_text("sunspec_inverter_1xx")
    assert "storage: unknown\n      write_budget_per_day: unknown" in text
    text = text.replace("storage: unknown\n      write_budget_per_day: unknown", WRITTEN_IN_RAM)
    bounded = region_with(tmp_path / "bounded", profile)
    own_map(bounded, "sunspec_inverter_1xx", text)
    with pytest.raises(
        BadInput, match=r"drops power_kw_min .* safe state of 'wind_park' is a bound of -3600 kW"
    ):
        check_devices(bounded)
    free = region_with(tmp_path / "free", profile, ("safe_fraction: 0.6", "safe_fraction: 1.0"))
    own_map(free, "sunspec_inverter_1xx", text)
    check_devices(free)
