"""Reads a data folder from where its disk is seen, and says it as JSON.

``python -m tests.crash.disk_reader DATA people BEGIN_MS END_MS`` gives what people see beside the running
controller: the alarms, and how many samples of the grid point there are. ``DATA left`` gives what is left
when it is dead.
"""

import json
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

from energy.domain import Point
from energy.historian.sqlite_reader import open_reader
from energy.ledger.reader import ledger_reader
from tests.crash.lives import whole
from tests.crash.writing_child import ORIGIN


def seen_by_people(folder: Path, begin_ms: int, end_ms: int) -> dict[str, Any]:
    """Look through the door that the dashboard uses."""
    begin, end = (ORIGIN + timedelta(milliseconds=moment) for moment in (begin_ms, end_ms))
    with open_reader(folder) as reader:
        status = reader.status()
        samples = reader.samples("netz", Point.POWER_KW, start=begin, end=end)
    assert status is not None
    return {"alarms": [alarm.code for alarm in status[0].alarms], "samples": samples.at_ms.size}


def left(folder: Path) -> dict[str, Any]:
    """Verify the chain and look at every page."""
    with ledger_reader(folder) as ledger:
        ledger.verify()
        entries = {entry.sequence: entry.hash for entry in ledger.entries()}
        failed = ledger.last("ledger_failed") is not None
    broken = [path.name for path in sorted(folder.glob("*.sqlite")) if not whole(path)]
    return {"entries": entries, "said_that_it_failed": failed, "broken": broken}


if __name__ == "__main__":
    where = Path(sys.argv[1])
    if sys.argv[2] == "left":
        answer = left(where)
    else:
        answer = seen_by_people(where, int(sys.argv[3]), int(sys.argv[4]))
    sys.stdout.write(json.dumps(answer))
