"""What did we know then: means as of a moment are those of a record that had stopped at it."""

import tempfile
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from energy.domain import Point, Quality, Reading
from energy.historian.limits import SETTLING_S
from energy.historian.memory_record import MemoryRecord
from energy.historian.sqlite_record import SqliteRecord
from energy.periods import PERIOD
from energy.ports import Means, Resolution

T0 = datetime(2020, 10, 24, 21, 30, tzinfo=UTC)
PERIODS = 6
END = T0 + PERIODS * PERIOD
POINTS = (Point.POWER_KW, Point.ENERGY_KWH_DRAWN)
Record = MemoryRecord | SqliteRecord
SETTLING = timedelta(seconds=SETTLING_S)
FILES = settings(deadline=None, max_examples=80, phases=(Phase.explicit, Phase.reuse, Phase.generate))

SECONDS = st.integers(0, 60 * PERIODS).map(lambda steps: steps * 15)
READINGS = st.builds(
    lambda offset_s, point, value: Reading(
        asset_id="wind",
        point=point,
        value=float(value),
        quality=Quality.GOOD,
        measured_at=T0 + timedelta(seconds=offset_s),
    ),
    SECONDS,
    st.sampled_from(POINTS),
    st.integers(0, 50),
)
BATCHES = st.lists(st.lists(READINGS, min_size=1, max_size=8), min_size=1, max_size=14)


def answers(record: Record, known_at: datetime) -> dict[str, Means]:
    window = {"start": T0, "end": END, "known_at": known_at}
    return {
        "means": record.means("wind", Point.POWER_KW, **window),
        "energy": record.energy_means("wind", **window),
    }


def settled(known_at: datetime) -> "np.ndarray[tuple[int], np.dtype[np.bool_]]":
    """Tell which periods are not within the time in which their mean still settles."""
    ends = [T0 + (place + 1) * PERIOD for place in range(PERIODS)]
    starts = [end - PERIOD for end in ends]
    return np.array(
        [
            not (end <= known_at < end + SETTLING) and not (start <= known_at < start + SETTLING)
            for start, end in zip(starts, ends, strict=True)
        ]
    )


def clock_after(batches: list[list[Reading]]) -> list[datetime]:
    clocks: list[datetime] = []
    for batch in batches:
        newest = max(reading.measured_at for reading in batch)
        behind = bool(clocks) and clocks[-1] - newest > timedelta(hours=1)
        clocks.append(newest if behind or not clocks else max(clocks[-1], newest))
    return clocks


@FILES
@given(batches=BATCHES, known_s=SECONDS, rolled_up=st.booleans())
def test_means_known_at_a_moment_are_those_of_a_record_that_had_stopped_then(
    *, batches: list[list[Reading]], known_s: int, rolled_up: bool
) -> None:
    known_at = T0 + timedelta(seconds=known_s)
    clocks = clock_after(batches)
    if clocks != sorted(clocks):
        return  # a clock that went back has no "then"
    with tempfile.TemporaryDirectory() as one, tempfile.TemporaryDirectory() as other, ExitStack() as stack:
        pairs = [
            (MemoryRecord(), MemoryRecord()),
            tuple(stack.enter_context(SqliteRecord(Path(name))) for name in (one, other)),
        ]
        everything: list[dict[str, Means]] = []
        for whole, stopped in pairs:
            for batch, clock in zip(batches, clocks, strict=True):
                whole.write_readings(batch)
                if clock <= known_at:
                    stopped.write_readings(batch)
            if rolled_up and isinstance(whole, SqliteRecord):
                late = [
                    Reading(
                        asset_id="pv",
                        point=Point.POWER_KW,
                        value=1.0,
                        quality=Quality.GOOD,
                        measured_at=END + timedelta(days=2),
                    )
                ]
                whole.write_readings(late)
                whole.settle()
            found, expected = answers(whole, known_at), answers(stopped, END + timedelta(days=1))
            everything.append(found)
            sure = settled(known_at)
            for name in ("means",):
                past = np.array([T0 + (place + 1) * PERIOD <= known_at for place in range(PERIODS)])
                assert np.allclose(
                    found[name].value[sure & past], expected[name].value[sure & past], equal_nan=True
                )
                assert np.array_equal(found[name].coverage[sure & past], expected[name].coverage[sure & past])
                assert np.isnan(found[name].value[~past]).all()
        for name in ("means", "energy"):
            assert np.allclose(
                everything[0][name].value, everything[1][name].value, equal_nan=True, rtol=1e-12, atol=1e-9
            ), name


@pytest.mark.parametrize("rolled_up", [False, True])
@pytest.mark.parametrize("kind", ["memory", "sqlite"])
def test_a_metering_file_that_comes_later_does_not_rewrite_what_was_known(
    *, tmp_path: Path, kind: str, rolled_up: bool
) -> None:
    came = T0 + timedelta(days=3)
    with SqliteRecord(tmp_path) as sqlite:
        record: Record = sqlite if kind == "sqlite" else MemoryRecord()
        for minute in range(0, 16, 15):  # covers a little of the quarter hour
            at = T0 + timedelta(minutes=minute)
            record.write_readings([reading_at(at, 7.0)])
        record.import_means("wind", Point.POWER_KW, T0, np.array([3.0]), known_at=came)
        record.write_readings([reading_at(came, 1.0)])
        if rolled_up:
            sqlite.settle()

        def value(known_at: datetime) -> float:
            means = record.means("wind", Point.POWER_KW, start=T0, end=T0 + PERIOD, known_at=known_at)
            return float(means.value[0])

        assert np.isnan(value(T0 + PERIOD - timedelta(seconds=1)))
        assert value(T0 + PERIOD) == 7.0
        assert value(came - timedelta(seconds=1)) == 7.0
        assert value(came) == 3.0
        hours = [
            float(
                record.roll_up(
                    "wind",
                    Point.POWER_KW,
                    Resolution.HOUR,
                    start=T0,
                    end=T0 + PERIOD,
                    known_at=moment,
                ).value[0]
            )
            for moment in (came - timedelta(seconds=1), came)
        ]
        reached_back_s = 120  # the first sample stands for the end of the quarter hour before, too
        both = (reached_back_s * 7.0 + 900 * 3.0) / (reached_back_s + 900)
        assert hours == pytest.approx([7.0, both])


def reading_at(at: datetime, value: float) -> Reading:
    return Reading(asset_id="wind", point=Point.POWER_KW, value=value, quality=Quality.GOOD, measured_at=at)
