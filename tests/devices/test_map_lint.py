"""Every fault of a register map at once, each with its line."""

from pathlib import Path

import pytest

from energy.devices.codec import decode
from energy.devices.map_library import load_map, shipped_maps
from energy.devices.map_lint_places import places_of
from energy.domain import Quality
from energy.errors import BadInput
from tests.devices.map_texts import HEAD, at, faults_of, point, writable


@pytest.mark.parametrize("path", shipped_maps().values(), ids=shipped_maps())
def test_every_shipped_map_is_clean_and_says_whether_it_is_generic(path: Path) -> None:
    content = load_map(path)
    assert content.generic == path.stem.startswith("generic_")
    assert all(item.byte_order is not None and item.word_order is not None for item in content.points)


def test_a_clean_map_has_no_faults(tmp_path: Path) -> None:
    assert faults_of(tmp_path, point() + writable()) == []


@pytest.mark.parametrize(
    ("points", "line", "limit"),
    [
        (point() + point(address=10), "- name: power_kw", "stands twice"),
        (point(kind="int32") + point("energy_kwh", address=1, unit="kWh"), "address: 1", "overlaps power_kw"),
        (point(table="coil"), "type: int16", "bits hold bool"),
        (point(kind="bool").replace("-100, max: 100", "0, max: 1"), "type: bool", "bits hold bool"),
        (point(address=65535, kind="int32"), "address: 65535", "past 65535"),
        (point(unit="kWh"), "unit: kWh", "not a unit of power_kw"),
        (point("energy_kwh", unit="MW"), "unit: MW", "not a unit of energy_kwh"),
        (point("volume_m3", unit="kWh"), "unit: kWh", "not a unit of volume_m3"),
        (point("running_s", unit="kW"), "unit: kW", "not a unit of running_s"),
        (point("heat_kw", unit="degC"), "unit: degC", "not a unit of heat_kw"),
        (point(access="read_write"), "access: read_write", "needs write:"),
        (point() + "    scale: 0\n", "scale: 0", "must not be 0"),
        (point() + "    not_implemented: [0x80000000]\n", "not_implemented", "16 bits"),
        (point().replace("min: -100", "min: 100"), "plausible:", "min must be less than max"),
        (writable(table="input"), "table: input", "cannot be written"),
        (writable(kind="int32", function="single"), "function: single", "takes 2 registers"),
        (writable(safe="500"), "safe_value_kw: 500", "outside plausible"),
        (writable(tolerance="0.1"), "readback:", "half a step"),
        (writable(watchdog="none"), "watchdog_fed_by: write", "contradicts"),
        (writable(fed_by="none"), "watchdog_fed_by: none", "contradicts"),
        (writable(storage="flash"), "write_budget_per_day: unlimited", "flash wears out"),
        (writable().replace("access: read_write", "access: read"), "write:", "access is read"),
    ],
)
def test_a_fault_names_its_line_and_its_limit(tmp_path: Path, points: str, line: str, limit: str) -> None:
    [fault] = faults_of(tmp_path, points)
    assert at(tmp_path, fault).startswith(line)
    assert limit in fault.limit
    assert fault.mend


@pytest.mark.parametrize("key", ["safe_value_kw", "readback", "watchdog_s", "storage", "reversion_s"])
def test_what_is_unknown_of_a_writable_point_must_be_written_as_unknown(tmp_path: Path, key: str) -> None:
    text = "".join(
        line for line in writable().splitlines(keepends=True) if not line.strip().startswith(f"{key}:")
    )
    [fault] = faults_of(tmp_path, text)
    assert fault.limit == "it is required"
    assert key in fault.mend
    assert at(tmp_path, fault) == "write:"


def test_a_point_in_a_forbidden_range_is_a_fault(tmp_path: Path) -> None:
    head = (
        HEAD + "forbidden:\n  - {table: holding, first: 3, last: 6}\n  - {table: input, first: 9, last: 2}\n"
    )
    faults = faults_of(tmp_path, point(address=2, kind="int32"), head=head)
    assert {fault.place for fault in faults} == {"points.0.address", "forbidden.1.first"}


def test_a_readback_register_is_checked_like_any_other(tmp_path: Path) -> None:
    own = (
        "readback: {tolerance_kw: 1, register: {table: holding, address: 0, type: int32, unit: kWh, "
        "sign: as_ours, scale: 0, plausible: {min: 0, max: 1}}}"
    )
    faults = faults_of(tmp_path, point() + writable().replace("readback: {tolerance_kw: 1}", own))
    assert {fault.place.split("register.")[-1] for fault in faults} == {"scale", "unit", "address"}


def test_all_faults_of_a_file_come_at_once(tmp_path: Path) -> None:
    faults = faults_of(tmp_path, point(unit="kWh") + "    scale: 0\n" + point(address=70, table="coil"))
    assert {fault.place for fault in faults} == {
        "points.0.scale",
        "points.0.unit",
        "points.1.type",
        "points.1.name",
    }


def test_faults_of_the_schema_come_with_their_lines_too(tmp_path: Path) -> None:
    faults = faults_of(tmp_path, point(kind="int24", address=70000) + "    colour: red\n")
    assert {at(tmp_path, fault) for fault in faults} == {"type: int24", "address: 70000", "colour: red"}


def test_a_map_without_points_is_a_fault(tmp_path: Path) -> None:
    path = tmp_path / "faulty.yaml"
    path.write_text(HEAD + "points: []\n", encoding="utf-8")
    with pytest.raises(BadInput, match="at least one point"):
        load_map(path)


def test_an_order_that_a_point_names_wins_over_the_maps(tmp_path: Path) -> None:
    content = load_map(shipped_maps()["generic_ev_hub"])
    assert {(item.byte_order, item.word_order) for item in content.points} == {
        ("little", "little"),
        ("little", "big"),
        ("big", "little"),
    }


@pytest.mark.parametrize(
    ("name", "unit", "value"),
    [
        ("volume_m3", "m3", 10.0),
        ("temperature_c", "degC", 10.0),
        ("running_s", "s", 10.0),
        ("standing_s", "h", 36_000.0),
        ("heat_kw", "MW", 10_000.0),
        ("hydrogen_kw", "kW", 10.0),
    ],
)
def test_every_point_has_units_that_become_ours(tmp_path: Path, name: str, unit: str, value: float) -> None:
    text = point(name, unit=unit, kind="int32").replace("max: 100", "max: 100000")
    path = tmp_path / "map.yaml"
    path.write_text(HEAD + "points:\n" + text, encoding="utf-8")
    content = load_map(path)
    assert decode(content.points[0], [0, 10]) == (value, Quality.GOOD)


def test_every_register_of_a_loaded_map_has_its_orders() -> None:
    for path in shipped_maps().values():
        content = load_map(path)
        assert all(text.byte_order is not None for text in content.identity)
        for item in places_of(content):
            if item.layout is not None:
                assert item.layout.byte_order is not None
                assert item.layout.word_order is not None
