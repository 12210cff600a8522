"""Raw samples in one SQLite file: fresh blocks as they arrive, rewritten as chunks after their hour."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from energy.domain import FloatArray
from energy.historian.averaging import REACH_MS
from energy.historian.columns import IntArray
from energy.historian.instants import HOUR_MS
from energy.historian.sample_blocks import Blocks, Column, joined, pack_block, pack_chunk, unpack_chunk
from energy.sqlite_file import SqliteFile

SERIES_BITS = 20
"""A chunk's key is its hour and its series' number, so that an hour's chunks lie together and go together."""
BLOCK_BITS = 24
"""A block's key is its hour and its place in the order of arrival; never so many come in an hour."""
JOB_BYTES_MAX = 32_000_000
"""Fresh blocks held in memory while their hour is rewritten: an hour of 5,000 series every 5 s is 29 MB."""
BLOCKS_DELETED_A_STEP = 16


_CHUNK_COSTS = 100
"""What a chunk costs besides its samples, counted in samples."""
_NO_HOUR = 2**40


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Arrival:
    """Samples that came together, in the order of their arrival.

    ``at_ms`` None means that all have ``base_ms``; ``quality`` is one for all or an array.
    """

    series: IntArray
    base_ms: int
    at_ms: IntArray | None
    quality: IntArray | int
    value: FloatArray

    def taken(self, places: IntArray) -> "Arrival":
        """Give the samples at some places."""
        return Arrival(
            series=self.series[places],
            base_ms=self.base_ms,
            at_ms=None if self.at_ms is None else self.at_ms[places],
            quality=self.quality if isinstance(self.quality, int) else self.quality[places],
            value=self.value[places],
        )


@dataclass(slots=True, kw_only=True)
class _Job:
    """An hour that is being rewritten: what is left to do."""

    hour: int
    last_key: int
    blocks: Blocks
    series: list[int]


