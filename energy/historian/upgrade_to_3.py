"""From version 2 of the file to 3: a row a sample and a mean becomes chunks and pages.

All of it in the one transaction in which the writer opens the file: after a kill the file is as it was. An
hour of samples or sixty days of one series' means are in memory at a time.
"""

from itertools import groupby
from operator import itemgetter

import numpy as np

from energy.historian.instants import HOUR_MS, PERIOD_MS
from energy.historian.local_days import ZONE, day_of
from energy.historian.newest_readings import NewestReadings
from energy.historian.period_values import Values
from energy.historian.roll_ups import PERIODS_PER_PAGE, tables
from energy.historian.sample_blocks import Column
from energy.historian.schema import SOURCE_MEASURED, TELEMETRY, WEATHER_AND_METRICS
from energy.historian.telemetry_pages import Pages
from energy.historian.telemetry_samples import SampleWriter
from energy.sqlite_file import Row, SqliteFile, run_statements

_PERIODS_A_TIME = 64 * PERIODS_PER_PAGE


def to_version_3(file: SqliteFile) -> None:
    """Make the new tables, bring everything over, and drop the old ones.

    Every day that has data is left open, so that hours, days, minutes and qualities are worked out bit by bit
    while the controller runs; until then they are worked out when asked for.
    """
    run_statements(file, WEATHER_AND_METRICS)
    run_statements(file, TELEMETRY)
    days = _bring_samples(file)
    every = tables(file)
    days |= _bring_values(file, "mean", every.quarter, settled_ms=PERIOD_MS)
    days |= _bring_values(file, "register", every.boundary, settled_ms=0)
    _bring_latest(file)
    around = {day + offset for day in days for offset in (-1, 0, 1)}  # its zone may be another
    file.executemany("INSERT INTO open_day (day) VALUES (?)", [(day,) for day in sorted(around)])
    for table in ("sample", "latest", "mean", "register"):
        file.execute(f"DROP TABLE {table}")


def _bring_samples(file: SqliteFile) -> set[int]:
    writer, days = SampleWriter(file), set[int]()
    after_ms = -(2**62)
    while rows := file.execute(
        "SELECT at_ms FROM sample WHERE at_ms > ? ORDER BY at_ms LIMIT 1", (after_ms,)
    ):
        hour = rows[0][0] // HOUR_MS
        after_ms = (hour + 1) * HOUR_MS - 1
        days.add(day_of(hour * HOUR_MS, ZONE))
        samples = file.execute(
            "SELECT series, at_ms, quality, value FROM sample WHERE at_ms >= ? AND at_ms <= ?"
            " ORDER BY series, at_ms",
            (hour * HOUR_MS, after_ms),
        )
        for series, group in groupby(samples, key=itemgetter(0)):
            writer.write_chunk(hour, series, _column(list(group)))
    return days


def _column(rows: list[Row]) -> Column:
    _, at_ms, quality, value = zip(*rows, strict=True)
    return Column(
        at_ms=np.array(at_ms, dtype=np.int64),
        quality=np.array(quality, dtype=np.int64),
        value=np.array(value, dtype=np.float64),
    )


def _bring_values(file: SqliteFile, table: str, pages: Pages, *, settled_ms: int) -> set[int]:
    columns = "value, covered_ms, source"
    if table == "register":
        columns = f"energy_kwh, {PERIOD_MS}, {SOURCE_MEASURED}"
    days: set[int] = set()
    for (series,) in file.execute("SELECT id FROM series"):
        after = -(2**62)
        while rows := file.execute(
            f"SELECT period, {columns} FROM {table} WHERE series = ? AND period > ?"  # noqa: S608 - constants
            " ORDER BY period LIMIT ?",
            (series, after, _PERIODS_A_TIME),
        ):
            after = rows[-1][0]
            periods, value, covered_ms, source = map(np.array, zip(*rows, strict=True))
            given = Values(
                value=value.astype(np.float64),
                covered_ms=covered_ms.astype(np.int64),
                source=source.astype(np.int64),
                known_ms=periods * PERIOD_MS + settled_ms,
            )
            pages.write(series, periods, given)
            quarters_of_days = np.unique(periods // PERIODS_PER_PAGE).tolist()
            days.update(day_of(day * PERIODS_PER_PAGE * PERIOD_MS, ZONE) for day in quarters_of_days)
    return days


def _bring_latest(file: SqliteFile) -> None:
    rows = file.execute("SELECT series, at_ms, quality, value FROM latest")
    if not rows:
        return
    series, at_ms, quality, value = zip(*rows, strict=True)
    newest = NewestReadings(file)
    newest.add(
        np.array(series, dtype=np.int64),
        np.array(at_ms, dtype=np.int64),
        np.array(quality, dtype=np.int64),
        np.array(value, dtype=np.float64),
    )
    newest.write()
