"""How samples lie in the file: a tick of all series is one fresh block, an hour of one series one chunk."""

import struct
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from energy.domain import FloatArray
from energy.errors import RecordBroken
from energy.historian.columns import IntArray, pack_floats, pack_ints, unpack_floats, unpack_ints
from energy.historian.schema import GOOD

_TIMES_VARY = 1
_QUALITIES_VARY = 2
_BLOCK = struct.Struct("<BB6x")
_CHUNK = struct.Struct("<Iq")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Column:
    """Samples of one series, all arrays of the same length; value is NaN where there is none to trust."""

    at_ms: IntArray
    quality: IntArray
    value: FloatArray

    @property
    def good(self) -> NDArray[np.bool_]:
        """Which may decide anything."""
        trusted: NDArray[np.bool_] = (self.quality == GOOD) & np.isfinite(self.value)
        return trusted

    def only(self, places: NDArray[np.bool_]) -> "Column":
        """Give the samples at some places."""
        return Column(at_ms=self.at_ms[places], quality=self.quality[places], value=self.value[places])

    def between(self, from_ms: int, to_ms: int) -> "Column":
        """Give those with from_ms <= at_ms <= to_ms; needs them in order."""
        low = int(np.searchsorted(self.at_ms, from_ms))
        high = int(np.searchsorted(self.at_ms, to_ms, side="right"))
        if low == 0 and high == self.at_ms.size:
            return self
        return Column(at_ms=self.at_ms[low:high], quality=self.quality[low:high], value=self.value[low:high])


EMPTY = Column(at_ms=np.empty(0, dtype=np.int64), quality=np.empty(0, dtype=np.int64), value=np.empty(0))


def joined(columns: Sequence[Column]) -> Column:
    """Put samples that arrived one after the other into order: one a moment.

    Of the same moment the last one counts, but a good one is never replaced by a worse one.
    """
    if not columns:
        return EMPTY
    if len(columns) == 1 and _in_order(columns[0].at_ms):
        return columns[0]
    at_ms = np.concatenate([column.at_ms for column in columns])
    quality = np.concatenate([column.quality for column in columns])
    value = np.concatenate([column.value for column in columns])
    if not _in_order(at_ms):
        order = np.lexsort((np.arange(at_ms.size), quality == GOOD, at_ms))
        at_ms = at_ms[order]
        last = np.append(at_ms[1:] != at_ms[:-1], True)
        at_ms, quality, value = at_ms[last], quality[order][last], value[order][last]
    return Column(at_ms=at_ms, quality=quality, value=value)


def _in_order(at_ms: IntArray) -> bool:
    return bool((at_ms[1:] > at_ms[:-1]).all())


def pack_chunk(column: Column) -> bytes:
    """Compress an hour of one series; a steady rhythm and one quality need no bytes a sample."""
    steps = np.diff(column.at_ms)
    head = _CHUNK.pack(column.at_ms.size, int(column.at_ms[0]))
    return head + pack_ints(steps) + pack_ints(column.quality) + pack_floats(column.value)


def unpack_chunk(body: bytes) -> Column:
    """Give back what ``pack_chunk`` took.

    Raises:
        RecordBroken: the bytes are damaged.
    """
    try:
        count, first_ms = _CHUNK.unpack_from(body)
        steps, offset = unpack_ints(body, _CHUNK.size, count - 1)
        quality, offset = unpack_ints(body, offset, count)
    except (struct.error, ValueError) as error:
        raise RecordBroken(f"a chunk of samples is damaged: {error}") from error
    at_ms = np.cumsum(np.concatenate((np.array([first_ms], dtype=np.int64), steps)))
    return Column(at_ms=at_ms, quality=quality, value=unpack_floats(body[offset:]))


