"""The controller's end of the spool: readings go in as lines, in the order in which they came."""

import dataclasses
import json
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path

import numpy as np

from energy.domain import FloatArray, Point, Reading
from energy.historian.flushing import LogFlusher
from energy.historian.influx.line_protocol import CLOCK_BACK, MEAN_IMPORT, ReadingLines, line, series
from energy.historian.influx.spool_file import COLUMNS, FILE_NAME, LAYOUT, Tally, tally_from, tally_of
from energy.historian.instants import MS_PER_S, PERIOD_MS, period_of
from energy.historian.limits import LATE_S_MAX
from energy.historian.telemetry_queries import import_window
from energy.sqlite_file import HoldsFile, SqliteFile, open_writer

Span = tuple[int, int]
IMPORT_LINES = 5_000
"""Lines of an imported history that make one batch."""
_COUNT_IN = (
    "UPDATE tally SET waiting_lines = waiting_lines + ?, waiting_bytes = waiting_bytes + ?,"  # noqa: S608 - our own names
    f" newest_ms = ?, present_ms = ?, back_from_ms = ? RETURNING {COLUMNS}"
)
_OLDEST = 64
"""Batches looked at together when the oldest have to go."""


class Spool(HoldsFile):
    """Takes readings and never waits for a server.

    Each call is one transaction: the death of the process loses none, a power cut at most the last second.

    Args:
        folder: the data folder.
        bytes_max: lines that may wait; over it the oldest go, and are counted.
        wake: called after each batch; tells the deliverer that there is something.

    Raises:
        StoreUnavailable: locked, full or not writable; from every method. What was given is not taken then.
        RecordBroken: damaged or of another version; from every method.
    """

    def __init__(self, folder: Path, *, bytes_max: int, wake: Callable[[], None] = lambda: None) -> None:
        super().__init__(open_writer(folder / FILE_NAME, LAYOUT))
        self._file.execute("PRAGMA wal_autocheckpoint = 0")  # the deliverer does it: no tick waits for a disk
        self._bytes_max = bytes_max
        self._wake = wake
        self._flusher = LogFlusher(folder / FILE_NAME)
        self._lines = ReadingLines()
        self.tally = tally_of(self._file)
        """As of the last call."""

    def close(self) -> None:
        """Bring what was taken to the disk, and let the file go."""
        self._flusher.close()
        super().close()

    @property
    def share(self) -> float:
        """The share of the room that was used after the last call, 1.0 is full."""
        return self.tally.waiting_bytes / self._bytes_max

    def write_readings(self, readings: Sequence[Reading]) -> None:
        """Take samples."""
        if not readings:
            return
        lines, moments = self._lines.of(readings)
        self._put(lines, spans_of(moments))

    def import_means(self, asset_id: str, point: Point, start: datetime, values: FloatArray) -> None:
        """Take quarter-hour means from elsewhere as history; NaN is left out.

        Raises:
            BadInput: ``start`` is no period label or there are too many values.
        """
        import_window(start, values.size)
        head, begin = series(MEAN_IMPORT, asset_id, point), period_of(start)
        places = np.flatnonzero(np.isfinite(values)).tolist()
        lines = [line(head, (begin + place) * PERIOD_MS, value=float(values[place])) for place in places]
        for first in range(0, len(lines), IMPORT_LINES):
            self._put(lines[first : first + IMPORT_LINES], [])

    def _put(self, lines: list[str], spans: list[Span]) -> None:
        """Append one batch; without spans it holds no samples and nothing is averaged for it."""
        moved = _moved(self.tally, spans[-1][1]) if spans else self.tally
        if moved.back_from_ms is not None and moved.present_ms is not None:
            lines = [*lines, line(CLOCK_BACK, moved.back_from_ms, present_ms=moved.present_ms)]
        body = "\n".join(lines)
        size = len(body.encode())
        known_ms = _known_ms(self.tally, moved)
        with self._file as file:
            file.execute(
                "INSERT INTO batch (lines_count, bytes, spans, known_ms, body) VALUES (?, ?, ?, ?, ?)",
                (len(lines), size, json.dumps(spans), known_ms, body),
            )
            (row,) = file.execute(
                _COUNT_IN, (len(lines), size, moved.newest_ms, moved.present_ms, moved.back_from_ms)
            )
            tally = tally_from(row)
            if tally.waiting_bytes > self._bytes_max:
                _drop_oldest(file, tally.waiting_bytes - self._bytes_max, now_ms=known_ms)
                tally = tally_of(file)
        self.tally = tally
        self._flusher.committed()
        self._wake()


def spans_of(moments: Sequence[int]) -> list[Span]:
    """Give the first and the last moment of each quarter hour, in order.

    >>> spans_of([5_000, 900_001, 1_000])
    [(1000, 5000), (900001, 900001)]
    """
    first_ms, last_ms = min(moments), max(moments)
    if first_ms // PERIOD_MS == last_ms // PERIOD_MS:
        return [(first_ms, last_ms)]
    by_period: dict[int, Span] = {}
    for at_ms in moments:
        low_ms, high_ms = by_period.get(at_ms // PERIOD_MS, (at_ms, at_ms))
        by_period[at_ms // PERIOD_MS] = min(low_ms, at_ms), max(high_ms, at_ms)
    return sorted(by_period.values())


def _moved(tally: Tally, last_ms: int) -> Tally:
    """Give the moments after a batch whose newest sample is of ``last_ms``.

    A batch that lies behind the present by more than LATE_S_MAX was not delayed: the clock went back.
    """
    present_ms, back_from_ms = tally.present_ms, tally.back_from_ms
    if present_ms is not None and present_ms - last_ms > LATE_S_MAX * MS_PER_S:
        back_from_ms = present_ms if back_from_ms is None else max(back_from_ms, present_ms)
        present_ms = last_ms
    else:
        present_ms = last_ms if present_ms is None else max(present_ms, last_ms)
    if back_from_ms is not None and present_ms > back_from_ms:
        back_from_ms = None
    newest_ms = last_ms if tally.newest_ms is None else max(tally.newest_ms, last_ms)
    return dataclasses.replace(tally, newest_ms=newest_ms, present_ms=present_ms, back_from_ms=back_from_ms)


def _known_ms(before: Tally, moved: Tally) -> int:
    """Give the moment at which a batch became known.

    One batch behind the present may be late all the same, and must not pass for known before it came; when
    the next one is there too, the clock did go back.
    """
    moment_ms = moved.newest_ms if before.back_from_ms is None else moved.present_ms
    return 0 if moment_ms is None else moment_ms


def _drop_oldest(file: SqliteFile, excess_bytes: int, *, now_ms: int) -> None:
    """Delete the oldest batches until so many bytes are free, and count what was lost.

    One that is just being delivered may be among them: then it is counted as lost though it arrived.
    """
    while excess_bytes > 0:
        rows = file.execute("SELECT id, lines_count, bytes FROM batch ORDER BY id LIMIT ?", (_OLDEST,))
        if not rows:
            return
        for number, lines_count, size in rows:
            file.execute("DELETE FROM batch WHERE id = ?", (number,))
            file.execute(
                "UPDATE tally SET waiting_lines = waiting_lines - ?, waiting_bytes = waiting_bytes - ?,"
                " lost_lines = lost_lines + ?, lost_ms = ?",
                (lines_count, size, lines_count, now_ms),
            )
            excess_bytes -= size
            if excess_bytes <= 0:
                return
