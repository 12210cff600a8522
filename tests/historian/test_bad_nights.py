"""What else a bad night holds: a clock that goes back, a reader that holds on."""

import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path

from energy.domain import Authority, Point, Quality, Reading, Rung, Status
from energy.historian.sqlite_record import SqliteRecord
from energy.sqlite_file import WAL_BYTES_MAX

NOW = datetime(2020, 6, 3, 10, tzinfo=UTC)
DAY = timedelta(days=1)
MINUTE = timedelta(minutes=1)


def write(record: SqliteRecord, at: datetime, value: float, *, series: int = 1) -> None:
    readings = [
        Reading(asset_id=f"a{n}", point=Point.POWER_KW, value=value, quality=Quality.GOOD, measured_at=at)
        for n in range(series)
    ]
    record.write_readings(readings)
    record.write_status(
        Status(
            at=at,
            rung=Rung.RULES,
            plan_id=None,
            authority=Authority.AUTOMATIC,
            alarms=(),
            simulated=False,
            speed=1.0,
            tick_ms=1.0,
        )
    )
    record.commit()


def test_a_clock_that_goes_back_by_a_day_loses_no_sample_and_shows_the_present(tmp_path: Path) -> None:
    with SqliteRecord(tmp_path) as record:
        for minute in range(30):
            write(record, NOW + minute * MINUTE, float(minute))
        for minute in range(30):
            write(record, NOW - DAY + minute * MINUTE, 100.0 + minute)
        latest = record.latest()["a0", Point.POWER_KW]
        before = record.samples("a0", Point.POWER_KW, start=NOW, end=NOW + 30 * MINUTE)
        after = record.samples("a0", Point.POWER_KW, start=NOW - DAY, end=NOW - DAY + 30 * MINUTE)
    assert latest.value == 129.0
    assert before.value.tolist() == [float(minute) for minute in range(30)]
    assert after.value.tolist() == [100.0 + minute for minute in range(30)]


def test_a_reader_that_holds_on_makes_the_log_grow_only_until_it_lets_go(tmp_path: Path) -> None:
    log = tmp_path / "telemetry.sqlite-wal"
    with SqliteRecord(tmp_path) as record:
        write(record, NOW, 0.0, series=2_000)
        holding = sqlite3.connect(tmp_path / "telemetry.sqlite", isolation_level=None)
        holding.execute("BEGIN")
        holding.execute("SELECT count(*) FROM series").fetchall()
        second = 0
        while log.stat().st_size < WAL_BYTES_MAX + 8_000_000:
            second += 1
            write(record, NOW + timedelta(seconds=second), float(second), series=2_000)
        grown = log.stat().st_size
        holding.execute("ROLLBACK")
        holding.close()
        for more in range(1, 40):
            write(record, NOW + timedelta(seconds=second + more), float(more), series=2_000)
        assert grown > WAL_BYTES_MAX
        assert log.stat().st_size <= WAL_BYTES_MAX
        latest = record.latest()["a1999", Point.POWER_KW]
    assert latest.value == 39.0


def test_a_clock_that_leaps_ahead_for_a_while_deletes_nothing(tmp_path: Path) -> None:
    with SqliteRecord(tmp_path) as record:
        for minute in range(0, 3 * 1440, 30):
            write(record, NOW + minute * MINUTE, float(minute))
        record.settle()
        record.commit()
    ahead = NOW + 3 * DAY + 400 * DAY
    with SqliteRecord(tmp_path) as record:
        for minute in range(0, 120, 5):
            write(record, ahead + minute * MINUTE, 0.0)
        for minute in range(5):
            write(record, NOW + 3 * DAY + minute * MINUTE, 1.0)
        kept = record.samples("a0", Point.POWER_KW, start=NOW, end=NOW + DAY)
    assert kept.value.tolist() == [float(minute) for minute in range(0, 1440, 30)]


def test_a_clock_that_stands_by_its_leap_deletes_again(tmp_path: Path) -> None:
    with SqliteRecord(tmp_path) as record:
        for minute in range(0, 2 * 1440, 30):
            write(record, NOW + minute * MINUTE, float(minute))
        record.settle()
        record.commit()
        for minute in range(0, 3 * 1440, 30):
            write(record, NOW + 30 * DAY + minute * MINUTE, 0.0)
        kept = record.samples("a0", Point.POWER_KW, start=NOW, end=NOW + DAY)
    assert kept.value.size == 0
