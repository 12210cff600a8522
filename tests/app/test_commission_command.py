"""The command ``commission``: what it refuses, what it lists, what a controller makes of it at its start."""

import dataclasses
import getpass
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from energy.app.commissioning_record import standings, uncommissioned, with_tests
from energy.app.data_folder import LEDGER, only_controller
from energy.app.ledger_rules import ledger_rules
from energy.app.ports_of_region import on_ports
from energy.commissioning import KIND, KIND_BEGUN, CommissioningProtocol, Step, StepName, Verdict
from energy.controller.found_limits import FoundLimits
from energy.controller.memory import BilledPeak, Memory
from energy.devices.fingerprint import fingerprint
from energy.devices.map_library import maps_of
from energy.domain import Authority, Image, Level, Limit, Point, Quality, Reading
from energy.ledger.reader import ledger_reader
from energy.ledger.sealing import SealingLimits
from energy.ledger.upkeep import Upkeep
from energy.ledger.writer import Ledger
from energy.region.loader import load_region, shipped_regions
from energy.region.model import Region
from tests.closed_loop.ports import free_range

AT = datetime(2026, 6, 1, 12, 0, tzinfo=UTC)
COMMANDED = {"wind_park", "pv_park", "hydro", "battery", "ev_hub"}


def energiewaage(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "energy", *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        stdin=subprocess.DEVNULL,
    )


@pytest.fixture
def town(tmp_path: Path) -> Path:
    """A town that is not illustrative: it may be written to."""
    folder = tmp_path / "town"
    shutil.copytree(shipped_regions()["musterstadt"], folder)
    file = folder / "region.yaml"
    text = file.read_text(encoding="utf-8").replace("illustrative: true", "illustrative: false")
    file.write_text(text, encoding="utf-8")
    return folder


def record(
    ledger: Ledger,
    region: Region,
    asset_id: str,
    verdict: Verdict = Verdict.PASSED,
    *,
    simulated: bool = False,
    latches: bool = False,
) -> None:
    """Record a test as the command does."""
    asset = region.asset(asset_id)
    names = tuple(StepName)
    protocol = CommissioningProtocol(
        asset_id=asset_id,
        kind=asset.kind,
        device="tcp",
        map_name=asset.device.profile,
        fingerprint=fingerprint(asset, maps_of(region)[asset.device.profile]),
        tester="meier",
        witness="Erika",
        simulated=simulated,
        started_at=AT,
        ended_at=AT,
        required=names,
        steps=tuple(Step(name=name, verdict=verdict, words=()) for name in names),
        latches=latches,
    )
    ledger.append(KIND, AT, protocol.body())


def test_a_controller_at_work_must_be_stopped_first(town: Path, tmp_path: Path) -> None:
    data = tmp_path / "data"
    with only_controller(data):
        result = energiewaage(
            "commission", str(town), "battery", "--witness", "Erika", "--data", str(data), "--yes"
        )
    assert result.returncode == 2
    assert "stop the controller first" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("no_such_asset", "--witness", "Erika"), "no such asset"),
        ((), "no such asset"),
        (("battery",), "--witness"),
        (("battery", "--witness", "  "), "--witness"),
        (("battery", "--witness", getpass.getuser().upper()), "a second person"),
        (("battery", "--witness", "Erika", "--value", "power_kw=much"), "--value"),
        (("battery", "--witness", "Erika", "--value", "power_kw=nan"), "--value"),
        (("battery", "--witness", "Erika", "--value", "volume_m3=1"), "the map has: power_kw"),
        (("battery", "--witness", "Erika", "--moved", "-100"), "charges=100"),
        (("battery", "--witness", "Erika", "--moved", "power_kw=100"), "charges=100"),
    ],
)
def test_bad_input_is_refused_in_plain_words(
    town: Path, tmp_path: Path, arguments: tuple[str, ...], said: str
) -> None:
    result = energiewaage("commission", str(town), *arguments, "--data", str(tmp_path / "data"))
    assert result.returncode == 2
    assert said in result.stderr
    assert "Traceback" not in result.stderr
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize("host", ["192.0.2.7", "battery.example", "::ffff:192.0.2.7"])
def test_simulated_time_is_refused_for_a_device_that_may_be_real(
    town: Path, tmp_path: Path, host: str
) -> None:
    file = town / "region.yaml"
    text = file.read_text(encoding="utf-8").replace("illustrative: false", "illustrative: true")
    file.write_text(text.replace("host: 127.0.0.1", f'host: "{host}"'), encoding="utf-8")
    when = ["--simulated-start", "2020-05-18T10:00Z", "--epoch", "2020-05-18T10:00Z"]
    data = ["--data", str(tmp_path / "data")]
    result = energiewaage("commission", str(town), "battery", "--witness", "Erika", *when, *data)
    assert result.returncode == 2, result.stderr
    assert "simulated on this machine" in result.stderr
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize("host", ["127.0.0.1", "127.9.9.9", "localhost", "::1"])
def test_a_device_on_this_machine_may_be_simulated(town: Path, tmp_path: Path, host: str) -> None:
    file = town / "region.yaml"
    text = file.read_text(encoding="utf-8").replace("host: 127.0.0.1", f'host: "{host}"')
    file.write_text(text, encoding="utf-8")
    when = ["--simulated-start", "2020-05-18T10:00Z", "--epoch", "2020-05-18T10:00Z"]
    ports = ["--first-port", str(free_range(9)), "--data", str(tmp_path / "data")]
    result = energiewaage("commission", str(town), "battery", "--witness", "Erika", *when, *ports)
    assert result.returncode == 1, "it is asked, and nothing is there"
    assert "accepts no connection" in result.stderr


