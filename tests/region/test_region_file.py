"""Faults of region files: all of them at once, each with its line, in words for people."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter

from energy.domain import Authority
from energy.errors import BadInput, Fault
from energy.region.loader import find_region, load_region, shipped_regions
from energy.region.model import RegionFile
from energy.yaml_file import read_yaml, validate

BROKEN = Path(__file__).parent.parent / "cases" / "region" / "broken"
SHIPPED = shipped_regions()["musterstadt"]
MARK = "# wrong: "


def _faults(call: Callable[[], object]) -> tuple[Fault, ...]:
    with pytest.raises(BadInput) as caught:
        call()
    return caught.value.faults


def _edited(folder: Path, old: str, new: str) -> Path:
    """Copy the shipped region with one edit."""
    shutil.copytree(SHIPPED, folder)
    file = folder / "region.yaml"
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new), encoding="utf-8")
    return folder


def test_the_shipped_region_loads_with_its_eight_assets() -> None:
    region = load_region("musterstadt")
    kinds = [asset.kind for asset in region.assets]
    assert sorted(kinds) == sorted(
        ["grid_point", "load", "grid_loss", "wind", "pv", "hydro", "battery", "ev_hub"]
    )
    assert sorted(asset.device.port for asset in region.assets) == list(range(15020, 15028))
    assert region.authority is Authority.AUTOMATIC
    assert region.illustrative


def test_a_region_that_names_no_authority_only_observes(tmp_path: Path) -> None:
    folder = _edited(tmp_path / "region", "\nauthority: automatic\n", "\n")
    assert load_region(str(folder)).authority is Authority.OBSERVE


def test_a_broken_file_reports_every_fault_with_its_line() -> None:
    lines = (BROKEN / "region.yaml").read_text(encoding="utf-8").splitlines()
    marked = {number: line.split(MARK)[1] for number, line in enumerate(lines[1:], 2) if MARK in line}
    faults = _faults(lambda: load_region(str(BROKEN)))
    assert [fault.line for fault in faults] == sorted(marked)
    for fault in faults:
        assert fault.line is not None
        assert marked[fault.line] in str(fault)
    assert len(faults) > 20


def test_no_message_speaks_of_schemas_types_or_tags() -> None:
    text = "\n".join(str(fault) for fault in _faults(lambda: load_region(str(BROKEN))))
    for word in ("Input", "input", "tag", "dataclass", "pydantic", "dict", "str_", "validation", "None"):
        assert word not in text


def test_two_grid_points_are_one_too_many(tmp_path: Path) -> None:
    text = (SHIPPED / "region.yaml").read_text(encoding="utf-8")
    first = text.index("  - id: grid_point")
    entry = text[first : text.index("  # All consumption")]
    second = entry.replace("id: grid_point", "id: other_point").replace("15020", "15099")
    folder = _edited(tmp_path / "region", "assets:\n", f"assets:\n{second}")
    (fault,) = _faults(lambda: load_region(str(folder)))
    assert "exactly one" in fault.limit
    assert fault.place == "assets.grid_point.kind"


def test_a_clock_time_without_quotes_is_text_not_a_number_of_seconds(tmp_path: Path) -> None:
    folder = _edited(tmp_path / "region", 'published_at: "13:00"', "published_at: 12:30")
    assert load_region(str(folder)).market.published_at.isoformat() == "12:30:00"


def test_a_load_in_blocks_hears_of_all_that_does_not_fit(tmp_path: Path) -> None:
    mill = (
        "  - {kind: flexible_load, id: mill, name: {de: M, en: M}, mode: block, block_h: 1.4, shift_h: 1.0, "
        "power_kw_max: 80.0, ramp_kw_per_s: 1.0, unserved_eur_per_kwh: 1.0, "
        "device: {profile: generic_meter, host: 127.0.0.1, unit: 9}}\n"
    )
    path = _edited(tmp_path / "town", "assets:\n", "assets:\n" + mill)
    words = " ".join(fault.limit for fault in _faults(lambda: load_region(str(path))))
    assert "block_h must be a whole number of quarter hours" in words
    assert "shift_h must be at least block_h and a quarter hour" in words


def test_an_unknown_region_names_the_shipped_ones() -> None:
    (fault,) = _faults(lambda: find_region("nowhere"))
    assert "musterstadt" in fault.limit


@pytest.mark.parametrize(
    ("content", "line", "words"),
    [
        ("", 1, "the file is empty"),
        ("a: 1\nb: [1, 2\n", 3, "not valid YAML"),
        ("a: 1\n\tb: 2\n", 2, "not valid YAML"),
        ("a: 1\na: 2\n", 2, "the key stands twice"),
        ("a: &x 1\nb: *x\n", 2, "aliases are not allowed"),
        ("a: " + "[" * 50 + "]" * 50, 1, "at most 20"),
        ("a: 1\nb: !!int twelve\n", 2, "cannot be read as"),
        ("a: !secret b\n", 1, "cannot be read as"),
        ("? [a, b]\n: 1\n", 1, "a key must be text"),
        ("a: 1\nb: \x07\n", 2, "not valid YAML"),
        ("a: 1\n---\nb: 2\n", 2, "not valid YAML"),
        ("a: 1\nb: !!bool maybe\n", 2, "cannot be read as"),
        ("a: 1\nb: !!timestamp soon\n", 2, "cannot be read as"),
        ("a: 1\nb: !!int ''\n", 2, "cannot be read as"),
        ('a: 1\nb: "\\ud800"\n', 2, "cannot be read as"),
    ],
)
def test_a_file_that_is_no_yaml_says_where(tmp_path: Path, content: str, line: int, words: str) -> None:
    file = tmp_path / "region.yaml"
    file.write_text(content, encoding="utf-8")
    (fault,) = _faults(lambda: read_yaml(file))
    assert fault.line == line
    assert words in fault.limit


def test_a_file_in_another_encoding_says_so(tmp_path: Path) -> None:
    file = tmp_path / "region.yaml"
    file.write_bytes("name: Münster".encode("latin-1"))
    (fault,) = _faults(lambda: read_yaml(file))
    assert "UTF-8" in fault.limit


def test_scalars_follow_yaml_1_2(tmp_path: Path) -> None:
    file = tmp_path / "scalars.yaml"
    file.write_text(
        "a: NO\nb: 13:00\nc: 1e3\nd: 2020-01-01\ne: 0x10\nf: 012\ng: true\nh:\ni: on\n", encoding="utf-8"
    )
    assert read_yaml(file).data == {
        "a": "NO",
        "b": "13:00",
        "c": 1000.0,
        "d": "2020-01-01",
        "e": 16,
        "f": "012",
        "g": True,
        "h": None,
        "i": "on",
    }


@pytest.mark.parametrize("kind", ["[hydro]", "{a: hydro}", "2", "null", "[[]]"])
def test_a_kind_that_is_no_word_is_one_fault(tmp_path: Path, kind: str) -> None:
    folder = _edited(tmp_path / "region", "kind: hydro", f"kind: {kind}")
    (fault,) = _faults(lambda: load_region(str(folder)))
    assert fault.place == "assets.hydro.kind"


def test_a_history_name_longer_than_any_file_is_a_fault(tmp_path: Path) -> None:
    folder = _edited(tmp_path / "region", "file: day_ahead_2020.csv.gz", f"file: {'x' * 300}.csv")
    (fault,) = _faults(lambda: load_region(str(folder)))
    assert "no such file" in fault.limit


@pytest.mark.parametrize(
    "place", ["{latitude: 49,80, longitude: 6.60}", "{latitude: 49.80, longitude: 6,60}"]
)
def test_a_decimal_comma_between_braces_is_named(tmp_path: Path, place: str) -> None:
    folder = _edited(tmp_path / "region", "{latitude: 49.80, longitude: 6.60}", place)
    (fault,) = _faults(lambda: load_region(str(folder)))
    assert "a key must be text" in fault.limit
    assert "with a point, not with a comma" in fault.mend


@pytest.mark.parametrize("holidays", ["Bayern", "DE-XX", "XX", "de-by", "12", "DE-BYX", "[DE]", "''"])
def test_unknown_holidays_are_said_once(tmp_path: Path, holidays: str) -> None:
    folder = _edited(tmp_path / "region", "holidays: DE-RP", f"holidays: {holidays}")
    (fault,) = _faults(lambda: load_region(str(folder)))
    assert fault.place == "holidays"


PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers(-10, 10) | st.floats(allow_nan=True) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@settings(deadline=None, max_examples=40)
@given(data=st.data())
def test_whatever_stands_in_a_place_the_answer_is_a_region_or_faults(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    """Put anything anywhere: no traceback, and never a fault without words."""
    content = read_yaml(SHIPPED / "region.yaml").data
    node = content
    keys: list[Any] = []
    while isinstance(node, dict | list) and node and len(keys) < 4:
        options = list(node) if isinstance(node, dict) else list(range(len(node)))
        keys.append(data.draw(st.sampled_from(options)))
        node = node[keys[-1]]
        if data.draw(st.booleans()):
            break
    parent = content
    for key in keys[:-1]:
        parent = parent[key]
    parent[keys[-1]] = data.draw(PLAIN)
    folder = tmp_path_factory.mktemp("mutated")
    (folder / "history").symlink_to(SHIPPED / "history")
    (folder / "region.yaml").write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")
    faults: tuple[Fault, ...] = ()
    try:
        load_region(str(folder))
    except BadInput as error:
        faults = error.faults
    assert all(fault.limit and fault.mend for fault in faults)


def test_every_fault_of_a_schema_points_at_the_nearest_line(tmp_path: Path) -> None:
    file = tmp_path / "region.yaml"
    file.write_text("id: 3\n\nname:\n  de: Ort\n", encoding="utf-8")
    faults = _faults(lambda: validate(read_yaml(file), TypeAdapter(RegionFile)))
    lines = {fault.place: fault.line for fault in faults}
    assert lines["id"] == 1
    assert lines["name.en"] == 3
    assert lines["assets"] == 1


HOST = "device: {profile: generic_battery, host: 127.0.0.1"


@pytest.mark.parametrize(
    "host", ["battery..lan", f"{'x' * 64}.lan", ".lan", "a b", "256.1.1.1", "'[::1]'", "-a"]
)
def test_a_host_that_no_resolver_takes_is_a_fault_in_plain_words(tmp_path: Path, host: str) -> None:
    folder = _edited(tmp_path / "region", HOST, HOST.replace("127.0.0.1", host))
    (fault,) = _faults(lambda: load_region(str(folder)))
    assert fault.place == "assets.battery.device.host"
    assert "must be an IPv4 address, an IPv6 address without brackets, or a host name" in str(fault)
    assert "change the value to fit" in str(fault)


@pytest.mark.parametrize("host", ["10.20.0.17", "'fe80::1'", "battery", "plc_1.stadtwerke-x.example", "a.b."])
def test_addresses_and_names_are_hosts(tmp_path: Path, host: str) -> None:
    folder = _edited(tmp_path / "region", HOST, HOST.replace("127.0.0.1", host))
    assert load_region(str(folder)).asset("battery").device.host == host.strip("'")
