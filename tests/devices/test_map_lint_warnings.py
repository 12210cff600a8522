"""What a true map warns of: devices that latch, and facts that nobody knows."""

from pathlib import Path

from energy.devices.map_library import warnings_in
from tests.devices.map_texts import HEAD, state, stepped, writable


def warnings(tmp_path: Path, points: str) -> list[str]:
    path = tmp_path / "map.yaml"
    path.write_text(HEAD + "points:\n" + points, encoding="utf-8")
    return [fault.limit for fault in warnings_in(path)]


def test_a_device_that_keeps_its_last_value_for_ever_is_called_latching(tmp_path: Path) -> None:
    [known] = warnings(tmp_path, writable(watchdog="none", fed_by="none"))
    assert "latching device" in known
    assert "keeps its last value for ever (power_kw_setpoint)" in known
    [guessed] = warnings(tmp_path, writable(watchdog="unknown", fed_by="unknown"))
    assert "may keep its last value for ever" in guessed


def test_a_watchdog_that_reading_feeds_and_facts_that_nobody_knows_are_warned_of(tmp_path: Path) -> None:
    assert warnings(tmp_path, writable()) == []
    assert warnings(tmp_path, stepped()) == []
    [fed] = warnings(tmp_path, writable(fed_by="any"))
    assert "keep an old power_kw_setpoint alive" in fed
    [safe] = warnings(tmp_path, writable(safe="unknown"))
    assert "nobody says what the device falls back to" in safe
    [wear] = warnings(tmp_path, writable(storage="unknown", budget="unknown"))
    assert "wear the device out" in wear
    [unarmed] = warnings(tmp_path, writable().replace("reversion_s: none", "reversion_s: 60"))
    assert "no arming step writes it" in unarmed
    [wordless] = warnings(tmp_path, state("operating_state", "{1: on}").split("    values")[0])
    assert "has no words" in wordless
