"""The folder of learned models: for each asset and variant the current one, the one before, and the nights.

One process writes at a time (``only_trainer``), any number read. A file appears under its name when it is
whole and flushed; a process that dies on the way, or a full disk, leaves the old ones.
"""

import fcntl
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import Literal

from energy.errors import RecordBroken, StoreUnavailable
from energy.forecast.learned.model_checks import faults_of
from energy.forecast.learned.model_file import FILE_BYTES_MAX, StoredModel, model_bytes, model_from
from energy.forecast.series import History, SeriesSpec
from energy.planning.training_record import FOLDER, RECORD_BYTES_MAX, Night, TrainingRecord, record_from

LOCK = "training.lock"
Variant = Literal["plain", "weather"]
Which = Literal["current", "previous"]
VARIANTS: tuple[Variant, ...] = ("weather", "plain")
Stamp = tuple[int, int, int]
_SUFFIX: dict[Which, str] = {"current": "model", "previous": "previous.model"}
_PART = ".part-"


def variant_of(history: History) -> Variant:
    """Name what a history offers: with columns known ahead, or without."""
    return "weather" if history.known_ahead else "plain"


def series_of(spec: SeriesSpec) -> str:
    """Say what a model is bound to: a load's model must not be asked about a park of the same name.

    The rated power is not in it: it may grow, and only bounds what is answered.
    """
    return f"{spec.asset_id} {spec.kind} {spec.sign} {spec.zone.key} {spec.holidays}"


