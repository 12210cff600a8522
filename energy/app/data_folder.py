"""The data folder: where it is, and that only one controller writes there."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from energy.errors import BadInput, Fault
from energy.ledger.segment import folder_of
from energy.planning.training_record import FOLDER as MODELS

LEDGER = "ledger.sqlite"
REQUESTS = "requests.sqlite"
LOCK = "controller.lock"
DEMO_MARKER = "demo.txt"


def default_folder(region_id: str) -> Path:
    """Give the data folder of a region when none is named: data/REGION below the present folder."""
    return Path("data") / region_id


def fresh_demo_folder(folder: Path) -> Path:
    """Make a folder for a new simulated run.

    An earlier demo's record in it is removed; any other record is not touched.

    Raises:
        BadInput: the folder holds a record that is not a demo's, or cannot be written.
    """
    marker = folder / DEMO_MARKER
    try:
        if (folder / LEDGER).exists() and not marker.exists():
            mend = "name an empty folder with --data"
            raise _fault(folder, "it holds a record that is not a demo's", mend)
        if marker.exists():
            for path in (
                *folder.iterdir(),
                *folder_of(folder / LEDGER).glob("*"),
                *(folder / MODELS).glob("*"),
            ):
                if path.is_file() and path.name != LOCK:
                    path.unlink()
        folder.mkdir(parents=True, exist_ok=True)
        marker.write_text(
            "The record of a demo: the next demo in this folder removes it.\n", encoding="utf-8"
        )
    except OSError as error:
        raise _fault(folder, f"cannot be written: {error.strerror}", "name another with --data") from error
    return folder


@contextmanager
def only_controller(
    folder: Path, *, mend: str = "stop the other controller, or name another folder with --data"
) -> Iterator[None]:
    """Hold the folder's lock as long as the controller runs; it ends with the process, however that ends.

    ``mend`` is what a person is told to do where another controller holds it.

    Raises:
        BadInput: another controller holds it, or the folder cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        file = (folder / LOCK).open("w", encoding="utf-8")
    except OSError as error:
        raise _fault(folder, f"cannot be written: {error.strerror}", "name another with --data") from error
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise _fault(folder, "another controller writes here", mend) from error
        yield


def _fault(folder: Path, limit: str, mend: str) -> BadInput:
    return BadInput(
        [Fault(file=str(folder), line=None, place="--data", value=str(folder), limit=limit, mend=mend)]
    )
