"""Deletes telemetry that is older than it is kept, each time a little, and gives the space back."""

from datetime import datetime, timedelta

from energy.historian.instants import HOUR_MS, MINUTE_MS, PERIOD_MS, ms_of
from energy.historian.limits import Retention
from energy.historian.local_days import bounds_ms, day_of, zone_of
from energy.historian.roll_ups import tables
from energy.historian.telemetry_pages import KEY_BITS, Pages
from energy.historian.telemetry_samples import SERIES_BITS
from energy.sqlite_file import SqliteFile

CHUNKS_A_STEP = 256
"""An hour of 5,000 series is 84 chunks a minute; a step is done each minute."""
SERIES_A_STEP = 128
FREE_PAGES_KEPT = 1_024
"""4 MB that fresh blocks come and go in; what is free beyond is given back to the disk."""
PAGES_GIVEN_BACK_A_STEP = 256


class Expiry:
    """Deletes in one SQLite file; its owner begins and commits.

    The file is opened so that deleted content is overwritten with zeros.
    """

    def __init__(self, file: SqliteFile, retention: Retention) -> None:
        self._file = file
        self._kept = retention
        self._tables = tables(file)
        self._next_series = 0

    def delete(self, now: datetime, *, everything: bool = False) -> None:
        """Delete some of what is too old; ``everything`` does not stop before the end."""
        while self._delete_chunks(now, CHUNKS_A_STEP) and everything:
            pass
        if everything:
            self._next_series = 0
        count = self._file.execute("SELECT count(*) FROM series")[0][0] if everything else SERIES_A_STEP
        self._delete_pages(now, count)
        self._give_back(everything=everything)

    def _delete_chunks(self, now: datetime, count: int) -> bool:
        """Delete hours of samples, but none of a day that is still to be rolled up."""
        before_ms = ms_of(now - self._kept.samples)
        open_day = self._file.execute("SELECT min(day) FROM open_day")[0][0]
        if open_day is not None:
            before_ms = min(before_ms, bounds_ms(open_day, zone_of(self._file))[0])
        gone = self._file.execute(
            "DELETE FROM chunk WHERE key IN (SELECT key FROM chunk WHERE key < ? ORDER BY key LIMIT ?)"
            " RETURNING key",
            (before_ms // HOUR_MS << SERIES_BITS, count),
        )
        if gone:
            hour = 1 + (max(key for (key,) in gone) >> SERIES_BITS)
            self._file.execute(
                "INSERT OR REPLACE INTO setting (name, value) VALUES ('samples_from_ms', ?)",
                (str(hour * HOUR_MS),),
            )
        return len(gone) == count

    def _delete_pages(self, now: datetime, count: int) -> None:
        """Delete old pages of some series; the next ones have their turn next time."""
        kept, every = self._kept, self._tables
        limits: list[tuple[Pages, timedelta | None, int]] = [
            (every.minute, kept.minutes, MINUTE_MS),
            (every.quarter, kept.quarters, PERIOD_MS),
            (every.boundary, kept.quarters, PERIOD_MS),
            (every.hour, kept.hours, HOUR_MS),
        ]
        numbers = self._file.execute(
            "SELECT id FROM series WHERE id > ? ORDER BY id LIMIT ?", (self._next_series, count)
        )
        self._next_series = numbers[-1][0] if len(numbers) == count else 0
        for (series,) in numbers:
            for pages, age, step_ms in limits:
                if age is not None:
                    pages.prune(series, ms_of(now - age) // step_ms)
            if kept.days is not None:
                every.day.prune(series, self._day_of(now - kept.days))
            if kept.set_aside is not None:
                for pages in (every.quarter, every.boundary):
                    pages.prune_set_aside(series, ms_of(now - kept.set_aside) // PERIOD_MS)
            if kept.quality is not None:
                base, day = series << KEY_BITS, self._day_of(now - kept.quality)
                self._file.execute("DELETE FROM quality WHERE key >= ? AND key < ?", (base, base + day))

    def _day_of(self, moment: datetime) -> int:
        return day_of(ms_of(moment), zone_of(self._file))

    def _give_back(self, *, everything: bool) -> None:
        free = self._file.execute("PRAGMA freelist_count")[0][0]
        surplus = free - FREE_PAGES_KEPT
        for _ in range(surplus if everything else min(surplus, PAGES_GIVEN_BACK_A_STEP)):
            self._file.execute("PRAGMA incremental_vacuum(1)")  # Python asks for one step, which is one page
