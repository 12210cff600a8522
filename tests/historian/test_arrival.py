"""However readings arrive, and whatever restarts in between, the means are those of the samples."""

import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

import numpy as np
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from energy.domain import Point, Quality, Reading
from energy.historian.memory_record import MemoryRecord
from energy.historian.sqlite_record import SqliteRecord
from energy.periods import PERIOD

T0 = datetime(2020, 10, 25, 0, 30, tzinfo=UTC)
POINTS = (Point.POWER_KW, Point.ENERGY_KWH_DRAWN)
PERIODS = 4

readings = st.builds(
    lambda offset_s, asset, point, value, quality: Reading(
        asset_id=asset,
        point=point,
        value=value,
        quality=quality,
        measured_at=T0 + timedelta(seconds=offset_s),
    ),
    st.integers(0, 60 * PERIODS).map(lambda steps: steps * 15),
    st.sampled_from(["wind", "pv"]),
    st.sampled_from(POINTS),
    st.integers(0, 50).map(float),
    st.sampled_from([Quality.GOOD, Quality.GOOD, Quality.GOOD, Quality.COMM_ERROR]),
)
batches = st.lists(
    st.tuples(
        st.lists(readings, min_size=1, max_size=12), st.sampled_from(["go on", "go on", "restart", "fail"])
    ),
    max_size=12,
)


def compare(sqlite: SqliteRecord, memory: MemoryRecord) -> None:
    end = T0 + (PERIODS + 1) * PERIOD
    assert sqlite.latest() == memory.latest()
    for asset_id in ("wind", "pv"):
        for point in POINTS:
            kept = sqlite.means(asset_id, point, start=T0 - PERIOD, end=end, known_at=end)
            true = memory.means(asset_id, point, start=T0 - PERIOD, end=end, known_at=end)
            assert np.allclose(kept.value, true.value, equal_nan=True, rtol=1e-12, atol=1e-9)
            assert np.array_equal(kept.coverage, true.coverage)
        energies = [
            record.energy_means(asset_id, start=T0 - PERIOD, end=end, known_at=end)
            for record in (sqlite, memory)
        ]
        assert np.allclose(energies[0].value, energies[1].value, equal_nan=True, rtol=1e-12, atol=1e-9)


# Every example opens files, so that shrinking one would take minutes.
FILES = settings(deadline=None, max_examples=60, phases=(Phase.explicit, Phase.reuse, Phase.generate))


@FILES
@given(batches)
def test_order_delay_restarts_and_failures_do_not_change_the_means(
    arriving: list[tuple[list[Reading], str]],
) -> None:
    memory = MemoryRecord()
    with tempfile.TemporaryDirectory() as name:
        record = SqliteRecord(Path(name))
        for batch, then in arriving:
            if then == "fail":
                record.write_readings(batch)
                record.rollback()
            record.write_readings(batch)
            memory.write_readings(batch)
            record.commit()
            if then == "restart":
                record.close()
                record = SqliteRecord(Path(name))
        compare(record, memory)
        record.close()


@FILES
@given(st.lists(readings, min_size=1, max_size=80), st.randoms(use_true_random=False))
def test_a_series_in_order_and_the_same_one_shuffled_give_the_same_means(
    given_readings: list[Reading], random: Random
) -> None:
    unique = {(one.asset_id, one.point, one.measured_at): one for one in given_readings}
    ordered = sorted(unique.values(), key=lambda one: one.measured_at)
    shuffled = ordered.copy()
    random.shuffle(shuffled)
    memory = MemoryRecord()
    memory.write_readings(ordered)
    with tempfile.TemporaryDirectory() as name, SqliteRecord(Path(name)) as record:
        for one in shuffled:
            record.write_readings([one])
        record.commit()
        compare(record, memory)
