"""Point-to-point tests made against a running plant: the proofs, what refutes them, and what is left behind.

The plant runs at high speed on its own copy of the region; a wrong register map is the tester's alone.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from energy.app.children import Child
from energy.app.clock import ScaledClock, wall_now
from energy.app.data_folder import LEDGER
from energy.devices.map_library import shipped_maps
from energy.devices.plant.control_client import PlantControl
from energy.devices.plant.faults import FaultKind
from energy.ledger import Entry, ledger_reader
from energy.periods import format_utc, parse_utc
from energy.region.loader import load_region, shipped_regions
from tests.closed_loop.ports import free_range

NOON = "2020-05-18T10:00Z"
NIGHT = "2020-05-18T23:00Z"
SPEED = 60.0
TIMEOUT_S = 60.0


@dataclass
class Site:
    """A town with its plant, and the tester's own folders."""

    plant_folder: Path
    town: Path
    data: Path
    clock: ScaledClock
    first_port: int
    control_port: int
    running: list[subprocess.Popen[str]] = field(default_factory=list)

    def command(self, asset_id: str, *arguments: str) -> list[str]:
        when = ["--simulated-start", format_utc(self.clock.start), "--epoch", format_utc(self.clock.epoch)]
        when += ["--speed", str(SPEED), "--first-port", str(self.first_port), "--data", str(self.data)]
        named = ["commission", str(self.town), asset_id, "--witness", "Erika Muster", "--json"]
        return [sys.executable, "-m", "energy", *named, *when, *arguments]

    def test(self, asset_id: str, *arguments: str, said: str = "") -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self.command(asset_id, *arguments),
            input=said,
            capture_output=True,
            text=True,
            timeout=TIMEOUT_S,
            check=False,
        )

    def begin(self, asset_id: str, *arguments: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            self.command(asset_id, *arguments),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.running.append(process)
        return process

    async def truth(self, asset_id: str) -> dict[str, float]:
        async with await PlantControl.connect(self.control_port) as plant:
            return dict((await plant.truth())[asset_id])

    async def break_device(self, asset_id: str, kind: FaultKind) -> None:
        async with await PlantControl.connect(self.control_port) as plant:
            await plant.set_fault(asset_id, kind)

    async def power(self, asset_id: str) -> str:
        return f"power_kw={(await self.truth(asset_id))['power_kw']}"

    def own_map(self, name: str, change: Callable[[str], str]) -> None:
        """Give the tester another register map than the plant's."""
        (self.town / "profiles").mkdir(exist_ok=True)
        text = shipped_maps()[name].read_text(encoding="utf-8")
        changed = change(text)
        assert changed != text
        (self.town / "profiles" / f"{name}.yaml").write_text(changed, encoding="utf-8")

    def entries(self, kind: str) -> list[Entry]:
        with ledger_reader(self.data / LEDGER) as ledger:
            ledger.verify()
            return list(ledger.entries(kind=kind))


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Callable[[str], Site]]:
    sites: list[tuple[Site, Child]] = []

    def open_site(start: str) -> Site:
        for name in ("plant", "town"):
            shutil.copytree(shipped_regions()["musterstadt"], tmp_path / name)
        clock = ScaledClock(start=parse_utc(start), epoch=wall_now() + timedelta(seconds=1), speed=SPEED)
        first_port = free_range(len(load_region("musterstadt").assets) + 1)
        arguments = ["plant", str(tmp_path / "plant"), "--start", start, "--speed", str(SPEED)]
        arguments += ["--epoch", format_utc(clock.epoch), "--first-port", str(first_port)]
        plant = Child("plant", arguments)
        made = Site(
            plant_folder=tmp_path / "plant",
            town=tmp_path / "town",
            data=tmp_path / "data",
            clock=clock,
            first_port=first_port,
            control_port=int(str(plant.ready()["control_port"])),
        )
        sites.append((made, plant))
        return made

    yield open_site
    for made, plant in sites:
        for process in made.running:
            process.kill()
            process.communicate()
        plant.stop()


def verdicts(result: subprocess.CompletedProcess[str]) -> dict[str, str]:
    protocol = json.loads(result.stdout)
    return {step["name"]: step["verdict"] for step in protocol["steps"]}


