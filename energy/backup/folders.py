"""A folder that appears under its name when everything in it is written and flushed, or not at all."""

import os
import shutil
import tempfile
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path

from energy.errors import BadInput, Fault


@contextmanager
def staged(out: Path, *, gives_way: Collection[str] = ()) -> Iterator[Path]:
    """Give a folder beside ``out`` to fill; it takes the name at the end, and is removed after an exception.

    An empty folder of that name is replaced, and one that holds nothing but files named in ``gives_way``.
    What a killed process left is a hidden folder named ``.NAME.part-...``; it may be deleted.

    Raises:
        BadInput: something lies at ``out``, or its place cannot be written.
    """
    if out.exists() and (not out.is_dir() or any(path.name not in gives_way for path in out.iterdir())):
        raise _fault(out, "something lies there", "name a folder that does not exist yet")
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        stage = Path(tempfile.mkdtemp(prefix=f".{out.name}.part-", dir=out.parent))
    except OSError as error:
        raise _fault(out, f"cannot be written: {error.strerror}", "name a place that can be") from error
    try:
        yield stage
        flush_folder(stage)
        for name in gives_way:
            (out / name).unlink(missing_ok=True)
        _take_name(stage, out)
    except BaseException:
        shutil.rmtree(stage, ignore_errors=True)
        raise


def flush_folder(folder: Path) -> None:
    """Make the names in a folder durable."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _take_name(stage: Path, out: Path) -> None:
    try:
        stage.replace(out)
    except OSError as error:
        limit = f"something came to lie there meanwhile: {error.strerror}"
        raise _fault(out, limit, "name a folder that does not exist yet") from error
    flush_folder(out.parent)


def _fault(path: Path, limit: str, mend: str) -> BadInput:
    return BadInput(
        [Fault(file="command line", line=None, place="folder", value=str(path), limit=limit, mend=mend)]
    )
