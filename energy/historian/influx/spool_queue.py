"""The deliverer's end of the spool: what comes next, what may be forgotten, what was refused."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from energy.historian.averaging import REACH_MS
from energy.historian.influx.spool_file import BOUNDARIES, FILE_NAME, LAYOUT, MEANS, Tally, tally_of
from energy.historian.instants import PERIOD_MS
from energy.sqlite_file import HoldsFile, open_writer

REFUSED_KEPT_MAX = 10_000
"""Lines set aside that are kept to be looked at; the oldest go, and stay counted."""
LINE_CHARACTERS_MAX = 2_000
"""What is kept of a refused line: ours have about 80."""
ROWS_PER_TAKE = 1_000
_DUE = (
    "INSERT INTO due (kind, period, known_ms) VALUES (?, ?, ?)"
    " ON CONFLICT DO UPDATE SET known_ms = max(known_ms, excluded.known_ms)"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Parcel:
    """Batches that are sent together, in the order in which they came."""

    ids: tuple[int, ...]
    lines_count: int
    body: str
    """The lines, separated by line feeds."""
    due: Mapping[tuple[int, int], int]
    """By kind and period: what has to be averaged once this has arrived, and since when it is known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """A line that the server does not take, with its reason."""

    line: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """A period whose means, or whose boundary's registers, are to be worked out."""

    kind: int
    period: int
    known_ms: int


class SpoolQueue(HoldsFile):
    """A connection of its own, for the deliverer's thread; raises where the file does."""

    def __init__(self, folder: Path) -> None:
        super().__init__(open_writer(folder / FILE_NAME, LAYOUT))

    @property
    def tally(self) -> Tally:
        """How the spool stands."""
        return tally_of(self._file)

    def take(self, *, lines_max: int, bytes_max: int) -> Parcel | None:
        """Give the oldest batches as far as they fit, at least one; None where nothing waits.

        They stay in the spool until ``settle``.
        """
        rows = self._file.execute(
            "SELECT id, lines_count, bytes, spans, known_ms FROM batch ORDER BY id LIMIT ?",
            (ROWS_PER_TAKE,),
        )
        ids: list[int] = []
        due: dict[tuple[int, int], int] = {}
        for number, lines_count, size, spans, known_ms in rows:
            lines_max, bytes_max = lines_max - lines_count, bytes_max - size
            if ids and (lines_max < 0 or bytes_max < 0):
                break
            ids.append(number)
            for first_ms, last_ms in json.loads(spans):
                for key in _touched(first_ms, last_ms):
                    due[key] = max(known_ms, due.get(key, known_ms))
        if not ids:
            return None
        bodies = self._file.execute(
            "SELECT id, lines_count, body FROM batch WHERE id >= ? AND id <= ? ORDER BY id", (ids[0], ids[-1])
        )
        return Parcel(
            ids=tuple(row[0] for row in bodies),
            lines_count=sum(row[1] for row in bodies),
            body="\n".join(row[2] for row in bodies),
            due=due,
        )

    def settle(self, parcel: Parcel, refused: Sequence[Refusal]) -> None:
        """Forget a parcel: the server has it, apart from what it refused; that is set aside."""
        with self._file as file:
            lines_count = size = 0
            for number in parcel.ids:
                for row in file.execute(
                    "DELETE FROM batch WHERE id = ? RETURNING lines_count, bytes", (number,)
                ):
                    lines_count, size = lines_count + row[0], size + row[1]
            file.execute(
                "UPDATE tally SET waiting_lines = waiting_lines - ?, waiting_bytes = waiting_bytes - ?,"
                " delivered_lines = delivered_lines + ?",
                (lines_count, size, max(0, lines_count - len(refused))),
            )
            file.executemany(_DUE, [(*key, known_ms) for key, known_ms in parcel.due.items()])
            if refused:
                self._set_aside(refused)

    def due(self) -> list[Due]:
        """Give what can be worked out now, oldest first.

        A period's means when a sample shows that it is over, a boundary when one lies at or behind it.
        """
        newest_ms = self.tally.newest_ms
        if newest_ms is None:
            return []
        newest = newest_ms // PERIOD_MS
        rows = self._file.execute(
            "SELECT kind, period, known_ms FROM due WHERE period <= ? - (kind = ?) ORDER BY period, kind",
            (newest, MEANS),
        )
        return [Due(kind=kind, period=period, known_ms=known_ms) for kind, period, known_ms in rows]

    def done(self, due: Due) -> None:
        """Forget what has been worked out and written."""
        self._file.execute(
            "DELETE FROM due WHERE kind = ? AND period = ? AND known_ms <= ?",
            (due.kind, due.period, due.known_ms),
        )

    def write_back(self) -> None:
        """Bring the log into the file, so that it does not grow; the writing end leaves that to us."""
        self._file.execute("PRAGMA wal_checkpoint(PASSIVE)")

    def _set_aside(self, refused: Sequence[Refusal]) -> None:
        now_ms = self.tally.present_ms
        known_ms = 0 if now_ms is None else now_ms
        self._file.executemany(
            "INSERT INTO refused (known_ms, line, reason) VALUES (?, ?, ?)",
            [(known_ms, item.line[:LINE_CHARACTERS_MAX], item.reason) for item in refused],
        )
        self._file.execute(
            "DELETE FROM refused WHERE id <= (SELECT max(id) FROM refused) - ?", (REFUSED_KEPT_MAX,)
        )
        self._file.execute(
            "UPDATE tally SET refused_lines = refused_lines + ?, refused_ms = ?", (len(refused), known_ms)
        )


def _touched(first_ms: int, last_ms: int) -> list[tuple[int, int]]:
    """Give the kinds and periods that samples of [first_ms, last_ms] take part in."""
    low_ms, high_ms = first_ms - REACH_MS, last_ms + REACH_MS
    means = [(MEANS, period) for period in range(low_ms // PERIOD_MS, high_ms // PERIOD_MS + 1)]
    boundaries = range(-(-low_ms // PERIOD_MS), high_ms // PERIOD_MS + 1)
    return means + [(BOUNDARIES, period) for period in boundaries]
