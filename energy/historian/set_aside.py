"""A record that cannot be read any more is put aside, never deleted, so that control starts with a new one.

Only telemetry is treated so. A ledger is evidence: one that is broken stops the start.
"""

import os
from datetime import datetime
from pathlib import Path

from energy.errors import StoreUnavailable
from energy.historian.schema import FILE_NAME

MARK = ".broken-"
_NOTED_MAX = 3
"""File names in one note."""


def set_aside(folder: Path, at: datetime) -> Path:
    """Rename telemetry and its log so that they open together; gives the new place.

    Raises:
        StoreUnavailable: it cannot be renamed.
    """
    broken = folder / FILE_NAME
    aside = broken.with_name(f"{FILE_NAME}{MARK}{at:%Y%m%dT%H%M%SZ}")
    try:
        for ending in ("-wal", ""):
            if broken.with_name(broken.name + ending).exists():
                broken.with_name(broken.name + ending).rename(aside.with_name(aside.name + ending))
        broken.with_name(broken.name + "-shm").unlink(missing_ok=True)
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    except OSError as error:
        mend = "check the permissions of the data folder"
        raise StoreUnavailable(
            f"{broken} is broken and cannot be renamed: {error.strerror}. Mend: {mend}"
        ) from error
    return aside


def notes_of_asides(folder: Path) -> list[str]:
    """Say what lies aside, until somebody took it away."""
    found = sorted(path.name for path in folder.glob(f"{FILE_NAME}{MARK}*") if not path.name.endswith("-wal"))
    if not found:
        return []
    names = ", ".join(found[:_NOTED_MAX])
    what = f"telemetry could not be read at a start and lies in the data folder as {names}; a new one began"
    return [f"record_set_aside: {what}. Mend: restore a backup or have it looked at, then move it away"]
