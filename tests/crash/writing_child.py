"""A controller that ticks as fast as it can on a scripted field, until it is killed.

``python -m tests.crash.writing_child DATA REGION START PAGES``: after so many pages a log is copied into its
database. What it is told to be durable it says on standard
output, one line each, after the call returned: ``ledger SEQUENCE HASH`` and ``image MOMENT_MS MONOTONIC_S``.
"""

import asyncio
import gc
import os
import sqlite3
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from energy.controller.loop import Controller, Mode, Ports, power_kw_plausible
from energy.controller.memory import BilledPeak, recall
from energy.controller.plan_keeper import PlanKeeper
from energy.controller.recorder import Recorder, Space
from energy.domain import Reading, Request, RequestKind
from energy.historian.limits import Retention
from energy.historian.sqlite_record import SqliteRecord
from energy.ledger.chain import Draft, Entry
from energy.ledger.sealing import SealingLimits
from energy.ledger.upkeep import Upkeep, UpkeepRules
from energy.ledger.writer import Ledger
from energy.region.loader import load_region
from energy.sqlite_file import SqliteFile
from tests.controller.conftest import NOW
from tests.controller.test_loop import NoPrices, NoTime, ScriptedField
from tests.controller.test_plan_keeper import ScriptedPlanner, rules

TICK = timedelta(minutes=1)
REQUEST_EVERY = 3
"""Minutes: somebody asks for something that often."""
REQUESTS_MAX = 5
"""At once, after a standstill."""
SMALL_RULES = UpkeepRules(
    sealing=SealingLimits(delay=timedelta(0), entries_max=40, forgotten_per_step=10),
    retention=timedelta(days=2),
)
"""Every life seals parts of its ledger, and the oldest ones go every few lives."""
SHORT_MEMORY = Retention(samples=timedelta(hours=12), minutes=timedelta(days=1), quarters=timedelta(days=3))
"""Of telemetry, so that much of it goes in the time of a test."""
TUNED_EVERY = 50
"""Ticks: files that were opened since get the small limits too."""
ORIGIN = datetime(1970, 1, 1, tzinfo=UTC)


def say(line: str) -> None:
    """Say it in one write, so that a kill leaves whole lines but perhaps the last."""
    os.write(1, line.encode() + b"\n")


class TellingLedger(Ledger):
    """Says what was acknowledged."""

    def append_many(self, entries: Sequence[Draft]) -> Sequence[Entry]:
        appended = super().append_many(entries)
        say("\n".join(f"ledger {entry.sequence} {entry.hash}" for entry in appended))
        return appended


class TellingRecord(SqliteRecord):
    """Says which images were committed, and when."""

    image_ms: int | None = None

    def write_readings(self, readings: Sequence[Reading]) -> None:
        super().write_readings(readings)
        self.image_ms = round((readings[0].measured_at - ORIGIN).total_seconds() * 1000)

    def commit(self) -> None:
        super().commit()
        if self.image_ms is not None:
            say(f"image {self.image_ms} {time.monotonic():.6f}")
            self.image_ms = None


class GrowingMailbox:
    """Somebody asks every few minutes; the number of a request is the count of them since ``NOW``."""

    def __init__(self) -> None:
        self.at = NOW

    def requests_after(self, sequence: int) -> Sequence[tuple[int, Request]]:
        asked = min(int((self.at - NOW) / TICK) // REQUEST_EVERY, sequence + REQUESTS_MAX)
        return [(number, _request(number, self.at)) for number in range(sequence + 1, asked + 1)]


def _request(number: int, at: datetime) -> Request:
    return Request(
        request_id=f"r{number}",
        asset_id="speicher",
        kind=RequestKind.SET,
        power_kw=float(number % 150),
        actor="tester",
        reason="growing",
        made_at=at,
        until=at + timedelta(hours=1),
    )


def small_logs(pages: int) -> None:
    """Have every open file's log copied into its database after so many pages."""
    for held in gc.get_objects():
        if isinstance(held, SqliteFile):
            with suppress(sqlite3.ProgrammingError):  # a file that a sealing had open
                held.execute(f"PRAGMA wal_autocheckpoint = {pages}")


@dataclass(kw_only=True)
class Living:
    """A controller on a data folder, with the field that it moves and the people who ask."""

    controller: Controller
    upkeep: Upkeep
    site: ScriptedField
    mailbox: GrowingMailbox
    asked_before: int


def living(
    folder: Path, region_folder: str, start: datetime, *, tick: timedelta, space: Space | None = None
) -> Living:
    """Put it together as the program does, on what the folder remembers."""
    region = load_region(region_folder)
    record, ledger = TellingRecord(folder, retention=SHORT_MEMORY), TellingLedger(folder)
    site, mailbox = ScriptedField(), GrowingMailbox()
    memory = recall(
        ledger,
        billed_peak=BilledPeak(period=start.year, power_kw=0.0),
        power_kw_max=power_kw_plausible(region),
    )
    controller = Controller(
        region,
        mode=Mode(tick_s=tick.total_seconds(), simulated=False, speed=1.0),
        ports=Ports(
            meter=site,
            dispatchable=site,
            recorder=Recorder(record, ledger, space=space),
            requests=mailbox,
            prices=NoPrices(),
            stopwatch=NoTime,
        ),
        keeper=PlanKeeper(control=region.control, planner=ScriptedPlanner(), fallback=rules()),
        memory=memory,
    )
    return Living(
        controller=controller,
        upkeep=Upkeep(ledger, SMALL_RULES),
        site=site,
        mailbox=mailbox,
        asked_before=memory.request_sequence,
    )


async def run(folder: Path, region_folder: str, start: datetime, pages: int) -> None:
    """Tick until killed, or until nobody is left to kill it."""
    house = living(folder, region_folder, start, tick=TICK)
    say(f"ready {house.asked_before}")
    ticks, parent = 0, os.getppid()
    while os.getppid() == parent:
        if ticks % TUNED_EVERY == 0:
            small_logs(pages)
        house.mailbox.at = start + ticks * TICK
        await house.controller.tick(house.mailbox.at)
        house.upkeep.step(house.mailbox.at)
        ticks += 1


if __name__ == "__main__":
    asyncio.run(run(Path(sys.argv[1]), sys.argv[2], datetime.fromisoformat(sys.argv[3]), int(sys.argv[4])))
