"""Values by period with what they cover and since when they were the answer, and which gives way to which."""

import struct
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from energy.domain import FloatArray
from energy.errors import RecordBroken
from energy.historian.averaging import COVERED_MS_OVER_IMPORT
from energy.historian.columns import IntArray, pack_ints, unpack_ints
from energy.historian.schema import SOURCE_MEASURED

COLUMNS = ("value", "covered_ms", "source", "known_ms")
_HEAD = struct.Struct("<HH")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Values:
    """Values of consecutive periods; ``covered_ms`` 0 and value NaN where there is none.

    ``known_ms`` is the moment from which each was the answer.
    """

    value: FloatArray
    covered_ms: IntArray
    source: IntArray
    known_ms: IntArray

    def put(self, low: int, other: "Values") -> None:
        """Write the other's values over those from place ``low`` on."""
        high = low + other.value.size
        self.value[low:high], self.covered_ms[low:high] = other.value, other.covered_ms
        self.source[low:high], self.known_ms[low:high] = other.source, other.known_ms

    def taken(self, places: IntArray) -> "Values":
        """Give copies at some places."""
        return Values(**{column: getattr(self, column)[places] for column in COLUMNS})

    def part(self, low: int, high: int) -> "Values":
        """Give the places [low, high) as views."""
        return Values(
            value=self.value[low:high],
            covered_ms=self.covered_ms[low:high],
            source=self.source[low:high],
            known_ms=self.known_ms[low:high],
        )


def no_values(count: int) -> Values:
    """Give so many periods without any value."""
    return Values(
        value=np.full(count, np.nan),
        covered_ms=np.zeros(count, dtype=np.int64),
        source=np.zeros(count, dtype=np.int64),
        known_ms=np.zeros(count, dtype=np.int64),
    )


def without_history(weighted: FloatArray, covered_ms: IntArray) -> Values:
    """Give means out of sums, without a word on when they became known."""
    value = np.full(weighted.size, np.nan)
    np.divide(weighted, covered_ms, out=value, where=covered_ms > 0)
    nothing = np.zeros(weighted.size, dtype=np.int64)
    return Values(value=value, covered_ms=covered_ms, source=nothing, known_ms=nothing)


def pack_values(values: Values, settled_ms: IntArray) -> bytes:
    """Pack a page; known moments are kept as the time after ``settled_ms``, mostly a constant."""
    (places,) = np.nonzero(values.covered_ms)
    if places.size == 0:
        return _HEAD.pack(0, 0)
    low, high = int(places[0]), int(places[-1]) + 1
    part = values.part(low, high)
    late_ms = np.where(part.covered_ms > 0, part.known_ms - settled_ms[low:high], 0)
    columns = (part.covered_ms, part.source, late_ms)
    return _HEAD.pack(low, high - low) + b"".join(map(pack_ints, columns)) + part.value.tobytes()


def unpack_values(body: bytes, settled_ms: IntArray) -> tuple[int, Values]:
    """Give the first place and the values from there on.

    Raises:
        RecordBroken: the bytes are damaged.
    """
    try:
        low, count = _HEAD.unpack_from(body)
        covered_ms, offset = unpack_ints(body, _HEAD.size, count) if count else (settled_ms[:0], 0)
        source, offset = unpack_ints(body, offset, count) if count else (settled_ms[:0], 0)
        late_ms, offset = unpack_ints(body, offset, count) if count else (settled_ms[:0], 0)
        value = np.frombuffer(body, dtype="<f8", count=count, offset=offset).astype(np.float64)
        known_ms = settled_ms[low : low + count] + late_ms
        return low, Values(value=value, covered_ms=covered_ms, source=source, known_ms=known_ms)
    except (struct.error, ValueError) as error:
        raise RecordBroken(f"a page of values is damaged: {error}") from error


def replaces(new: Values, old: Values) -> NDArray[np.bool_]:
    """Tell where a new value takes an old one's place.

    Samples only ever add coverage; less of it means that the period's samples were deleted with age. What is
    measured stands above what is imported once it covers COVERED_MS_OVER_IMPORT.
    """
    measured = new.source == SOURCE_MEASURED
    better = np.where(
        new.source == old.source,
        new.covered_ms >= old.covered_ms,
        np.where(
            measured,
            new.covered_ms >= COVERED_MS_OVER_IMPORT,
            old.covered_ms < COVERED_MS_OVER_IMPORT,
        ),
    )
    wins: NDArray[np.bool_] = (new.covered_ms > 0) & ((old.covered_ms == 0) | better)
    return wins


