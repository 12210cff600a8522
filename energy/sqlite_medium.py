"""How a reader opens a SQLite file from where it lies: beside a writer, or from a medium nobody can write.

Beside a file in write-ahead logging every reader needs the log and its shared index, and may have to create
them. On a read-only medium it cannot. A writer that is alive, seen through a read-only mount, has both there,
and SQLite reads beside it; where they are missing nobody writes, and the file is taken as it is.
"""

import os
from dataclasses import dataclass
from pathlib import Path

from energy.errors import StoreUnavailable


@dataclass(frozen=True, slots=True, kw_only=True)
class Medium:
    """What decides: whether anybody could write there, and how much a log holds that is not in the file."""

    is_read_only: bool
    """The file system itself refuses writing: permissions of one person say nothing of others."""
    wal_bytes: int
    has_both: bool
    """The log and its shared index are there: a writer may be alive."""


def medium_of(path: Path) -> Medium:
    """Look where a file lies.

    Raises:
        StoreUnavailable: it cannot be seen.
    """
    wal, shared = (path.with_name(f"{path.name}{end}") for end in ("-wal", "-shm"))
    try:
        flags = os.statvfs(path.parent).f_flag | os.statvfs(path).f_flag
        wal_bytes = wal.stat().st_size if wal.exists() else 0
    except OSError as error:
        raise StoreUnavailable(f"{path}: {error.strerror}. Mend: check the data folder") from error
    return Medium(
        is_read_only=bool(flags & os.ST_RDONLY),
        wal_bytes=wal_bytes,
        has_both=wal.exists() and shared.exists(),
    )


def reading_uri(path: Path, medium: Medium) -> str:
    """Give the name under which SQLite opens the file for reading.

    Raises:
        StoreUnavailable: a log waits on a medium where it cannot be taken in.
    """
    uri = f"{path.absolute().as_uri()}?mode=ro"
    if not medium.is_read_only or medium.has_both:
        return uri
    if medium.wal_bytes:
        raise StoreUnavailable(
            f"{path}: {medium.wal_bytes} bytes wait in {path.name}-wal and the medium is read-only. "
            "Mend: copy the whole folder to a place that can be written, and read it there"
        )
    return f"{uri}&immutable=1"
