"""Every shipped register map: its source named, its addresses those of the source where that gives a rule."""

import json
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest

from energy.devices.codec import decode
from energy.devices.layout import Layout
from energy.devices.map_library import REQUIRED_POINTS, load_map, shipped_maps, warnings_in
from energy.devices.register_map import Access, RegisterMap
from energy.domain import Point, Quality

MAPS = {name: load_map(path) for name, path in shipped_maps().items()}
NEW_MAPS_MIN = 14
"""Beside the generic maps."""
SOURCE_CHARACTERS_MIN = 40
UNKNOWN_ALLOWED = ("safe_value_kw", "watchdog_s", "watchdog_fed_by", "reversion_s", "storage")
SUNSPEC_START = 40002
"""After the four characters SunS at 40000."""
COMMON_LENGTHS = (67, 68)
"""Model 1 with its header of two: 65 or 66 long (SunSpec Information Model Specification)."""
CHAINS: dict[str, tuple[int, ...]] = {
    "sunspec_inverter_1xx": (1, 103, 120, 121, 122, 123),
    "sunspec_inverter_7xx": (1, 701, 702, 704, 715),
    "sunspec_battery": (1, 701, 702, 704, 713, 715),
    "sunspec_meter": (1, 203),
    "fronius_float": (1, 113, 120, 121, 122, 123),
}
COMMON_LENGTH = {"fronius_float": COMMON_LENGTHS[0]}
SUNSPEC_TYPES = {
    "int16": ("int16", 0x8000),
    "uint16": ("uint16", 0xFFFF),
    "enum16": ("uint16", 0xFFFF),
    "int32": ("int32", 0x80000000),
    "uint32": ("uint32", 0xFFFFFFFF),
    "bitfield32": ("uint32", 0xFFFFFFFF),
    "acc32": ("uint32", 0),
    "uint64": ("uint64", 0xFFFFFFFFFFFFFFFF),
    "float32": ("float32", 0x7FC00000),
}
"""SunSpec Information Model Specification: types and what says "not implemented"."""
SUNSPEC_POINTS: dict[str, dict[str, str]] = {
    "sunspec_inverter_1xx": {
        "power_kw": "103.W",
        "energy_kwh_fed_in": "103.WH",
        "operating_state": "103.St",
        "fault_flags": "103.Evt1",
        "power_kw_rated": "121.WMax",
        "power_kw_available": "122.WAval",
        "power_kw_min": "123.WMaxLimPct",
    },
    "sunspec_inverter_7xx": {
        "power_kw": "701.W",
        "energy_kwh_fed_in": "701.TotWhInj",
        "energy_kwh_drawn": "701.TotWhAbs",
        "operating_state": "701.InvSt",
        "fault_flags": "701.Alrm",
        "power_kw_rated": "702.WMax",
        "remote": "715.LocRemCtl",
        "reversion_s": "704.WMaxLimPctRvrtRem",
        "power_kw_min": "704.WMaxLimPct",
    },
    "sunspec_battery": {
        "power_kw": "701.W",
        "energy_kwh": "713.WHAvail",
        "energy_kwh_capacity": "713.WHRtg",
        "energy_kwh_fed_in": "701.TotWhInj",
        "energy_kwh_drawn": "701.TotWhAbs",
        "operating_state": "701.InvSt",
        "fault_flags": "701.Alrm",
        "power_kw_rated": "702.WMax",
        "remote": "715.LocRemCtl",
        "reversion_s": "704.WSetRvrtRem",
        "power_kw_setpoint": "704.WSet",
    },
    "sunspec_meter": {
        "power_kw": "203.W",
        "energy_kwh_drawn": "203.TotWhImp",
        "energy_kwh_fed_in": "203.TotWhExp",
    },
    "fronius_float": {
        "power_kw": "113.W",
        "energy_kwh_fed_in": "113.WH",
        "operating_state": "113.St",
        "fault_flags": "113.Evt1",
        "power_kw_rated": "121.WMax",
        "power_kw_min": "123.WMaxLimPct",
    },
}


def places_of_model(number: int) -> dict[str, tuple[int, str, str]]:
    """Give offset, type and scale factor of each point of a SunSpec model; its whole size under "" ."""
    path = Path(str(files("sunspec2"))) / "models" / "json" / f"model_{number}.json"
    definition = json.loads(path.read_text(encoding="utf-8"))
    places: dict[str, tuple[int, str, str]] = {}

    def walk(group: dict[str, Any], offset: int) -> int:
        for item in group.get("points", []):
            places[item["name"]] = (offset, item["type"], str(item.get("sf", "")).strip())
            offset += item["size"]
        for inner in group.get("groups", []):
            offset = walk(inner, offset)
        return offset

    places[""] = (walk(definition["group"], 0), "", "")
    return places


