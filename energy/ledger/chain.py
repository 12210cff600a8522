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
from types import MappingProxyType
from typing import Any, Self

from energy.canonical import canonical_bytes, parse
from energy.periods import format_utc, parse_utc

GENESIS_HASH = hashlib.sha256(b"energiewaage ledger 2").hexdigest()
"""The hash before the first entry; its text names the format."""
GENESIS_HASH_1 = hashlib.sha256(b"energiewaage ledger 1").hexdigest()
"""The same of the first format, whose hashes did not cover what stands beside an entry."""
BODY_BYTES_MAX = 16_000_000
"""A tick of 1,000 assets has about 0.5 MB."""
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


def chained(previous: str, *, kind: str, at: str, body_json: bytes, beside_json: bytes | None) -> str:
    """Hash one link; none of the parts can hold a line break, so no two links look the same.

    ``beside_json`` is None for entries of the first format.
    """
    parts = (previous.encode(), kind.encode(), at.encode(), body_json)
    return hashlib.sha256(b"\n".join(parts if beside_json is None else (*parts, beside_json))).hexdigest()
