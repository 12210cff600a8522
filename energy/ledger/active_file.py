"""The file that the ledger grows in: ``ledger.sqlite``, one row an entry."""

import zlib
from collections.abc import Sequence
from pathlib import Path

from energy.errors import RecordBroken
from energy.ledger.chain import BODY_BYTES_MAX, Link
from energy.sqlite_file import Layout, Row, SqliteFile

FILE_NAME = "ledger.sqlite"
COMPRESS_FROM_BYTES = 256
"""Smaller bodies do not get smaller."""
_COMPRESSION_LEVEL = 6
"""A tenth smaller than level 3 for 0.2 ms a tick of 78 assets: much less than its flush."""
_COLUMNS = "sequence, kind, at, body, compressed, hash, beside"
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

CREATE TRIGGER entry_never_goes BEFORE DELETE ON entry
    BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;

CREATE TABLE format (beside_covered_from INTEGER NOT NULL) STRICT;

INSERT INTO format VALUES (1);
""",
    upgrades={
        1: """
CREATE TABLE format (beside_covered_from INTEGER NOT NULL) STRICT;

INSERT INTO format SELECT coalesce(max(sequence), 0) + 1 FROM entry;
"""
    },
)


class ActiveFile:
    """The statements on the file; raises StoreUnavailable or RecordBroken where the file does."""

    def __init__(self, file: SqliteFile) -> None:
        self.file = file
        self.beside_covered_from: int = file.execute("SELECT beside_covered_from FROM format")[0][0]
        """The first entry whose hash covers what stands beside it. Changing it breaks the chain."""

    @property
    def path(self) -> Path:
        """Where it lies."""
        return self.file.path

    def links(self, *, after: int, limit: int, kind: str | None = None) -> list[Link]:
        """Give links in order whose sequence number is greater than ``after``, perhaps of one kind only."""
        chosen, parameters = ("AND kind = ?", (kind,)) if kind is not None else ("", ())
        rows = self.file.execute(
            f"SELECT {_COLUMNS} FROM entry WHERE sequence > ? {chosen} ORDER BY sequence LIMIT ?",  # noqa: S608 - constants
            (after, *parameters, limit),
        )
        return [self._link(row) for row in rows]

    def newest(self, limit: int, *, kind: str | None = None) -> list[Link]:
        """Give the newest links, newest first, perhaps of one kind only."""
        chosen, parameters = ("WHERE kind = ?", (kind,)) if kind is not None else ("", ())
        rows = self.file.execute(
            f"SELECT {_COLUMNS} FROM entry {chosen} ORDER BY sequence DESC LIMIT ?",  # noqa: S608 - constants
            (*parameters, limit),
        )
        return [self._link(row) for row in rows]

    def last(self) -> tuple[int, str] | None:
        """Give the number and the hash of the last entry, None before the first."""
        rows = self.file.execute("SELECT sequence, hash FROM entry ORDER BY sequence DESC LIMIT 1")
        return (rows[0][0], rows[0][1].hex()) if rows else None

    def insert(self, links: Sequence[Link]) -> None:
        """Add links; the caller holds the transaction."""
        self.file.executemany(
            f"INSERT INTO entry ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?)",  # noqa: S608 - a constant
            [_row(link) for link in links],
        )

    def broken(self, sequence: int, what: str) -> RecordBroken:
        """Say what is wrong with an entry."""
        return broken(self.path, sequence, what)

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
        except (zlib.error, ValueError) as error:
            raise self.broken(sequence, f"it cannot be read ({error})") from error


def broken(path: Path, sequence: int, what: str) -> RecordBroken:
    """Name the file, the entry and what is wrong."""
    return RecordBroken(
        f"{path}: entry {sequence}: {what}. Mend: keep the file as evidence and compare it with a copy"
    )


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
