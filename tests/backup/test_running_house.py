"""A backup of a house that runs: real processes, a dead server, a controller that goes on from the copy."""

import asyncio
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from energy.historian.preload import preload
from energy.historian.sqlite_record import SqliteRecord
from energy.ledger.reader import ledger_reader
from energy.region.history import RegionHistory
from tests.closed_loop.test_killed_processes import START, House


def energiewaage(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "energy", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    folder = tmp_path / "data"
    folder.mkdir()
    made = House(folder)
    with SqliteRecord(folder) as record:
        preload(made.region, RegionHistory(made.region), record, start=START)
    try:
        yield made
    finally:
        made.close()


async def ticks_beyond(folder: Path, count: int) -> int:
    """Wait until the ledger has more entries than that; gives how many."""
    for _ in range(300):
        with ledger_reader(folder) as ledger:
            found = ledger.recent(1, kind="tick")
            if found and found[0].sequence > count:
                return found[0].sequence
        await asyncio.sleep(0.1)
    raise AssertionError("no tick in 30 s")


async def test_a_controller_goes_on_from_a_backup_of_the_running_house(house: House, tmp_path: Path) -> None:
    house.start("plant")
    house.start("controller")
    await ticks_beyond(house.folder, 0)
    house.ask("battery", -300.0)
    await house.until_power("battery", -300.0)
    out, new = tmp_path / "backup", tmp_path / "new"
    made = energiewaage("backup", "musterstadt", "--data", str(house.folder), "--out", str(out), "--json")
    assert made.returncode == 0, made.stderr
    taken = json.loads(made.stdout)
    busy = energiewaage("restore", str(out), "--data", str(house.folder))
    assert busy.returncode == 2
    assert "another controller" in busy.stderr
    await ticks_beyond(house.folder, taken["ledger"]["count"])
    house.kill("controller")

    back = energiewaage("restore", str(out), "--data", str(new), "--region", "musterstadt")
    assert back.returncode == 0, back.stderr
    assert "no longer in force: set battery by test" in back.stdout
    house.folder = new
    house.start("controller")
    await ticks_beyond(new, taken["ledger"]["count"])
    with ledger_reader(new) as ledger:
        ledger.verify(head=taken["ledger"]["hash"])
        assert ledger.recent(1, kind="tick")[0].body["overrides"] == []
        kinds = [entry.kind for entry in ledger.entries(taken["ledger"]["count"])]
    assert kinds[:2] == ["restored", "start"]
    checked = energiewaage("ledger", "verify", "musterstadt", "--data", str(new))
    assert checked.returncode == 0, checked.stderr