def step(protocol: dict[str, Any], name: str) -> dict[str, Any]:
    return next(step for step in protocol["steps"] if step["name"] == name)


async def test_a_battery_passes_and_is_left_idle(site: Callable[[str], Site]) -> None:
    town = site(NOON)
    result = town.test("battery", "--value", "power_kw=0", "--value", "energy_kwh=2200", "--yes")
    assert result.returncode == 0, result.stderr
    protocol = json.loads(result.stdout)
    assert protocol["verdict"] == "passed"
    assert protocol["authority_max"] == "automatic"
    assert protocol["witness"] == "Erika Muster"
    moves = step(protocol, "sign")["values"]["moves"]
    assert [move["setpoint_kw"] for move in moves] == [100.0, -100.0]
    assert all(move["arrived_kw"] == pytest.approx(move["setpoint_kw"], abs=40.0) for move in moves)
    watchdog = step(protocol, "watchdog")
    assert watchdog["values"]["held_kw"] == pytest.approx(0.0, abs=0.5)
    assert "silence" in watchdog["words"][0]
    compared = step(protocol, "readings")["words"][-1]
    assert compared.startswith("compared: power_kw, energy_kwh; not compared: energy_kwh_drawn")
    truth = await town.truth("battery")
    assert truth["power_kw_setpoint"] == pytest.approx(0.0)
    (entry,) = town.entries("commission")
    assert dict(entry.body) == protocol
    (begun,) = town.entries("commission_begun")
    assert begun.body["sent_kw"] == [100.0, -100.0, 0.0], "known before it is written"
    assert begun.sequence < entry.sequence


async def test_a_solar_park_passes_at_noon(site: Callable[[str], Site]) -> None:
    town = site(NOON)
    result = town.test("pv_park", "--value", await town.power("pv_park"), "--yes")
    assert result.returncode == 0, result.stdout + result.stderr
    protocol = json.loads(result.stdout)
    (move,) = step(protocol, "sign")["values"]["moves"]
    assert move["setpoint_kw"] == pytest.approx(move["from_kw"] + 0.05 * 7500.0)
    assert step(protocol, "watchdog")["values"]["held_kw"] == pytest.approx(-0.6 * 7500.0, abs=0.1)
    truth = await town.truth("pv_park")
    assert truth["power_kw_min"] == pytest.approx(-0.6 * 7500.0), "as its connection agreement says"


async def test_a_dark_solar_park_is_left_for_later_and_nothing_is_written(
    site: Callable[[str], Site],
) -> None:
    town = site(NIGHT)
    before = await town.truth("pv_park")
    result = town.test("pv_park", "--value", "power_kw=0", "--yes")
    assert result.returncode == 1
    assert verdicts(result) == {
        "identity": "passed",
        "readings": "passed",
        "sign": "incomplete",
        "hand_back": "passed",
    }
    assert json.loads(result.stdout)["authority_max"] == "observe"
    assert "later" in result.stdout
    assert (await town.truth("pv_park"))["power_kw_min"] == before["power_kw_min"]
    assert not town.entries("commission_begun")


async def test_a_wrong_sign_of_the_command_fails_loudly_and_is_handed_back_at_once(
    site: Callable[[str], Site],
) -> None:
    town = site(NOON)
    head, setpoint = "  - name: power_kw_setpoint", "sign: inverted"
    town.own_map(
        "generic_battery",
        lambda text: text.split(head)[0] + head + text.split(head)[1].replace(setpoint, "sign: as_ours"),
    )
    begun = time.monotonic()
    result = town.test("battery", "--value", "power_kw=0", "--yes")
    assert time.monotonic() - begun < 180.0 / SPEED + 10.0, "it does not wait for the watchdog"
    assert result.returncode == 1
    assert verdicts(result)["sign"] == "failed"
    assert "watchdog" not in verdicts(result)
    assert "WRONG WAY" in result.stdout
    truth = await town.truth("battery")
    assert truth["power_kw_setpoint"] == pytest.approx(0.0)
    (entry,) = town.entries("commission")
    assert entry.body["verdict"] == "failed", "a failed test is kept too"


