"""The schema of telemetry.sqlite. Times are milliseconds since 1970, periods quarter hours since 1970."""

from energy.sqlite_file import Layout

FILE_NAME = "telemetry.sqlite"
QUALITIES = ("good", "stale", "implausible", "not_implemented", "comm_error")
"""Their place is their number in the file: append only."""
GOOD = 0
NOT_IMPLEMENTED = 3
SOURCE_MEASURED = 0
SOURCE_IMPORT = 1

_SCHEMA = """
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

_CONDUCT = """
CREATE TABLE latest_conduct (asset_id TEXT PRIMARY KEY, body TEXT NOT NULL) STRICT, WITHOUT ROWID;

CREATE TABLE score (period INTEGER NOT NULL, asset_id TEXT NOT NULL, followed_ms INTEGER NOT NULL,
    settling_ms INTEGER NOT NULL, not_followed_ms INTEGER NOT NULL, unknown_ms INTEGER NOT NULL,
    limited_ms INTEGER NOT NULL, refused_ms INTEGER NOT NULL, unreachable_ms INTEGER NOT NULL,
    PRIMARY KEY (period, asset_id)) STRICT, WITHOUT ROWID;
"""
"""Since version 2: what devices did with what they were told, in milliseconds."""

_WEATHER_AND_METRICS = """
CREATE TABLE weather (id INTEGER PRIMARY KEY, source TEXT NOT NULL, issued_ms INTEGER NOT NULL,
    known_ms INTEGER NOT NULL, head TEXT NOT NULL, arrays BLOB NOT NULL) STRICT;

CREATE INDEX weather_issued ON weather (source, issued_ms, known_ms);

CREATE TABLE metric (name TEXT PRIMARY KEY, value REAL NOT NULL) STRICT, WITHOUT ROWID;
"""
"""Since version 3: weather forecasts as they became known, and the controller's own counts."""

LAYOUT = Layout(
    application_id=0x45575445,
    version=3,
    schema=f"{_SCHEMA.rstrip()}\n\n{_CONDUCT.strip()}\n\n{_WEATHER_AND_METRICS.lstrip()}",
    synchronous="NORMAL",
    upgrades={1: _CONDUCT, 2: _WEATHER_AND_METRICS},
)
