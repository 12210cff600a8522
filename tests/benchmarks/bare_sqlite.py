"""The barest tables: what SQLite alone needs for the same rows, with the same pragmas and transactions."""

import sqlite3
from collections.abc import Sequence
from pathlib import Path

SampleRow = tuple[int, int, int, float]
"""at_ms, series, quality, value"""
MeanRow = tuple[int, int, float, int]
"""series, period, value, covered_ms"""


class BareSqlite:
    """A table without an index to append to, and one that is read along its key."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._connection = sqlite3.connect(path, isolation_level=None)
        self._connection.execute("PRAGMA journal_mode = WAL")
        self._connection.execute("PRAGMA synchronous = NORMAL")
        self._connection.execute(
            "CREATE TABLE sample (at_ms INTEGER, series INTEGER, quality INTEGER, value REAL)"
        )
        self._connection.execute(
            "CREATE TABLE mean (series INTEGER, period INTEGER, value REAL, covered_ms INTEGER,"
            " PRIMARY KEY (series, period)) WITHOUT ROWID"
        )

    def append(self, rows: Sequence[SampleRow]) -> None:
        """Write samples in one transaction."""
        self._connection.execute("BEGIN IMMEDIATE")
        self._connection.executemany("INSERT INTO sample VALUES (?, ?, ?, ?)", rows)
        self._connection.execute("COMMIT")

    def fill(self, rows: Sequence[MeanRow]) -> None:
        """Write means in one transaction."""
        self._connection.execute("BEGIN IMMEDIATE")
        self._connection.executemany("INSERT INTO mean VALUES (?, ?, ?, ?)", rows)
        self._connection.execute("COMMIT")

    def read(self, series: int, first: int, end: int) -> list[tuple[int, float, int]]:
        """Read the means of one series along the key."""
        return self._connection.execute(
            "SELECT period, value, covered_ms FROM mean WHERE series = ? AND period >= ? AND period < ?",
            (series, first, end),
        ).fetchall()

    def remember(self, rows: Sequence[SampleRow]) -> None:
        """Keep the latest row of every series, by its key."""
        self._connection.execute("BEGIN IMMEDIATE")
        self._connection.execute(
            "CREATE TABLE latest (series INTEGER PRIMARY KEY, at_ms INTEGER, quality INTEGER, value REAL)"
        )
        self._connection.executemany(
            "INSERT INTO latest (at_ms, series, quality, value) VALUES (?, ?, ?, ?)", rows
        )
        self._connection.execute("COMMIT")

    def latest(self) -> list[SampleRow]:
        """Read the latest row of every series."""
        return self._connection.execute("SELECT series, at_ms, quality, value FROM latest").fetchall()

    def group(self, kinds: Sequence[tuple[int, int]]) -> None:
        """Say of which kind each series is."""
        self._connection.execute("CREATE TABLE kind (series INTEGER PRIMARY KEY, kind INTEGER)")
        self._connection.executemany("INSERT INTO kind VALUES (?, ?)", kinds)

    def sums(self, first: int, end: int) -> list[tuple[int, int, float, int]]:
        """Add up the means of each kind by step."""
        return self._connection.execute(
            "SELECT kind, period, sum(value), count(*) FROM kind JOIN mean USING (series)"
            " WHERE period >= ? AND period < ? GROUP BY kind, period",
            (first, end),
        ).fetchall()

    def close(self) -> None:
        """Bring everything from the log into the file and let it go."""
        self._connection.close()
