"""The file that the ledger grows in: ``ledger.sqlite``, one row an entry."""

import zlib
from collections.abc import Sequence
from pathlib import Path

from energy.ledger.chain import BODY_BYTES_MAX, Link, broken
from energy.sqlite_file import Layout, Row, SqliteFile

FILE_NAME = "ledger.sqlite"
SEQUENCE_MAX = 2**62
"""No entry has this number."""
COMPRESS_FROM_BYTES = 256
"""Smaller bodies do not get smaller."""
_COMPRESSION_LEVEL = 6
"""A tenth smaller than level 3 for 0.2 ms a tick of 78 assets: much less than its flush."""
_COLUMNS = "sequence, kind, at, body, compressed, hash, beside"
_SINCE_2 = (
    """
CREATE TABLE format (beside_covered_from INTEGER NOT NULL) STRICT;

CREATE TABLE segment (first_sequence INTEGER PRIMARY KEY, last_sequence INTEGER NOT NULL,
    first_at TEXT NOT NULL, last_at TEXT NOT NULL, previous_hash BLOB NOT NULL, last_hash BLOB NOT NULL,
    file_name TEXT NOT NULL, sha256 BLOB NOT NULL, kinds TEXT NOT NULL,
    removed INTEGER NOT NULL DEFAULT 0, blocks TEXT NOT NULL) STRICT;

CREATE TRIGGER segment_only_goes BEFORE UPDATE ON segment
    WHEN NEW.removed <> 1 OR OLD.removed <> 0 OR NEW.first_sequence <> OLD.first_sequence
        OR NEW.last_sequence <> OLD.last_sequence OR NEW.last_hash <> OLD.last_hash
    BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;

CREATE TRIGGER segment_never_goes BEFORE DELETE ON segment
    BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;

CREATE TRIGGER entry_never_goes BEFORE DELETE ON entry
    WHEN OLD.sequence > coalesce((SELECT last_sequence FROM segment WHERE first_sequence <= OLD.sequence
        ORDER BY first_sequence DESC LIMIT 1), 0)
    BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;

INSERT INTO format SELECT coalesce(max(sequence), 0) + 1 FROM entry;
"""
    ""
)
LAYOUT = Layout(
    application_id=0x45574C47,
    version=2,
    synchronous="FULL",
    schema="""
CREATE TABLE entry (sequence INTEGER PRIMARY KEY, kind TEXT NOT NULL, at TEXT NOT NULL, body BLOB NOT NULL,
    compressed INTEGER NOT NULL, hash BLOB NOT NULL, beside TEXT) STRICT;

CREATE INDEX entry_kind ON entry (kind, sequence);

CREATE TRIGGER entry_never_changes BEFORE UPDATE ON entry
    BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;

"""
    + _SINCE_2,
    upgrades={1: "DROP TRIGGER entry_never_goes;\n\n" + _SINCE_2},
)


