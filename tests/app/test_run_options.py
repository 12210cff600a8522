"""What ``run`` is told on the command line must not pass by what protects devices."""

import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from energy.app.data_folder import LEDGER
from energy.app.simulated_field import require_simulated
from energy.devices.map_library import shipped_maps
from energy.errors import BadInput
from energy.ledger.reader import ledger_reader
from energy.region.loader import load_region
from tests.app.test_command_line import energiewaage, refused, town
from tests.closed_loop.ports import free_range

__all__ = ["town"]
SIMULATED = ("--start", "2020-05-18T06:00Z", "--epoch", "2020-05-18T06:00Z")


def changed(town: Path, *changes: tuple[str, str]) -> None:
    file = town / "region.yaml"
    text = file.read_text(encoding="utf-8")
    for before, after in changes:
        assert before in text
        text = text.replace(before, after, 1)
    file.write_text(text, encoding="utf-8")


def test_a_tick_too_slow_for_a_watchdog_is_refused_whoever_asks_for_it(town: Path, tmp_path: Path) -> None:
    changed(town, ("setpoint_valid_s: 150", "setpoint_valid_s: 60"))
    (town / "profiles").mkdir()
    text = shipped_maps()["generic_battery"].read_text(encoding="utf-8")
    own = town / "profiles" / "generic_battery.yaml"
    own.write_text(text.replace("watchdog_s: 180", "watchdog_s: 60"), encoding="utf-8")
    assert energiewaage("check", str(town)).returncode == 0, "at the region's own pace nothing is wrong"
    message = refused(energiewaage("run", str(town), "--data", str(tmp_path / "data"), "--tick", "30"))
    assert "command line: --tick: 30.0 is wrong: must be less than 30 s: asset 'battery'" in message


def test_simulated_time_is_refused_where_a_device_may_be_a_real_one(town: Path, tmp_path: Path) -> None:
    changed(town, ("host: 127.0.0.1, port: 15026", "host: 192.0.2.26, port: 15026"))
    data = tmp_path / "data"
    message = refused(energiewaage("run", str(town), "--data", str(data), *SIMULATED))
    assert "assets.battery.device: '192.0.2.26:15026' is wrong: simulated time" in message
    assert not (data / LEDGER).exists(), "refused before anything is opened"


@pytest.mark.parametrize("address", ["10.0.0.5", "tcp://10.0.0.5", "inproc://", "in_turn", "http://here:80"])
def test_an_address_that_is_no_schedulers_is_refused(address: str, town: Path, tmp_path: Path) -> None:
    options = ("--data", str(tmp_path / "data"), "--scheduler", address)
    message = refused(energiewaage("run", str(town), *options))
    assert f"command line: --scheduler: {address!r} is wrong: must be tls:// or tcp://" in message


@pytest.mark.parametrize("options", [SIMULATED[:2], SIMULATED[2:]], ids=["start", "epoch"])
def test_simulated_time_is_asked_for_with_both_options_or_not_at_all(
    options: tuple[str, str], town: Path, tmp_path: Path
) -> None:
    message = refused(energiewaage("run", str(town), "--data", str(tmp_path / "data"), *options))
    assert "simulated time needs --start and --epoch" in message


@pytest.mark.parametrize(
    "device",
    [
        "host: 127.0.0.1, port: 15026",
        "host: 127.3.2.1, port: 15026",
        "host: '::1', port: 15026",
        "host: LocalHost., port: 15026",
        "transport: serial, serial: {device: /dev/pts/71}",
    ],
)
def test_what_answers_on_this_machine_may_be_simulated(device: str, town: Path) -> None:
    changed(town, ("host: 127.0.0.1, port: 15026", device))
    require_simulated(load_region(str(town)))


@pytest.mark.parametrize(
    "device",
    [
        "host: localhost.example, port: 15026",
        "host: 10.0.0.1, port: 15026",
        "transport: serial, serial: {device: /dev/ttyUSB0}",
        "transport: serial, serial: {device: /dev/pts/../ttyUSB0}",
    ],
)
def test_what_may_be_elsewhere_may_not(device: str, town: Path) -> None:
    changed(town, ("host: 127.0.0.1, port: 15026", device))
    with pytest.raises(BadInput) as caught:
        require_simulated(load_region(str(town)))
    [fault] = caught.value.faults
    assert (fault.place, fault.line is not None) == ("assets.battery.device", True)


@pytest.mark.parametrize("options", [(), SIMULATED], ids=["real", "simulated"])
def test_the_ledger_says_whether_time_was_simulated(
    options: tuple[str, ...], town: Path, tmp_path: Path
) -> None:
    command = [sys.executable, "-m", "energy", "run", str(town), "--data", str(tmp_path / "data"), *options]
    command += ["--first-port", str(free_range(8))]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as running:
        assert running.stdout is not None
        assert running.stdout.readline() == '{"ready": true}\n'
        os.kill(running.pid, signal.SIGTERM)
        running.communicate(timeout=60)
    with ledger_reader(tmp_path / "data" / LEDGER) as ledger:
        entry = ledger.last("start")
    assert entry is not None
    assert entry.body["simulated"] is bool(options)


def test_a_region_with_real_addresses_is_rehearsed_on_this_machines_ports(town: Path, tmp_path: Path) -> None:
    changed(town, ("host: 127.0.0.1, port: 15026", "host: 192.0.2.26, port: 15026"))
    arguments = [
        "demo",
        "--region",
        str(town),
        "--headless",
        "--days",
        "0.01",
        "--data",
        str(tmp_path / "data"),
    ]
    assert "--first-port" in refused(energiewaage(*arguments))
    result = energiewaage(*arguments, "--first-port", str(free_range(8)), "--json")
    assert result.returncode == 0, result.stderr
    assert json.loads(result.stdout)["setpoints"]["applied"] > 0
    assert "192.0.2.26" in (town / "region.yaml").read_text(encoding="utf-8")


def test_reading_one_asset_speaks_to_its_device_alone(town: Path) -> None:
    first = free_range(8)
    with socket.socket() as other:
        other.bind(("127.0.0.1", first + 1))
        other.listen()
        other.settimeout(0.2)
        result = energiewaage("read", str(town), "battery", "--first-port", str(first), "--json")
        with pytest.raises(TimeoutError):
            other.accept()
    assert {item["asset"] for item in json.loads(result.stdout)} == {"battery"}
