"""Computes the whole chain anew: every entry, every segment file, and what the chain itself says of them."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from energy.canonical import parse
from energy.errors import RecordBroken
from energy.ledger.active_file import ActiveFile
from energy.ledger.chain import GENESIS_HASH, GENESIS_HASH_1, Chain, Head, Link, broken
from energy.ledger.sealing import is_held
from energy.ledger.segment import PARTIAL, Segment, opened, sha256_of, span_named, walk
from energy.ledger.segment_index import SegmentIndex

SEALED = "segment_sealed"
"""The kind of the entry that says of a segment where it begins and ends and what its file's hash is."""
REMOVED = "segment_removed"
"""The kind of the entry that stands before a segment's file is deleted."""
_CLAIM = {
    "first": int,
    "last": int,
    "previous_hash": str,
    "last_hash": str,
    "file_name": str,
    "sha256": str,
}
_ROWS = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    """What was computed anew and found right."""

    first: int
    """The oldest entry that is there; those before it were removed by retention."""
    last: int
    head: str
    segments: int
    heads: int
    """Noted heads that are in the chain."""
    heads_removed: int
    """Noted heads that lie in removed segments: nothing can be said of them."""


def sealed_body(segment: Segment) -> Mapping[str, Any]:
    """Give what the chain says of a segment, in ``segment_sealed`` and again in ``segment_removed``."""
    return {
        "first": segment.first,
        "last": segment.last,
        "previous_hash": segment.previous_hash,
        "last_hash": segment.last_hash,
        "file_name": segment.file_name,
        "sha256": segment.sha256,
    }


def verify(
    active: ActiveFile,
    index: SegmentIndex,
    folder: Path,
    *,
    head: str | None,
    heads: Sequence[Head],
    walked_to: Callable[[int], None],
) -> Verified:
    """Walk the chain once; memory holds one block of a segment or some rows at a time."""
    return _Verification(active, index, folder, head=head, heads=heads).run(walked_to)


