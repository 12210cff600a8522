"""RECORD: our embedded record against the barest SQLite tables that hold the same rows."""

import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np

from energy.devices.map_library import maps_of
from energy.domain import Point, Quality, Reading
from energy.historian.schema import FILE_NAME
from energy.historian.sqlite_reader import open_reader
from energy.historian.sqlite_record import SqliteRecord
from energy.periods import PERIOD, PERIOD_S
from energy.region.loader import load_region
from tests.benchmarks.bare_sqlite import BareSqlite, SampleRow
from tests.benchmarks.copies import region_of_copies
from tests.benchmarks.figure import Figure, Say, figure_of, interleaved, pairs_of
from tests.benchmarks.historian_growth import POINTS, growth_figures
from tests.benchmarks.historian_influx import influx_figures
from tests.benchmarks.historian_questions import latest_figure, month_figure

START = datetime(2020, 5, 18, tzinfo=UTC)
ASSETS = 45
TICK_S = 5.0
TICKS_A_SIDE = 60
PAIRS = 25
YEAR_PERIODS = 365 * 96
YEAR_SERIES = 8
YEAR_PAIRS = 41
WATT_DIGITS = 3
"""Meters count in whole watts: values in kW are rounded to what a register can hold."""
Series = tuple[str, Point]


def figures(say: Say) -> Iterator[Figure]:
    """Measure everything of this group."""
    say("historian: samples in")
    yield from ingest_figures()
    say("historian: a year out")
    yield year_figure()
    say("historian: everything's latest, and a month by kind")
    yield latest_figure()
    yield month_figure()
    for points in POINTS:
        say(f"historian: {points} points every 5 s")
        yield from growth_figures(points)
    say("historian: samples to InfluxDB")
    yield from influx_figures()


def ingest_figures(*, pairs: int = PAIRS, assets: int = ASSETS) -> Iterator[Figure]:
    """Write the same ticks into both, one transaction a tick, and look at what the files then weigh."""
    series = _points(assets)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        record, bare = SqliteRecord(folder), BareSqlite(folder / "bare.sqlite")
        measured = interleaved(
            pairs,
            ours=lambda number: _record(record, series, number),
            theirs=lambda number: _append(bare, series, number),
        )
        record.close()
        bare.close()
        rows = pairs * TICKS_A_SIDE * len(series)
        ours_bytes = (folder / FILE_NAME).stat().st_size / rows
        bare_bytes = bare.path.stat().st_size / rows
    a_tick = f"{len(series)} rows and a commit a tick"
    yield pairs_of(measured).rate_ratio(
        name="historian.ingest_ratio.sqlite",
        of="rows",
        against=f"executemany of the same rows into a table without an index, {a_tick}",
    )
    yield figure_of(
        [len(series) * TICKS_A_SIDE / ours_s for ours_s, _ in measured],
        name="historian.ingest_rows_per_s.sqlite",
        unit="rows/s",
        against=f"absolute, {a_tick}",
    )
    yield Figure(
        name="historian.bytes_per_sample",
        value=ours_bytes,
        unit="bytes",
        against="the same rows in a table without an index (theirs_bytes)",
        n=rows,
        more={"theirs_bytes": bare_bytes},
    )


def year_figure(*, pairs: int = YEAR_PAIRS, periods: int = YEAR_PERIODS) -> Figure:
    """Read one asset's year of quarter hours, from files that hold the year of several."""
    value = np.round(np.random.default_rng(1).normal(1000.0, 300.0, size=periods), WATT_DIGITS)
    first = int(START.timestamp()) // PERIOD_S
    end = START + periods * PERIOD
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        bare = BareSqlite(folder / "bare.sqlite")
        with SqliteRecord(folder) as record:
            for number in range(YEAR_SERIES):
                record.import_means(f"asset_{number}", Point.POWER_KW, START, value)
                kept = value.tolist()
                bare.fill([(number, first + at, kept[at], 1000 * PERIOD_S) for at in range(periods)])
        with open_reader(folder) as reader:
            measured = interleaved(
                pairs,
                ours=lambda number: _seconds(
                    lambda: reader.means(
                        f"asset_{number % YEAR_SERIES}", Point.POWER_KW, start=START, end=end, known_at=end
                    )
                ),
                theirs=lambda number: _seconds(
                    lambda: bare.read(number % YEAR_SERIES, first, first + periods)
                ),
            )
        bare.close()
    return pairs_of(measured).seconds_ratio(
        name="historian.year_read_ratio",
        against=f"{periods} rows of three columns along the key, left as rows (ours gives arrays)",
    )


def _points(assets: int) -> list[Series]:
    """Every point that the devices of so many assets show."""
    region = region_of_copies(load_region("musterstadt"), assets)
    maps = maps_of(region)
    return [(asset.id, point.name) for asset in region.assets for point in maps[asset.device.profile].points]


def _ticks(series: list[Series], number: int) -> Iterator[tuple[datetime, list[float]]]:
    """Give the moments and values of one side's ticks; the same number gives the same values."""
    power_kw = np.random.default_rng(number).normal(1000.0, 300.0, size=(TICKS_A_SIDE, len(series)))
    for tick in range(TICKS_A_SIDE):
        at = START + timedelta(seconds=TICK_S * (number * TICKS_A_SIDE + tick))
        yield at, np.round(power_kw[tick], WATT_DIGITS).tolist()


def _record(record: SqliteRecord, series: list[Series], number: int) -> float:
    ticks = [
        [
            Reading(asset_id=asset_id, point=point, value=value, quality=Quality.GOOD, measured_at=at)
            for (asset_id, point), value in zip(series, values, strict=True)
        ]
        for at, values in _ticks(series, number)
    ]

    def write() -> None:
        for readings in ticks:
            record.write_readings(readings)
            record.commit()

    return _seconds(write)


def _append(bare: BareSqlite, series: list[Series], number: int) -> float:
    ticks: list[list[SampleRow]] = [
        [(round(1000 * at.timestamp()), place, 0, value) for place, value in enumerate(values)]
        for at, values in _ticks(series, number)
    ]

    def write() -> None:
        for rows in ticks:
            bare.append(rows)

    return _seconds(write)


def _seconds(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began
