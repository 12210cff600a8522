"""Point-to-point tests made against a running plant: the proofs, what refutes them, and what is left behind.

The plant runs at high speed on its own copy of the region; a wrong register map is the tester's alone.
"""

import json
import os
import signal
import time
from collections.abc import Callable

import pytest

from energy.devices.plant.faults import FaultKind
from tests.closed_loop.commission_site import MOVED, NIGHT, NOON, SPEED, TIMEOUT_S, Site, step, verdicts


async def test_a_battery_passes_and_is_left_idle(site: Callable[..., Site]) -> None:
    town = site(NOON)
    result = town.test("battery", "--value", "power_kw=0", "--value", "energy_kwh=2200", "--yes", *MOVED)
    assert result.returncode == 0, result.stderr
    protocol = json.loads(result.stdout)
    assert protocol["verdict"] == "passed"
    assert protocol["authority_max"] == "automatic"
    assert protocol["witness"] == "Erika Muster"
    moves = step(protocol, "sign")["values"]["moves"]
    assert [move["setpoint_kw"] for move in moves] == [100.0, -100.0]
    assert all(move["told_beforehand"] for move in moves)
    assert "TOLD BEFOREHAND" in str(step(protocol, "sign")["words"])
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


async def test_a_solar_park_passes_at_noon(site: Callable[..., Site]) -> None:
    town = site(NOON)
    result = await town.witnessed("pv_park", "--yes")
    assert result.returncode == 0, result.stdout + result.stderr
    protocol = json.loads(result.stdout)
    (move,) = step(protocol, "sign")["values"]["moves"]
    assert move["setpoint_kw"] == pytest.approx(move["from_kw"] + 0.05 * 7500.0)
    assert step(protocol, "watchdog")["values"]["held_kw"] == pytest.approx(-0.6 * 7500.0, abs=0.1)
    truth = await town.truth("pv_park")
    assert truth["power_kw_min"] == pytest.approx(-0.6 * 7500.0), "as its connection agreement says"


async def test_a_dark_solar_park_is_left_for_later_and_nothing_is_written(
    site: Callable[..., Site],
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
    site: Callable[..., Site],
) -> None:
    town = site(NOON)
    head, setpoint = "  - name: power_kw_setpoint", "sign: inverted"
    town.own_map(
        "generic_battery",
        lambda text: text.split(head)[0] + head + text.split(head)[1].replace(setpoint, "sign: as_ours"),
    )
    begun = time.monotonic()
    result = town.test("battery", "--value", "power_kw=0", "--yes", *MOVED)
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
    site: Callable[..., Site],
) -> None:
    town = site(
        NIGHT
    )  # some 2,600 kW of import; at noon the exchange is so near to nothing that no sign shows
    town.own_map("generic_meter", lambda text: text.replace("sign: as_ours", "sign: inverted", 1))
    result = await town.witnessed("grid_point")
    assert result.returncode == 1
    assert "THE SIGN IS THE OTHER WAY ROUND" in result.stdout
    assert not town.entries("commission_begun")


async def test_a_watchdog_that_comes_later_than_its_map_says_fails(site: Callable[..., Site]) -> None:
    town = site(NOON)
    town.own_map("generic_battery", lambda text: text.replace("watchdog_s: 180", "watchdog_s: 30"))
    file = town.town / "region.yaml"
    text = file.read_text(encoding="utf-8").replace("setpoint_valid_s: 150", "setpoint_valid_s: 30")
    file.write_text(text, encoding="utf-8")
    result = town.test("battery", "--value", "power_kw=0", "--yes", *MOVED)
    assert result.returncode == 1
    assert verdicts(result)["watchdog"] == "failed", result.stdout
    truth = await town.truth("battery")
    assert truth["power_kw_setpoint"] == pytest.approx(0.0), "handed back by a write"


async def test_a_command_that_is_accepted_and_ignored_fails(site: Callable[..., Site]) -> None:
    town = site(NOON)
    await town.break_device("battery", FaultKind.WRITE_IGNORED)
    result = town.test("battery", "--value", "power_kw=0", "--yes", *MOVED)
    assert result.returncode == 1
    assert verdicts(result)["sign"] == "failed"


async def test_without_a_displays_number_nothing_is_written(site: Callable[..., Site]) -> None:
    town = site(NOON)
    result = town.test("battery", "--yes")
    assert result.returncode == 1
    assert verdicts(result) == {"identity": "passed", "readings": "incomplete"}
    assert not town.entries("commission_begun")


async def test_without_a_yes_nothing_is_written(site: Callable[..., Site]) -> None:
    town = site(NOON)
    answers = "0\n2200\n\n\n\nn\n"
    result = town.test("battery", said=answers)
    assert result.returncode == 1
    assert verdicts(result)["readings"] == "passed", result.stdout
    assert verdicts(result)["sign"] == "incomplete"
    assert "to be written" in result.stderr
    assert not town.entries("commission_begun")


async def test_a_wrong_number_of_the_display_stops_the_test(site: Callable[..., Site]) -> None:
    town = site(NOON)
    result = town.test("battery", "--value", "power_kw=100", "--yes")
    assert result.returncode == 1
    assert verdicts(result) == {"identity": "passed", "readings": "failed"}


async def test_readings_alone_are_a_test_of_their_own(site: Callable[..., Site]) -> None:
    town = site(NOON)
    result = await town.witnessed("load")
    assert result.returncode == 0, result.stdout
    assert json.loads(result.stdout)["verdict"] == "passed", "a meter takes no command"
    result = town.test("battery", "--value", "power_kw=0", "--readings-only")
    assert result.returncode == 0, result.stdout
    assert json.loads(result.stdout)["verdict"] == "incomplete", "the sign is not proven"
    assert not town.entries("commission_begun")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_an_interrupted_test_hands_the_device_back(
    site: Callable[..., Site], number: signal.Signals
) -> None:
    town = site(NOON)
    process = town.begin("battery", "--value", "power_kw=0", "--yes", *MOVED)
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
