"""The ledger as its one writer holds it."""

import dataclasses
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from energy.canonical import plain
from energy.ledger.active_file import LAYOUT
from energy.ledger.chain import Draft, Entry, Link
from energy.ledger.reader import CARRIED, LedgerReader, carried_entry, file_of
from energy.ledger.sealing import SealingLimits, Span, due, flush_folder, sweep
from energy.ledger.segment import Block, Segment, read_block
from energy.ledger.verification import REMOVED, SEALED, sealed_body
from energy.periods import format_utc
from energy.sqlite_file import open_writer


class Ledger(LedgerReader):
    """The one writer; an entry that was returned survives a power cut."""

    def __init__(self, place: Path, *, beside_kept: bool = True) -> None:
        """Open the ledger, by its folder or its file; a missing one is created.

        Args:
            place: a folder that exists, or the file.
            beside_kept: False in lockstep: wall-clock times would differ between two equal runs.

        Raises:
            StoreUnavailable: locked, full or not writable.
            RecordBroken: damaged, of another kind or of another version.
        """
        super().__init__(open_writer(file_of(place), LAYOUT))
        self._beside_kept = beside_kept

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
        with self._file:
            links = self._chained(entries)
        return [link.entry() for link in links]

    def enter_segment(self, segment: Segment, blocks: Sequence[Block], at: datetime) -> None:
        """Say in the chain that entries lie in a sealed file now; raises like ``append_many``.

        From here on they are read from there; ``forget_sealed`` removes them from the active file.
        """
        with self._file:
            self._index.enter(segment, blocks)
            self._chained([Draft(kind=SEALED, at=at, body=sealed_body(segment))])

    def forget_sealed(self, limit: int) -> int:
        """Remove the oldest sealed entries from the active file, at most ``limit``; tell how many."""
        sealed_to, _ = self._index.stamp()
        return self._active.forget(until=sealed_to, limit=limit) if sealed_to else 0

    def enter_removal(self, segment: Segment, lasting: Sequence[Entry], at: datetime) -> None:
        """Say in the chain that a segment's file is deleted now, and repeat what of it still counts.

        Args:
            segment: the oldest one that is there.
            lasting: its entries that are carried forward.
            at: the moment.
        """
        drafts = [Draft(kind=CARRIED, at=at, body=_carried_body(entry)) for entry in lasting]
        with self._file:
            self._index.mark_removed(segment)
            self._chained([*drafts, Draft(kind=REMOVED, at=at, body=sealed_body(segment))])

    def due(self, at: datetime, limits: SealingLimits) -> Span | None:
        """Tell what is to be sealed now; see ``sealing.due``."""
        return due(self._active, self._index, at, limits)

    def sweep(self) -> None:
        """Remove what an interrupted sealing or removal left behind; see ``sealing.sweep``."""
        sweep(self._active, self._index)

    def oldest_segment(self) -> Segment | None:
        """Give the oldest sealed segment that is there."""
        return self._index.oldest()

    def newest_segment(self) -> Segment | None:
        """Give the newest sealed segment."""
        return self._index.newest()

    def lasting_in(self, segment: Segment, kinds: Collection[str]) -> Sequence[Entry]:
        """Give what a segment holds of some kinds, and what it carries from earlier ones."""
        wanted = {*kinds, CARRIED}
        return [
            self._entry(link)
            for block in self._index.blocks(segment)
            if wanted & set(block.kinds)
            for link in read_block(self._folder, segment, block)
            if link.kind in wanted
        ]

    def delete_removed(self, segment: Segment) -> None:
        """Delete the file of a segment whose removal is entered; raises OSError."""
        (self._folder / segment.file_name).unlink(missing_ok=True)
        flush_folder(self._folder)

    def _chained(self, drafts: Sequence[Draft]) -> list[Link]:
        """Chain drafts to the last entry; the caller holds the transaction."""
        sequence, previous = self._last_link()
        links: list[Link] = []
        for draft in drafts:
            sequence += 1
            beside = draft.beside if self._beside_kept else None
            links.append(Link.after(previous, sequence, dataclasses.replace(draft, beside=beside)))
            previous = links[-1].hash
        self._active.insert(links)
        return links


def _carried_body(entry: Entry) -> Mapping[str, Any]:
    """Repeat an entry; one that was itself carried comes as it first was."""
    first = carried_entry(entry) if entry.kind == CARRIED else entry
    return {
        "sequence": first.sequence,
        "kind": first.kind,
        "at": format_utc(first.at),
        "hash": first.hash,
        "body": plain(first.body),
    }
