"""Devices that share a connection: found twice, set in two ways, or beyond what a serial line can address."""

from pathlib import Path

import pytest

from energy.errors import Fault
from energy.region.asset import DeviceAddress
from energy.region.endpoints import faults_of_devices
from energy.yaml_file import read_yaml


def faults_of(folder: Path, *devices: str) -> list[Fault]:
    """Check assets with these devices, each on a line of its own from line 2 on."""
    file = folder / "region.yaml"
    lines = [
        f"  - {{id: a{index}, device: {{profile: p, {device}}}}}" for index, device in enumerate(devices)
    ]
    file.write_text("\n".join(["assets:", *lines, ""]), encoding="utf-8")
    read = read_yaml(file)
    entries = [(("assets", index), entry) for index, entry in enumerate(read.data["assets"])]
    return list(faults_of_devices(read, entries))


SERIAL = "transport: serial, serial: {device: /dev/ttyUSB0"
AGREEING: dict[str, tuple[str, ...]] = {
    "units_behind_one_host": ("host: 10.0.0.1, unit: 1", "host: 10.0.0.1, unit: 2"),
    "another_port": ("host: 10.0.0.1", "host: 10.0.0.1, port: 503"),
    "tcp_and_tls_on_their_own_ports": ("host: 10.0.0.1", "host: 10.0.0.1, transport: tls"),
    "a_serial_line_set_alike": (
        f"{SERIAL}}}",
        f"{SERIAL}, baud_rate: 9600, parity: none, stop_bits: 1}}, unit: 2",
    ),
    "two_serial_lines": (f"{SERIAL}}}", "transport: serial, serial: {device: /dev/ttyUSB1, baud_rate: 300}"),
    "what_the_schema_refuses_anyway": ("host: 7", "transport: serial", "transport: [1], host: a"),
}


@pytest.mark.parametrize("devices", AGREEING.values(), ids=AGREEING)
def test_devices_that_agree_have_no_fault(tmp_path: Path, devices: tuple[str, ...]) -> None:
    assert faults_of(tmp_path, *devices) == []


TWICE: dict[str, tuple[str, str]] = {
    "the_ports_default": ("host: 10.0.0.1", "host: 10.0.0.1, port: 502"),
    "the_tls_ports_default": ("host: 10.0.0.1, transport: tls", "host: 10.0.0.1, port: 802, transport: tls"),
    "the_units_default": ("host: 10.0.0.1, unit: 1", "host: 10.0.0.1"),
    "capitals_and_the_last_dot": ("host: Battery.Lan.", "host: battery.lan"),
    "a_serial_line": (f"{SERIAL}}}, unit: 3", f"{SERIAL}}}, unit: 3"),
}


@pytest.mark.parametrize(("first", "second"), TWICE.values(), ids=TWICE)
def test_a_device_that_stands_twice_is_a_fault_that_names_both_lines(
    tmp_path: Path, first: str, second: str
) -> None:
    [fault] = faults_of(tmp_path, first, second)
    assert fault.line == 3
    assert fault.limit == "the asset in line 2 has this device already"


DISAGREEING: dict[str, tuple[str, str, str]] = {
    "transport": ("host: a", "host: a, transport: rtu_over_tcp, unit: 2", "a1.device.transport"),
    "transport_on_one_port": (
        "host: a, port: 802",
        "host: a, transport: tls, unit: 2",
        "a1.device.transport",
    ),
    "baud_rate": (f"{SERIAL}}}", f"{SERIAL}, baud_rate: 19200}}, unit: 2", "a1.device.serial.baud_rate"),
    "parity": (f"{SERIAL}, parity: even}}", f"{SERIAL}}}, unit: 2", "a1.device.serial.parity"),
    "stop_bits": (f"{SERIAL}, stop_bits: 2}}", f"{SERIAL}}}, unit: 2", "a1.device.serial.stop_bits"),
}


@pytest.mark.parametrize(("first", "second", "place"), DISAGREEING.values(), ids=DISAGREEING)
def test_a_connection_that_is_to_be_set_in_two_ways_is_a_fault_that_names_both_lines(
    tmp_path: Path, first: str, second: str, place: str
) -> None:
    [fault] = faults_of(tmp_path, first, second)
    assert fault.line == 3
    assert fault.place == f"assets.{place}"
    assert "the asset in line 2 reaches" in fault.limit
    assert "one connection serves both" in fault.mend


@pytest.mark.parametrize("unit", [0, 248, 255])
def test_a_unit_that_no_serial_line_can_address_is_a_fault(tmp_path: Path, unit: int) -> None:
    for way in (f"{SERIAL}}}", "host: a, transport: rtu_over_tcp"):
        [fault] = faults_of(tmp_path, f"{way}, unit: {unit}")
        assert fault.value == unit
        assert "from 1 to 247" in fault.limit
    assert faults_of(tmp_path, f"host: a, unit: {unit}") == []


def test_two_spellings_of_one_host_are_one_connection() -> None:
    first, second = (DeviceAddress(profile="p", host=host) for host in ("Battery.Lan.", "battery.lan"))
    assert first.endpoint == second.endpoint