def test_a_device_that_does_not_answer_is_refused_and_nothing_is_recorded(town: Path, tmp_path: Path) -> None:
    data = tmp_path / "data"
    ports = ["--first-port", str(free_range(9))]
    result = energiewaage(
        "commission", str(town), "battery", "--witness", "Erika", "--data", str(data), *ports
    )
    assert result.returncode == 1
    assert "accepts no connection" in result.stderr
    with Ledger(data / LEDGER) as ledger:
        assert not ledger.entries()


def test_the_list_says_where_every_asset_stands(town: Path, tmp_path: Path) -> None:
    region = load_region(str(town))
    arguments = ["commission", str(town), "--list", "--json", "--data", str(tmp_path)]
    states = {row["asset"]: row["state"] for row in json.loads(energiewaage(*arguments).stdout)}
    assert set(states.values()) == {"never"}, "a folder that holds no ledger yet"
    with Ledger(tmp_path / LEDGER) as ledger:
        record(ledger, region, "battery")
        record(ledger, region, "pv_park", Verdict.FAILED)
        record(ledger, region, "ev_hub")
    text = (town / "region.yaml").read_text(encoding="utf-8")
    text = text.replace("port: 15027", "port: 15028")  # the hub's
    (town / "region.yaml").write_text(text, encoding="utf-8")
    rows: dict[str, dict[str, Any]] = {
        row["asset"]: row for row in json.loads(energiewaage(*arguments).stdout)
    }
    assert rows["battery"]["state"] == "passed"
    assert rows["battery"]["authority_max"] == "automatic"
    assert rows["battery"]["witness"] == "Erika"
    assert rows["pv_park"]["state"] == "failed"
    assert rows["ev_hub"]["state"] == "changed"
    assert rows["hydro"]["state"] == "never"
    shown = energiewaage("commission", str(town), "--list", "--data", str(tmp_path))
    assert shown.returncode == 0
    assert "battery" in shown.stdout


def test_only_what_passed_may_go_beyond_observe(town: Path, tmp_path: Path) -> None:
    region = load_region(str(town))
    maps = maps_of(region)
    with Ledger(tmp_path / LEDGER) as ledger:
        assert set(uncommissioned(region, maps, ledger)) == COMMANDED, "meters take no command"
        record(ledger, region, "battery")
        record(ledger, region, "pv_park", Verdict.INCOMPLETE)
        record(ledger, region, "wind_park", simulated=True)
        record(ledger, region, "hydro", latches=True)
        assert set(uncommissioned(region, maps, ledger)) == COMMANDED - {"battery"}
        assert standings(region, maps, ledger)["hydro"].authority_max is Authority.ADVISE
        elsewhere = on_ports(region, 20_000)
        assert set(uncommissioned(elsewhere, maps, ledger)) == COMMANDED, "another address is another device"


def test_what_is_only_observed_needs_no_test(tmp_path: Path, town: Path) -> None:
    text = (town / "region.yaml").read_text(encoding="utf-8")
    text = text.replace("authority: automatic", "authority: observe", 1)
    (town / "region.yaml").write_text(text, encoding="utf-8")
    region = load_region(str(town))
    with Ledger(tmp_path / LEDGER) as ledger:
        assert uncommissioned(region, maps_of(region), ledger) == ()


def found_at_start(region: Region, memory: Memory, held_kw: float) -> tuple[Limit, ...]:
    """What a controller keeps as somebody else's limit, with this standing on the solar park."""
    reading = Reading(
        asset_id="pv_park",
        point=Point.POWER_KW_MIN,
        value=held_kw,
        quality=Quality.GOOD,
        measured_at=AT,
    )
    found = FoundLimits(region, limits=memory.limits, sent_kw=memory.sent_kw)
    found.look(Image(at=AT, readings={("pv_park", Point.POWER_KW_MIN): reading}), age_s_max=60.0)
    return found.limits


