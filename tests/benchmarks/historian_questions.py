"""RECORD: two questions that pages ask all the time, against bare SQL over rows that hold the same."""

import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np

from energy.domain import Point, Quality, Reading
from energy.historian.sqlite_reader import open_reader
from energy.historian.sqlite_record import SqliteRecord
from energy.ports import Resolution
from tests.benchmarks.bare_sqlite import BareSqlite
from tests.benchmarks.figure import Figure, interleaved, pairs_of

START = datetime(2020, 5, 18, tzinfo=UTC)
LATEST_POINTS = 1_000
MONTH_ASSETS = 78
"""As many as the shipped demo region has."""
KINDS = 6
MONTH = timedelta(days=31)
PAIRS = 21
HOUR_MS = 3_600_000


def latest_figure(*, pairs: int = PAIRS, points: int = LATEST_POINTS) -> Figure:
    """Read the latest of everything beside a writer."""
    at_ms = round(1000 * START.timestamp())
    readings = [
        Reading(
            asset_id=f"asset_{number}",
            point=Point.POWER_KW,
            value=number / 8,
            quality=Quality.GOOD,
            measured_at=START,
        )
        for number in range(points)
    ]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        bare = BareSqlite(folder / "bare.sqlite")
        bare.remember([(at_ms, number, 0, number / 8) for number in range(points)])
        with SqliteRecord(folder) as record:
            record.write_readings(readings)
        with open_reader(folder) as reader:
            measured = interleaved(
                pairs,
                ours=lambda _: _seconds(reader.latest),
                theirs=lambda _: _seconds(bare.latest),
            )
        bare.close()
    return pairs_of(measured).seconds_ratio(
        name="historian.latest_ratio",
        against=f"{points} rows of a table by series, left as rows (ours gives readings by asset and point)",
    )


def month_figure(*, pairs: int = PAIRS, assets: int = MONTH_ASSETS, span: timedelta = MONTH) -> Figure:
    """Add up a region's power by kind over a month in hours."""
    hours = int(span / timedelta(hours=1))
    end, first = START + span, round(1000 * START.timestamp()) // HOUR_MS
    value = np.round(np.random.default_rng(1).normal(1000.0, 300.0, size=(assets, 4 * hours)), 3)
    hourly = value.reshape(assets, hours, 4).mean(axis=2).tolist()
    groups = {
        str(kind): [f"asset_{number}" for number in range(kind, assets, KINDS)] for kind in range(KINDS)
    }
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        bare = BareSqlite(folder / "bare.sqlite")
        bare.group([(number, number % KINDS) for number in range(assets)])
        with SqliteRecord(folder) as record:
            for number in range(assets):
                record.import_means(f"asset_{number}", Point.POWER_KW, START, value[number])
                bare.fill([(number, first + hour, hourly[number][hour], HOUR_MS) for hour in range(hours)])
        with open_reader(folder) as reader:
            measured = interleaved(
                pairs,
                ours=lambda _: _seconds(
                    lambda: reader.sums(groups, Point.POWER_KW, Resolution.HOUR, start=START, end=end)
                ),
                theirs=lambda _: _seconds(lambda: bare.sums(first, first + hours)),
            )
        bare.close()
    return pairs_of(measured).seconds_ratio(
        name="historian.month_by_kind_ratio",
        against=f"sum and count by kind and hour over {assets * hours} rows along their key",
    )


def _seconds(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began
