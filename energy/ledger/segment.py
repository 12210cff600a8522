"""A sealed part of the chain as a file of its own: canonical JSON lines, packed in blocks.

The file is named by its first and last entry, ``000000000001-000000017280.jsonl.xz``, and any tool that
reads .xz reads it. Its first line says where the chain stands before it; then comes one entry a line. It
consists of several .xz streams, one a block, so that one entry is found without unpacking a whole day.
"""

import hashlib
import json
import lzma
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from energy.canonical import canonical_bytes
from energy.errors import StoreUnavailable
from energy.ledger.chain import BODY_BYTES_MAX, Chain, Link, broken

FORMAT = "energiewaage ledger segment 1"
PARTIAL = ".partial"
"""Ends the name of a file that is being written."""
BLOCK_ENTRIES_MAX = 64
"""Twice as many would save less than 1 %; a search unpacks one block."""
BLOCK_BYTES_MAX = 4_000_000
"""A block ends with the entry that reaches this."""
UNPACKED_BYTES_MAX = 2 * (BLOCK_BYTES_MAX + 2 * BODY_BYTES_MAX)
"""No block unpacks to more: what claims to is refused before it fills the memory."""
HEADER_BYTES_MAX = 10_000
"""The packed first line has some 200."""
_PRESET = 2
"""Level 6 would be a sixth smaller and take eight times as long (ticks of both shipped regions)."""
_NAME = re.compile(r"(\d{12})-(\d{12})\.jsonl\.xz")
_BEGIN = re.compile(rb'\{"at":"([0-9TZ:.-]+)","beside":')
_TAIL = re.compile(rb'\},"hash":"([0-9a-f]{64})","kind":"([a-z0-9_.]+)","sequence":(\d+)\}')


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """Where some entries of a segment lie in its file, and of which kinds they are."""

    offset: int
    size: int
    first: int
    last: int
    kinds: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """What the ledger knows of one sealed file."""

    first: int
    last: int
    first_at: str
    last_at: str
    previous_hash: str
    last_hash: str
    file_name: str
    sha256: str
    """Of the file's bytes."""
    kinds: tuple[str, ...]
    removed: bool = False


def folder_of(file: Path) -> Path:
    """Give the folder of the segments of a ledger: ``ledger/`` beside ``ledger.sqlite``."""
    return file.with_suffix("")


def name_of(first: int, last: int) -> str:
    """Name the file of a segment."""
    return f"{first:012d}-{last:012d}.jsonl.xz"


def span_named(file_name: str) -> tuple[int, int] | None:
    """Give first and last as a file's name says them, None where it is no segment's name.

    >>> span_named(name_of(1, 17280))
    (1, 17280)
    """
    match = _NAME.fullmatch(file_name)
    return (int(match[1]), int(match[2])) if match else None


def header_line(first: int, previous_hash: str, *, beside_covered_from: int) -> bytes:
    """Give the first line: where the chain stands before the first entry, and what its hashes cover."""
    return canonical_bytes(
        {
            "beside_covered_from": beside_covered_from,
            "first": first,
            "format": FORMAT,
            "previous_hash": previous_hash,
        }
    )


def line_of(link: Link) -> bytes:
    """Write an entry as one canonical JSON line, without the line break."""
    return b'{"at":"%s","beside":%s,"body":%s,"hash":"%s","kind":"%s","sequence":%d}' % (
        link.at.encode(),
        link.beside_json or b"null",
        link.body_json,
        link.hash.encode(),
        link.kind.encode(),
        link.sequence,
    )


def link_of(line: bytes) -> Link:
    """Read an entry's line back, the body byte by byte as it was.

    Raises:
        ValueError: it is not exactly what ``line_of`` writes.
    """
    begin = _BEGIN.match(line)
    tail_at = line.rfind(b'},"hash":"')
    tail = _TAIL.fullmatch(line, max(0, tail_at))
    if begin is None or tail is None:
        raise ValueError("a line is no entry")
    body_at = _end_of_value(line, begin.end())
    opening = b',"body":'
    if not line.startswith(opening, body_at):
        raise ValueError("a line is no entry")
    beside_json = line[begin.end() : body_at]
    link = Link(
        sequence=int(tail[3]),
        kind=tail[2].decode(),
        at=begin[1].decode(),
        body_json=line[body_at + len(opening) : tail_at + 1],
        beside_json=b"" if beside_json == b"null" else beside_json,
        hash=tail[1].decode(),
    )
    if line_of(link) != line:
        raise ValueError("a line is not canonical")
    return link


def pack(lines: Sequence[bytes]) -> bytes:
    """Pack lines to one block: a whole .xz stream."""
    content = b"".join(line + b"\n" for line in lines)
    return lzma.compress(content, format=lzma.FORMAT_XZ, check=lzma.CHECK_CRC32, preset=_PRESET)