class ActiveFile:
    """The statements on the file; raises StoreUnavailable or RecordBroken where the file does."""

    def __init__(self, file: SqliteFile) -> None:
        self.file = file
        rows = file.execute("SELECT beside_covered_from FROM format")
        if len(rows) != 1 or not isinstance(rows[0][0], int):
            raise broken(file.path, 1, "the file does not say any more what its hashes cover")
        self.beside_covered_from: int = rows[0][0]
        """The first entry whose hash covers what stands beside it. Changing it breaks the chain."""

    @property
    def path(self) -> Path:
        """Where it lies."""
        return self.file.path

    def links(
        self, *, after: int, limit: int, kind: str | None = None, until: int = SEQUENCE_MAX
    ) -> list[Link]:
        """Give links in order whose number is above ``after`` and at most ``until``, perhaps of one kind."""
        chosen, parameters = ("AND kind = ?", (kind,)) if kind is not None else ("", ())
        where = f"sequence > ? AND sequence <= ? {chosen}"
        rows = self.file.execute(
            f"SELECT {_COLUMNS} FROM entry WHERE {where} ORDER BY sequence LIMIT ?",  # noqa: S608 - constants
            (after, until, *parameters, limit),
        )
        return [self._link(row) for row in rows]

    def newest(self, limit: int, *, after: int = 0, kind: str | None = None) -> list[Link]:
        """Give the newest links, newest first, whose number is above ``after``, perhaps of one kind."""
        chosen, parameters = ("AND kind = ?", (kind,)) if kind is not None else ("", ())
        rows = self.file.execute(
            f"SELECT {_COLUMNS} FROM entry WHERE sequence > ? {chosen} ORDER BY sequence DESC LIMIT ?",  # noqa: S608 - constants
            (after, *parameters, limit),
        )
        return [self._link(row) for row in rows]

    def holds_any(self, first: int, last: int) -> bool:
        """Tell whether any of these entries is still here."""
        sql = "SELECT 1 FROM entry WHERE sequence BETWEEN ? AND ? LIMIT 1"
        return bool(self.file.execute(sql, (first, last)))

    def last(self) -> tuple[int, str] | None:
        """Give the number and the hash of the last entry, None before the first."""
        rows = self.file.execute("SELECT sequence, hash FROM entry ORDER BY sequence DESC LIMIT 1")
        if rows and not isinstance(rows[0][1], bytes):
            raise broken(self.path, rows[0][0], "its hash cannot be read")
        return (rows[0][0], rows[0][1].hex()) if rows else None

    def insert(self, links: Sequence[Link]) -> None:
        """Add links; the caller holds the transaction."""
        self.file.executemany(
            f"INSERT INTO entry ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?)",  # noqa: S608 - a constant
            [_row(link) for link in links],
        )

    def oldest(self, *, after: int) -> tuple[int, str] | None:
        """Give number and moment of the first entry after ``after``."""
        rows = self.file.execute(
            "SELECT sequence, at FROM entry WHERE sequence > ? ORDER BY sequence LIMIT 1", (after,)
        )
        return (rows[0][0], rows[0][1]) if rows else None

    def first_from_day(self, day: str, *, after: int) -> int | None:
        """Give the first entry after ``after`` of a day or later; reads all between."""
        rows = self.file.execute(
            "SELECT sequence FROM entry WHERE sequence > ? AND at >= ? ORDER BY sequence LIMIT 1",
            (after, day),
        )
        return int(rows[0][0]) if rows else None

    def forget(self, *, until: int, limit: int) -> int:
        """Delete the oldest entries up to ``until``, at most ``limit``; a trigger lets only sealed ones go.

        Returns:
            how many were deleted.
        """
        with self.file:
            rows = self.file.execute(
                "SELECT sequence FROM entry WHERE sequence <= ? ORDER BY sequence LIMIT ?", (until, limit)
            )
            if rows:
                self.file.execute("DELETE FROM entry WHERE sequence <= ?", (rows[-1][0],))
        return len(rows)

    @property
    def bytes_used(self) -> int:
        """What the file's entries fill, without the pages that wait for new ones."""
        pages, free, size = (
            self.file.execute(f"PRAGMA {name}")[0][0]
            for name in ("page_count", "freelist_count", "page_size")
        )
        return int((pages - free) * size)

    def _link(self, row: Row) -> Link:
        sequence, kind, at, body, compressed, digest, beside = row
        try:
            return Link(
                sequence=sequence,
                kind=kind,
                at=at,
                body_json=_unpacked(body) if compressed else body,
                beside_json=beside.encode() if beside is not None else b"",
                hash=digest.hex(),
            )
        except (zlib.error, ValueError, TypeError, AttributeError) as error:
            raise broken(self.path, sequence, f"it cannot be read ({error})") from error


def _unpacked(packed: bytes) -> bytes:
    stream = zlib.decompressobj()
    body = stream.decompress(packed, BODY_BYTES_MAX)
    if not stream.eof or stream.unused_data:
        raise ValueError("its compressed body is cut, too long, or followed by something else")
    return body


def _row(link: Link) -> Row:
    compress = len(link.body_json) >= COMPRESS_FROM_BYTES
    return (
        link.sequence,
        link.kind,
        link.at,
        zlib.compress(link.body_json, _COMPRESSION_LEVEL) if compress else link.body_json,
        int(compress),
        bytes.fromhex(link.hash),
        link.beside_json.decode() if link.beside_json else None,
    )
