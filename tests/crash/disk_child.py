"""A controller on a disk that fills up: ticks every few milliseconds and goes on after one that failed.

``python -m tests.crash.disk_child DATA REGION START``. Beside what ``writing_child`` says, it says for every
tick ``tick MOMENT_MS SENT ALARM,ALARM`` with the setpoints sent so far, or ``failed MOMENT_MS SENT``.
"""

import asyncio
import os
import sys
from datetime import datetime, timedelta
from pathlib import Path

from energy.app.disk_space import DiskSpace
from energy.errors import StoreUnavailable
from tests.crash.writing_child import ORIGIN, living, say

TICK = timedelta(seconds=5)
PAUSE_S = 0.003


async def run(folder: Path, region_folder: str, start: datetime) -> None:
    """Tick until killed, or until nobody is left to kill it."""
    space = DiskSpace(folder)
    space.look(start)
    house = living(folder, region_folder, start, tick=TICK, space=space)
    at, parent = start, os.getppid()
    while os.getppid() == parent:
        at += TICK
        house.mailbox.at = at
        at_ms = round((at - ORIGIN).total_seconds() * 1000)
        try:
            report = await house.controller.tick(at)
            house.upkeep.step(at)
        except StoreUnavailable:
            say(f"failed {at_ms} {len(house.site.sent)}")
        else:
            codes = ",".join(sorted({alarm.code for alarm in report.output.alarms}))
            say(f"tick {at_ms} {len(house.site.sent)} {codes}")
        await asyncio.sleep(PAUSE_S)


if __name__ == "__main__":
    asyncio.run(run(Path(sys.argv[1]), sys.argv[2], datetime.fromisoformat(sys.argv[3])))