def starts_of(name: str) -> dict[int, int]:
    """Give where each model of a map's chain begins."""
    starts: dict[int, int] = {}
    address = SUNSPEC_START
    for number in CHAINS[name]:
        starts[number] = address
        size = places_of_model(number)[""][0]
        address += COMMON_LENGTH.get(name, COMMON_LENGTHS[1]) if number == 1 else size
    return starts


def steps(content: RegisterMap) -> Iterator[tuple[str, Layout]]:
    for point in content.points:
        if point.write is not None:
            for step in (*point.write.arming, *point.write.enabling):
                yield step.name, step.register


SERVES = {
    "abb_b23": {"load", "grid_loss", "grid_point", "feeder"},
    "fronius_float": {"pv", "wind", "hydro"},
    "huawei_luna2000": {"load"},
    "idm_navigator": {"load"},
    "keba_p30": {"load"},
    "solaredge_dynamic": {"pv", "wind", "hydro"},
    "sunspec_battery": {"battery"},
    "sunspec_inverter_1xx": {"pv", "wind", "hydro"},
    "sunspec_inverter_7xx": {"pv", "wind", "hydro"},
    "sunspec_meter": {"load", "grid_loss", "grid_point", "feeder"},
}
"""What the comment at the head of a map says that it serves."""
DISPATCHED_BY = {"pv": Point.POWER_KW_MIN, "battery": Point.POWER_KW_SETPOINT}
DOCUMENT = Path(__file__).parents[2] / "docs" / "register_maps.md"


@pytest.mark.parametrize("name", SERVES)
def test_a_map_has_the_points_of_the_kinds_that_it_says_it_serves(name: str) -> None:
    for kind in SERVES[name]:
        wanted = [*REQUIRED_POINTS[kind], *([DISPATCHED_BY[kind]] if kind in DISPATCHED_BY else [])]
        assert all(MAPS[name].point(point) is not None for point in wanted), kind


def test_the_document_lists_every_shipped_map() -> None:
    text = DOCUMENT.read_text(encoding="utf-8")
    assert [name for name in MAPS if f"`{name}`" not in text] == []


def test_at_least_fourteen_maps_are_of_products_and_the_rest_say_that_they_are_generic() -> None:
    assert sum(not content.generic for content in MAPS.values()) >= NEW_MAPS_MIN
    assert all(content.generic == name.startswith("generic_") for name, content in MAPS.items())


@pytest.mark.parametrize("name", [name for name, content in MAPS.items() if not content.generic])
def test_a_map_of_a_product_names_a_source_that_can_be_found(name: str) -> None:
    source = MAPS[name].source
    assert len(source) >= SOURCE_CHARACTERS_MIN
    assert any(character.isdigit() for character in source), "a register, an issue or a version"
    maker = MAPS[name].manufacturer.split()[0]
    assert maker.lower() in source.lower() or "OpenEMS" in source


@pytest.mark.parametrize("name", MAPS)
def test_what_a_device_does_when_left_alone_is_stated_or_unknown_for_every_writable_point(name: str) -> None:
    for point in MAPS[name].points:
        if point.access is not Access.READ_WRITE:
            continue
        assert point.write is not None
        for fact in UNKNOWN_ALLOWED:
            assert getattr(point.write, fact) is not None
        assert point.write.readback.tolerance_kw > 0.0


@pytest.mark.parametrize("name", MAPS)
def test_no_shipped_map_latches_without_its_warning(name: str) -> None:
    latching = [
        point.name
        for point in MAPS[name].points
        if point.write is not None
        and not isinstance(point.write.watchdog_s, float)
        and not isinstance(point.write.reversion_s, float)
    ]
    warned = [w for w in warnings_in(shipped_maps()[name]) if "latching device" in w.limit]
    assert len(warned) == len(latching)


@pytest.mark.parametrize("name", CHAINS)
def test_a_sunspec_map_stands_where_the_model_definitions_put_it(name: str) -> None:
    starts = starts_of(name)
    content = MAPS[name]
    assert {point.name.value for point in content.points} == set(SUNSPEC_POINTS[name])
    factors = {factor.name: factor.address for factor in content.scale_factors}
    for point_name, reference in SUNSPEC_POINTS[name].items():
        number, sunspec_name = reference.split(".")
        offset, kind, factor_name = places_of_model(int(number))[sunspec_name]
        point = content.point(Point(point_name))
        assert point is not None
        assert point.address == starts[int(number)] + offset, reference
        assert (point.type.value, *point.not_implemented) == SUNSPEC_TYPES[kind], reference
        if factor_name:
            factor_offset = places_of_model(int(number))[factor_name][0]
            assert point.scale_factor is not None
            assert factors[point.scale_factor] == starts[int(number)] + factor_offset, reference
        else:
            assert point.scale_factor is None


@pytest.mark.parametrize("name", CHAINS)
def test_the_steps_of_a_sunspec_map_stand_where_the_model_definitions_put_them(name: str) -> None:
    starts = starts_of(name)
    models = {number: places_of_model(number) for number in CHAINS[name] if number in {123, 704}}
    for step_name, layout in steps(MAPS[name]):
        [(number, places)] = [(number, places) for number, places in models.items() if step_name in places]
        offset, kind, _ = places[step_name]
        assert layout.address == starts[number] + offset, step_name
        assert layout.type.value == SUNSPEC_TYPES[kind][0], step_name


