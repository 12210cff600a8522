"""The command line as a person meets it: results, clear messages, exit codes, never a traceback."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from energy.devices.map_library import shipped_maps
from energy.region.loader import load_region, shipped_regions
from tests.closed_loop.ports import free_range


def energiewaage(*arguments: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "energy", *arguments],
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
        cwd=cwd,
    )


@pytest.fixture
def town(tmp_path: Path) -> Path:
    folder = tmp_path / "town"
    shutil.copytree(shipped_regions()["musterstadt"], folder)
    return folder


def refused(result: subprocess.CompletedProcess[str]) -> str:
    assert result.returncode == 2, result.stderr
    assert "Traceback" not in result.stderr
    return result.stderr


def test_help_names_every_command() -> None:
    result = energiewaage("--help")
    assert result.returncode == 0
    for name in ("demo", "check", "run", "plant", "dashboard", "read", "hold", "set", "release", "forecast"):
        assert name in result.stdout
    for name in ("plan", "backtest", "export", "replay", "ledger"):
        assert name in result.stdout


def test_check_finds_no_fault_in_the_shipped_region() -> None:
    result = energiewaage("check", "musterstadt", "--json")
    assert result.returncode == 0
    assert json.loads(result.stdout) == {
        "region": "musterstadt",
        "assets": 8,
        "faults": 0,
        "warnings": 1,
    }


def test_check_judges_a_single_register_map_and_warns_of_what_latches(tmp_path: Path) -> None:
    text = shipped_maps()["sunspec_inverter_1xx"].read_text(encoding="utf-8")
    assert "reversion_s: 180" in text
    arming = text.index("      arming:")
    enabling = text.index("      enabling:")
    latching = text[:arming].replace("reversion_s: 180", "reversion_s: none") + text[enabling:]
    own = tmp_path / "own.yaml"
    own.write_text(latching, encoding="utf-8")
    result = energiewaage("check", str(own))
    assert result.returncode == 0, result.stderr
    assert "7 points, no fault found" in result.stdout
    assert "latching device" in result.stdout
    assert "keeps its last value for ever" in result.stdout
    own.write_text(latching.replace("unit: W\n", "unit: Wh\n", 1), encoding="utf-8")
    message = refused(energiewaage("check", str(own)))
    assert "is not a unit of power_kw" in message


def test_check_names_all_faults_at_once_with_their_lines(town: Path) -> None:
    file = town / "region.yaml"
    text = file.read_text(encoding="utf-8")
    text = text.replace("power_kw_rated: 6000", "power_kw_rated: six").replace("tick_s: 5 ", "tick_s: 0 ")
    file.write_text(text, encoding="utf-8")
    message = refused(energiewaage("check", str(town)))
    lines = text.splitlines()
    rated = next(number for number, line in enumerate(lines, 1) if "power_kw_rated: six" in line)
    tick = next(number for number, line in enumerate(lines, 1) if "tick_s: 0 " in line)
    assert f"region.yaml:{rated}:" in message
    assert f"region.yaml:{tick}:" in message


def test_check_finds_a_wrong_register_map_and_a_wrong_history(town: Path) -> None:
    text = (town / "region.yaml").read_text(encoding="utf-8")
    text = text.replace("profile: generic_battery", "profile: generic_meter")
    text = text.replace(
        "measured_2020.csv.gz, column: wind_kw", "measured_2020.csv.gz, column: wind_wrong_kw"
    )
    (town / "region.yaml").write_text(text, encoding="utf-8")
    message = refused(energiewaage("check", str(town)))
    assert "wind_wrong_kw" in message
    assert "battery" in message


@pytest.mark.parametrize(
    "arguments",
    [
        ("check", "no_such_region"),
        ("demo", "--headless", "--start", "yesterday"),
        ("demo", "--headless", "--start", "1999-01-01T00:00Z"),
        ("demo", "--headless", "--speed", "5"),
        ("demo", "--headless", "--port", "8081"),
        ("backtest", "--data", "missing.csv", "--target", "load_mw"),
        ("export", "musterstadt", "--from", "2020-01-01", "--to", "x", "--out", "o"),
        ("set", "musterstadt", "no_such_asset", "5", "--reason", "r"),
    ],
)
def test_bad_input_exits_2_with_a_clear_message(arguments: tuple[str, ...], tmp_path: Path) -> None:
    assert "Mend:" in refused(energiewaage(*arguments, cwd=tmp_path))


def test_a_record_that_does_not_exist_is_said_plainly(tmp_path: Path) -> None:
    for command in (["forecast", "musterstadt"], ["ledger", "verify", "musterstadt"]):
        result = energiewaage(*command, "--data", str(tmp_path / "nothing"))
        assert result.returncode in {1, 2}
        assert "Traceback" not in result.stderr
        assert result.stderr.strip()


def test_a_port_in_use_is_named(tmp_path: Path) -> None:
    first = free_range(8)
    with socket.socket() as held:
        held.bind(("127.0.0.1", first + 3))
        held.listen()
        result = energiewaage("plant", "musterstadt", "--lockstep", "--first-port", str(first))
    assert str(first + 3) in refused(result)


def test_reading_devices_that_do_not_answer_prints_the_table_and_fails(tmp_path: Path, town: Path) -> None:
    first = free_range(8)
    text = (town / "region.yaml").read_text(encoding="utf-8")
    for index in range(8):
        text = text.replace(f"port: {15020 + index}", f"port: {first + index}")
    (town / "region.yaml").write_text(text, encoding="utf-8")
    result = energiewaage("read", str(town))
    assert result.returncode == 1
    assert "comm_error" in result.stdout
    assert "Traceback" not in result.stderr


def test_two_controllers_never_share_a_folder(tmp_path: Path) -> None:
    first = free_range(8)
    command = [sys.executable, "-m", "energy", "run", "musterstadt", "--data", str(tmp_path)]
    command += ["--first-port", str(first)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as running:
        try:
            assert running.stdout is not None
            assert json.loads(running.stdout.readline()) == {"ready": True}
            second = energiewaage("run", "musterstadt", "--data", str(tmp_path), "--first-port", str(first))
            assert "another controller" in refused(second)
        finally:
            os.kill(running.pid, signal.SIGTERM)
    assert running.returncode == 0, "a controller that is told to stop hands back and ends well"


def test_the_headless_demo_prints_one_json_object_with_its_figures(tmp_path: Path) -> None:
    assets = load_region("fichtelgebirge").assets
    endpoints = {(asset.device.host, asset.device.port) for asset in assets}
    ports = str(free_range(len(endpoints)))
    arguments = ["demo", "--headless", "--days", "0.02", "--seed", "3", "--json", "--first-port", ports]
    result = energiewaage(*arguments, "--data", str(tmp_path / "data"))
    assert result.returncode == 0, result.stderr
    figures = json.loads(result.stdout)
    for name in ("days", "wall_s", "balance_residual_kw_max", "autarky", "ledger_head", "plans"):
        assert name in figures
    assert {"p50", "p99"} <= set(figures["tick_ms"])
    assert {"p50", "p99"} <= set(figures["plan_s"])
    assert set(figures["setpoints"]) == {"applied", "limited", "rejected", "unreachable"}
    assert figures["broken_invariants"] == 0
    verified = energiewaage("ledger", "verify", "fichtelgebirge", "--data", str(tmp_path / "data"), "--json")
    assert json.loads(verified.stdout)["ledger_head"] == figures["ledger_head"]
    replayed = energiewaage("replay", "fichtelgebirge", "--data", str(tmp_path / "data"), "--json")
    assert json.loads(replayed.stdout)["different"] == 0
    out = tmp_path / "export"
    exported = energiewaage(
        "export", "fichtelgebirge", "--data", str(tmp_path / "data"),
        "--from", "2020-05-18T06:00Z", "--to", "2020-05-18T07:00Z", "--out", str(out), "--json",
    )  # fmt: skip
    assert exported.returncode == 0, exported.stderr
    assert any(out.iterdir())


def test_a_request_is_taken_only_where_a_controller_has_run(tmp_path: Path) -> None:
    result = energiewaage("hold", "musterstadt", "battery", "--reason", "test", "--data", str(tmp_path))
    assert result.returncode in {1, 2}
    assert "Traceback" not in result.stderr


def test_a_demo_never_removes_a_record_that_is_not_a_demos(tmp_path: Path) -> None:
    (tmp_path / "ledger.sqlite").write_bytes(b"precious")
    message = refused(energiewaage("demo", "--headless", "--days", "0.02", "--data", str(tmp_path)))
    assert "not a demo's" in message
    assert (tmp_path / "ledger.sqlite").read_bytes() == b"precious"


def test_a_page_port_in_use_is_refused_at_once(tmp_path: Path) -> None:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        held.listen()
        port = str(held.getsockname()[1])
        message = refused(energiewaage("demo", "--port", port, "--data", str(tmp_path)))
    assert "--port" in message


def test_an_illustrative_region_is_only_observed_outside_of_a_simulation(tmp_path: Path) -> None:
    first = free_range(8)
    command = [sys.executable, "-m", "energy", "run", "musterstadt", "--data", str(tmp_path)]
    command += ["--first-port", str(first)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as running:
        assert running.stdout is not None
        assert running.stderr is not None
        running.stdout.readline()
        os.kill(running.pid, signal.SIGTERM)
        said = running.stderr.read()
    assert "illustrative: it is only observed" in said


def test_a_backtest_prints_a_table(tmp_path: Path) -> None:
    begin = datetime(2020, 1, 1, tzinfo=UTC)
    starts = [(begin + timedelta(hours=hour)).strftime("%Y-%m-%dT%H:%MZ") for hour in range(24 * 45)]
    rows = [f"{start},{100 + hour % 24}" for hour, start in enumerate(starts)]
    file = tmp_path / "load.csv"
    file.write_text("utc,load_kw\n" + "\n".join(rows) + "\n", encoding="utf-8")
    result = energiewaage("backtest", "--data", str(file), "--target", "load_kw", "--from", "2020-02-10")
    assert result.returncode == 0, result.stderr
    assert "ours" in result.stdout
    assert "week" in result.stdout
