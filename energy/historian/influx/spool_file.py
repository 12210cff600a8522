"""The schema of spool.sqlite: what waits for the server, what it refused, what is still to be averaged.

Moments are milliseconds since 1970 on the controller's clock, periods quarter hours since 1970.
"""

from dataclasses import dataclass, fields

from energy.sqlite_file import Layout, Row, SqliteFile

FILE_NAME = "spool.sqlite"
MEANS, BOUNDARIES = 0, 1
"""What of a period is to be worked out: the means of all points, or the registers at its beginning."""

_SCHEMA = """
CREATE TABLE batch (id INTEGER PRIMARY KEY AUTOINCREMENT, lines_count INTEGER NOT NULL,
    bytes INTEGER NOT NULL,
    spans TEXT NOT NULL, known_ms INTEGER NOT NULL, body TEXT NOT NULL) STRICT;

CREATE TABLE refused (id INTEGER PRIMARY KEY AUTOINCREMENT, known_ms INTEGER NOT NULL, line TEXT NOT NULL,
    reason TEXT NOT NULL) STRICT;

CREATE TABLE due (kind INTEGER NOT NULL, period INTEGER NOT NULL, known_ms INTEGER NOT NULL,
    PRIMARY KEY (kind, period)) STRICT, WITHOUT ROWID;

CREATE TABLE tally (id INTEGER PRIMARY KEY CHECK (id = 1), waiting_lines INTEGER NOT NULL DEFAULT 0,
    waiting_bytes INTEGER NOT NULL DEFAULT 0, delivered_lines INTEGER NOT NULL DEFAULT 0,
    refused_lines INTEGER NOT NULL DEFAULT 0, refused_ms INTEGER, lost_lines INTEGER NOT NULL DEFAULT 0,
    lost_ms INTEGER, newest_ms INTEGER, present_ms INTEGER, back_from_ms INTEGER) STRICT;

INSERT INTO tally (id) VALUES (1);
"""

"""``spans`` are the stretches of time that a batch's samples lie in, one a quarter hour, as JSON; none where
there are none to average. ``due`` is what is still to be averaged."""

LAYOUT = Layout(application_id=0x45575350, version=1, schema=_SCHEMA, synchronous="NORMAL")


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """How the spool stands; lines add up over its whole life, apart from those that wait.

    ``newest_ms`` is the newest moment measured; ``present_ms`` follows the clock when it goes back, and
    ``back_from_ms`` says behind which moment it went, until it is past it again. ``refused_ms`` and
    ``lost_ms`` are when lines were last refused, and last lost because the spool was full.
    """

    waiting_lines: int
    waiting_bytes: int
    delivered_lines: int
    refused_lines: int
    refused_ms: int | None
    lost_lines: int
    lost_ms: int | None
    newest_ms: int | None
    present_ms: int | None
    back_from_ms: int | None


_NAMES = tuple(field.name for field in fields(Tally))
COLUMNS = ", ".join(_NAMES)


def tally_of(file: SqliteFile) -> Tally:
    """Read the tally; raises where the file does."""
    return tally_from(file.execute(f"SELECT {COLUMNS} FROM tally")[0])  # noqa: S608 - the names of our own fields


def tally_from(row: Row) -> Tally:
    """Make a tally of a row of ``COLUMNS``."""
    return Tally(**dict(zip(_NAMES, row, strict=True)))
