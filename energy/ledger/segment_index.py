"""What the ledger's file knows of its sealed segments, so that a search opens only those that it needs.

The rows are an index. What they say is proved by the chain: by the entry ``segment_sealed`` that stands
behind each, and by the segment's own content.
"""

import json
from collections.abc import Sequence

from energy.errors import RecordBroken
from energy.ledger.chain import broken
from energy.ledger.segment import UNPACKED_BYTES_MAX, Block, Segment
from energy.sqlite_file import Row, SqliteFile

OFFSET_MAX = 10**12
"""Bytes; a segment has some 100 MB."""
_COLUMNS = (
    "first_sequence, last_sequence, first_at, last_at, previous_hash, last_hash, "
    "file_name, sha256, kinds, removed"
)


class SegmentIndex:
    """The statements on it; raises StoreUnavailable or RecordBroken where the file does."""

    def __init__(self, file: SqliteFile) -> None:
        self._file = file

    def segments(self, *, removed: bool = False) -> list[Segment]:
        """Give those that are there, or those that were removed, oldest first."""
        rows = self._file.execute(
            f"SELECT {_COLUMNS} FROM segment WHERE removed = ? ORDER BY first_sequence",  # noqa: S608 - a constant
            (int(removed),),
        )
        return [self._segment(row) for row in rows]

    def oldest(self) -> Segment | None:
        """Give the oldest that is there."""
        rows = self._file.execute(
            f"SELECT {_COLUMNS} FROM segment WHERE removed = 0 ORDER BY first_sequence LIMIT 1"  # noqa: S608 - a constant
        )
        return self._segment(rows[0]) if rows else None

    def newest(self) -> Segment | None:
        """Give the newest, removed or not: what follows it is in the active file."""
        rows = self._file.execute(
            f"SELECT {_COLUMNS} FROM segment ORDER BY first_sequence DESC LIMIT 1"  # noqa: S608 - a constant
        )
        return self._segment(rows[0]) if rows else None

    def holding(self, sequence: int) -> Segment | None:
        """Give the one that is there and holds an entry."""
        where = "first_sequence <= ? AND last_sequence >= ? AND removed = 0"
        rows = self._file.execute(
            f"SELECT {_COLUMNS} FROM segment WHERE {where}",  # noqa: S608 - constants
            (sequence, sequence),
        )
        return self._segment(rows[0]) if rows else None

    def blocks(self, segment: Segment) -> list[Block]:
        """Give the blocks of a segment in order."""
        rows = self._file.execute("SELECT blocks FROM segment WHERE first_sequence = ?", (segment.first,))
        try:
            return [_block(*values) for values in json.loads(rows[0][0])]
        except (ValueError, TypeError, OverflowError, RecursionError, IndexError) as error:
            raise self._broken(segment.first, error) from error

    def stamp(self) -> tuple[int, int]:
        """Give what changes when entries move: up to where they are sealed, and up to where removed."""
        sealed, removed = self._file.execute(
            "SELECT coalesce((SELECT last_sequence FROM segment ORDER BY first_sequence DESC LIMIT 1), 0), "
            "coalesce((SELECT min(first_sequence) - 1 FROM segment WHERE removed = 0), -1)"
        )[0]
        return sealed, removed

    def enter(self, segment: Segment, blocks: Sequence[Block]) -> None:
        """Add a segment; the caller holds the transaction."""
        packed = [[block.offset, block.size, block.first, block.last, block.kinds] for block in blocks]
        self._file.execute(
            f"INSERT INTO segment ({_COLUMNS}, blocks) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",  # noqa: S608 - a constant
            (
                segment.first,
                segment.last,
                segment.first_at,
                segment.last_at,
                bytes.fromhex(segment.previous_hash),
                bytes.fromhex(segment.last_hash),
                segment.file_name,
                bytes.fromhex(segment.sha256),
                json.dumps(segment.kinds),
                int(segment.removed),
                json.dumps(packed, separators=(",", ":")),
            ),
        )

    def mark_removed(self, segment: Segment) -> None:
        """Say that a segment goes; the caller holds the transaction."""
        self._file.execute("UPDATE segment SET removed = 1 WHERE first_sequence = ?", (segment.first,))

    def _segment(self, row: Row) -> Segment:
        first, last, first_at, last_at, previous_hash, last_hash, file_name, sha256, kinds, removed = row
        try:
            return Segment(
                first=first,
                last=last,
                first_at=first_at,
                last_at=last_at,
                previous_hash=previous_hash.hex(),
                last_hash=last_hash.hex(),
                file_name=file_name,
                sha256=sha256.hex(),
                kinds=tuple(json.loads(kinds)),
                removed=bool(removed),
            )
        except (ValueError, TypeError, AttributeError, RecursionError) as error:
            raise self._broken(first, error) from error

    def _broken(self, first: int, error: Exception) -> RecordBroken:
        return broken(self._file.path, first, f"the index of its segment cannot be read ({error})")


def _block(offset: float, size: float, first: float, last: float, kinds: Sequence[str]) -> Block:
    """Read a block; what cannot be one is refused before so much is read of a file.

    Raises:
        ValueError: it cannot be one.
    """
    block = Block(offset=int(offset), size=int(size), first=int(first), last=int(last), kinds=tuple(kinds))
    if not 0 <= block.offset <= OFFSET_MAX or not 0 < block.size <= UNPACKED_BYTES_MAX:
        raise ValueError(f"no block lies at {block.offset} with {block.size} bytes")
    return block
