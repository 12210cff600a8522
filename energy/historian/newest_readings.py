"""The latest reading of every point: packed segments of many series, rewritten with each tick."""

import math

import numpy as np

from energy.domain import FloatArray
from energy.errors import RecordBroken
from energy.historian.columns import IntArray
from energy.historian.instants import MS_PER_S
from energy.historian.limits import LATE_S_MAX
from energy.sqlite_file import SqliteFile

SEGMENT_SERIES = 256
"""4 kB a segment: one page of the file, or two."""
_NEVER_MS = -(2**62)
_SEGMENT = np.dtype([("at_ms", "<i8"), ("value", "<f8"), ("quality", "<i4")])


class NewestReadings:
    """The writing side: arrays over all series, indexed by their number."""

    def __init__(self, file: SqliteFile) -> None:
        self._file = file
        rows = read_segments(file)
        segments = 1 + max((segment for segment, _ in rows), default=0)
        self._rows = np.zeros(segments * SEGMENT_SERIES, dtype=_SEGMENT)
        self._rows["at_ms"] = _NEVER_MS
        for segment, part in rows:
            low = segment * SEGMENT_SERIES
            self._rows[low : low + part.size] = part
        self._touched: set[int] = set()

    def add(self, series: IntArray, at_ms: IntArray, quality: IntArray, value: FloatArray) -> None:
        """Take readings, at most one a series: the newest stays, unless the clock went back."""
        low, top = int(series.min()), int(series.max())
        segments = range(low // SEGMENT_SERIES, top // SEGMENT_SERIES + 1)
        if top >= self._rows.size:
            more = np.zeros((top // SEGMENT_SERIES + 1) * SEGMENT_SERIES - self._rows.size, dtype=_SEGMENT)
            more["at_ms"] = _NEVER_MS
            self._rows = np.concatenate((self._rows, more))
        known_ms = self._rows["at_ms"][series]
        late = (at_ms < known_ms) & (at_ms >= known_ms - LATE_S_MAX * MS_PER_S)
        if late.any():
            newer = ~late
            series, at_ms, quality, value = series[newer], at_ms[newer], quality[newer], value[newer]
        self._rows["at_ms"][series] = at_ms
        self._rows["value"][series] = value
        self._rows["quality"][series] = quality
        self._touched.update(segments)

    def write(self) -> None:
        """Write the segments that changed."""
        rows = []
        for segment in self._touched:
            low = segment * SEGMENT_SERIES
            part = self._rows[low : low + SEGMENT_SERIES]
            used = np.flatnonzero(part["at_ms"] != _NEVER_MS)
            if used.size:
                rows.append((segment, part[: int(used[-1]) + 1].tobytes()))
        self._file.executemany("INSERT OR REPLACE INTO newest (segment, body) VALUES (?, ?)", rows)
        self._touched.clear()


def read_segments(file: SqliteFile) -> list[tuple[int, np.ndarray[tuple[int], np.dtype[np.void]]]]:
    """Give all segments with their rows.

    Raises:
        RecordBroken: one is damaged.
    """
    try:
        return [
            (segment, np.frombuffer(body, dtype=_SEGMENT))
            for segment, body in file.execute("SELECT segment, body FROM newest")
        ]
    except ValueError as error:
        raise RecordBroken(f"the latest readings are damaged: {error}") from error


def read_newest(file: SqliteFile) -> dict[int, tuple[int, float | None, int]]:
    """Give by series' number the moment, the value and the quality's number of its latest reading."""
    newest: dict[int, tuple[int, float | None, int]] = {}
    for segment, rows in read_segments(file):
        low = segment * SEGMENT_SERIES
        for place, (at_ms, value, quality) in enumerate(rows.tolist()):
            if at_ms != _NEVER_MS:
                newest[low + place] = at_ms, None if math.isnan(value) else value, quality
    return newest
