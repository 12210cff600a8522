"""Lives of one data folder: a controller writes, dies at a random moment, and what it left is judged."""

import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from energy.controller.memory import BilledPeak, recall
from energy.domain import Point
from energy.historian.sqlite_reader import open_reader
from energy.ledger.reader import LedgerReader, ledger_reader
from energy.ledger.verification import REMOVED, SEALED
from tests.controller.conftest import NOW, REGION_YAML
from tests.crash.shims import PowerCut
from tests.crash.writing_child import ORIGIN, TICK

ROOT = Path(__file__).parents[2]
READY_S_MAX = 60.0
LOST_S_MAX = 1.0
"""What a power cut may take of telemetry."""
SCHEDULING_S_MAX = 0.5
"""On top: how long a busy machine may keep the flushing thread waiting."""
CHECKPOINT_PAGES = (100_000, 20)
"""In turn: a life in which what is committed stays in the log, and one that has many checkpoints."""
STANDSTILL = timedelta(days=2)
"""The longest that the controller stands still between two lives, so that things grow old enough to go."""


@dataclass(kw_only=True)
class House:
    """One data folder through many lives.

    ``power_cut`` None: the process dies and the machine goes on.
    """

    folder: Path
    region_folder: Path
    dice: random.Random
    power_cut: PowerCut | None = None
    acknowledged: dict[int, str] = field(default_factory=dict)
    start: datetime = NOW
    lived: int = 0
    sealed: int = 0
    removed: int = 0
    images: int = 0
    lost: int = 0

    def live(self, seconds: float) -> None:
        """Run a controller for about as long, kill it, and judge what it left."""
        said = self.folder.parent / f"{self.folder.name}.said"
        environment = {**os.environ} if self.power_cut is None else self.power_cut.environment()
        killed_s = _run_and_kill(self._command(), said, seconds, {**environment, "PYTHONPATH": str(ROOT)})
        torn = self.dice if self.power_cut is not None and self.dice.random() < 0.5 else None
        if self.power_cut is not None:
            self.power_cut.cut_back(torn)
        self._judge(said.read_text(encoding="utf-8"), killed_s)
        said.unlink()

    def _command(self) -> list[str]:
        pages = CHECKPOINT_PAGES[self.lived % len(CHECKPOINT_PAGES)]
        self.lived += 1
        arguments = [str(self.folder), str(self.region_folder), self.start.isoformat(), str(pages)]
        return [sys.executable, "-m", "tests.crash.writing_child", *arguments]

    def _judge(self, said: str, killed_s: float) -> None:
        lines = [line.split() for line in said.split("\n")[:-1]]
        entries = {int(line[1]): line[2] for line in lines if line[0] == "ledger"}
        assert entries, "a life without an entry proves nothing"
        assert min(entries) not in self.acknowledged, "a number was given twice"
        self.acknowledged |= entries
        with ledger_reader(self.folder / "ledger.sqlite") as ledger:
            self._judge_ledger(ledger, first=min(entries))
        images = [(int(line[1]), float(line[2])) for line in lines if line[0] == "image"]
        self._judge_telemetry(images, killed_s)
        moments = self.dice.randrange(int(STANDSTILL / TICK)) if self.dice.random() < 0.2 else 0
        self.start = ORIGIN + timedelta(milliseconds=images[-1][0]) + (moments + 2) * TICK

    def _judge_ledger(self, ledger: LedgerReader, *, first: int) -> None:
        ledger.verify()
        found = {entry.sequence: entry for entry in ledger.entries(after=first - 1)}
        there = {number: found[number].hash for number in self.acknowledged if number >= first}
        assert there == {number: said for number, said in self.acknowledged.items() if number >= first}
        after = [number for number in found if number > max(there)]
        assert len(after) <= 10, "one append at most was made and not acknowledged"
        self.sealed += sum(entry.kind == SEALED for entry in found.values())
        self.removed += sum(entry.kind == REMOVED for entry in found.values())
        ticks = [entry for entry in found.values() if entry.kind == "tick"]
        last = max(ticks, key=lambda entry: entry.sequence).body
        peak = BilledPeak(period=self.start.year, power_kw=0.0)
        memory = recall(ledger, billed_peak=peak, power_kw_max=1e9)
        assert memory.request_sequence == last["request_sequence"]
        assert [request.request_id for request in memory.overrides] == [
            request["request_id"] for request in last["overrides"]
        ]
        for asset_id, values in last["sent_kw"].items():
            assert set(values) <= set(memory.sent_kw[asset_id])

    def judge_requests(self) -> None:
        """Every request was taken once, in order, over all lives."""
        with ledger_reader(self.folder / "ledger.sqlite") as ledger:
            taken = [entry.body["sequence"] for entry in ledger.entries(kind="request")]
            last = ledger.last("request")
        assert last is not None
        assert taken == list(range(taken[0], last.body["sequence"] + 1))

    def _judge_telemetry(self, images: list[tuple[int, float]], killed_s: float) -> None:
        assert whole(self.folder / "telemetry.sqlite")
        begin = ORIGIN + timedelta(milliseconds=images[0][0])
        end = ORIGIN + timedelta(milliseconds=images[-1][0]) + TICK
        with open_reader(self.folder) as reader:
            there = set(reader.samples("netz", Point.POWER_KW, start=begin, end=end).at_ms.tolist())
            reader.latest()
            reader.status()
        lost = [(at_ms, at_s) for at_ms, at_s in images if at_ms not in there]
        assert lost == images[len(images) - len(lost) :], "what is lost is the end, and has no holes"
        self.images += len(images)
        self.lost += len(lost)
        if self.power_cut is None:
            assert not lost
        elif lost:
            assert killed_s - lost[0][1] <= LOST_S_MAX + SCHEDULING_S_MAX, f"{len(lost)} images lost"


def house_of(place: Path, seed: int, *, power_cut: bool) -> House:
    """Make a house with its region's files, and its dice from the seed."""
    region = place / "region"
    (region / "history").mkdir(parents=True)
    (region / "region.yaml").write_text(REGION_YAML, encoding="utf-8")
    prices = "utc,price_eur_per_mwh\n2020-06-03T10:00Z,50.0\n"
    (region / "history" / "series.csv").write_text(prices, encoding="utf-8")
    (place / "scratch").mkdir()
    data = place / "data"
    return House(
        folder=data,
        region_folder=region,
        dice=random.Random(seed),  # noqa: S311 - seeded on purpose
        power_cut=PowerCut(data, place / "scratch") if power_cut else None,
    )


def whole(database: Path) -> bool:
    """Let SQLite look at every page of a file that nobody holds."""
    connection = sqlite3.connect(database)
    try:
        return connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    finally:
        connection.close()


def _run_and_kill(command: list[str], said: Path, seconds: float, environment: Mapping[str, str]) -> float:
    """Kill the child so long after its first entry; gives the moment on the monotonic clock."""
    with said.open("wb") as out, subprocess.Popen(command, stdout=out, env=environment, cwd=ROOT) as child:
        try:
            deadline_s = time.monotonic() + READY_S_MAX
            while b"ledger" not in said.read_bytes():
                assert child.poll() is None, "the child ended by itself"
                assert time.monotonic() < deadline_s, "the child did not begin to tick"
                time.sleep(0.005)
            time.sleep(seconds)
            assert child.poll() is None, "the child ended by itself"
        finally:
            child.send_signal(signal.SIGKILL)
            killed_s = time.monotonic()
    return killed_s
