"""Reads the chain, beside its writer."""

from collections.abc import Sequence
from pathlib import Path

from energy.ledger.active_file import FILE_NAME, LAYOUT, ActiveFile
from energy.ledger.chain import GENESIS_HASH, GENESIS_HASH_1, Entry, Link
from energy.sqlite_file import HoldsFile, SqliteFile, open_reader

ENTRIES_PER_QUERY_MAX = 10_000
_VERIFY_ROWS = 1_000


class LedgerReader(HoldsFile):
    """Reads the chain; every method raises StoreUnavailable or RecordBroken where the file does."""

    def __init__(self, file: SqliteFile) -> None:
        super().__init__(file)
        self._active = ActiveFile(file)

    def head(self) -> str:
        """Give the hash of the last entry, hexadecimal; ``GENESIS_HASH`` before the first."""
        return self._last_link()[1]

    def last(self, kind: str) -> Entry | None:
        """Give the last entry of a kind."""
        return next(iter(self.recent(1, kind=kind)), None)

    def entries(
        self, after: int = 0, limit: int = ENTRIES_PER_QUERY_MAX, *, kind: str | None = None
    ) -> Sequence[Entry]:
        """Give entries in order whose sequence number is greater than ``after``, perhaps of one kind only."""
        links = self._active.links(after=after, limit=_bounded(limit), kind=kind)
        return [self._entry(link) for link in links]

    def recent(self, limit: int, *, kind: str | None = None) -> Sequence[Entry]:
        """Give the newest entries, newest first, perhaps of one kind only."""
        return [self._entry(link) for link in self._active.newest(_bounded(limit), kind=kind)]

    def verify(self, *, head: str | None = None) -> None:
        """Compute the whole chain anew.

        Args:
            head: a hash noted elsewhere that must be in the chain; without it a cut at the end cannot be
            seen.

        Raises:
            RecordBroken: naming the first sequence number that is wrong.
        """
        sequence = 0
        covered_from = self._active.beside_covered_from
        previous = GENESIS_HASH if covered_from == 1 else GENESIS_HASH_1
        seen = head is None or head == previous
        while links := self._active.links(after=sequence, limit=_VERIFY_ROWS):
            for link in links:
                sequence += 1
                if link.sequence != sequence:
                    raise self._active.broken(
                        sequence, f"the next entry has number {link.sequence}: something was cut or inserted"
                    )
                if not link.follows(previous, beside_covered=sequence >= covered_from):
                    raise self._active.broken(
                        sequence, "its hash does not match its content and the entries before it"
                    )
                previous = link.hash
                seen = seen or previous == head
        if not seen:
            raise self._active.broken(sequence + 1, f"the chain ends before the noted head {head}")

    def _last_link(self) -> tuple[int, str]:
        last = self._active.last()
        return last if last is not None else (0, GENESIS_HASH)

    def _entry(self, link: Link) -> Entry:
        try:
            return link.entry()
        except ValueError as error:
            raise self._active.broken(link.sequence, f"it cannot be read ({error})") from error


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


def _bounded(limit: int) -> int:
    return max(0, min(limit, ENTRIES_PER_QUERY_MAX))
