"""Scores add up over quarter hours, survive restarts and older files, and both records give the same."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from energy.conduct import Conduct, Following, FollowingState, Score
from energy.domain import Level, Point, Quality, Reading
from energy.historian.limits import SCORES_KEPT_DAYS
from energy.historian.memory_record import MemoryRecord
from energy.historian.sqlite_reader import open_reader
from energy.historian.sqlite_record import SqliteRecord
from tests.dashboard.day import status

START = datetime(2020, 6, 3, 10, 0, tzinfo=UTC)
QUARTER = timedelta(minutes=15)
DAY = timedelta(days=1)


def conduct(asset_id: str = "battery", at: datetime = START, sent_kw: float | None = 90.0) -> Conduct:
    return Conduct(
        asset_id=asset_id,
        at=at,
        wanted_kw=100.0,
        level=Level.PLAN,
        limited_by="ramp",
        sent_kw=sent_kw,
        reason="plan; ramp",
        following=Following(
            asset_id=asset_id,
            state=FollowingState.SETTLING,
            held_kw=80.0,
            measured_kw=40.0,
            tolerance_kw=10.0,
            since=at,
            due_at=at + timedelta(seconds=12),
            reason="",
        ),
    )


def test_seconds_add_up_over_quarter_hours_and_restarts(tmp_path: Path) -> None:
    for tick in range(4):
        with SqliteRecord(tmp_path) as record:
            record.write_conduct([], {"battery": Score(followed_s=5.0)}, START + tick * QUARTER / 2)
    with open_reader(tmp_path) as reader:
        assert reader.scores(START, START + DAY) == {"battery": Score(followed_s=20.0)}
        assert reader.scores(START + QUARTER, START + DAY) == {"battery": Score(followed_s=10.0)}
        assert reader.scores(START - DAY, START) == {}


def test_the_last_chain_replaces_the_one_before(tmp_path: Path) -> None:
    with SqliteRecord(tmp_path) as record:
        record.write_conduct([conduct()], {}, START)
        latest = conduct(at=START + QUARTER, sent_kw=None)
        record.write_conduct([latest, conduct("park")], {}, START + QUARTER)
    with open_reader(tmp_path) as reader:
        assert reader.latest_conduct() == {"battery": latest, "park": conduct("park")}


def test_a_failed_tick_takes_its_seconds_back(tmp_path: Path) -> None:
    with SqliteRecord(tmp_path) as record:
        record.write_conduct([], {"battery": Score(followed_s=5.0)}, START)
        record.commit()
        record.write_conduct([], {"battery": Score(followed_s=5.0)}, START)
        record.rollback()
        assert record.scores(START, START + DAY) == {"battery": Score(followed_s=5.0)}


def test_old_scores_go(tmp_path: Path) -> None:
    with SqliteRecord(tmp_path) as record:
        record.write_conduct([], {"battery": Score(followed_s=5.0)}, START)
        record.write_status(status(START + (SCORES_KEPT_DAYS - 1) * DAY))
        record.commit()
        assert record.scores(START, START + DAY) != {}
        for day in (0, 1):  # a leap over both would be taken for a wrong clock
            record.write_status(status(START + (SCORES_KEPT_DAYS + day) * DAY))
            record.commit()
        assert record.scores(START, START + DAY) == {}


MILLISECONDS = st.integers(min_value=0, max_value=60_000).map(lambda value: value / 1000.0)
TICKS = st.lists(
    st.tuples(
        st.integers(min_value=0, max_value=7200),
        st.sampled_from(["battery", "park"]),
        st.builds(Score, followed_s=MILLISECONDS, settling_s=MILLISECONDS, refused_s=MILLISECONDS),
    ),
    max_size=20,
)


@settings(max_examples=25, deadline=None)
@given(TICKS)
def test_both_records_give_the_same(
    tmp_path_factory: pytest.TempPathFactory, ticks: list[tuple[int, str, Score]]
) -> None:
    memory = MemoryRecord()
    with SqliteRecord(tmp_path_factory.mktemp("record")) as record:
        for offset_s, asset_id, score in ticks:
            for sink in (record, memory):
                sink.write_conduct([], {asset_id: score}, START + timedelta(seconds=offset_s))
        window = START + QUARTER, START + 5 * QUARTER
        kept, counted = record.scores(*window), memory.scores(*window)
    assert kept.keys() == counted.keys()
    for asset_id, score in kept.items():
        assert score.followed_s == pytest.approx(counted[asset_id].followed_s)
        assert score.asked_s == pytest.approx(counted[asset_id].asked_s)


@pytest.mark.parametrize("point", [Point.REMOTE, Point.OPERATING_STATE, Point.FAULT_FLAGS, Point.REVERSION_S])
@pytest.mark.parametrize("make", [SqliteRecord, lambda _: MemoryRecord()], ids=["sqlite", "memory"])
def test_states_switches_flags_and_countdowns_have_no_means(
    tmp_path: Path, point: Point, make: Callable[[Path], SqliteRecord | MemoryRecord]
) -> None:
    record = make(tmp_path)
    for minute in range(32):
        record.write_readings(
            [
                Reading(
                    asset_id="battery",
                    point=item,
                    value=4.0,
                    quality=Quality.GOOD,
                    measured_at=START + timedelta(minutes=minute),
                )
                for item in (point, Point.POWER_KW)
            ]
        )
    end = START + 2 * QUARTER
    means = record.means("battery", point, start=START, end=end, known_at=end)
    assert not means.coverage.any()
    power = record.means("battery", Point.POWER_KW, start=START, end=end, known_at=end)
    assert power.coverage.all()
    assert record.latest()["battery", point].value == 4.0
