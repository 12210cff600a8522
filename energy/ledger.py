"""Who decided what and why: an append-only file in which every entry carries the hash of all before it.

The hash of an entry is SHA-256 over the hash before it, the entry's kind, its moment and its canonical body,
one a line. A change, a cut in the middle or an insertion therefore breaks the chain at that entry. A cut at
the end leaves a chain that is whole, only shorter: against that, compare with a head that was noted elsewhere
(``verify(head=...)``).
"""

import hashlib
import json
import re
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any

from energy.canonical import canonical_bytes, parse
from energy.errors import RecordBroken
from energy.periods import format_utc, parse_utc
from energy.sqlite_file import HoldsFile, Layout, Row, open_reader, open_writer

FILE_NAME = "ledger.sqlite"
GENESIS_HASH = hashlib.sha256(b"energiewaage ledger 1").hexdigest()
"""The hash before the first entry; its text names the format."""
BODY_BYTES_MAX = 16_000_000
"""A tick of 1,000 assets has about 0.4 MB."""
ENTRIES_PER_QUERY_MAX = 10_000
COMPRESS_FROM_BYTES = 256
"""Smaller bodies do not get smaller."""
_COMPRESSION_LEVEL = 3
_KIND = re.compile(r"[a-z][a-z0-9_.]{0,47}")
_COLUMNS = "sequence, kind, at, body, compressed, hash, beside"
_VERIFY_ROWS = 1_000
_LAYOUT = Layout(
    application_id=0x45574C47,
    version=1,
    synchronous="FULL",
    schema="""
CREATE TABLE entry (sequence INTEGER PRIMARY KEY, kind TEXT NOT NULL, at TEXT NOT NULL, body BLOB NOT NULL,
    compressed INTEGER NOT NULL, hash BLOB NOT NULL, beside TEXT) STRICT;

CREATE INDEX entry_kind ON entry (kind, sequence);

CREATE TRIGGER entry_never_changes BEFORE UPDATE ON entry
    BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;

CREATE TRIGGER entry_never_goes BEFORE DELETE ON entry
    BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
""",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """What is to be recorded. ``beside`` is stored but not hashed: wall-clock times and the like."""

    kind: str
    at: datetime
    body: Mapping[str, Any]
    beside: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One link of the chain; ``body_json`` are the canonical bytes that the hash covers."""

    sequence: int
    kind: str
    at: datetime
    body_json: bytes
    hash: str
    beside: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))

    @property
    def body(self) -> Mapping[str, Any]:
        """The body as plain JSON data (``energy.canonical.decode`` rebuilds values of the domain from it)."""
        data: Mapping[str, Any] = parse(self.body_json)
        return data


class LedgerReader(HoldsFile):
    """Reads the chain; every method raises StoreUnavailable or RecordBroken where the file does."""

    def head(self) -> str:
        """Give the hash of the last entry, hexadecimal; ``GENESIS_HASH`` before the first."""
        return self._last_link()[1]

    def last(self, kind: str) -> Entry | None:
        """Give the last entry of a kind."""
        rows = self._file.execute(
            f"SELECT {_COLUMNS} FROM entry WHERE kind = ? ORDER BY sequence DESC LIMIT 1",  # noqa: S608 - a constant
            (kind,),
        )
        return self._entry(rows[0]) if rows else None

    def entries(
        self, after: int = 0, limit: int = ENTRIES_PER_QUERY_MAX, *, kind: str | None = None
    ) -> Sequence[Entry]:
        """Give entries in order whose sequence number is greater than ``after``, perhaps of one kind only."""
        chosen, parameters = ("AND kind = ?", (kind,)) if kind is not None else ("", ())
        rows = self._file.execute(
            f"SELECT {_COLUMNS} FROM entry WHERE sequence > ? {chosen} ORDER BY sequence LIMIT ?",  # noqa: S608 - constants
            (after, *parameters, max(0, min(limit, ENTRIES_PER_QUERY_MAX))),
        )
        return [self._entry(row) for row in rows]

    def recent(self, limit: int, *, kind: str | None = None) -> Sequence[Entry]:
        """Give the newest entries, newest first, perhaps of one kind only."""
        chosen, parameters = ("WHERE kind = ?", (kind,)) if kind is not None else ("", ())
        rows = self._file.execute(
            f"SELECT {_COLUMNS} FROM entry {chosen} ORDER BY sequence DESC LIMIT ?",  # noqa: S608 - constants
            (*parameters, max(0, min(limit, ENTRIES_PER_QUERY_MAX))),
        )
        return [self._entry(row) for row in rows]

    def verify(self, *, head: str | None = None) -> None:
        """Compute the whole chain anew.

        Args:
            head: a hash noted elsewhere that must be in the chain; without it a cut at the end cannot be
            seen.

        Raises:
            RecordBroken: naming the first sequence number that is wrong.
        """
        sequence, previous = 0, GENESIS_HASH
        seen = head is None or head == GENESIS_HASH
        for row in self._rows():
            sequence += 1
            if row[0] != sequence:
                raise self._broken(
                    sequence, f"the next entry has number {row[0]}: something was cut or inserted"
                )
            entry = self._entry(row)
            expected = _chained(previous, kind=entry.kind, at=row[2], body_json=entry.body_json)
            if entry.hash != expected:
                raise self._broken(sequence, "its hash does not match its content and the entries before it")
            previous = entry.hash
            seen = seen or previous == head
        if not seen:
            raise self._broken(sequence + 1, f"the chain ends before the noted head {head}")

    def _last_link(self) -> tuple[int, str]:
        rows = self._file.execute("SELECT sequence, hash FROM entry ORDER BY sequence DESC LIMIT 1")
        return (rows[0][0], rows[0][1].hex()) if rows else (0, GENESIS_HASH)

    def _rows(self) -> Iterator[Row]:
        after = 0
        while rows := self._file.execute(
            f"SELECT {_COLUMNS} FROM entry WHERE sequence > ? ORDER BY sequence LIMIT ?",  # noqa: S608 - a constant
            (after, _VERIFY_ROWS),
        ):
            yield from rows
            after = rows[-1][0]

    def _entry(self, row: Row) -> Entry:
        sequence, kind, at, body, compressed, digest, beside = row
        try:
            return Entry(
                sequence=sequence,
                kind=kind,
                at=parse_utc(at),
                body_json=zlib.decompress(body) if compressed else body,
                hash=digest.hex(),
                beside=json.loads(beside) if beside is not None else {},
            )
        except (zlib.error, ValueError) as error:
            raise self._broken(sequence, f"it cannot be read ({error})") from error

    def _broken(self, sequence: int, what: str) -> RecordBroken:
        return RecordBroken(
            f"{self._file.path}: entry {sequence}: {what}. "
            "Mend: keep the file as evidence and compare it with a copy"
        )


class Ledger(LedgerReader):
    """The ledger as its one writer holds it; an entry that was returned survives a power cut."""

    def __init__(self, path: Path) -> None:
        """Open the file; a missing one is created.

        Raises:
            StoreUnavailable: locked, full or not writable.
            RecordBroken: damaged, of another kind or of another version.
        """
        super().__init__(open_writer(path, _LAYOUT))

    def append(
        self, kind: str, at: datetime, body: Mapping[str, Any], beside: Mapping[str, Any] | None = None
    ) -> Entry:
        """Record one entry; see ``append_many``."""
        return self.append_many([Draft(kind=kind, at=at, body=body, beside=beside)])[0]

    def append_many(self, entries: Sequence[Draft]) -> Sequence[Entry]:
        """Record entries in one transaction and one disk flush: all of them or none.

        Raises:
            ValueError: a kind is malformed, a body too large, or a number in it not finite.
            StoreUnavailable: the file is locked or full; nothing was recorded.
        """
        prepared = [_prepared(entry) for entry in entries]
        chained: list[Entry] = []
        with self._file:
            sequence, previous = self._last_link()
            for entry, body_json in prepared:
                sequence += 1
                previous = _chained(previous, kind=entry.kind, at=format_utc(entry.at), body_json=body_json)
                chained.append(
                    Entry(
                        sequence=sequence,
                        kind=entry.kind,
                        at=entry.at,
                        body_json=body_json,
                        hash=previous,
                        beside=entry.beside or {},
                    )
                )
            self._file.executemany(
                f"INSERT INTO entry ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?)",  # noqa: S608 - a constant
                [_row(entry) for entry in chained],
            )
        return chained


def ledger_reader(path: Path) -> LedgerReader:
    """Open a ledger read-only, beside its writer.

    Raises:
        StoreUnavailable: it does not exist yet or cannot be read now.
        RecordBroken: damaged, of another kind or of another version.
    """
    return LedgerReader(open_reader(path, _LAYOUT))


def _prepared(entry: Draft) -> tuple[Draft, bytes]:
    if not _KIND.fullmatch(entry.kind):
        raise ValueError(f"{entry.kind!r} is no kind of entry: it must match {_KIND.pattern}")
    body_json = canonical_bytes(entry.body)
    if len(body_json) > BODY_BYTES_MAX:
        raise ValueError(f"a body of {len(body_json)} bytes is over the limit of {BODY_BYTES_MAX}")
    return entry, body_json


def _chained(previous: str, *, kind: str, at: str, body_json: bytes) -> str:
    """Hash one link; none of the parts can hold a line break, so no two links look the same."""
    return hashlib.sha256(b"\n".join((previous.encode(), kind.encode(), at.encode(), body_json))).hexdigest()


def _row(entry: Entry) -> Row:
    compress = len(entry.body_json) >= COMPRESS_FROM_BYTES
    return (
        entry.sequence,
        entry.kind,
        format_utc(entry.at),
        zlib.compress(entry.body_json, _COMPRESSION_LEVEL) if compress else entry.body_json,
        int(compress),
        bytes.fromhex(entry.hash),
        canonical_bytes(entry.beside).decode() if entry.beside else None,
    )
