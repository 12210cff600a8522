"""Files as earlier versions of the program left them, with their schema's text as it was."""

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from energy.historian.schema import FILE_NAME

VERSION_1 = """
CREATE TABLE series (id INTEGER PRIMARY KEY, asset_id TEXT NOT NULL, point TEXT NOT NULL,
    UNIQUE (asset_id, point)) STRICT;

CREATE TABLE sample (at_ms INTEGER NOT NULL, series INTEGER NOT NULL, quality INTEGER NOT NULL, value REAL,
    PRIMARY KEY (at_ms, series)) STRICT, WITHOUT ROWID;

CREATE TABLE latest (series INTEGER PRIMARY KEY, at_ms INTEGER NOT NULL, quality INTEGER NOT NULL,
    value REAL) STRICT;

CREATE TABLE mean (series INTEGER NOT NULL, period INTEGER NOT NULL, value REAL NOT NULL,
    covered_ms INTEGER NOT NULL, source INTEGER NOT NULL, PRIMARY KEY (series, period)) STRICT, WITHOUT ROWID;

CREATE TABLE register (series INTEGER NOT NULL, period INTEGER NOT NULL, energy_kwh REAL NOT NULL,
    PRIMARY KEY (series, period)) STRICT, WITHOUT ROWID;

CREATE TABLE outcome (id INTEGER PRIMARY KEY, at_ms INTEGER NOT NULL, asset_id TEXT NOT NULL,
    body TEXT NOT NULL) STRICT;

CREATE INDEX outcome_at ON outcome (at_ms);

CREATE TABLE latest_outcome (asset_id TEXT PRIMARY KEY, body TEXT NOT NULL) STRICT, WITHOUT ROWID;

CREATE TABLE plan (id INTEGER PRIMARY KEY, issued_ms INTEGER NOT NULL, head TEXT NOT NULL,
    arrays BLOB NOT NULL) STRICT;

CREATE INDEX plan_issued ON plan (issued_ms);

CREATE TABLE forecast (plan INTEGER NOT NULL, place INTEGER NOT NULL, asset_id TEXT NOT NULL,
    issued_ms INTEGER NOT NULL,
    head TEXT NOT NULL, arrays BLOB NOT NULL, PRIMARY KEY (plan, place)) STRICT;

CREATE INDEX forecast_asset ON forecast (asset_id, issued_ms);

CREATE TABLE price (period INTEGER NOT NULL, published_ms INTEGER NOT NULL, price_eur_per_kwh REAL NOT NULL,
    PRIMARY KEY (period, published_ms)) STRICT, WITHOUT ROWID;

CREATE TABLE status (id INTEGER PRIMARY KEY CHECK (id = 1), body TEXT NOT NULL,
    written_ms INTEGER NOT NULL) STRICT;

CREATE TABLE event (id INTEGER PRIMARY KEY, at_ms INTEGER NOT NULL, appeared INTEGER NOT NULL,
    alarm TEXT NOT NULL) STRICT;

CREATE INDEX event_at ON event (at_ms);
"""

CONDUCT_OF_VERSION_2 = """
CREATE TABLE latest_conduct (asset_id TEXT PRIMARY KEY, body TEXT NOT NULL) STRICT, WITHOUT ROWID;

CREATE TABLE score (period INTEGER NOT NULL, asset_id TEXT NOT NULL, followed_ms INTEGER NOT NULL,
    settling_ms INTEGER NOT NULL, not_followed_ms INTEGER NOT NULL, unknown_ms INTEGER NOT NULL,
    limited_ms INTEGER NOT NULL, refused_ms INTEGER NOT NULL, unreachable_ms INTEGER NOT NULL,
    PRIMARY KEY (period, asset_id)) STRICT, WITHOUT ROWID;
"""

SampleRow = tuple[int, int, int, float | None]
"""at_ms, series, quality, value"""
MeanRow = tuple[int, int, float, int, int]
"""series, period, value, covered_ms, source"""


def old_file(
    folder: Path,
    *,
    version: int,
    series: Sequence[tuple[int, str, str]],
    samples: Sequence[SampleRow],
    means: Sequence[MeanRow] = (),
    registers: Sequence[tuple[int, int, float]] = (),
) -> Path:
    """Make a file of version 1 or 2 that holds some telemetry."""
    path = folder / FILE_NAME
    with closing(sqlite3.connect(path, isolation_level=None)) as file:
        file.execute("PRAGMA journal_mode = WAL")
        file.executescript(VERSION_1 + (CONDUCT_OF_VERSION_2 if version > 1 else ""))
        file.execute("PRAGMA application_id = 1163351109")
        file.execute(f"PRAGMA user_version = {version}")
        file.execute("BEGIN")
        file.executemany("INSERT INTO series VALUES (?, ?, ?)", series)
        file.executemany("INSERT INTO sample VALUES (?, ?, ?, ?)", samples)
        newest = {row[1]: row for row in sorted(samples)}
        latest = [(number, at_ms, quality, value) for number, (at_ms, _, quality, value) in newest.items()]
        file.executemany("INSERT INTO latest VALUES (?, ?, ?, ?)", latest)
        file.executemany("INSERT INTO mean VALUES (?, ?, ?, ?, ?)", means)
        file.executemany("INSERT INTO register VALUES (?, ?, ?)", registers)
        file.execute("COMMIT")
    return path