class _Verification:
    """One walk along the chain with what it collects on the way."""

    def __init__(
        self,
        active: ActiveFile,
        index: SegmentIndex,
        folder: Path,
        *,
        head: str | None,
        heads: Sequence[Head],
    ) -> None:
        self._active = active
        self._index = index
        self._folder = folder
        self._head = head
        self._noted: dict[int, list[Head]] = defaultdict(list)
        for noted in heads:
            self._noted[noted.sequence].append(noted)
        self._sealed: dict[int, Mapping[str, Any]] = {}
        self._removed: dict[int, Mapping[str, Any]] = {}
        self._walked: list[Segment] = []
        self._matched = 0
        self._head_seen = head is None

    def run(self, walked_to: Callable[[int], None]) -> Verified:
        """Walk, then hold together what was walked and what was said."""
        chain = self._beginning()
        first, begin = chain.sequence + 1, chain.previous
        while True:
            segment = self._index.holding(chain.sequence + 1)
            if segment is not None:
                self._walk_segment(segment, chain)
            elif not self._walk_active(chain):
                break
            walked_to(chain.sequence)
        self._check_heads(chain)
        self._check_claims(first, begin)
        self._check_files(chain)
        return Verified(
            first=first,
            last=chain.sequence,
            head=chain.previous,
            segments=len(self._walked),
            heads=self._matched,
            heads_removed=sum(len(noted) for at, noted in self._noted.items() if at < first),
        )

    def _beginning(self) -> Chain:
        """The chain begins at its first entry, or behind what was removed: that is proved at the end."""
        covered_from = self._active.beside_covered_from
        sequence, previous = 0, GENESIS_HASH if covered_from == 1 else GENESIS_HASH_1
        removed = self._index.segments(removed=True)
        if removed:
            sequence, previous = removed[-1].last, removed[-1].last_hash
        if self._head == previous:
            self._head_seen = True
        return Chain(sequence=sequence, previous=previous, beside_covered_from=covered_from)

    def _walk_segment(self, segment: Segment, chain: Chain) -> None:
        path = self._folder / segment.file_name
        blocks = self._index.blocks(segment)
        moments: list[str] = []
        kinds: set[str] = set()
        left_behind = self._active.holds_any(segment.first, segment.last)
        with opened(path, segment) as file:
            for link in walk(file, path, segment, blocks, chain):
                if left_behind:
                    self._check_left_behind(link)
                self._take(link)
                moments = [*moments[:1], link.at]
                kinds.add(link.kind)
        claimed = (segment.first_at, segment.last_at, segment.kinds)
        if (moments[0], moments[-1], tuple(sorted(kinds))) != claimed:
            raise broken(self._active.path, segment.first, "the index of its segment is wrong")
        self._walked.append(segment)

    def _check_left_behind(self, link: Link) -> None:
        """What the active file still holds of a sealed segment is what the segment holds."""
        row = self._active.links(after=link.sequence - 1, until=link.sequence, limit=1)
        if row and row[0] != link:
            raise broken(self._active.path, link.sequence, "it is not what its segment holds")

    def _walk_active(self, chain: Chain) -> bool:
        """Go on by some rows; False at the end."""
        links = self._active.links(after=chain.sequence, limit=_ROWS)
        for link in links:
            chain.take(link, self._active.path)
            self._take(link)
        return bool(links)

    def _take(self, link: Link) -> None:
        self._head_seen = self._head_seen or link.hash == self._head
        for noted in self._noted.get(link.sequence, ()):
            if (noted.hash, noted.at) != (link.hash, link.at):
                what = f"the head noted elsewhere is {noted}, here it is {link.hash} of {link.at}"
                raise broken(self._active.path, link.sequence, what)
            self._matched += 1
        if link.kind in {SEALED, REMOVED}:
            claims = self._sealed if link.kind == SEALED else self._removed
            body = self._claim(link)
            claims[body["first"]] = body

    def _claim(self, link: Link) -> Mapping[str, Any]:
        """Read what an entry says of a segment: a whole chain may still say what no controller says."""
        try:
            body = parse(link.body_json)
        except RecordBroken:
            body = None
        if not isinstance(body, dict) or {name: type(value) for name, value in body.items()} != _CLAIM:
            what = f"it says {link.kind} of something that is no segment"
            raise broken(self._active.path, link.sequence, what)
        return body

    def _check_heads(self, chain: Chain) -> None:
        if not self._head_seen:
            what = f"the chain ends before the noted head {self._head}"
            raise broken(self._active.path, chain.sequence + 1, what)
        beyond = [sequence for sequence in self._noted if sequence > chain.sequence]
        if beyond:
            noted = self._noted[min(beyond)][0]
            what = f"the chain ends before the noted head {noted}"
            raise broken(self._active.path, chain.sequence + 1, what)

    def _check_claims(self, first: int, begin: str) -> None:
        """What was walked is what the chain says of its segments, no more and no less."""
        for segment in self._walked:
            if self._sealed.pop(segment.first, None) != sealed_body(segment):
                what = f"no entry {SEALED} says so of {segment.file_name}"
                raise broken(self._active.path, segment.first, what)
        untold = [at for at in self._sealed if at >= first]
        if untold:
            what = f"it is said to be in {self._sealed[min(untold)]['file_name']}, which is not in the index"
            raise broken(self._active.path, min(untold), what)
        if first > 1 and not any(
            body["last"] == first - 1 and body["last_hash"] == begin for body in self._removed.values()
        ):
            what = f"no entry {REMOVED} says that the entries before it were removed"
            raise broken(self._active.path, first, what)

    def _check_files(self, chain: Chain) -> None:
        """No file lies in the folder that the chain does not know of, but for one that is being written."""
        names = {segment.file_name for segment in self._walked}
        found = sorted(path.name for path in self._folder.iterdir()) if self._folder.is_dir() else []
        for name in found:
            known = name in names or name.endswith(PARTIAL) or self._is_going(name) or self._is_coming(name)
            if not known:
                span = span_named(name)
                what = "the chain knows nothing of this file"
                raise broken(self._folder / name, span[0] if span is not None else chain.sequence + 1, what)

    def _is_going(self, name: str) -> bool:
        """Its removal was recorded; the writer deletes it when it next starts."""
        span = span_named(name)
        body = self._removed.get(span[0]) if span is not None else None
        if body is None or body["file_name"] != name:
            return False
        return bool(sha256_of(self._folder / name) == body["sha256"])

    def _is_coming(self, name: str) -> bool:
        """It was written and not yet entered: it holds what the active file holds."""
        span = span_named(name)
        sealed_to, _ = self._index.stamp()
        return span is not None and span[0] == sealed_to + 1 and is_held(self._active, self._folder / name)
