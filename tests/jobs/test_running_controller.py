"""Jobs as a person asks for them: with a controller that runs, and without one."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from energy.historian.preload import preload
from energy.historian.sqlite_record import SqliteRecord
from energy.region.history import RegionHistory
from tests.closed_loop.test_killed_processes import START, House, has_ticked, until
from tests.dashboard.day import status


def energiewaage(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "energy", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    made = House(tmp_path)
    with SqliteRecord(tmp_path) as record:
        preload(made.region, RegionHistory(made.region), record, start=START)
    try:
        yield made
    finally:
        made.close()


@pytest.mark.long
def test_a_running_controller_answers_a_job_and_a_stopped_one_is_missed(house: House) -> None:
    data = ("--data", str(house.folder))
    span = ("--from", "2020-05-17T22:00Z", "--to", "2020-05-18T06:00Z")
    alone = energiewaage("job", "musterstadt", "report", *span, *data)
    assert alone.returncode == 2
    assert "no controller runs here" in alone.stderr
    house.start("plant")
    house.start("controller")
    until("the controller ticks", lambda: has_ticked(house))
    asked = energiewaage("job", "musterstadt", "report", *span, *data, "--json")
    assert asked.returncode == 0, asked.stderr
    answer = json.loads(asked.stdout)
    assert answer["state"] == "done"
    assert answer["result"]["region"]["consumption_kwh"] > 0.0
    wrong = energiewaage("job", "musterstadt", "backtest", "battery", *data)
    assert wrong.returncode == 1
    assert "it is not forecast" in wrong.stderr
    listed = json.loads(energiewaage("jobs", "musterstadt", *data, "--json").stdout)
    assert [item["state"] for item in listed] == ["failed", "done"]
    assert listed[1]["result"] == answer["result"]


@pytest.mark.long
def test_who_asks_a_controller_that_has_just_died_is_told_so(tmp_path: Path) -> None:
    with SqliteRecord(tmp_path) as record:
        record.write_status(status())
    span = ("--from", "2020-05-17T22:00Z", "--to", "2020-05-18T06:00Z")
    asked = energiewaage("job", "musterstadt", "report", *span, "--data", str(tmp_path))
    assert asked.returncode == 1
    assert "no controller has taken it within 15 s" in asked.stderr