@pytest.mark.parametrize("name", ["sunspec_inverter_7xx", "sunspec_battery"])
def test_the_heartbeat_counters_are_those_of_model_715(name: str) -> None:
    heartbeat, start = MAPS[name].heartbeat, starts_of(name)[715]
    assert heartbeat is not None
    assert heartbeat.written is not None
    assert heartbeat.shown is not None
    places = places_of_model(715)
    assert heartbeat.written.address == start + places["ControllerHb"][0]
    assert heartbeat.shown.address == start + places["DERHb"][0]


@pytest.mark.parametrize("name", [*CHAINS, "solaredge_dynamic"])
def test_the_texts_of_a_sunspec_map_are_those_of_the_common_model(name: str) -> None:
    places = places_of_model(1)
    names = {"manufacturer": "Mn", "model": "Md", "firmware": "Vr", "serial_number": "SN"}
    for text in MAPS[name].identity:
        assert text.address == SUNSPEC_START + places[names[text.name]][0]


@pytest.mark.parametrize("name", [name for name in CHAINS if name != "sunspec_meter"])
def test_timers_come_before_the_value_and_the_enabling_register_after_it(name: str) -> None:
    [write] = [point.write for point in MAPS[name].points if point.write is not None]
    assert "reversion_s" in [step.value for step in write.arming]
    assert [step.value for step in write.enabling] == [1.0]
    values = [step.value for step in write.arming]
    if "safe_value" in values:
        assert values.index("safe_value") < values.index("reversion_s")


GOLDEN = [
    # KEBA, P30 Modbus TCP Programmers Guide V1.02, section 3.10: 98661 mW are 98.661 W.
    ("keba_p30", "power_kw", [0x0001, 0x8165], 0.098661),
    # ABB, A43/A44 user manual 2CMC48001M0201, section 9.11.1; the B-Series has the same registers.
    ("abb_b23", "energy_kwh_drawn", [0, 0, 0x000D, 0x1290], 8567.20),
    ("abb_b23", "energy_kwh_fed_in", [0, 0, 0x0003, 0x1209], 2012.25),
    # Eastron, SDM320Y user manual (06-2018), page 42: 43 66 33 34 is 230.2 in the common register format.
    ("eastron_sdm630", "power_kw", [0x4366, 0x3334], 0.2302),
]


@pytest.mark.parametrize(("name", "point_name", "registers", "value"), GOLDEN)
def test_the_sources_own_examples_come_out(
    name: str, point_name: str, registers: list[int], value: float
) -> None:
    point = MAPS[name].point(Point(point_name))
    assert point is not None
    got, quality = decode(point, registers)
    assert quality is Quality.GOOD
    assert got == pytest.approx(value, rel=1e-6)


@pytest.mark.parametrize(
    ("name", "point_name", "registers"),
    [
        ("abb_b23", "power_kw", [0x7FFF, 0xFFFF]),
        ("sma_inverter", "power_kw", [0x8000, 0x0000]),
        ("huawei_sun2000", "power_kw", [0x7FFF, 0xFFFF]),
        ("solaredge_dynamic", "power_kw_rated", [0x0000, 0x7FC0]),
    ],
)
def test_a_missing_value_is_missing_and_not_a_number(
    name: str, point_name: str, registers: list[int]
) -> None:
    point = MAPS[name].point(Point(point_name))
    assert point is not None
    assert decode(point, registers) == (None, Quality.NOT_IMPLEMENTED)


@pytest.mark.parametrize(
    ("name", "registers", "value_kw"),
    [
        # 1,000 W of generation, whatever the type and the word order: it feeds in, so it is negative here.
        ("sma_inverter", [0, 1000], -1.0),
        ("huawei_sun2000", [0, 1000], -1.0),
        ("huawei_smartlogger", [0, 1000], -1.0),
        ("fronius_float", [0x447A, 0x0000], -1.0),
        ("fenecon_fems", [0x447A, 0x0000], -1.0),
        # and 1,000 W of consumption or charging, positive.
        ("janitza_umg96rm", [0x447A, 0x0000], 1.0),
        ("siemens_pac4200", [0x447A, 0x0000], 1.0),
        ("abb_b23", [0x0001, 0x86A0], 1.0),
        ("carlo_gavazzi_em24", [10_000, 0], 1.0),
        ("huawei_luna2000", [0, 1000], 1.0),
        ("idm_navigator", [0x0000, 0x3F80], 1.0),
    ],
)
def test_power_comes_in_our_unit_and_sign(name: str, registers: list[int], value_kw: float) -> None:
    point = MAPS[name].point(Point.POWER_KW)
    assert point is not None
    assert decode(point, registers) == (pytest.approx(value_kw), Quality.GOOD)
