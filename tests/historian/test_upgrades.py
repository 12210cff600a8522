"""Files of earlier versions open, and nothing that they hold is lost."""

import os
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from energy.domain import Point, Quality, Reading
from energy.errors import RecordBroken
from energy.historian.schema import FILE_NAME
from energy.historian.sqlite_reader import open_reader
from energy.historian.sqlite_record import SqliteRecord
from energy.periods import PERIOD
from tests.historian.old_files import MeanRow, SampleRow, old_file

T0 = datetime(2020, 6, 1, 10, tzinfo=UTC)
T0_MS = int(T0.timestamp()) * 1000
PERIOD_NUMBER = T0_MS // 900_000
SERIES = [(1, "wind", "power_kw"), (2, "wind", "energy_kwh_fed_in"), (7, "pv", "operating_state")]


def samples_of(hours: int) -> list[SampleRow]:
    rows: list[SampleRow] = []
    for minute in range(60 * hours + 1):
        at_ms = T0_MS + 60_000 * minute
        rows += [(at_ms, 1, 0, -minute / 7), (at_ms, 2, 0, 100.0 + minute), (at_ms, 7, 0, 4.0)]
        if minute % 10 == 9:
            rows[-1] = (at_ms, 7, 4, None)
    return rows


def means_of(periods: int) -> list[MeanRow]:
    return [(1, PERIOD_NUMBER + place, -1.5 * place, 900_000 - place, place % 2) for place in range(periods)]


def old(folder: Path, version: int, hours: int = 3) -> Path:
    registers = [(2, PERIOD_NUMBER + place, 100.0 + 15 * place) for place in range(4 * hours)]
    return old_file(
        folder,
        version=version,
        series=SERIES,
        samples=samples_of(hours),
        means=means_of(4 * hours),
        registers=registers,
    )


def check(record: SqliteRecord, hours: int = 3) -> None:
    end = T0 + timedelta(hours=hours)
    samples = record.samples("wind", Point.POWER_KW, start=T0, end=end + PERIOD)
    assert samples.at_ms.tolist() == [T0_MS + 60_000 * minute for minute in range(60 * hours + 1)]
    assert samples.value.tolist() == [-minute / 7 for minute in range(60 * hours + 1)]
    states = record.samples("pv", Point.OPERATING_STATE, start=T0, end=end)
    assert states.good.tolist() == [minute % 10 != 9 for minute in range(60 * hours)]
    means = record.means("wind", Point.POWER_KW, start=T0, end=end, known_at=end)
    assert means.value.tolist() == [-1.5 * place for place in range(4 * hours)]
    assert means.coverage == pytest.approx([1 - place / 900_000 for place in range(4 * hours)], rel=1e-12)
    energy = record.energy_means("wind", start=T0, end=end - PERIOD, known_at=end)
    assert energy.value.tolist() == [-60.0] * (4 * hours - 1)
    assert record.latest()["wind", Point.POWER_KW] == Reading(
        asset_id="wind",
        point=Point.POWER_KW,
        value=-60 * hours / 7,
        quality=Quality.GOOD,
        measured_at=end,
    )


@pytest.mark.parametrize("version", [1, 2])
def test_an_older_file_becomes_a_new_one_with_all_it_holds(tmp_path: Path, version: int) -> None:
    old(tmp_path, version)
    with SqliteRecord(tmp_path) as record:
        check(record)
        record.settle()
        check(record)
    with closing(sqlite3.connect(tmp_path / FILE_NAME)) as file:
        tables = {name for (name,) in file.execute("SELECT name FROM sqlite_master")}
        assert not tables & {"sample", "latest", "mean", "register"}
        assert {"score", "weather", "metric", "chunk"} <= tables
        assert file.execute("PRAGMA auto_vacuum").fetchone() == (2,)
        assert file.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_a_file_of_version_3_gets_the_tables_of_the_leaderboard(tmp_path: Path) -> None:
    old(tmp_path, 2)
    with SqliteRecord(tmp_path) as record:
        record.settle()
    with closing(sqlite3.connect(tmp_path / FILE_NAME)) as file, file:
        for table in ("shadow", "scored_day", "live_score"):
            file.execute(f"DROP TABLE {table}")
        file.execute("PRAGMA user_version = 3")
    with SqliteRecord(tmp_path) as record:
        check(record)
        assert record.scored_days(T0, T0 + timedelta(days=1)) == []
        assert record.live_scores(T0, T0 + timedelta(days=1)) == []


def test_an_upgraded_record_goes_on_in_the_middle_of_its_quarter_hour(tmp_path: Path) -> None:
    path = old(tmp_path, 2)
    cut = T0_MS + 7 * 60_000
    with closing(sqlite3.connect(path)) as file, file:
        file.execute("DELETE FROM sample WHERE at_ms > ?", (cut,))
        file.execute("DELETE FROM mean")
    with SqliteRecord(tmp_path) as record:
        for minute in range(8, 16):
            at = T0 + timedelta(minutes=minute)
            record.write_readings(
                [
                    Reading(
                        asset_id="wind",
                        point=Point.POWER_KW,
                        value=-minute / 7,
                        quality=Quality.GOOD,
                        measured_at=at,
                    )
                ]
            )
            means = record.means("wind", Point.POWER_KW, start=T0, end=T0 + PERIOD, known_at=at)
            assert np.isnan(means.value[0]) == (minute < 15)
        assert means.value == pytest.approx([-sum(range(1, 16)) / 15 / 7])
        assert means.coverage.tolist() == [1.0]


def test_a_reader_of_an_older_file_is_told_its_version(tmp_path: Path) -> None:
    old(tmp_path, 1)
    with pytest.raises(RecordBroken, match=r"schema version 1, this program knows 4.*it upgrades it"):
        open_reader(tmp_path)


def test_an_upgrade_that_is_killed_leaves_the_old_file_or_the_new_one(tmp_path: Path) -> None:
    hours = 48
    old(tmp_path, 1, hours)
    opening = "import sys, pathlib; from energy.historian.sqlite_record import SqliteRecord;"
    opening += "print(flush=True); SqliteRecord(pathlib.Path(sys.argv[1]))"
    versions = set()
    for wait_s in (0.0, 0.01, 0.03, 0.1, 0.2):
        child = subprocess.Popen([sys.executable, "-c", opening, str(tmp_path)], stdout=subprocess.PIPE)
        assert child.stdout is not None
        child.stdout.readline()
        time.sleep(wait_s)
        os.kill(child.pid, signal.SIGKILL)
        child.wait()
        child.stdout.close()
        with closing(sqlite3.connect(tmp_path / FILE_NAME)) as file:
            versions.add(file.execute("PRAGMA user_version").fetchone()[0])
            assert file.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    assert versions <= {1, 4}
    with SqliteRecord(tmp_path) as record:
        check(record, hours)