def pack_block(base_ms: int, at_ms: IntArray | None, quality: IntArray | int, value: FloatArray) -> bytes:
    """Give a tick's samples in the order of its layout; ``at_ms`` None means that all have ``base_ms``."""
    times = b"" if at_ms is None else (at_ms - base_ms).astype("<i4").tobytes()
    flags = 0 if at_ms is None else _TIMES_VARY
    if isinstance(quality, int):
        return _BLOCK.pack(flags, quality) + times + value.tobytes()
    qualities = quality.astype(np.uint8).tobytes()
    return _BLOCK.pack(flags | _QUALITIES_VARY, 0) + times + qualities + value.tobytes()


class Blocks:
    """Fresh blocks in the order of their arrival; gives the samples of one series at a time."""

    def __init__(self, rows: Sequence[tuple[int, IntArray, bytes]]) -> None:
        """Take rows of (base_ms, layout, body)."""
        self._runs: list[_Run] = []
        start = 0
        for place in range(1, len(rows) + 1):
            if place == len(rows) or not _alike(rows[start], rows[place]):
                self._runs.append(_Run(rows[start:place]))
                start = place

    def series(self) -> list[int]:
        """Give the numbers of all series in order."""
        numbers: set[int] = set()
        for run in self._runs:
            numbers.update(run.layout.tolist())
        return sorted(numbers)

    def columns(self, series: int) -> list[Column]:
        """Give the samples of one series as they arrived."""
        return [column for run in self._runs if (column := run.column(series)) is not None]


def _alike(one: tuple[int, IntArray, bytes], other: tuple[int, IntArray, bytes]) -> bool:
    return one[1] is other[1] and one[2][:2] == other[2][:2] and len(one[2]) == len(other[2])


class _Run:
    """Blocks of one layout and one form as matrices of (blocks, places)."""

    def __init__(self, rows: Sequence[tuple[int, IntArray, bytes]]) -> None:
        self.layout = rows[0][1]
        self._base_ms = np.array([row[0] for row in rows], dtype=np.int64)
        flags, self._quality = _BLOCK.unpack_from(rows[0][2])
        places = self.layout.size
        times = 4 * places if flags & _TIMES_VARY else 0
        qualities = places if flags & _QUALITIES_VARY else 0
        ends = np.cumsum([_BLOCK.size, times, qualities, 8 * places])
        if len(rows[0][2]) != ends[-1]:
            raise RecordBroken(f"a block of {places} samples has {len(rows[0][2])} bytes")
        octets = np.frombuffer(b"".join(row[2] for row in rows), dtype=np.uint8).reshape(len(rows), -1)
        self._times = octets[:, ends[0] : ends[1]] if times else None
        self._qualities = octets[:, ends[1] : ends[2]] if qualities else None
        self._values = octets[:, ends[2] : ends[3]]

    def column(self, series: int) -> Column | None:
        places = np.flatnonzero(self.layout == series)
        if places.size == 0:
            return None
        parts = [self._place(int(place)) for place in places]
        return parts[0] if len(parts) == 1 else _interleaved(parts)

    def _place(self, place: int) -> Column:
        value = np.ascontiguousarray(self._values[:, 8 * place : 8 * place + 8]).view("<f8").ravel()
        at_ms, quality = self._base_ms, np.full(value.size, self._quality, dtype=np.int64)
        if self._times is not None:
            offset = np.ascontiguousarray(self._times[:, 4 * place : 4 * place + 4]).view("<i4").ravel()
            at_ms = at_ms + offset
        if self._qualities is not None:
            quality = self._qualities[:, place].astype(np.int64)
        return Column(at_ms=at_ms, quality=quality, value=value)


def _interleaved(parts: Sequence[Column]) -> Column:
    """Put several places of the same series back into the order of arrival: block by block."""
    return Column(
        at_ms=np.stack([part.at_ms for part in parts], axis=1).ravel(),
        quality=np.stack([part.quality for part in parts], axis=1).ravel(),
        value=np.stack([part.value for part in parts], axis=1).ravel(),
    )
