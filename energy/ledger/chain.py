"""The links of the chain: what an entry is, and what its hash covers.

The hash of an entry is SHA-256 over the hash before it, the entry's kind, its moment, its canonical body and
what stands beside it, one a line. A change, a cut in the middle or an insertion therefore breaks the chain
at that entry. A cut at the end leaves a chain that is whole, only shorter: against that, compare with a head
that was noted elsewhere.
"""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any, Self

from energy.canonical import canonical_bytes, parse
from energy.errors import RecordBroken
from energy.periods import format_utc, parse_utc

GENESIS_HASH = hashlib.sha256(b"energiewaage ledger 2").hexdigest()
"""The hash before the first entry; its text names the format."""
GENESIS_HASH_1 = hashlib.sha256(b"energiewaage ledger 1").hexdigest()
"""The same of the first format, whose hashes did not cover what stands beside an entry."""
BODY_BYTES_MAX = 16_000_000
"""A tick of 1,000 assets has about 0.5 MB."""
BESIDE_BYTES_MAX = 1_000_000
_HEAD = re.compile(r"([1-9]\d{0,17})\s+(\S{20,27})\s+([0-9a-fA-F]{64})")
_KIND = re.compile(r"[a-z][a-z0-9_.]{0,47}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """What is to be recorded. ``beside`` is no part of what was decided: wall-clock times and the like."""

    kind: str
    at: datetime
    body: Mapping[str, Any]
    beside: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One entry as readers use it; ``body_json`` are the canonical bytes that the hash covers."""

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """One entry exactly as it is stored: the bytes that the hash is made of. ``beside_json`` may be empty."""

    sequence: int
    kind: str
    at: str
    body_json: bytes
    beside_json: bytes
    hash: str

    @classmethod
    def after(cls, previous: str, sequence: int, draft: Draft) -> Self:
        """Chain a draft to the hash before it.

        Raises:
            ValueError: the kind is malformed, the body too large, or a number in it not finite.
        """
        if not _KIND.fullmatch(draft.kind):
            raise ValueError(f"{draft.kind!r} is no kind of entry: it must match {_KIND.pattern}")
        body_json = canonical_bytes(draft.body)
        if len(body_json) > BODY_BYTES_MAX:
            raise ValueError(f"a body of {len(body_json)} bytes is over the limit of {BODY_BYTES_MAX}")
        beside_json = canonical_bytes(draft.beside) if draft.beside else b""
        if len(beside_json) > BESIDE_BYTES_MAX:
            raise ValueError(f"{len(beside_json)} bytes beside are over the limit of {BESIDE_BYTES_MAX}")
        at = format_utc(draft.at)
        digest = chained(previous, kind=draft.kind, at=at, body_json=body_json, beside_json=beside_json)
        return cls(
            sequence=sequence,
            kind=draft.kind,
            at=at,
            body_json=body_json,
            beside_json=beside_json,
            hash=digest,
        )

    def follows(self, previous: str, *, beside_covered: bool) -> bool:
        """Tell whether its hash is that of its content after ``previous``."""
        beside_json = self.beside_json if beside_covered else None
        return self.hash == chained(
            previous, kind=self.kind, at=self.at, body_json=self.body_json, beside_json=beside_json
        )

    def entry(self) -> Entry:
        """Give it to readers.

        Raises:
            ValueError: its moment or what stands beside it cannot be read.
        """
        return Entry(
            sequence=self.sequence,
            kind=self.kind,
            at=parse_utc(self.at),
            body_json=self.body_json,
            hash=self.hash,
            beside=json.loads(self.beside_json) if self.beside_json else {},
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """The end of the chain at a moment, to be noted elsewhere: who has it can tell that nothing was cut.

    >>> str(Head.read("12 2020-06-01T10:00:00Z " + 64 * "a"))[:29]
    '12 2020-06-01T10:00:00Z aaaaa'
    """

    sequence: int
    at: str
    hash: str

    def __str__(self) -> str:
        """Give it as one line for a file, a mail or a printer."""
        return f"{self.sequence} {self.at} {self.hash}"

    @classmethod
    def read(cls, line: str) -> Self:
        """Read such a line.

        Raises:
            ValueError: it is none.
        """
        match = _HEAD.fullmatch(line.strip())
        if match is None:
            raise ValueError("a head is a number, a moment and a hash of 64 hexadecimal digits")
        return cls(sequence=int(match[1]), at=match[2], hash=match[3].lower())


class Chain:
    """The chain as far as it was followed: whatever comes next must continue it."""

    def __init__(self, *, sequence: int, previous: str, beside_covered_from: int) -> None:
        self.sequence = sequence
        self.previous = previous
        self.beside_covered_from = beside_covered_from

    def take(self, link: Link, path: Path) -> None:
        """Go on by one link, found in the file ``path``.

        Raises:
            RecordBroken: it is not the next one, or its hash is not that of its content.
        """
        expected = self.sequence + 1
        if link.sequence != expected:
            what = f"the next entry has number {link.sequence}: something was cut or inserted"
            raise broken(path, expected, what)
        if not link.follows(self.previous, beside_covered=expected >= self.beside_covered_from):
            raise broken(path, expected, "its hash does not match its content and the entries before it")
        self.sequence, self.previous = expected, link.hash


def broken(path: Path, sequence: int, what: str) -> RecordBroken:
    """Name the file, the entry and what is wrong."""
    return RecordBroken(
        f"{path}: entry {sequence}: {what}. Mend: keep the file as evidence and compare it with a copy"
    )


def chained(previous: str, *, kind: str, at: str, body_json: bytes, beside_json: bytes | None) -> str:
    """Hash one link; none of the parts can hold a line break, so no two links look the same.

    ``beside_json`` is None for entries of the first format.
    """
    parts = (previous.encode(), kind.encode(), at.encode(), body_json)
    return hashlib.sha256(b"\n".join(parts if beside_json is None else (*parts, beside_json))).hexdigest()
