"""Values by period of each series: pages of many periods of one series, under slabs of one period of many.

What a tick works out is written as one slab. When a day is over its slabs are folded into the pages, series
by series. A value that gives way to a better one is set aside: what was known before can still be told.
"""

import zlib
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from energy.errors import RecordBroken
from energy.historian.columns import IntArray
from energy.historian.instants import PERIOD_MS
from energy.historian.period_values import (
    COLUMNS,
    Slabs,
    Values,
    fold_in_turn,
    no_values,
    pack_values,
    unpack_values,
)
from energy.sqlite_file import SqliteFile

KEY_BITS = 20
"""A key is a series' number and a page's: a million pages of quarter hours are 2,800 years."""
FOR_EVER_MS = 2**62
_BEFORE = np.dtype(
    [("period", "<i8"), ("known_ms", "<i8"), ("value", "<f8"), ("covered_ms", "<i4"), ("source", "u1")]
)


class Pages:
    """One kind of values in one SQLite file; its owner begins and commits.

    Args:
        file: the file.
        table: where the pages lie.
        per_page: periods a page.
        step_ms: length of a period.
        settled_ms: what is added to a period's start to give the moment at which its value is usually known.
        kind: the number of its slabs; None where there are none, and no values that were set aside.
    """

    def __init__(
        self,
        file: SqliteFile,
        table: str,
        *,
        per_page: int,
        step_ms: int = PERIOD_MS,
        settled_ms: int = PERIOD_MS,
        kind: int | None = None,
    ) -> None:
        self._file = file
        self.per_page = per_page
        self.kind = kind
        self._step_ms = step_ms
        self._offsets_ms = np.arange(per_page, dtype=np.int64) * step_ms + settled_ms
        self._no_offsets_ms = np.zeros(per_page, dtype=np.int64)
        self._range = f"SELECT key, body FROM {table} WHERE key >= ? AND key < ?"  # noqa: S608 - a constant
        self._write = f"INSERT OR REPLACE INTO {table} (key, body) VALUES (?, ?)"  # noqa: S608 - a constant
        self._delete = f"DELETE FROM {table} WHERE key >= ? AND key < ?"  # noqa: S608 - a constant
        before = f"{table}_before"
        self._read_before = f"SELECT body FROM {before} WHERE key >= ? AND key < ?"  # noqa: S608 - a constant
        self._one_before = f"SELECT body FROM {before} WHERE key = ?"  # noqa: S608 - a constant
        self._write_before = f"INSERT OR REPLACE INTO {before} (key, body) VALUES (?, ?)"  # noqa: S608 - a constant
        self._delete_before = f"DELETE FROM {before} WHERE key >= ? AND key < ?"  # noqa: S608 - a constant

    def slabs(self, begin: int, stop: int, known_ms: int = FOR_EVER_MS) -> Slabs:
        """Give what is not in the pages yet of periods [begin, stop), as far as known at ``known_ms``."""
        return Slabs(
            self._file.execute(
                "SELECT period, known_ms, series, body FROM slab WHERE kind = ? AND period >= ?"
                " AND period < ? AND known_ms <= ? ORDER BY id",
                (self.kind, begin, stop, known_ms),
            )
        )

    def read(self, series: int, begin: int, count: int, *, known_ms: int, slabs: Slabs) -> Values:
        """Give the values of [begin, begin + count) as they were the answer at ``known_ms``.

        ``slabs`` are those of the same periods and moment.
        """
        values = self.read_pages(series, begin, count)
        later = (values.covered_ms > 0) & (values.known_ms > known_ms)
        if later.any():
            values.value[later], values.covered_ms[later] = np.nan, 0
            self._take_back(values, later, series, begin, known_ms)
        periods, over = slabs.of(series)
        fold_in_turn(values, periods - begin, over)
        return values

    def write(self, series: int, periods: IntArray, given: Values) -> None:
        """Fold values into the pages, in turn; ``periods`` may repeat."""
        if periods.size == 0:
            return
        first, last = int(periods.min()) // self.per_page, int(periods.max()) // self.per_page
        begin, count = first * self.per_page, (last + 1 - first) * self.per_page
        values = self.read_pages(series, begin, count)
        places, kept = fold_in_turn(values, periods - begin, given)
        self._write_pages(series, first, values)
        if self.kind is not None and places.size:
            self._put_aside(series, places + begin, kept)

    def overwrite(self, series: int, begin: int, given: Values) -> None:
        """Put values of consecutive periods in place of what the pages hold, whatever it is."""
        count = given.value.size
        first, last = begin // self.per_page, (begin + count - 1) // self.per_page
        values = self.read_pages(series, first * self.per_page, (last + 1 - first) * self.per_page)
        values.put(begin - first * self.per_page, given)
        self._write_pages(series, first, values)

    def prune(self, series: int, before: int) -> None:
        """Delete the pages of a series that end before a period."""
        base = series << KEY_BITS
        self._file.execute(self._delete, (base, base + max(0, before // self.per_page)))

    def prune_set_aside(self, series: int, before: int) -> None:
        """Delete what was set aside in pages that end before a period."""
        base = series << KEY_BITS
        self._file.execute(self._delete_before, (base, base + max(0, before // self.per_page)))

    def _settled_ms(self, page: int) -> IntArray:
        if self.kind is None:
            return self._no_offsets_ms
        return self._offsets_ms + page * self.per_page * self._step_ms

    def _write_pages(self, series: int, first: int, values: Values) -> None:
        rows = []
        for at in range(0, values.value.size, self.per_page):
            page, part = first + at // self.per_page, values.part(at, at + self.per_page)
            rows.append((series << KEY_BITS | page, pack_values(part, self._settled_ms(page))))
        self._file.executemany(self._write, rows)

    def read_pages(self, series: int, begin: int, count: int) -> Values:
        """Give what the pages hold of [begin, begin + count), whenever it became known."""
        values = no_values(count)
        base, first = series << KEY_BITS, max(0, begin // self.per_page)
        stop = max(first, -(-(begin + count) // self.per_page))
        for key, body in self._file.execute(self._range, (base + first, base + stop)):
            page = key - base
            low, found = unpack_values(body, self._settled_ms(page))
            at = page * self.per_page + low - begin
            cut_low, cut_high = max(0, -at), min(found.value.size, count - at)
            if cut_low < cut_high:
                values.put(at + cut_low, found.part(cut_low, cut_high))
        return values

    def _take_back(
        self, values: Values, later: NDArray[np.bool_], series: int, begin: int, known_ms: int
    ) -> None:
        """Put what was the answer before in place of values that became known later."""
        for row in self._set_aside(series, begin, values.value.size):
            place = int(row["period"]) - begin
            if row["known_ms"] > known_ms or not 0 <= place < values.value.size or not later[place]:
                continue
            if values.covered_ms[place] == 0 or values.known_ms[place] <= row["known_ms"]:
                values.value[place], values.covered_ms[place] = row["value"], row["covered_ms"]
                values.source[place], values.known_ms[place] = row["source"], row["known_ms"]

    def _set_aside(self, series: int, begin: int, count: int) -> Iterable[np.void]:
        base = series << KEY_BITS
        first, stop = max(0, begin // self.per_page), -(-(begin + count) // self.per_page)
        for (body,) in self._file.execute(self._read_before, (base + first, base + stop)):
            yield from _rows_before(body)

    def _put_aside(self, series: int, periods: IntArray, kept: Values) -> None:
        rows = np.empty(periods.size, dtype=_BEFORE)
        rows["period"] = periods
        for column in COLUMNS:
            rows[column] = getattr(kept, column)
        for page in np.unique(periods // self.per_page).tolist():
            key = series << KEY_BITS | page
            known = self._file.execute(self._one_before, (key,))
            mine = rows[periods // self.per_page == page]
            every = np.concatenate([_rows_before(known[0][0]), mine]) if known else mine
            self._file.execute(self._write_before, (key, zlib.compress(every.tobytes())))


def _rows_before(body: bytes) -> NDArray[np.void]:
    try:
        return np.frombuffer(zlib.decompress(body), dtype=_BEFORE)
    except (zlib.error, ValueError) as error:
        raise RecordBroken(f"a page of earlier values is damaged: {error}") from error
