"""Moves the oldest part of the active file into a sealed segment, beside the loop that writes it.

In this order, so that it may end at any point and goes on later: the file is written under another name,
flushed, read back and compared, named, its name flushed; then one transaction says so in the chain; from
then on the entries are read from the segment, and some at a time leave the active file.
"""

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path

from energy.ledger.active_file import LAYOUT, ActiveFile
from energy.ledger.chain import GENESIS_HASH, GENESIS_HASH_1, Chain, Link
from energy.ledger.segment import (
    BLOCK_BYTES_MAX,
    BLOCK_ENTRIES_MAX,
    PARTIAL,
    Block,
    Digest,
    Segment,
    folder_of,
    header_line,
    line_of,
    name_of,
    opened,
    pack,
    span_named,
    unpacked_links,
    walk,
)
from energy.ledger.segment_index import SegmentIndex
from energy.periods import format_utc, parse_utc
from energy.sqlite_file import open_reader

UNPACKED_BYTES_PER_SEGMENT_MAX = 2_000_000_000
"""A day of 78 assets at 5 s has 0.7 GB."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SealingLimits:
    """When the oldest part is sealed; a segment never reaches over a midnight (UTC)."""

    delay: timedelta = timedelta(days=1)
    """A day is sealed this long after its end."""
    entries_max: int = 50_000
    """Of a segment; twice as many wait in the active file at most. A day at 5 s has 17,500."""
    active_bytes_max: int = 1_000_000_000
    """Five days of 78 assets at 5 s: only a clock that stands still gets there."""
    forgotten_per_step: int = 100
    """Entries that leave the active file in one step: some milliseconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """What is to be sealed: entries above ``after``, at most up to ``last``, of one day."""

    after: int
    last: int
    day: date


def due(active: ActiveFile, index: SegmentIndex, at: datetime, limits: SealingLimits) -> Span | None:
    """Tell what is to be sealed at the moment ``at``, None while there is nothing; it is quick."""
    sealed_to, _ = index.stamp()
    oldest, end = active.oldest(after=sealed_to), active.last()
    if oldest is None or end is None or end[0] - sealed_to < 2:
        return None
    day, waiting = parse_utc(oldest[1]).date(), end[0] - sealed_to
    past = format_utc(at - limits.delay - timedelta(days=1))[:10]
    if day.isoformat() <= past:
        count = min(limits.entries_max, waiting - 1)
    elif waiting > 2 * limits.entries_max:
        count = limits.entries_max
    elif active.bytes_used > limits.active_bytes_max:
        count = waiting // 2
    else:
        return None
    return Span(after=sealed_to, last=sealed_to + count, day=day)


def seal(file: Path, span: Span, *, stopped: Callable[[], bool]) -> tuple[Segment, Sequence[Block]] | None:
    """Write the segment's file and read it back; nothing is said of it in the chain yet.

    Args:
        file: the active file; it is only read, through a connection of its own.
        span: what is to be sealed.
        stopped: asked between blocks; None is returned then.

    Raises:
        OSError: the file cannot be written.
        StoreUnavailable: the active file cannot be read.
        RecordBroken: what it holds is damaged, or was not written as it should.
    """
    reader = open_reader(file, LAYOUT)
    folder = folder_of(file)
    try:
        active, index = ActiveFile(reader), SegmentIndex(reader)
        folder.mkdir(exist_ok=True)
        draft = _Writing(folder, span, active, index)
        try:
            for links in _blocks_of(active, span):
                if stopped():
                    draft.drop()
                    return None
                draft.add(links)
            return draft.finish()
        except BaseException:
            draft.drop()  # on a full disk it holds the room that the ledger needs
            raise
    finally:
        reader.close()


