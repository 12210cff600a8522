"""Minutes, hours, days and qualities are those of the samples, open or closed, in every record."""

import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from energy.domain import Point, Quality, Reading
from energy.errors import BadInput, RecordBroken
from energy.historian.influx.spool import Spool
from energy.historian.influx.telemetry import InfluxTelemetry
from energy.historian.limits import POINTS_PER_QUERY_MAX
from energy.historian.memory_record import MemoryRecord
from energy.historian.sqlite_reader import SqliteReader, open_reader
from energy.historian.sqlite_record import SqliteRecord
from energy.periods import local_day
from energy.ports import DayQuality, Resolution, RollUp
from tests.historian.influx_drain import Drain
from tests.historian.telemetry_stores import POWER, reading, seconds, ticks

BERLIN = ZoneInfo("Europe/Berlin")
DAY = date(2020, 10, 25)
START, END = local_day(DAY, BERLIN)
HOUR = timedelta(hours=1)
Record = MemoryRecord | SqliteRecord
Answers = MemoryRecord | SqliteRecord | SqliteReader | InfluxTelemetry


@pytest.fixture(params=["memory", "sqlite", "sqlite_closed", "influx"])
def filled(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Answers]:
    """A day of 25 hours and an hour on both sides, silent from 6 to 7 in the morning UTC."""
    with ExitStack() as stack:
        record: Record | Spool = MemoryRecord()
        if request.param == "influx":
            record = stack.enter_context(Spool(tmp_path, bytes_max=10**9))
        elif request.param != "memory":
            record = stack.enter_context(SqliteRecord(tmp_path))
        silent = START.replace(hour=6, minute=0) + timedelta(days=1)
        for at in ticks(START - HOUR, END + HOUR):
            if not silent < at <= silent + HOUR:
                hour = float((at - seconds(1) - START) // HOUR)
                record.write_readings([reading(at, hour), reading(at, 1.0, asset_id="pv")])
        if request.param == "memory":
            assert isinstance(record, MemoryRecord)
            yield record
            return
        if request.param == "influx":
            database = request.getfixturevalue("influx_server").database()
            stack.enter_context(Drain(tmp_path, database)).settle()
            yield stack.enter_context(InfluxTelemetry(database))
            return
        assert isinstance(record, SqliteRecord)
        if request.param == "sqlite_closed":
            record.settle()
        record.commit()
        yield stack.enter_context(open_reader(tmp_path))


def rolled(record: Answers, resolution: Resolution, start: datetime, end: datetime) -> RollUp:
    return record.roll_up("wind", POWER, resolution, start=start, end=end)


def test_a_day_of_twenty_five_hours_is_one_day(filled: Answers) -> None:
    days = rolled(filled, Resolution.DAY, START, END)
    assert days.start_ms.tolist() == [int(START.timestamp()) * 1000]
    hours = rolled(filled, Resolution.HOUR, START, END)
    assert hours.value.size == 25
    weights = hours.coverage / hours.coverage.sum()
    assert days.value[0] == pytest.approx(float((weights * np.nan_to_num(hours.value)).sum()))
    assert days.coverage[0] == pytest.approx(1 - (3600 - 60) / 90_000)


def test_hours_and_minutes_are_means_over_their_time(filled: Answers) -> None:
    hours = rolled(filled, Resolution.HOUR, START, START + 3 * HOUR)
    assert hours.value == pytest.approx([0.0, 1.0, 2.0])
    minutes = rolled(filled, Resolution.MINUTE, START + HOUR - seconds(120), START + HOUR + seconds(120))
    assert minutes.value.tolist() == [0.0, 0.0, 1.0, 1.0]
    assert minutes.coverage.tolist() == [1.0] * 4


def test_a_day_tells_what_is_covered_and_its_gaps(filled: Answers) -> None:
    before, day, after = filled.quality_by_day(
        "wind", POWER, first=date(2020, 10, 24), last=date(2020, 11, 9)
    )
    assert (day.day, day.length_s, day.gaps) == (DAY, 90_000.0, 1)
    assert day.longest_gap_s == 3600.0 - 60.0
    assert day.covered_s == day.length_s - day.longest_gap_s
    assert day.samples[Quality.GOOD] == 25 * 60 - 60
    assert before.gaps == 1
    assert before.covered_s == 3600.0 + 120.0
    assert (after.length_s, after.gaps) == (3600.0, 0)
    (gap,) = filled.gaps("wind", POWER, start=START, end=END)
    assert gap[1] - gap[0] == seconds(day.longest_gap_s)


def test_a_sum_over_a_kind_says_how_many_members_are_missing(filled: Answers) -> None:
    groups = {"sources": ["wind", "pv"], "and one more": ["wind", "nobody"]}
    sums = filled.sums(groups, POWER, Resolution.HOUR, start=START, end=START + 2 * HOUR)
    assert sums["sources"].value == pytest.approx([1.0, 2.0])
    assert sums["sources"].missing.tolist() == [0, 0]
    assert np.isnan(sums["and one more"].value).all()
    assert sums["and one more"].missing.tolist() == [1, 1]


def test_every_question_has_a_limit(filled: Answers) -> None:
    far = START + POINTS_PER_QUERY_MAX * seconds(61)
    with pytest.raises(BadInput, match="at most"):
        rolled(filled, Resolution.MINUTE, START, far)
    with pytest.raises(BadInput, match="before the start"):
        rolled(filled, Resolution.DAY, END, START)
    with pytest.raises(BadInput, match="at most"):
        filled.sums(
            {"many": [f"a{n}" for n in range(2000)]},
            POWER,
            Resolution.QUARTER,
            start=START,
            end=START + timedelta(days=9),
        )


def test_a_file_keeps_the_days_of_its_region(tmp_path: Path) -> None:
    SqliteRecord(tmp_path).close()
    with pytest.raises(RecordBroken, match=r"Europe/Berlin.*America/New_York"):
        SqliteRecord(tmp_path, zone=ZoneInfo("America/New_York"))


def same(one: RollUp, other: RollUp) -> bool:
    return (
        np.array_equal(one.start_ms, other.start_ms)
        and np.allclose(one.value, other.value, equal_nan=True, rtol=1e-9, atol=1e-9)
        and np.allclose(one.coverage, other.coverage)
    )


def answers(record: Record) -> tuple[list[RollUp], list[DayQuality], list[tuple[datetime, datetime]]]:
    rolls = [
        record.roll_up(asset_id, POWER, resolution, start=START - HOUR, end=END + 2 * HOUR)
        for resolution in Resolution
        for asset_id in ("wind", "pv")
    ]
    first, last = DAY - timedelta(days=1), DAY + timedelta(days=2)
    qualities = [
        day for name in ("wind", "pv") for day in record.quality_by_day(name, POWER, first=first, last=last)
    ]
    return rolls, qualities, list(record.gaps("wind", POWER, start=START - HOUR, end=END + HOUR))


MINUTES = st.one_of(st.integers(-60, 60), st.integers(24 * 60, 26 * 60), st.integers(-60, 26 * 60))
ARRIVALS = st.lists(
    st.lists(
        st.builds(
            lambda minute, asset_id, value, quality: Reading(
                asset_id=asset_id,
                point=POWER,
                value=float(value),
                quality=quality,
                measured_at=START + timedelta(minutes=minute),
            ),
            MINUTES,
            st.sampled_from(["wind", "pv"]),
            st.integers(0, 50),
            st.sampled_from([Quality.GOOD, Quality.GOOD, Quality.STALE]),
        ),
        min_size=1,
        max_size=30,
    ),
    min_size=1,
    max_size=8,
)


@settings(deadline=None, max_examples=60, phases=(Phase.explicit, Phase.reuse, Phase.generate))
@given(ARRIVALS, st.lists(st.booleans(), min_size=8, max_size=8))
def test_late_data_reach_every_resolution_whether_days_are_closed_or_open(
    arrivals: list[list[Reading]], settling: list[bool]
) -> None:
    newest = reading(END + 3 * HOUR, 1.0, asset_id="grid")
    memory = MemoryRecord()
    with tempfile.TemporaryDirectory() as name, SqliteRecord(Path(name)) as record:
        for batch, settle in zip(arrivals, settling, strict=False):
            together = [*batch, newest]  # the clock of the record does not go back
            for one in (memory, record):
                one.write_readings(together)
            if settle:
                record.settle()
        for _ in range(2):
            (rolls, qualities, gaps), (true, expected, open_) = answers(record), answers(memory)
            assert all(map(same, rolls, true))
            assert gaps == open_
            assert [replace(day, samples={}) for day in qualities] == [
                replace(day, samples={}) for day in expected
            ]
            assert [dict(day.samples) for day in qualities] == [dict(day.samples) for day in expected]
            record.settle()


def test_imports_reach_hours_and_days_at_once(tmp_path: Path) -> None:
    memory = MemoryRecord()
    with SqliteRecord(tmp_path) as record:
        values = np.arange(400.0)
        values[40:50] = np.nan
        start = START - timedelta(days=2)
        for one in (memory, record):
            one.write_readings([reading(END + 3 * HOUR, 1.0, point=Point.ENERGY_KWH)])
            one.import_means("wind", POWER, start, values)
        for resolution in (Resolution.QUARTER, Resolution.HOUR, Resolution.DAY):
            found = record.roll_up("wind", POWER, resolution, start=start, end=END)
            assert same(found, memory.roll_up("wind", POWER, resolution, start=start, end=END))
            assert np.isfinite(found.value).any()
