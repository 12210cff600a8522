"""RECORD: from 50 to 5,000 points every 5 s: where the embedded store's place ends."""

import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np

from energy.domain import Point, Quality, Reading
from energy.historian.schema import FILE_NAME
from energy.historian.sqlite_record import SqliteRecord
from tests.benchmarks.bare_sqlite import BareSqlite, SampleRow
from tests.benchmarks.figure import Figure, figure_of, interleaved, pairs_of

START = datetime(2020, 5, 18, tzinfo=UTC)
TICK_S = 5.0
POINTS = (50, 500, 5_000)
TICKS = 1_440
"""Two hours: fresh blocks, the rewriting of an hour, and eight quarter hours are in it."""
TICKS_A_SIDE = 60
DAY_TICKS = 17_280
WATT_DIGITS = 3


def growth_figures(points: int, *, ticks: int = TICKS, tick_s: float = TICK_S) -> Iterator[Figure]:
    """Write so many points a tick into both, tick by tick, and time every tick of ours."""
    keys = [(f"asset_{number}", Point.POWER_KW) for number in range(points)]
    taken_s: list[float] = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        record, bare = SqliteRecord(folder), BareSqlite(folder / "bare.sqlite")

        def ours(side: int) -> float:
            images = [
                [
                    Reading(asset_id=asset_id, point=point, value=value, quality=Quality.GOOD, measured_at=at)
                    for (asset_id, point), value in zip(keys, values, strict=True)
                ]
                for at, values in _ticks(points, side, tick_s)
            ]
            for image in images:
                began = time.perf_counter()
                record.write_readings(image)
                record.commit()
                taken_s.append(time.perf_counter() - began)
            return sum(taken_s[-len(images) :])

        def theirs(side: int) -> float:
            images: list[list[SampleRow]] = [
                [(round(1000 * at.timestamp()), place, 0, value) for place, value in enumerate(values)]
                for at, values in _ticks(points, side, tick_s)
            ]
            began = time.perf_counter()
            for image in images:
                bare.append(image)
            return time.perf_counter() - began

        measured = interleaved(max(1, ticks // TICKS_A_SIDE), ours=ours, theirs=theirs)
        record.settle()
        record.commit()
        record.close()
        bare.close()
        stored_bytes = (folder / FILE_NAME).stat().st_size
        bare_bytes = bare.path.stat().st_size
    yield pairs_of(measured).rate_ratio(
        name=f"historian.ingest_ratio.sqlite.{points}",
        of="rows",
        against=f"executemany of {points} rows a tick into a table without an index, a commit a tick",
    )
    yield figure_of(
        [float(np.percentile(taken_s, 99)) / tick_s],
        name=f"historian.tick_share_p99.{points}",
        unit="of a tick",
        against=f"absolute: the 99th percentile of {len(taken_s)} writes, against a tick of {tick_s:g} s",
    )
    yield figure_of(
        [stored_bytes * DAY_TICKS / len(taken_s) / 1e6],
        name=f"historian.mb_a_day.{points}",
        unit="MB",
        against=(
            f"extrapolated from {len(taken_s)} ticks, most hours rewritten; "
            f"the barest table: {bare_bytes * DAY_TICKS / len(taken_s) / 1e6:.0f} MB"
        ),
    )


def _ticks(points: int, side: int, tick_s: float) -> Iterator[tuple[datetime, list[float]]]:
    power_kw = np.random.default_rng(side).normal(1000.0, 300.0, size=(TICKS_A_SIDE, points))
    for tick in range(TICKS_A_SIDE):
        at = START + timedelta(seconds=tick_s * (side * TICKS_A_SIDE + tick))
        yield at, np.round(power_kw[tick], WATT_DIGITS).tolist()