class _Writing:
    """A segment's file that is being written under a name of its own."""

    def __init__(self, folder: Path, span: Span, active: ActiveFile, index: SegmentIndex) -> None:
        self._folder = folder
        self._path = folder / f"{span.after + 1:012d}{PARTIAL}"
        self._file = self._path.open("wb")
        self._digest = Digest()
        self._covered_from = active.beside_covered_from
        newest = index.newest()
        genesis = GENESIS_HASH if self._covered_from == 1 else GENESIS_HASH_1
        self._previous = newest.last_hash if newest is not None else genesis
        self._blocks: list[Block] = []
        self._begin, self._end = "", ""
        self._last_hash = self._previous
        header = header_line(span.after + 1, self._previous, beside_covered_from=self._covered_from)
        self._write(pack([header]))

    def add(self, links: Sequence[Link]) -> None:
        """Write one block."""
        packed = pack([line_of(link) for link in links])
        block = Block(
            offset=self._file.tell(),
            size=len(packed),
            first=links[0].sequence,
            last=links[-1].sequence,
            kinds=tuple(sorted({link.kind for link in links})),
        )
        self._write(packed)
        self._blocks.append(block)
        self._begin = self._begin if len(self._blocks) > 1 else links[0].at
        self._end, self._last_hash = links[-1].at, links[-1].hash

    def finish(self) -> tuple[Segment, Sequence[Block]]:
        """Flush, read back, compare, name."""
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()
        first, last = self._blocks[0].first, self._blocks[-1].last
        segment = Segment(
            first=first,
            last=last,
            first_at=self._begin,
            last_at=self._end,
            previous_hash=self._previous,
            last_hash=self._last_hash,
            file_name=name_of(first, last),
            sha256=self._digest.hex(),
            kinds=tuple(sorted({kind for block in self._blocks for kind in block.kinds})),
        )
        chain = Chain(sequence=first - 1, previous=self._previous, beside_covered_from=self._covered_from)
        with opened(self._path, segment) as file:
            for _ in walk(file, self._path, segment, self._blocks, chain):
                pass
        self._path.chmod(0o444)
        self._path.rename(self._folder / segment.file_name)
        flush_folder(self._folder)
        flush_folder(self._folder.parent)
        return segment, self._blocks

    def drop(self) -> None:
        """Give up what was begun."""
        with suppress(OSError):
            self._file.close()  # what could not be written fails here once more
        with suppress(OSError):
            self._path.unlink(missing_ok=True)

    def _write(self, packed: bytes) -> None:
        self._file.write(self._digest.taken(packed))


def sweep(active: ActiveFile, index: SegmentIndex) -> None:
    """Remove what an interrupted sealing or removal left behind; only the writer may, before it seals.

    A file goes that is not finished, that holds nothing but what the active file holds, or that the chain
    says is removed. Any other one stays and is for ``verify`` to name.
    """
    folder = folder_of(active.path)
    if not folder.is_dir():
        return
    removed = {segment.file_name for segment in index.segments(removed=True)}
    sealed_to, _ = index.stamp()
    for path in sorted(folder.iterdir()):
        span = span_named(path.name)
        waits = span is not None and span[0] == sealed_to + 1 and is_held(active, path)
        if path.name.endswith(PARTIAL) or path.name in removed or waits:
            path.unlink()
    flush_folder(folder)


def is_held(active: ActiveFile, path: Path) -> bool:
    """Tell whether all that a segment's file holds is in the active file too."""
    try:
        return all(
            [link] == active.links(after=link.sequence - 1, until=link.sequence, limit=1)
            for link in unpacked_links(path)
        )
    except (OSError, ValueError):
        return False


def flush_folder(folder: Path) -> None:
    """Make names in a folder survive a power cut."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _blocks_of(active: ActiveFile, span: Span) -> Iterator[list[Link]]:
    """Give the links of a span, block by block, until its day or its bytes end."""
    after, unpacked_bytes = span.after, 0
    day_after = (span.day + timedelta(days=1)).isoformat()
    first_later = active.first_from_day(day_after, after=span.after)
    last = span.last if first_later is None else min(span.last, first_later - 1)
    while after < last and unpacked_bytes < UNPACKED_BYTES_PER_SEGMENT_MAX:
        links: list[Link] = []
        size = 0
        for link in active.links(after=after, until=last, limit=BLOCK_ENTRIES_MAX):
            links.append(link)
            size += len(link.body_json)
            if size >= BLOCK_BYTES_MAX:
                break
        after, unpacked_bytes = links[-1].sequence, unpacked_bytes + size
        yield links
