"""Takes a backup while the controller, the dashboard and everything else run.

Every database is copied as it was at one moment, beside its writer; sealed segments are copied as files. The
backup appears under its name when it is whole and flushed, or not at all.
"""

import os
import shutil
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from typing import Protocol

from energy.backup.contents import DATABASES, NEEDED, models_of, segments_of
from energy.backup.folders import flush_folder, staged
from energy.backup.manifest import (
    FILE_NAME,
    FORMAT,
    FileEntry,
    LedgerHead,
    Manifest,
    hash_file,
    manifest_json,
)
from energy.errors import BadInput, Fault, RecordBroken, StoreUnavailable
from energy.ledger.active_file import FILE_NAME as LEDGER
from energy.ledger.chain import GENESIS_HASH
from energy.ledger.reader import ledger_reader
from energy.region.model import Region
from energy.sqlite_file import SQLITE_VERSION, Stamp, copy_file, damage_of

LEDGER_TRIES = 5
"""A segment is sealed about once a day: five copies in a row cannot all meet one."""
Progress = Callable[[int, int], None]
"""Told the bytes copied and in all, as far as they are known; then the entries verified and in all."""


class Stopwatch(Protocol):
    """Measures seconds since it was made."""

    def seconds(self) -> float:
        """Give the seconds so far."""
        ...


def take_backup(
    region: Region, *, folder: Path, out: Path, made_at: datetime, watch: Stopwatch, progress: Progress
) -> Manifest:
    """Copy the record of a data folder into a new folder and give its manifest.

    Raises:
        BadInput: ``out`` holds something, or lies in the data folder, or cannot be written, or there is no
            record.
        StoreUnavailable: a file cannot be read now, or the disk is full; nothing is left behind.
        RecordBroken: a file is damaged, or the ledger's chain is broken; nothing is left behind.
    """
    _require_places(folder, out)
    with staged(out) as stage:
        copying = _Copying(folder, stage, progress)
        try:
            copying.ledger()
            for name in DATABASES:
                if name != LEDGER and (folder / name).is_file():
                    copying.database(name)
            copying.models()
            files = {name: copying.entry(name) for name in sorted(copying.stamps)}
        except OSError as error:
            raise StoreUnavailable(f"{out}: {error.strerror}. Mend: free disk space there") from error
        head = _verified_head(folder, stage, progress)
        manifest = Manifest(
            format=FORMAT,
            made_at=made_at,
            seconds=round(watch.seconds(), 3),
            energiewaage_version=version("energiewaage"),
            sqlite_version=SQLITE_VERSION,
            region_id=region.id,
            region_digest=region.digest,
            ledger=head,
            files=files,
        )
        _write_flushed(stage / FILE_NAME, manifest_json(manifest))
    return manifest


def _verified_head(folder: Path, stage: Path, progress: Progress) -> LedgerHead:
    """Compute the copied chain anew and give its end.

    Raises:
        RecordBroken: naming the file in the data folder and the entry.
    """
    try:
        with ledger_reader(stage) as ledger:
            end = ledger.head_line()
            if end is None:
                return LedgerHead(count=0, hash=GENESIS_HASH)
            ledger.verify(walked_to=lambda sequence: progress(sequence, end.sequence))
    except RecordBroken as error:
        what = str(error).replace(str(stage), str(folder))
        raise RecordBroken(
            f"no backup was made, the ledger's chain is broken: {what}, such as the last backup. "
            "Delete no earlier one, and see docs/backup.md"
        ) from error
    return LedgerHead(count=end.sequence, hash=end.hash)


class _Copying:
    """Copies files into the stage and remembers what each said of itself."""

    def __init__(self, folder: Path, stage: Path, progress: Progress) -> None:
        self._folder = folder
        self._stage = stage
        self._progress = progress
        self._done_bytes = 0
        self._total_bytes = sum(_size(folder / name) for name in (*DATABASES, *segments_of(folder)))
        self.stamps: dict[str, Stamp | None] = {}

    def ledger(self) -> None:
        """Copy the growing file and the sealed segments so that they belong together.

        Raises:
            StoreUnavailable: segments were sealed or removed during every try.
        """
        for _ in range(LEDGER_TRIES):
            before = segments_of(self._folder)
            self.database(LEDGER)
            with suppress(FileNotFoundError):
                for name in before:
                    self._segment(name)
                if segments_of(self._folder) == before:
                    return
            for name in (*before, LEDGER):
                self.stamps.pop(name, None)
                (self._stage / name).unlink(missing_ok=True)
        raise StoreUnavailable(
            f"{self._folder}: the ledger's segments changed {LEDGER_TRIES} times during the copy. "
            "Mend: try again in a minute"
        )

    def database(self, name: str) -> None:
        """Copy one database as it is now, and look whether the copy is sound."""
        target = self._stage / name
        begun_bytes = self._done_bytes
        stamp = copy_file(self._folder / name, target, lambda done: self._tell(begun_bytes + done))
        found = damage_of(target)
        if found:
            raise RecordBroken(
                f"{self._folder / name} is damaged: {found[0]}. Mend: keep it, and restore an earlier backup"
            )
        self._flush(target)
        self._done_bytes = begun_bytes + _size(target)
        self.stamps[name] = stamp

    def entry(self, name: str) -> FileEntry:
        """Describe a file that was copied."""
        found, stamp = hash_file(self._stage / name), self.stamps[name]
        return FileEntry(
            size_bytes=found.size_bytes,
            sha256=found.sha256,
            application_id=stamp.application_id if stamp is not None else None,
            schema_version=stamp.version if stamp is not None else None,
        )

    def models(self) -> None:
        """Copy the learned models; one that was retired meanwhile is left out."""
        for name in models_of(self._folder):
            with suppress(FileNotFoundError):
                self._segment(name)

    def _segment(self, name: str) -> None:
        target = self._stage / name
        target.parent.mkdir(exist_ok=True)
        shutil.copy(self._folder / name, target)
        self._flush(target)
        self._done_bytes += _size(target)
        self._tell(self._done_bytes)
        self.stamps[name] = None

    def _tell(self, done_bytes: int) -> None:
        self._progress(done_bytes, max(done_bytes, self._total_bytes))

    @staticmethod
    def _flush(path: Path) -> None:
        with path.open("rb") as file:
            os.fsync(file.fileno())
        flush_folder(path.parent)


def _require_places(folder: Path, out: Path) -> None:
    missing = [name for name in NEEDED if not (folder / name).is_file()]
    if missing:
        limit = f"it holds no {' and no '.join(missing)}: there is no record to back up"
        raise _fault("--data", folder, limit, "name the controller's data folder")
    inside, around = out.resolve(), folder.resolve()
    if inside.is_relative_to(around) or around.is_relative_to(inside):
        raise _fault(
            "--out", out, "it lies in the data folder, or around it", "name a folder on another disk"
        )


def _write_flushed(path: Path, text: str) -> None:
    with path.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())


def _size(path: Path) -> int:
    return path.stat().st_size if path.is_file() else 0


def _fault(option: str, path: Path, limit: str, mend: str) -> BadInput:
    return BadInput(
        [Fault(file="command line", line=None, place=option, value=str(path), limit=limit, mend=mend)]
    )