class SampleReader:
    """Reads raw samples, wherever they lie."""

    def __init__(self, file: SqliteFile) -> None:
        self._file = file
        self._layouts: dict[int, IntArray] = {}

    def blocks(self, from_ms: int, to_ms: int) -> Blocks:
        """Give the fresh blocks that may hold samples with from_ms <= at_ms <= to_ms."""
        return self._blocks(
            "SELECT at_ms, layout, body FROM block WHERE key >= ? AND key < ? AND at_ms <= ?"
            " AND until_ms >= ? ORDER BY key",
            (_first_key(from_ms // HOUR_MS), _first_key(to_ms // HOUR_MS + 1), to_ms, from_ms),
        )

    def column(self, series: int, from_ms: int, to_ms: int, blocks: Blocks) -> Column:
        """Give one series' samples with from_ms <= at_ms <= to_ms; ``blocks`` are those of the same time."""
        parts: list[Column] = []
        for hour in range(from_ms // HOUR_MS, to_ms // HOUR_MS + 1):
            parts.extend(self._chunk(hour, series))
        return joined(parts + blocks.columns(series)).between(from_ms, to_ms)

    def good(self, series: Iterable[int], from_ms: int, to_ms: int) -> dict[int, Column]:
        """Give the good samples of several series that have any."""
        blocks = self.blocks(from_ms, to_ms)
        found: dict[int, Column] = {}
        for number in series:
            column = self.column(number, from_ms, to_ms, blocks)
            good = column.good
            if good.any():
                found[number] = column.only(good)
        return found

    def clock_ms(self) -> int | None:
        """Give the record's own clock when the last samples came; None before the first."""
        rows = self._file.execute("SELECT clock_ms FROM block ORDER BY key DESC LIMIT 1")
        if rows:
            return int(rows[0][0])
        newest = self._file.execute("SELECT max(key) FROM chunk")[0][0]
        if newest is None:
            return None
        chunks = self._file.execute(
            "SELECT body FROM chunk WHERE key >= ?", (newest >> SERIES_BITS << SERIES_BITS,)
        )
        return max(int(unpack_chunk(body).at_ms[-1]) for (body,) in chunks)

    def _chunk(self, hour: int, series: int) -> list[Column]:
        rows = self._file.execute("SELECT body FROM chunk WHERE key = ?", (hour << SERIES_BITS | series,))
        return [unpack_chunk(body) for (body,) in rows]

    def _blocks(self, sql: str, parameters: Sequence[int]) -> Blocks:
        rows = self._file.execute(sql, parameters)
        return Blocks([(at_ms, self._layout(layout), body) for at_ms, layout, body in rows])

    def _layout(self, number: int) -> IntArray:
        layout = self._layouts.get(number)
        if layout is None:
            rows = self._file.execute("SELECT series FROM layout WHERE id = ?", (number,))
            layout = np.frombuffer(rows[0][0], dtype="<u4").astype(np.int64)
            self._layouts[number] = layout
        return layout


class SampleWriter(SampleReader):
    """Writes raw samples, and rewrites hours that are over, some series at a time."""

    def __init__(self, file: SqliteFile) -> None:
        super().__init__(file)
        self._numbers: dict[bytes, int] = {}
        self._job: _Job | None = None
        self._oldest_hour: int | None = None
        self._hour: int | None = None
        self._last_key = 0

    def forget(self) -> None:
        """Drop what is kept in memory."""
        self._layouts.clear()
        self._numbers.clear()
        self._job = None
        self._oldest_hour = None
        self._hour = None

    def write(self, arrival: Arrival, clock_ms: int) -> None:
        """Write samples as one block an hour, in the order of their arrival."""
        if arrival.at_ms is None:
            self._put(arrival, arrival.base_ms // HOUR_MS, arrival.base_ms, clock_ms)
            return
        hours = arrival.at_ms // HOUR_MS
        first, last = int(hours.min()), int(hours.max())
        if first == last:
            self._put(arrival, first, int(arrival.at_ms.max()), clock_ms)
            return
        for hour in np.unique(hours).tolist():
            part = arrival.taken(np.flatnonzero(hours == hour))
            moments = arrival.at_ms[hours == hour]
            self._put(part, hour, int(moments.max()), clock_ms)

    def write_chunk(self, hour: int, series: int, column: Column) -> None:
        """Write an hour of one series as a chunk, together with what is there already."""
        key = hour << SERIES_BITS | series
        whole = joined([*self._chunk(hour, series), column])
        self._file.execute("INSERT OR REPLACE INTO chunk (key, body) VALUES (?, ?)", (key, pack_chunk(whole)))

    def work(self, credit: int, clock_ms: int) -> int:
        """Rewrite series of an hour that is over until as many samples are done; give the credit left."""
        while credit > 0:
            if self._job is None and not self._begin_job(clock_ms):
                break
            job = self._job
            if job is None:
                break
            if job.series:
                credit -= self._rewrite(job, job.series.pop())
            elif self._delete_some(job):
                credit -= BLOCKS_DELETED_A_STEP
            else:
                self._end_job()
        return credit

    def has_blocks_before(self, moment_ms: int) -> bool:
        """Tell whether an hour that begins before a moment still waits for its rewriting."""
        return self._find_oldest_hour() * HOUR_MS < moment_ms

    def _put(self, arrival: Arrival, hour: int, until_ms: int, clock_ms: int) -> None:
        base_ms = arrival.base_ms if arrival.at_ms is None else int(arrival.at_ms.min())
        body = pack_block(base_ms, arrival.at_ms, arrival.quality, arrival.value)
        self._file.execute(
            "INSERT INTO block (key, at_ms, until_ms, clock_ms, layout, body) VALUES (?, ?, ?, ?, ?, ?)",
            (self._next_key(hour), base_ms, until_ms, clock_ms, self._layout_number(arrival.series), body),
        )
        if self._oldest_hour is not None:
            self._oldest_hour = min(self._oldest_hour, hour)

    def _next_key(self, hour: int) -> int:
        """Count the blocks of an hour in the order of their arrival."""
        if hour != self._hour:
            key = self._file.execute("SELECT max(key) FROM block WHERE key < ?", (_first_key(hour + 1),))[0][
                0
            ]
            self._hour = hour
            self._last_key = max(_first_key(hour) - 1, -(2**62) if key is None else key)
        if self._job is not None and self._job.hour == hour:
            self._last_key = max(self._last_key, self._job.last_key)  # what follows must outlive the job
        self._last_key += 1
        return self._last_key

    def _layout_number(self, series: IntArray) -> int:
        key = series.astype("<u4").tobytes()
        number = self._numbers.get(key)
        if number is None:
            rows = self._file.execute("SELECT id FROM layout WHERE series = ?", (key,))
            if not rows:
                rows = self._file.execute("INSERT INTO layout (series) VALUES (?) RETURNING id", (key,))
            number = self._numbers[key] = int(rows[0][0])
        return number

    def _begin_job(self, clock_ms: int) -> bool:
        hour = self._find_oldest_hour()
        if (hour + 1) * HOUR_MS + REACH_MS > clock_ms:
            return False
        first, end = _first_key(hour), _first_key(hour + 1)
        size = self._file.execute("SELECT length(body) FROM block WHERE key >= ? LIMIT 1", (first,))
        rows = self._file.execute(
            "SELECT key, at_ms, layout, body FROM block WHERE key >= ? AND key < ? ORDER BY key LIMIT ?",
            (first, end, max(1, JOB_BYTES_MAX // size[0][0])),
        )
        blocks = Blocks([(at_ms, self._layout(layout), body) for _, at_ms, layout, body in rows])
        self._job = _Job(hour=hour, last_key=rows[-1][0], blocks=blocks, series=blocks.series()[::-1])
        return True

    def _find_oldest_hour(self) -> int:
        if self._oldest_hour is None:
            oldest = self._file.execute("SELECT min(key) FROM block")[0][0]
            self._oldest_hour = _NO_HOUR if oldest is None else oldest >> BLOCK_BITS
        return self._oldest_hour

    def _rewrite(self, job: _Job, series: int) -> int:
        column = joined(job.blocks.columns(series))
        self.write_chunk(job.hour, series, column)
        return column.at_ms.size + _CHUNK_COSTS

    def _delete_some(self, job: _Job) -> bool:
        return bool(
            self._file.execute(
                "DELETE FROM block WHERE key IN"
                " (SELECT key FROM block WHERE key >= ? AND key <= ? ORDER BY key LIMIT ?) RETURNING 1",
                (_first_key(job.hour), job.last_key, BLOCKS_DELETED_A_STEP),
            )
        )

    def _end_job(self) -> None:
        self._job, self._oldest_hour = None, None
        self._file.execute("DELETE FROM layout WHERE id NOT IN (SELECT layout FROM block)")
        self._numbers.clear()
        self._layouts.clear()


def _first_key(hour: int) -> int:
    return hour << BLOCK_BITS
