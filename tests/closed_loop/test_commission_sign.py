"""No wrong sign passes: a map whose signs are all wrong agrees with itself, but not with the display."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.closed_loop.commission_site import MOVED, NIGHT, NOON, Site, rewrite, step, verdicts


def all_turned(text: str) -> str:
    return text.replace("sign: inverted", "sign: as_ours")


async def test_a_map_with_every_sign_wrong_fails_by_what_the_witness_sees(site: Callable[..., Site]) -> None:
    town = site(NOON)
    town.own_map("generic_battery", all_turned)
    result = await town.witnessed("battery", "--yes")
    assert result.returncode == 1
    assert verdicts(result)["sign"] == "failed", result.stdout
    sign = step(json.loads(result.stdout), "sign")
    assert "THE SIGN IS THE OTHER WAY ROUND" in sign["words"][-1]
    (move,) = sign["values"]["moves"]
    assert move["setpoint_kw"] == pytest.approx(100.0)
    assert move["display_kw"] == pytest.approx(-100.0, abs=5.0), "it did the opposite"
    assert "watchdog" not in verdicts(result)
    assert json.loads(result.stdout)["authority_max"] == "observe"
    assert (await town.truth("battery"))["power_kw_setpoint"] == pytest.approx(0.0)


async def test_a_map_with_every_sign_wrong_fails_by_the_devices_own_counters(
    site: Callable[..., Site],
) -> None:
    town = site(NOON)
    town.own_map("generic_battery", all_turned)
    result = town.test("battery", "--value", "power_kw=0", "--yes", *MOVED)
    assert result.returncode == 1
    sign = step(json.loads(result.stdout), "sign")
    assert sign["verdict"] == "failed", "whatever was told beforehand"
    assert any("OWN COUNTERS SAY THE OPPOSITE" in line for line in sign["words"])
    (move,) = sign["values"]["moves"]
    assert move["counters_kwh"]["energy_kwh"] < 0.0
    assert move["counters_kwh"]["energy_kwh_fed_in"] > 0.0


async def test_agreeing_beforehand_is_no_witness(site: Callable[..., Site]) -> None:
    town = site(NOON)
    result = town.test("battery", "--value", "power_kw=0", "--yes")
    assert result.returncode == 1
    assert verdicts(result) == {
        "identity": "passed",
        "readings": "passed",
        "sign": "incomplete",
        "hand_back": "passed",
    }
    assert json.loads(result.stdout)["authority_max"] == "observe"
    assert "nobody said" in step(json.loads(result.stdout), "sign")["words"][-1]
    assert (await town.truth("battery"))["power_kw_setpoint"] == pytest.approx(0.0)


async def test_displays_that_fit_no_move_are_refused_before_anything_is_written(
    site: Callable[..., Site],
) -> None:
    town = site(NOON)
    result = town.test("battery", "--value", "power_kw=0", "--yes", "--moved", "charges=100")
    assert result.returncode == 1
    assert verdicts(result)["sign"] == "incomplete"
    assert not town.entries("commission_begun")


async def test_a_witness_who_sees_the_moves_passes_a_battery(site: Callable[..., Site]) -> None:
    town = site(NOON)
    result = await town.witnessed("battery", "--yes")
    assert result.returncode == 0, result.stdout
    moves = step(json.loads(result.stdout), "sign")["values"]["moves"]
    assert [move["display_kw"] > 0.0 for move in moves] == [True, False]
    assert not any(move["told_beforehand"] for move in moves)
    assert [move["counters_kwh"]["energy_kwh"] > 0.0 for move in moves] == [True, False]


def broad(folder: Path) -> None:
    """Let 2 % of the grid point's nameplate be more than anything that flows there."""
    rewrite(folder, r"power_kw_import_max: 8500", "power_kw_import_max: 850000")


async def test_a_meter_that_shows_nearly_nothing_proves_no_sign(site: Callable[..., Site]) -> None:
    town = site(NIGHT, change=broad)
    result = await town.witnessed("grid_point", sees=lambda power_kw: -power_kw)
    assert result.returncode == 1
    assert verdicts(result) == {"identity": "passed", "readings": "incomplete"}
    assert "come back when it runs" in result.stdout
    assert json.loads(result.stdout)["verdict"] == "incomplete"


def loose(folder: Path) -> None:
    rewrite(folder, r"safe_fraction: 0\.6", "safe_fraction: 1.0")


async def test_a_park_that_falls_back_to_more_than_its_agreement_allows_fails(
    site: Callable[..., Site],
) -> None:
    """Its power lies between the two bounds: from that alone nobody could tell."""
    town = site(NIGHT, change_plant=loose)
    result = await town.witnessed("wind_park", "--yes")
    assert verdicts(result)["sign"] == "passed", result.stdout
    assert verdicts(result)["watchdog"] == "failed"
    watchdog = step(json.loads(result.stdout), "watchdog")
    assert watchdog["values"]["held_kw"] == pytest.approx(-6000.0, abs=1.0)
    assert -3600.0 < watchdog["values"]["power_kw"] < 0.0
    assert "not its safe state, -3,600.0 kW" in watchdog["words"][0]