def unpack(packed: bytes) -> list[bytes]:
    """Give the lines of a block.

    Raises:
        ValueError: it is no whole block, or more than one.
    """
    stream = lzma.LZMADecompressor(format=lzma.FORMAT_XZ)
    try:
        content = stream.decompress(packed, UNPACKED_BYTES_MAX)
    except lzma.LZMAError as error:
        raise ValueError(f"a block cannot be unpacked ({error})") from error
    if not stream.eof or stream.unused_data:
        raise ValueError("a block is cut, too large, or followed by something else")
    if not content.endswith(b"\n"):
        raise ValueError("a block ends within a line")
    return content[:-1].split(b"\n")


def read_block(folder: Path, segment: Segment, block: Block) -> list[Link]:
    """Give the links of one block, not verified.

    Raises:
        StoreUnavailable: the file cannot be read now.
        RecordBroken: it is missing or damaged.
    """
    path = folder / segment.file_name
    with opened(path, segment) as file:
        try:
            file.seek(block.offset)
            packed = file.read(block.size)
        except OSError as error:
            raise _unreadable(path, error) from error
    return _links_in(path, packed, block)


def opened(path: Path, segment: Segment) -> BinaryIO:
    """Open the file of a segment; raises like ``read_block``."""
    try:
        return path.open("rb")
    except FileNotFoundError as error:
        what = (
            f"its segment {segment.first} to {segment.last} is missing, and no entry says that it was removed"
        )
        raise broken(path, segment.first, what) from error
    except OSError as error:
        raise _unreadable(path, error) from error


def walk(
    file: BinaryIO, path: Path, segment: Segment, blocks: Sequence[Block], chain: Chain
) -> Iterator[Link]:
    """Give every link while its hash, its block and the file's own hash prove right.

    Args:
        file: the open file.
        path: its name for messages.
        segment: what is claimed of it.
        blocks: what is claimed of its blocks.
        chain: as it stands before the segment; it is led on.

    Raises:
        RecordBroken: naming the first entry that is wrong; what concerns the whole file comes last.
    """
    digest = Digest()
    header = digest.taken(file.read(min(blocks[0].offset, HEADER_BYTES_MAX) if blocks else 0))
    expected = header_line(
        segment.first, segment.previous_hash, beside_covered_from=chain.beside_covered_from
    )
    try:
        wrong = unpack(header) != [expected]
    except ValueError as error:
        raise broken(path, segment.first, f"its first line cannot be read ({error})") from error
    if wrong or chain.previous != segment.previous_hash or chain.sequence != segment.first - 1:
        raise broken(path, segment.first, "its first line does not continue the chain")
    for block in blocks:
        links = _links_in(path, digest.taken(file.read(block.size)), block)
        for link in links:
            chain.take(link, path)
            yield link
        if tuple(sorted({link.kind for link in links})) != block.kinds or chain.sequence != block.last:
            raise broken(path, block.first, "the ledger's index of it is wrong")
    if file.read(1):
        raise broken(path, segment.last + 1, "something was added at its end")
    if (chain.sequence, chain.previous) != (segment.last, segment.last_hash):
        raise broken(path, segment.last, "it does not end as the ledger says")
    if digest.hex() != segment.sha256:
        raise broken(path, segment.first, f"its SHA-256 is not {segment.sha256}")


def unpacked_links(path: Path) -> Iterator[Link]:
    """Give the links of a file of which nothing is known; raises ValueError or OSError where it is none."""
    try:
        with lzma.open(path, "rb") as file:
            file.readline(BLOCK_BYTES_MAX)
            while line := file.readline(UNPACKED_BYTES_MAX):
                yield link_of(line.removesuffix(b"\n"))
    except (lzma.LZMAError, EOFError, RecursionError) as error:
        raise ValueError(f"it cannot be unpacked ({error})") from error


def sha256_of(path: Path) -> str:
    """Hash the bytes of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


class Digest:
    """SHA-256 of all that passes."""

    def __init__(self) -> None:
        self._hash = hashlib.sha256()

    def taken(self, data: bytes) -> bytes:
        """Count the data in and hand them on."""
        self._hash.update(data)
        return data

    def hex(self) -> str:
        """Give the hash so far."""
        return self._hash.hexdigest()


def _links_in(path: Path, packed: bytes, block: Block) -> list[Link]:
    if len(packed) != block.size:
        raise broken(path, block.first, "the file ends before it")
    try:
        return [link_of(line) for line in unpack(packed)]
    except (ValueError, RecursionError) as error:
        raise broken(path, block.first, f"it or one up to {block.last}: {error}") from error


def _end_of_value(line: bytes, start: int) -> int:
    """Tell where the JSON value ends that begins at ``start``."""
    if line.startswith(b"null", start):
        return start + len(b"null")
    text = line[start:].decode()
    _, end = json.JSONDecoder().raw_decode(text)
    return start + len(text[:end].encode())


def _unreadable(path: Path, error: OSError) -> StoreUnavailable:
    return StoreUnavailable(f"{path}: {error.strerror}. Mend: check the disk and the permissions")