class ModelStore:
    """The models in a data folder; the folder is made when the first one is kept."""

    def __init__(self, data_folder: Path) -> None:
        self.folder = data_folder / FOLDER

    def stamp(self, asset_id: str, variant: Variant) -> Stamp | None:
        """Tell one state of the current model from another without reading it; None where there is none."""
        try:
            found = self._path(asset_id, variant, "current").stat()
        except OSError:
            return None
        return found.st_mtime_ns, found.st_ino, found.st_size

    def read(self, spec: SeriesSpec, variant: Variant, which: Which = "current") -> StoredModel | None:
        """Read a model and check all of it; None where there is none.

        Raises:
            RecordBroken: it is damaged, of another version, or not this series'; it is not used.
            StoreUnavailable: it cannot be read now.
        """
        path = self._path(spec.asset_id, variant, which)
        data = _content(path, FILE_BYTES_MAX)
        if data is None:
            return None
        stored = model_from(data)
        if stored.series != series_of(spec) or stored.model.asset_id != spec.asset_id:
            raise RecordBroken(f"it was learned of another series: {stored.series[:100]}")
        for model in (stored.model, stored.twin):
            found = faults_of(model, spec) if model is not None else []
            if found:
                raise RecordBroken(f"its numbers cannot be: {'; '.join(found)[:300]}")
        return stored

    def has_previous(self, asset_id: str, variant: Variant) -> bool:
        """Tell whether there is a model to put back."""
        return self._path(asset_id, variant, "previous").is_file()

    def keep(self, stored: StoredModel, variant: Variant) -> None:
        """Make a model the current one; the one before becomes the previous one.

        Raises:
            StoreUnavailable: it cannot be written; what was there is still there.
        """
        asset_id = stored.model.asset_id
        data = model_bytes(stored)
        current = self._path(asset_id, variant, "current")
        with self._writing():
            part = self._part(data)
            try:
                self._set_aside(asset_id, variant)
                part.replace(current)
            except OSError:
                part.unlink(missing_ok=True)
                raise

    def retire(self, asset_id: str, variant: Variant) -> None:
        """Take the current model away; it is kept as the previous one.

        Raises:
            StoreUnavailable: the folder cannot be written.
        """
        with self._writing(), suppress(FileNotFoundError):
            self._path(asset_id, variant, "current").replace(self._path(asset_id, variant, "previous"))

    def put_back(self, asset_id: str, variant: Variant, *, at: datetime, actor: str, reason: str) -> None:
        """Put the previous model back, for a person who says why; the current one becomes the previous one.

        Raises:
            StoreUnavailable: there is no previous one, or the folder cannot be written.
        """
        night = Night(known_at=at, verdict="rolled_back", days=0, actor=actor, reason=reason)
        current, previous = (self._path(asset_id, variant, which) for which in ("current", "previous"))
        with self._writing():
            part = self._part(previous.read_bytes())
            if current.exists():
                self._set_aside(asset_id, variant)
            part.replace(current)
        self.note(asset_id, variant, night, must_win=True)

    def record(self, asset_id: str, variant: Variant) -> TrainingRecord:
        """Read what became of the trainings; an unreadable record counts as an empty one."""
        try:
            data = _content(self._record_path(asset_id, variant), RECORD_BYTES_MAX)
            if data is not None:
                return record_from(data)
        except (RecordBroken, StoreUnavailable):
            pass
        return TrainingRecord(asset_id=asset_id, variant=variant)

    def note(self, asset_id: str, variant: Variant, night: Night, *, must_win: bool) -> None:
        """Write down what became of a training.

        Raises:
            StoreUnavailable: it cannot be written.
        """
        record = self.record(asset_id, variant).with_night(night, must_win=must_win)
        with self._writing():
            data = record.model_dump_json(indent=1).encode() + b"\n"
            self._part(data).replace(self._record_path(asset_id, variant))

    def records(self) -> list[TrainingRecord]:
        """List the records of all assets and variants, by asset."""
        paths = sorted(self.folder.glob("*.json")) if self.folder.is_dir() else []
        found = []
        for path in paths:
            with suppress(RecordBroken, StoreUnavailable):
                data = _content(path, RECORD_BYTES_MAX)
                if data is not None:
                    found.append(record_from(data))
        return found

    @contextmanager
    def only_trainer(self) -> Iterator[None]:
        """Hold the right to write for as long as a training runs; it ends with the process.

        Raises:
            StoreUnavailable: another training runs, or the folder cannot be written.
        """
        with self._writing():
            file = (self.folder / LOCK).open("w", encoding="utf-8")
        with file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                raise StoreUnavailable(f"{self.folder}: another training runs") from error
            for left in self.folder.glob(f"{_PART}*"):  # what a killed training left
                left.unlink(missing_ok=True)
            yield

    def learned_at(self, spec: SeriesSpec, variant: Variant) -> datetime | None:
        """Say up to when the current model has learned; None where none can be used."""
        try:
            stored = self.read(spec, variant)
        except (RecordBroken, StoreUnavailable):
            return None
        return stored.model.known_at if stored is not None else None

    def _set_aside(self, asset_id: str, variant: Variant) -> None:
        """Let the previous name lead to the current file too: at no moment is there no current one."""
        current = self._path(asset_id, variant, "current")
        if not current.exists():
            return
        link = self.folder / f"{_PART}{asset_id}.{variant}"
        link.unlink(missing_ok=True)
        os.link(current, link)
        link.replace(self._path(asset_id, variant, "previous"))

    def _part(self, data: bytes) -> Path:
        handle, name = tempfile.mkstemp(prefix=_PART, dir=self.folder)
        path = Path(name)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
        except OSError:
            path.unlink(missing_ok=True)
            raise
        return path

    @contextmanager
    def _writing(self) -> Iterator[None]:
        """Make the folder, and make its names durable afterwards."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            yield
            folder = os.open(self.folder, os.O_RDONLY)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)
        except OSError as error:
            raise StoreUnavailable(f"{self.folder}: {error.strerror}", may_be_full=True) from error

    def _path(self, asset_id: str, variant: Variant, which: Which) -> Path:
        return self.folder / f"{asset_id}.{variant}.{_SUFFIX[which]}"

    def _record_path(self, asset_id: str, variant: Variant) -> Path:
        return self.folder / f"{asset_id}.{variant}.json"


def _content(path: Path, bytes_max: int) -> bytes | None:
    """Read a plain file that is not too large; None where there is none."""
    try:
        with path.open("rb") as file:
            data = file.read(bytes_max + 1)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise StoreUnavailable(f"{path}: {error.strerror}") from error
    if len(data) > bytes_max:
        raise RecordBroken(f"{path.name} is over {bytes_max} bytes")
    return data
