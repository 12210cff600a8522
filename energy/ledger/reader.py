"""Reads the ledger as one chain, wherever its entries lie: in sealed segments or in the active file."""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import TypeVar

from energy.canonical import canonical_bytes
from energy.errors import RecordBroken, StoreUnavailable
from energy.ledger.active_file import FILE_NAME, LAYOUT, ActiveFile
from energy.ledger.chain import GENESIS_HASH, Entry, Head, Link, broken
from energy.ledger.segment import Segment, folder_of, read_block
from energy.ledger.segment_index import SegmentIndex
from energy.ledger.verification import Verified, verify
from energy.periods import format_utc, parse_utc
from energy.sqlite_file import HoldsFile, SqliteFile, open_reader

ENTRIES_PER_QUERY_MAX = 10_000
CARRIED = "carried"
"""The kind of an entry that repeats what still counts of a segment before it is removed."""
_TRIES_MAX = 5
"""How often a question is put again because its entries moved to a segment meanwhile: that is once a day."""
T = TypeVar("T")


class LedgerReader(HoldsFile):
    """Reads the chain; every method raises StoreUnavailable or RecordBroken where the files do."""

    def __init__(self, file: SqliteFile) -> None:
        super().__init__(file)
        self._active = ActiveFile(file)
        self._index = SegmentIndex(file)
        self._folder = folder_of(file.path)

    @property
    def path(self) -> Path:
        """The active file; its segments lie in the folder of the same name beside it."""
        return self._active.path

    def head(self) -> str:
        """Give the hash of the last entry, hexadecimal; ``GENESIS_HASH`` before the first."""
        return self._last_link()[1]

    def head_line(self) -> Head | None:
        """Give what is to be noted elsewhere: number, moment and hash of the last entry."""
        last = next(iter(self._active.newest(1)), None)
        return Head(sequence=last.sequence, at=last.at, hash=last.hash) if last is not None else None

    def last(self, kind: str) -> Entry | None:
        """Give the last entry of a kind."""
        return next(iter(self.recent(1, kind=kind)), None)

    def entries(
        self, after: int = 0, limit: int = ENTRIES_PER_QUERY_MAX, *, kind: str | None = None
    ) -> Sequence[Entry]:
        """Give entries in order whose sequence number is greater than ``after``, perhaps of one kind only."""

        def found() -> list[Link]:
            links: list[Link] = []
            sealed_to, _ = self._index.stamp()
            if after < sealed_to:
                for link in self._sealed(after, kind):
                    links.append(link)
                    if len(links) == bounded:
                        return links
            rest = bounded - len(links)
            return [*links, *self._active.links(after=max(after, sealed_to), limit=rest, kind=kind)]

        bounded = _bounded(limit)
        return [self._entry(link) for link in self._settled(found)] if bounded else []

    def recent(self, limit: int, *, kind: str | None = None) -> Sequence[Entry]:
        """Give the newest entries, newest first, perhaps of one kind only."""

        def found() -> list[Link]:
            sealed_to, _ = self._index.stamp()
            links = self._active.newest(bounded, after=sealed_to, kind=kind)
            if len(links) < bounded and sealed_to > 0:
                for link in self._sealed_newest_first(kind):
                    links.append(link)
                    if len(links) == bounded:
                        break
            return links

        bounded = _bounded(limit)
        return [self._entry(link) for link in self._settled(found)] if bounded else []

    def lasting(self, kind: str, *, after: int = 0) -> Iterator[Entry]:
        """Give every entry of a kind after ``after`` that was ever made, oldest first.

        One whose segment was removed comes as it was carried forward: with its own number, moment and hash.
        """
        carried = {entry.sequence: entry for entry in self._carried(kind) if entry.sequence > after}
        yield from (carried[sequence] for sequence in sorted(carried))
        after = max(after, *carried) if carried else after
        while entries := self.entries(after, kind=kind):
            yield from entries
            after = entries[-1].sequence

    def segments(self) -> Sequence[Segment]:
        """Give the sealed segments that are there, oldest first."""
        return self._index.segments()

    def before(self, moment: datetime) -> int:
        """Give a number below that of every entry since ``moment``: up to where sealed days lie before it."""
        text = format_utc(moment)
        older = [segment.last for segment in self._index.segments() if segment.last_at < text]
        return max(older, default=0)

    def removed_until(self) -> int:
        """Give the last entry that was removed with its segment, 0 where all are there."""
        removed = self._index.segments(removed=True)
        return removed[-1].last if removed else 0

    def verify(
        self,
        *,
        head: str | None = None,
        heads: Sequence[Head] = (),
        walked_to: Callable[[int], None] = lambda _sequence: None,
    ) -> Verified:
        """Compute the whole chain anew, over the segments and the active file.

        Args:
            head: a hash noted elsewhere that must be in the chain; without one a cut at the end cannot be
                seen.
            heads: entries noted elsewhere, each with its number.
            walked_to: told now and then up to which entry the chain was computed.

        Raises:
            RecordBroken: naming the file and the first sequence number that is wrong.
        """

        def verified() -> Verified:
            return verify(
                self._active, self._index, self._folder, head=head, heads=heads, walked_to=walked_to
            )

        return self._settled(verified, right_is_right=True)

    def _sealed(self, after: int, kind: str | None) -> Iterator[Link]:
        for segment in self._index.segments():
            if segment.last > after and _may_hold(segment.kinds, kind):
                for block in self._index.blocks(segment):
                    if block.last > after and _may_hold(block.kinds, kind):
                        for link in read_block(self._folder, segment, block):
                            if link.sequence > after and kind in {None, link.kind}:
                                yield link

    def _sealed_newest_first(self, kind: str | None) -> Iterator[Link]:
        for segment in reversed(self._index.segments()):
            if _may_hold(segment.kinds, kind):
                for block in reversed(self._index.blocks(segment)):
                    if _may_hold(block.kinds, kind):
                        for link in reversed(read_block(self._folder, segment, block)):
                            if kind in {None, link.kind}:
                                yield link

    def _carried(self, kind: str) -> Iterator[Entry]:
        after = 0
        while entries := self.entries(after, kind=CARRIED):
            for entry in entries:
                if entry.body["kind"] == kind:
                    yield carried_entry(entry)
            after = entries[-1].sequence

    def _settled(self, found: Callable[[], T], *, right_is_right: bool = False) -> T:
        """Ask again where a segment was sealed or removed between the steps of a question.

        An answer that could not be right by chance (``right_is_right``) stands nevertheless.
        """
        for _ in range(_TRIES_MAX):
            stamp = self._index.stamp()
            try:
                answer = found()
            except RecordBroken:
                if self._index.stamp() == stamp:
                    raise
                continue
            if right_is_right or self._index.stamp() == stamp:
                return answer
        raise StoreUnavailable(f"{self.path}: segments come and go too fast. Mend: try again")

    def _last_link(self) -> tuple[int, str]:
        last = self._active.last()
        return last if last is not None else (0, GENESIS_HASH)

    def _entry(self, link: Link) -> Entry:
        try:
            return link.entry()
        except ValueError as error:
            raise broken(self.path, link.sequence, f"it cannot be read ({error})") from error


def carried_entry(entry: Entry) -> Entry:
    """Give the entry that another one carries forward, as it was."""
    body = entry.body
    return Entry(
        sequence=int(body["sequence"]),
        kind=str(body["kind"]),
        at=parse_utc(body["at"]),
        body_json=canonical_bytes(body["body"]),
        hash=str(body["hash"]),
    )


def ledger_reader(place: Path) -> LedgerReader:
    """Open a ledger read-only, beside its writer: its folder, or its file.

    Raises:
        StoreUnavailable: it does not exist yet or cannot be read now.
        RecordBroken: damaged, of another kind or of another version.
    """
    return LedgerReader(open_reader(file_of(place), LAYOUT))


def file_of(place: Path) -> Path:
    """Give the ledger's file: the place itself, or the one in that folder."""
    return place / FILE_NAME if place.is_dir() else place


def _may_hold(kinds: Sequence[str], kind: str | None) -> bool:
    return kind is None or kind in kinds


def _bounded(limit: int) -> int:
    return max(0, min(limit, ENTRIES_PER_QUERY_MAX))
