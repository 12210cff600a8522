"""Which files of a data folder a backup holds, and in which order they are copied."""

from pathlib import Path

from energy.devices.write_budget_file import FILE_NAME as FIELD
from energy.historian.schema import FILE_NAME as TELEMETRY
from energy.ledger.active_file import FILE_NAME as LEDGER
from energy.ledger.segment import PARTIAL
from energy.mailbox import FILE_NAME as REQUESTS

SEGMENTS = "ledger"
"""The folder of sealed segments: files that nothing changes any more."""
MODELS = "models"
"""The folder of learned models: whole files that appear under their names by replacing."""
MODEL_SUFFIXES = (".model", ".json")
SPOOL = "spool.sqlite"
JOBS = "jobs.sqlite"
DATABASES = (LEDGER, REQUESTS, FIELD, TELEMETRY, SPOOL, JOBS)
"""The ledger first: requests are numbered, and a copy of the ledger must never have answered a number that
the copy of the requests does not know, or new requests would be taken for answered ones."""
NEEDED = (LEDGER, TELEMETRY)
"""Without these two there is no record."""


def holds_record(folder: Path) -> str | None:
    """Name something of a record that lies in a folder; None where there is none."""
    names = (*DATABASES, SEGMENTS)
    return next((name for name in names if (folder / name).exists()), None)


def segments_of(folder: Path) -> list[str]:
    """List the sealed segments by their names below the data folder, without what is still being made."""
    place = folder / SEGMENTS
    if not place.is_dir():
        return []
    names = sorted(path.name for path in place.iterdir() if path.is_file())
    return [f"{SEGMENTS}/{name}" for name in names if not name.startswith(".") and not name.endswith(PARTIAL)]


def models_of(folder: Path) -> list[str]:
    """List the learned models and their records by their names below the data folder."""
    place = folder / MODELS
    if not place.is_dir():
        return []
    names = sorted(path.name for path in place.iterdir() if path.is_file())
    return [
        f"{MODELS}/{name}" for name in names if not name.startswith(".") and name.endswith(MODEL_SUFFIXES)
    ]