def fold(under: Values, over: Values) -> tuple[NDArray[np.bool_], Values]:
    """Let values replace those under them, in place.

    Returns:
        Where a value was set aside that had been the answer for some time, and those values.
    """
    same = (over.value == under.value) & (over.covered_ms == under.covered_ms) & (over.source == under.source)
    wins = replaces(over, under) & ~(same & (under.known_ms <= over.known_ms))
    loses_but_came_first = (over.covered_ms > 0) & ~wins & ~same & (over.known_ms < under.known_ms)
    set_aside = wins & (under.covered_ms > 0) & (under.known_ms < over.known_ms)
    kept = Values(
        value=np.where(set_aside, under.value, over.value),
        covered_ms=np.where(set_aside, under.covered_ms, over.covered_ms),
        source=np.where(set_aside, under.source, over.source),
        known_ms=np.where(set_aside, under.known_ms, over.known_ms),
    )
    for column in COLUMNS:
        getattr(under, column)[wins] = getattr(over, column)[wins]
    return set_aside | loses_but_came_first, kept


def fold_in_turn(values: Values, places: IntArray, over: Values) -> tuple[IntArray, Values]:
    """Fold values one after the other onto places that may repeat.

    Returns:
        The places where a value was set aside, and those values.
    """
    aside: list[tuple[IntArray, Values]] = []
    rest = np.arange(places.size)
    while rest.size:
        _, first = np.unique(places[rest], return_index=True)
        turn = rest[np.sort(first)]
        at = places[turn]
        under = values.taken(at)
        where, kept = fold(under, over.taken(turn))
        for column in COLUMNS:
            getattr(values, column)[at] = getattr(under, column)
        if where.any():
            aside.append((at[where], kept.taken(np.flatnonzero(where))))
        rest = np.setdiff1d(rest, turn, assume_unique=True)
    if not aside:
        return places[:0], no_values(0)
    return np.concatenate([at for at, _ in aside]), put_together([kept for _, kept in aside])


def put_together(parts: Sequence[Values]) -> Values:
    """Put values one after the other."""
    return Values(**{column: np.concatenate([getattr(part, column) for part in parts]) for column in COLUMNS})


def pack_slab(value: FloatArray, covered_ms: IntArray) -> bytes:
    """Give one period's values of many series."""
    return pack_ints(covered_ms) + value.tobytes()


class Slabs:
    """Values of one period of many series each, in the order in which they were written."""

    def __init__(self, rows: Sequence[tuple[int, int, bytes, bytes]]) -> None:
        """Take rows of (period, known_ms, series, body)."""
        self._runs: list[tuple[NDArray[np.uint32], IntArray, FloatArray, IntArray]] = []
        start = 0
        for place in range(1, len(rows) + 1):
            if place == len(rows) or rows[place][2] != rows[start][2]:
                self._runs.append(_run(rows[start:place]))
                start = place

    def series(self) -> list[int]:
        """Give the numbers of all series in order."""
        numbers: set[int] = set()
        for run in self._runs:
            numbers.update(run[0].tolist())
        return sorted(numbers)

    def of(self, series: int) -> tuple[IntArray, Values]:
        """Give one series' periods and values."""
        periods: list[IntArray] = []
        parts: list[Values] = []
        for numbers, heads, value, covered_ms in self._runs:
            place = int(np.searchsorted(numbers, series))
            if place < numbers.size and numbers[place] == series:
                periods.append(heads[:, 0])
                parts.append(
                    Values(
                        value=value[:, place],
                        covered_ms=covered_ms[:, place],
                        source=np.full(heads.shape[0], SOURCE_MEASURED, dtype=np.int64),
                        known_ms=heads[:, 1],
                    )
                )
        if not parts:
            return np.empty(0, dtype=np.int64), no_values(0)
        return np.concatenate(periods), put_together(parts)


def _run(
    rows: Sequence[tuple[int, int, bytes, bytes]],
) -> tuple[NDArray[np.uint32], IntArray, FloatArray, IntArray]:
    try:
        numbers = np.frombuffer(rows[0][2], dtype="<u4")
        value, covered_ms = np.empty((len(rows), numbers.size)), np.empty((len(rows), numbers.size), np.int64)
        for place, (*_, body) in enumerate(rows):
            covered_ms[place], offset = unpack_ints(body, 0, numbers.size)
            value[place] = np.frombuffer(body, dtype="<f8", count=numbers.size, offset=offset)
    except (struct.error, ValueError) as error:
        raise RecordBroken(f"a slab of values is damaged: {error}") from error
    heads = np.array([row[:2] for row in rows], dtype=np.int64)
    return numbers, heads, value, covered_ms
