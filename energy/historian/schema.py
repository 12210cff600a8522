"""The schema of telemetry.sqlite. Times are milliseconds since 1970, periods quarter hours since 1970."""

FILE_NAME = "telemetry.sqlite"
QUALITIES = ("good", "stale", "implausible", "not_implemented", "comm_error")
"""Their place is their number in the file: append only."""
GOOD = 0
NOT_IMPLEMENTED = 3
SOURCE_MEASURED = 0
SOURCE_IMPORT = 1

DECISIONS = """
CREATE TABLE series (id INTEGER PRIMARY KEY, asset_id TEXT NOT NULL, point TEXT NOT NULL,
    UNIQUE (asset_id, point)) STRICT;

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

CONDUCT = """
CREATE TABLE latest_conduct (asset_id TEXT PRIMARY KEY, body TEXT NOT NULL) STRICT, WITHOUT ROWID;

CREATE TABLE score (period INTEGER NOT NULL, asset_id TEXT NOT NULL, followed_ms INTEGER NOT NULL,
    settling_ms INTEGER NOT NULL, not_followed_ms INTEGER NOT NULL, unknown_ms INTEGER NOT NULL,
    limited_ms INTEGER NOT NULL, refused_ms INTEGER NOT NULL, unreachable_ms INTEGER NOT NULL,
    PRIMARY KEY (period, asset_id)) STRICT, WITHOUT ROWID;
"""
"""Since version 2: what devices did with what they were told, in milliseconds."""

WEATHER_AND_METRICS = """
CREATE TABLE weather (id INTEGER PRIMARY KEY, source TEXT NOT NULL, issued_ms INTEGER NOT NULL,
    known_ms INTEGER NOT NULL, head TEXT NOT NULL, arrays BLOB NOT NULL) STRICT;

CREATE INDEX weather_issued ON weather (source, issued_ms, known_ms);

CREATE TABLE metric (name TEXT PRIMARY KEY, value REAL NOT NULL) STRICT, WITHOUT ROWID;
"""
"""Since version 3: weather forecasts as they became known, and the controller's own counts."""

JUDGING = """
CREATE TABLE shadow (id INTEGER PRIMARY KEY, asset_id TEXT NOT NULL, issued_ms INTEGER NOT NULL,
    head TEXT NOT NULL, arrays BLOB NOT NULL) STRICT;

CREATE INDEX shadow_asset ON shadow (asset_id, issued_ms);

CREATE TABLE scored_day (day_ms INTEGER PRIMARY KEY) STRICT;

CREATE TABLE live_score (day_ms INTEGER NOT NULL, asset_id TEXT NOT NULL, model TEXT NOT NULL,
    lead TEXT NOT NULL, body TEXT NOT NULL, PRIMARY KEY (day_ms, asset_id, model, lead)) STRICT,
    WITHOUT ROWID;
"""
"""Since version 4: forecasts that are only judged, and the daily scores of live forecasts."""

TELEMETRY = """
CREATE TABLE setting (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;

CREATE TABLE layout (id INTEGER PRIMARY KEY, series BLOB NOT NULL) STRICT;

CREATE TABLE block (key INTEGER PRIMARY KEY, at_ms INTEGER NOT NULL, until_ms INTEGER NOT NULL,
    clock_ms INTEGER NOT NULL, layout INTEGER NOT NULL, body BLOB NOT NULL) STRICT;

CREATE TABLE chunk (key INTEGER PRIMARY KEY, body BLOB NOT NULL) STRICT;

CREATE TABLE newest (segment INTEGER PRIMARY KEY, body BLOB NOT NULL) STRICT;

CREATE TABLE open_day (day INTEGER PRIMARY KEY) STRICT;

CREATE TABLE slab (id INTEGER PRIMARY KEY, kind INTEGER NOT NULL, day INTEGER NOT NULL,
    period INTEGER NOT NULL, known_ms INTEGER NOT NULL, series BLOB NOT NULL, body BLOB NOT NULL) STRICT;

CREATE INDEX slab_day ON slab (kind, day);

CREATE TABLE quarter (key INTEGER PRIMARY KEY, body BLOB NOT NULL) STRICT;

CREATE TABLE quarter_before (key INTEGER PRIMARY KEY, body BLOB NOT NULL) STRICT;

CREATE TABLE boundary (key INTEGER PRIMARY KEY, body BLOB NOT NULL) STRICT;

CREATE TABLE boundary_before (key INTEGER PRIMARY KEY, body BLOB NOT NULL) STRICT;

CREATE TABLE minute (key INTEGER PRIMARY KEY, body BLOB NOT NULL) STRICT;

CREATE TABLE hour (key INTEGER PRIMARY KEY, body BLOB NOT NULL) STRICT;

CREATE TABLE day (key INTEGER PRIMARY KEY, body BLOB NOT NULL) STRICT;

CREATE TABLE quality (key INTEGER PRIMARY KEY, covered_ms INTEGER NOT NULL, gaps INTEGER NOT NULL,
    longest_gap_ms INTEGER NOT NULL, counts BLOB NOT NULL) STRICT;
"""
"""Since version 3: docs/decisions/0007-ticks-are-blocks-and-hours-are-chunks.md says what lies where."""