async def test_a_wrong_sign_of_a_meter_is_seen_before_anything_is_written(
    site: Callable[[str], Site],
) -> None:
    town = site(NOON)
    town.own_map("generic_meter", lambda text: text.replace("sign: as_ours", "sign: inverted", 1))
    result = town.test("grid_point", "--value", await town.power("grid_point"))
    assert result.returncode == 1
    assert "THE SIGN IS THE OTHER WAY ROUND" in result.stdout
    assert not town.entries("commission_begun")


async def test_a_watchdog_that_comes_later_than_its_map_says_fails(site: Callable[[str], Site]) -> None:
    town = site(NOON)
    town.own_map("generic_battery", lambda text: text.replace("watchdog_s: 180", "watchdog_s: 30"))
    file = town.town / "region.yaml"
    text = file.read_text(encoding="utf-8").replace("setpoint_valid_s: 150", "setpoint_valid_s: 30")
    file.write_text(text, encoding="utf-8")
    result = town.test("battery", "--value", "power_kw=0", "--yes")
    assert result.returncode == 1
    assert verdicts(result)["watchdog"] == "failed", result.stdout
    truth = await town.truth("battery")
    assert truth["power_kw_setpoint"] == pytest.approx(0.0), "handed back by a write"


async def test_a_command_that_is_accepted_and_ignored_fails(site: Callable[[str], Site]) -> None:
    town = site(NOON)
    await town.break_device("battery", FaultKind.WRITE_IGNORED)
    result = town.test("battery", "--value", "power_kw=0", "--yes")
    assert result.returncode == 1
    assert verdicts(result)["sign"] == "failed"


async def test_without_a_displays_number_nothing_is_written(site: Callable[[str], Site]) -> None:
    town = site(NOON)
    result = town.test("battery", "--yes")
    assert result.returncode == 1
    assert verdicts(result) == {"identity": "passed", "readings": "incomplete"}
    assert not town.entries("commission_begun")


async def test_without_a_yes_nothing_is_written(site: Callable[[str], Site]) -> None:
    town = site(NOON)
    answers = "0\n2200\n\n\n\nn\n"
    result = town.test("battery", said=answers)
    assert result.returncode == 1
    assert verdicts(result)["readings"] == "passed", result.stdout
    assert verdicts(result)["sign"] == "incomplete"
    assert "to be written" in result.stderr
    assert not town.entries("commission_begun")


async def test_a_wrong_number_of_the_display_stops_the_test(site: Callable[[str], Site]) -> None:
    town = site(NOON)
    result = town.test("battery", "--value", "power_kw=100", "--yes")
    assert result.returncode == 1
    assert verdicts(result) == {"identity": "passed", "readings": "failed"}


async def test_readings_alone_are_a_test_of_their_own(site: Callable[[str], Site]) -> None:
    town = site(NOON)
    result = town.test("load", "--value", await town.power("load"))
    assert result.returncode == 0, result.stdout
    assert json.loads(result.stdout)["verdict"] == "passed", "a meter takes no command"
    result = town.test("battery", "--value", "power_kw=0", "--readings-only")
    assert result.returncode == 0, result.stdout
    assert json.loads(result.stdout)["verdict"] == "incomplete", "the sign is not proven"
    assert not town.entries("commission_begun")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_an_interrupted_test_hands_the_device_back(
    site: Callable[[str], Site], number: signal.Signals
) -> None:
    town = site(NOON)
    process = town.begin("battery", "--value", "power_kw=0", "--yes")
    assert process.stderr is not None
    for line in process.stderr:
        if "nobody speaks" in line:
            break
    assert (await town.truth("battery"))["power_kw_setpoint"] == pytest.approx(-100.0)
    os.kill(process.pid, number)
    said, _ = process.communicate(timeout=TIMEOUT_S)
    assert process.returncode == 130
    assert (await town.truth("battery"))["power_kw_setpoint"] == pytest.approx(0.0)
    protocol = json.loads(said)
    assert protocol["verdict"] == "incomplete"
    assert step(protocol, "hand_back")["verdict"] == "passed"
    assert len(town.entries("commission")) == 1
