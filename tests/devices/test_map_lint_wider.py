"""What the lint says of steps, scale factors, percentages, bits, words and texts."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.devices.map_texts import (
    CAPACITY,
    FACTORS,
    HEAD,
    SCALED,
    UNKNOWN,
    bits,
    faults_of,
    point,
    state,
    stepped,
    writable,
)


def test_a_clean_map_with_steps_has_no_faults(tmp_path: Path) -> None:
    assert faults_of(tmp_path, stepped()) == []


@pytest.mark.parametrize(
    ("points", "head", "place", "limit"),
    [
        (stepped(("address: 61", "address: 60")), "", "register.address", "overlaps"),
        (stepped(("address: 61", "address: 50")), "", "register.address", "overlaps power_kw_setpoint"),
        (stepped(("table: holding, address: 60", "table: input, address: 60")), "", "table", "be written"),
        (stepped(("unit: s", "unit: kW")), "", "register.unit", "writes a time"),
        (stepped(("reversion_s: 180", "reversion_s: none")), "", "value", "no time to write"),
        (stepped(("reversion_s: 180", "reversion_s: 70000")), "", "register.type", "it can hold 0 to 65535"),
        (stepped(("value: 1", "value: 70000")), "", "value", "is 0 to 65535, whole"),
        (stepped(("value: 1", "value: 0.5")), "", "value", "whole"),
        (stepped(("value: 1", "value: setpoint")), "", "register.unit", "a power"),
        (
            stepped(
                ("value: 1", "value: safe_value"), ("unit: '1'", "unit: W"), ("safe_value_kw: 0", UNKNOWN)
            ),
            "",
            "value",
            "there is no power to write",
        ),
        (
            stepped(
                ("type: uint16, unit: s", "type: uint32, unit: s"),
                ("address: 61", "address: 62"),
                ("function: multiple", "function: single"),
            ),
            "",
            "register.type",
            "function single writes one",
        ),
        (point() + "    scale_factor: W_SG\n" + SCALED, FACTORS, "scale_factor", "the map has W_SF"),
        (point() + "    scale_factor: W_SF\n", "", "scale_factor", "the map has none"),
        (point(), FACTORS, "scale_factors.0.name", "no point uses"),
        (point(address=90) + "    scale_factor: W_SF\n", FACTORS, "address", "overlaps scale factor W_SF"),
        (
            point() + "    scale_factor: W_SF\n",
            FACTORS.replace("holding", "coil"),
            "scale_factors.0.table",
            "holding or input",
        ),
        (
            stepped(
                ("value: 1", "value: 1"),
                ("type: uint16, unit: '1'", "type: uint16, bits: {first: 0, count: 1}, unit: '1'"),
            ),
            "",
            "register.bits",
            "only whole registers",
        ),
        (
            point(unit="'%'") + "    reference: nameplate\n    scale_factor: W_SF\n    offset: -100\n",
            FACTORS,
            "offset",
            "nobody says which",
        ),
        (point(unit="'%'"), "", "unit", "needs a reference"),
        (point() + "    reference: nameplate\n", "", "reference", "only a percentage"),
        (
            point(unit="'%'") + "    reference: power_kw_rated\n",
            "",
            "reference",
            "no such point to count from",
        ),
        (
            point(unit="'%'") + "    reference: energy_kwh_capacity\n" + CAPACITY,
            "",
            "reference",
            "powers from a power",
        ),
        (point("volume_m3", unit="'%'") + "    reference: nameplate\n", "", "unit", "cannot be a percentage"),
        (point("power_kw_rated", unit="'%'") + "    reference: nameplate\n", "", "unit", "cannot be"),
        (point("remote", unit="'1'"), "", "values", "needs both words"),
        (state("remote", "{1: remote, 0: away}"), "", "values", "needs both words"),
        (state("operating_state", "{70000: off}"), "", "values.70000", "cannot stand in a uint16"),
        (state("operating_state", "{101: off}"), "", "values.101", "believed from 0 to 100"),
        (state("operating_state", "{1: off}", kind="float32"), "", "values", "whole numbers"),
        (point() + "    flags: {1: fire}\n", "", "flags", "whole number of unit 1"),
        (
            point("fault_flags", kind="uint16", unit="'1'").replace("-100", "0") + "    flags: {16: fire}\n",
            "",
            "flags.16",
            "bits 0 to 15",
        ),
        (bits("operating_state", 0, "{first: 15, count: 2}"), "", "bits", "bits 0 to 15"),
        (bits("operating_state", 0, "{first: 0, count: 1}", "float32"), "", "bits", "no bit fields"),
        (
            bits("operating_state", 0, "{first: 0, count: 4}")
            + bits("fault_flags", 0, "{first: 3, count: 2}"),
            "",
            "address",
            "overlaps operating_state",
        ),
        (point(kind="uint16"), "", "plausible", "only shows 0 to 65535"),
        (point("energy_kwh", unit="kWh", access="read_write"), "", "access", "needs write"),
        (point(), "heartbeat: {frozen_s: 5}\n", "heartbeat", "written, shown or both"),
        (
            point(),
            "identity:\n  - {name: model, table: holding, address: 2, length: 1, expected: SUN2000}\n",
            "identity.0.expected",
            "hold 2 characters",
        ),
        (
            point(address=3),
            "identity:\n  - {name: model, table: holding, address: 2, length: 4}\n",
            "points.0.address",
            "overlaps text model",
        ),
    ],
)
def test_a_fault_of_the_wider_schema_names_its_place_and_its_limit(
    tmp_path: Path, points: str, head: str, place: str, limit: str
) -> None:
    [fault] = faults_of(tmp_path, points, head=HEAD + head)
    assert fault.place.endswith(place)
    assert limit in fault.limit
    assert fault.line is not None
    assert fault.mend


def test_distinct_bits_may_share_a_register(tmp_path: Path) -> None:
    shared = bits("operating_state", 0, "{first: 0, count: 3}") + bits(
        "fault_flags", 0, "{first: 3, count: 2}"
    )
    assert faults_of(tmp_path, shared) == []


def test_two_points_may_write_the_same_mode_and_no_other(tmp_path: Path) -> None:
    second = stepped(
        ("name: power_kw_setpoint", "name: power_kw_max"),
        ("address: 50", "address: 51"),
        ("address: 60", "address: 62"),
    )
    assert faults_of(tmp_path, stepped() + second) == []
    [fault] = faults_of(tmp_path, stepped() + second.replace("value: 1", "value: 2"))
    assert "overlaps" in fault.limit


def test_a_value_that_may_be_a_number_or_a_word_is_one_fault(tmp_path: Path) -> None:
    [fault] = faults_of(tmp_path, writable(watchdog="never"))
    assert fault.limit == "must be a number, or a word"
    assert fault.mend.endswith("or choose one of: none, unknown")


@given(patch=st.dictionaries(st.sampled_from(["scale", "address", "offset"]), st.integers(-5, 70_000)))
def test_no_number_makes_the_lint_fall_over(
    tmp_path_factory: pytest.TempPathFactory, patch: dict[str, int]
) -> None:
    text = stepped()
    for key, value in patch.items():
        text = (
            text.replace("    address: 50\n", f"    address: 50\n    {key}: {value}\n")
            if key != "address"
            else (text.replace("    address: 50\n", f"    address: {value}\n"))
        )
    folder = tmp_path_factory.mktemp("patched")
    assert all(fault.mend for fault in faults_of(folder, text))
