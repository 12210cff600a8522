"""Telemetry goes when its time is over, for real, and each resolution at its own time."""

import sqlite3
import struct
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from energy.domain import Authority, Point, Reading, Rung, Status
from energy.errors import BadInput
from energy.historian.expiry import FREE_PAGES_KEPT
from energy.historian.limits import Retention
from energy.historian.schema import FILE_NAME
from energy.historian.sqlite_record import SqliteRecord
from energy.periods import PERIOD
from energy.ports import Resolution
from tests.historian.telemetry_stores import POWER, reading, seconds, ticks

T0 = datetime(2020, 6, 1, 22, tzinfo=UTC)
"""Midnight in Berlin."""
DAY = timedelta(days=1)
SHORT = Retention(
    samples=2 * DAY,
    minutes=4 * DAY,
    quarters=6 * DAY,
    hours=30 * DAY,
    days=200 * DAY,
    quality=5 * DAY,
    set_aside=3 * DAY,
)
SECRET_KW = -98765.4321012345


def status(at: datetime) -> Status:
    return Status(
        at=at,
        rung=Rung.OPTIMAL,
        plan_id="p",
        authority=Authority.AUTOMATIC,
        alarms=(),
        simulated=True,
        speed=60.0,
        tick_ms=1.5,
    )


def write(record: SqliteRecord, at: datetime, readings: list[Reading]) -> None:
    record.write_readings(readings)
    record.write_status(status(at))
    record.commit()


def first_day(record: SqliteRecord) -> None:
    for at in ticks(T0, T0 + DAY, every_s=60.0):
        write(record, at, [reading(at, SECRET_KW)])


def later(record: SqliteRecord, at: datetime) -> None:
    write(record, at, [reading(at, 1.0, asset_id="pv")])
    record.settle()
    record.commit()


def known(record: SqliteRecord, resolution: Resolution) -> bool:
    roll_up = record.roll_up("wind", POWER, resolution, start=T0, end=T0 + DAY)
    return bool(np.isfinite(roll_up.value).any())


def test_each_resolution_goes_at_its_own_time(tmp_path: Path) -> None:
    with SqliteRecord(tmp_path, retention=SHORT) as record:
        first_day(record)
        left = dict.fromkeys(("samples", "quality", *Resolution), 0)
        for days in range(2, 300):
            at = T0 + days * DAY
            if days > 32 and days % 8:
                continue
            later(record, at)
            found = {resolution: known(record, resolution) for resolution in Resolution}
            samples = record.samples("wind", POWER, start=T0, end=T0 + DAY).at_ms.size > 0
            (quality,) = record.quality_by_day("wind", POWER, first=T0.date() + DAY, last=T0.date() + DAY)
            for name, there in {**found, "samples": samples, "quality": quality.covered_s > 0}.items():
                if there:
                    left[name] = days
    assert left["samples"] == 2
    assert left["quality"] == 5
    # The others go by pages: of a day, a week, 64 days.
    assert 4 <= left[Resolution.MINUTE] <= 4 + 1
    assert 6 <= left[Resolution.QUARTER] <= 6 + 1
    assert 30 <= left[Resolution.HOUR] <= 30 + 7
    assert 200 <= left[Resolution.DAY] <= 200 + 64


def test_what_is_deleted_is_not_in_the_files_any_more(tmp_path: Path) -> None:
    octets = struct.pack("<d", SECRET_KW)
    with SqliteRecord(tmp_path, retention=SHORT) as record:
        first_day(record)
        record.write_readings([reading(T0 + DAY - seconds(30), SECRET_KW)])  # late: sets a mean aside
        record.commit()
        for days in (1.5, 3, 8, 40, 300):
            later(record, T0 + days * DAY)
    contents = [path.read_bytes() for path in sorted(tmp_path.iterdir())]
    newest = contents[0].count(octets)
    assert newest == 1  # the latest reading of the point, which is kept as such
    assert not any(octets in content for content in contents[1:])


def test_the_file_gives_space_back(tmp_path: Path) -> None:
    noise = np.random.default_rng(7).normal(size=100_000)
    with SqliteRecord(tmp_path, retention=SHORT) as record:
        for number in range(12):
            record.import_means(f"a{number}", POWER, T0 - noise.size * PERIOD, noise)
    full = (tmp_path / FILE_NAME).stat().st_size
    with SqliteRecord(tmp_path, retention=SHORT) as record:
        later(record, T0 + 300 * DAY)
    assert full > 3 * FREE_PAGES_KEPT * 4096
    assert (tmp_path / FILE_NAME).stat().st_size < (FREE_PAGES_KEPT + 250) * 4096


def test_gaps_in_a_time_without_samples_are_refused_rather_than_invented(tmp_path: Path) -> None:
    with SqliteRecord(tmp_path, retention=SHORT) as record:
        first_day(record)
        later(record, T0 + 10 * DAY)
        with pytest.raises(BadInput, match="raw samples are kept from"):
            record.gaps("wind", POWER, start=T0, end=T0 + DAY)


def test_late_readings_of_a_day_without_samples_leave_what_is_known_alone(tmp_path: Path) -> None:
    with SqliteRecord(tmp_path, retention=SHORT) as record:
        first_day(record)
        later(record, T0 + 3 * DAY)
        now = T0 + 3 * DAY + seconds(60)
        write(record, now, [reading(now, 1.0, asset_id="pv"), reading(T0 + seconds(90), 5.0)])
        record.settle()
        later(record, T0 + 3.5 * DAY)
        minutes = record.roll_up("wind", POWER, Resolution.MINUTE, start=T0, end=T0 + 4 * seconds(60))
        assert minutes.value.tolist() == [SECRET_KW] * 4
        means = record.means("wind", POWER, start=T0, end=T0 + PERIOD, known_at=now)
        assert means.value.tolist() == pytest.approx([SECRET_KW])
        day = T0.date() + DAY
        (quality,) = record.quality_by_day("wind", POWER, first=day, last=day)
        assert quality.covered_s == 86_400.0


def test_a_tick_never_pays_for_the_whole_clean_up(tmp_path: Path) -> None:
    """After a long day of many points no single tick rewrites, rolls up or deletes everything."""
    points = (POWER, Point.ENERGY_KWH_DRAWN, Point.ENERGY_KWH_FED_IN)
    with (
        SqliteRecord(tmp_path, retention=SHORT) as record,
        closing(sqlite3.connect(tmp_path / FILE_NAME)) as file,
    ):
        counts = [0]
        for at in ticks(T0, T0 + timedelta(hours=3) - seconds(60)):
            image = [reading(at, 1.5, asset_id=f"a{n}", point=point) for n in range(40) for point in points]
            write(record, at, image)
            counts.append(file.execute("SELECT count(*) FROM chunk").fetchone()[0])
    assert counts[-1] == 2 * 40 * len(points)
    assert max(np.diff(counts)) <= 12