def test_what_a_test_left_on_a_device_is_no_limit_of_somebody_else(town: Path, tmp_path: Path) -> None:
    region = load_region(str(town))
    memory = Memory(billed_peak=BilledPeak(period=2026, power_kw=0.0))
    body = {"asset_id": "pv_park", "fingerprint": "aa", "sent_kw": [-3000.0, -4500.0], "limit": None}
    with Ledger(tmp_path / LEDGER) as ledger:
        ledger.append(KIND_BEGUN, AT, body)
        tested = with_tests(memory, ledger)
    assert found_at_start(region, memory, -3000.0), "without the test's record it looks like one"
    assert not found_at_start(region, tested, -3000.0)
    assert not found_at_start(region, tested, -4500.0)
    assert found_at_start(region, tested, -2000.0), "nobody of us wrote this"


def test_a_limit_that_a_test_found_is_kept_by_the_next_controller(town: Path, tmp_path: Path) -> None:
    region = load_region(str(town))
    memory = Memory(billed_peak=BilledPeak(period=2026, power_kw=0.0))
    limit = {
        "limit_id": "found_pv_park",
        "target_id": "pv_park",
        "power_kw_min": -4500.0,
        "power_kw_max": None,
        "level": Level.GRID_OPERATOR.value,
        "start": "2026-06-01T12:00:00Z",
        "until": None,
        "reason": "found on the device at start",
    }
    body = {"asset_id": "pv_park", "fingerprint": "aa", "sent_kw": [-3000.0], "limit": limit}
    with Ledger(tmp_path / LEDGER) as ledger:
        ledger.append(KIND_BEGUN, AT, body)
        tested = with_tests(memory, ledger)
    (kept,) = found_at_start(region, tested, -4500.0)
    assert kept.power_kw_min == pytest.approx(-4500.0), "though it is the park's safe state too"


def test_a_controller_only_observes_what_was_not_tested(town: Path, tmp_path: Path) -> None:
    data, first = tmp_path / "data", free_range(9)
    data.mkdir()
    region = on_ports(load_region(str(town)), first)
    with Ledger(data / LEDGER) as ledger:
        record(ledger, region, "battery")
    ports = ["--first-port", str(first)]
    plant = [sys.executable, "-m", "energy", "plant", str(town), *ports]
    run = [sys.executable, "-m", "energy", "run", str(town), "--data", str(data), "--tick", "1", *ports]
    with subprocess.Popen(plant, stdout=subprocess.PIPE, text=True) as field:
        try:
            assert field.stdout is not None
            assert json.loads(field.stdout.readline())["ready"]
            said = ticked(run, data, ticks=4)
        finally:
            field.terminate()
    assert "only observed until a point-to-point test is recorded" in said
    assert not re.search(r"assets=.*'battery'", said)
    with Ledger(data / LEDGER) as ledger:
        bodies = [entry.body for entry in ledger.entries(kind="tick")]
    sent = {
        decision["asset_id"]
        for body in bodies
        for decision in body["output"]["decisions"]
        if decision["setpoint"] is not None
    }
    assert sent == {"battery"}
    alarms = {
        alarm["target_id"] for alarm in bodies[-1]["output"]["alarms"] if alarm["code"] == "not_commissioned"
    }
    assert alarms == COMMANDED - {"battery"}


def ticked(run: list[str], data: Path, *, ticks: int) -> str:
    """Run a controller until it has ticked, stop it, and give what it said."""
    with subprocess.Popen(run, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as controller:
        assert controller.stdout is not None
        assert controller.stderr is not None
        try:
            controller.stdout.readline()
            seen = 0
            while seen < ticks and controller.poll() is None:
                time.sleep(0.3)
                with ledger_reader(data / LEDGER) as ledger:
                    seen = len(ledger.entries(kind="tick"))
        finally:
            os.kill(controller.pid, signal.SIGTERM)
        return controller.stderr.read()


def test_an_asset_stays_commissioned_after_its_tests_segment_is_gone(town: Path, tmp_path: Path) -> None:
    region = load_region(str(town))
    maps = maps_of(region)
    day = timedelta(days=1)
    sealing = SealingLimits(delay=timedelta(0))
    rules = ledger_rules({}, lockstep=True, kept=2 * day)
    with Ledger(tmp_path / LEDGER) as ledger:
        record(ledger, region, "battery")
        record(ledger, region, "battery", Verdict.INCOMPLETE)
        with Upkeep(ledger, dataclasses.replace(rules, sealing=sealing)) as upkeep:
            for number in range(1, 7):
                ledger.append("tick", AT + number * day, {})
                for _ in range(10):
                    upkeep.step(AT + number * day + timedelta(hours=1))
            assert not upkeep.notes(AT)
        assert ledger.removed_until() >= 2
        assert not ledger.entries(kind=KIND), "the entries themselves are gone"
        assert set(uncommissioned(region, maps, ledger)) == COMMANDED - {"battery"}
        assert ledger.verify().first > 2
