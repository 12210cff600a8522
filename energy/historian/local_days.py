"""The region's local days on the record's axis of milliseconds; a day is known by its proleptic ordinal."""

from datetime import date
from functools import lru_cache
from zoneinfo import ZoneInfo

import numpy as np

from energy.errors import RecordBroken
from energy.historian.columns import IntArray
from energy.historian.instants import moment_of, ms_of
from energy.periods import local_day
from energy.sqlite_file import SqliteFile

ZONE = ZoneInfo("Europe/Berlin")
DAYS_REMEMBERED = 8192
"""Twenty years, so that a year's import looks each day up once."""


@lru_cache(maxsize=DAYS_REMEMBERED)
def bounds_ms(day: int, zone: ZoneInfo) -> tuple[int, int]:
    """Give the first and the past-the-end moment of a local day."""
    start, end = local_day(date.fromordinal(day), zone)
    return ms_of(start), ms_of(end)


def day_of(at_ms: int, zone: ZoneInfo) -> int:
    """Give the local day that a moment lies in.

    >>> date.fromordinal(day_of(1_593_640_800_000, ZoneInfo("Europe/Berlin"))).isoformat()
    '2020-07-02'
    """
    return moment_of(at_ms).astimezone(zone).toordinal()


def edges_ms(first: int, last: int, zone: ZoneInfo) -> IntArray:
    """Give the starts of the days [first, last] and the end of the last one."""
    starts = [bounds_ms(day, zone)[0] for day in range(first, last + 1)]
    return np.array([*starts, bounds_ms(last, zone)[1]], dtype=np.int64)


def keep_zone(file: SqliteFile, zone: ZoneInfo) -> None:
    """Note in a new file whose days it holds.

    Raises:
        RecordBroken: the file holds days of another zone.
    """
    with file:
        file.execute("INSERT OR IGNORE INTO setting (name, value) VALUES ('zone', ?)", (zone.key,))
    if zone_of(file) != zone:
        raise RecordBroken(
            f"{file.path} holds local days of {zone_of(file).key}, the region's are of {zone.key}. "
            "Mend: correct the region's zone, or begin a new data folder",
            is_whole=True,
        )


def zone_of(file: SqliteFile) -> ZoneInfo:
    """Give the zone whose days a file holds."""
    return ZoneInfo(file.execute("SELECT value FROM setting WHERE name = 'zone'")[0][0])
