"""The ledger as its one writer holds it."""

import dataclasses
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from energy.ledger.active_file import LAYOUT
from energy.ledger.chain import Draft, Entry, Link
from energy.ledger.reader import LedgerReader, file_of
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
        chained: list[Link] = []
        with self._file:
            sequence, previous = self._last_link()
            for draft in entries:
                sequence += 1
                beside = draft.beside if self._beside_kept else None
                chained.append(Link.after(previous, sequence, dataclasses.replace(draft, beside=beside)))
                previous = chained[-1].hash
            self._active.insert(chained)
        return [link.entry() for link in chained]
