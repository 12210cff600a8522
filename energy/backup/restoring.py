"""Makes a data folder from a backup: checks everything first, and says in the ledger that it was restored."""

import shutil
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from energy.backup.contents import NEEDED, holds_record
from energy.backup.folders import staged
from energy.backup.manifest import FILE_NAME, FileEntry, Manifest, hash_file, read_manifest
from energy.canonical import plain
from energy.controller.memory import RESTORED, open_requests
from energy.domain import Request
from energy.errors import BadInput, Fault, RecordBroken, StoreUnavailable
from energy.historian.file_layout import LAYOUT as TELEMETRY_LAYOUT
from energy.historian.schema import FILE_NAME as TELEMETRY
from energy.ledger.active_file import FILE_NAME as LEDGER
from energy.ledger.active_file import LAYOUT as LEDGER_LAYOUT
from energy.ledger.chain import GENESIS_HASH, Draft
from energy.ledger.writer import Ledger
from energy.mailbox import FILE_NAME as REQUESTS
from energy.mailbox import MailboxReader
from energy.sqlite_file import damage_of, stamp_of

LAYOUTS = {LEDGER: LEDGER_LAYOUT, TELEMETRY: TELEMETRY_LAYOUT}
Progress = Callable[[int, int], None]
OTHER = "use another backup; this one cannot be trusted"


@dataclass(frozen=True, slots=True, kw_only=True)
class Restored:
    """What was restored; ``dropped`` are people's requests that were open or unanswered and are no more."""

    manifest: Manifest
    dropped: tuple[Request, ...]
    head: str
    """The ledger's head after the entry that tells of the restoration."""


def restore_backup(
    backup: Path,
    *,
    folder: Path,
    gives_way: Collection[str],
    region_id: str | None,
    wall_at: datetime,
    progress: Progress,
) -> Restored:
    """Make ``folder`` from a backup; it appears whole and checked, or not at all.

    Args:
        backup: the folder that ``take_backup`` made; only read.
        folder: where a controller will run; no record may be there.
        gives_way: files that may lie there: the lock that the caller holds, and the reserve.
        region_id: refuse a backup of another region; None takes any.
        wall_at: when this happens.
        progress: told the bytes done and in all.

    Raises:
        BadInput: everything that is wrong with the backup or the place, at once.
        StoreUnavailable: the disk is full or cannot be read.
    """
    found = holds_record(folder)
    if found is not None:
        raise BadInput(
            [_fault(folder / found, "a record lies there", "name an empty folder, or move it away")]
        )
    manifest = read_manifest(backup)
    _refuse(_faults_of_manifest(backup, manifest, region_id))
    with staged(folder, gives_way=gives_way) as stage:
        try:
            _refuse(_faults_of_copies(backup, stage, manifest, progress))
        except OSError as error:
            raise StoreUnavailable(f"{folder}: {error.strerror}. Mend: free disk space there") from error
        _refuse(_faults_of_databases(backup, stage, manifest))
        with Ledger(stage) as ledger:
            _require_chain(backup, ledger, manifest)
            answered, dropped = open_requests(ledger)
            waiting = list(_unanswered(stage, answered))
            dropped = (*dropped, *(request for _, request in waiting))
            entries = ledger.recent(1)
            draft = Draft(
                kind=RESTORED,
                at=entries[0].at if entries else wall_at,
                body={
                    "backup_made_at": plain(manifest.made_at),
                    "head": manifest.ledger.hash,
                    "request_sequence": max([answered, *(number for number, _ in waiting)]),
                    "dropped": [plain(request) for request in dropped],
                },
                beside={"wall_at": wall_at},
            )
            head = ledger.append_many([draft])[0].hash
    return Restored(manifest=manifest, dropped=dropped, head=head)


def _faults_of_manifest(backup: Path, manifest: Manifest, region_id: str | None) -> Iterator[Fault]:
    place = backup / FILE_NAME
    if region_id is not None and manifest.region_id != region_id:
        limit = f"it is the record of {manifest.region_id}, not of {region_id}"
        yield _fault(place, limit, "use a backup of this region")
    for name in NEEDED:
        if name not in manifest.files:
            yield _fault(place, f"it lists no {name}", OTHER)
    for name, layout in LAYOUTS.items():
        entry = manifest.files.get(name)
        if entry is None:
            continue
        if entry.application_id != layout.application_id:
            yield _fault(backup / name, "a database of another kind", OTHER)
        elif entry.schema_version is None or entry.schema_version > layout.version:
            limit = f"schema version {entry.schema_version}; this program knows up to {layout.version}"
            yield _fault(
                backup / name, limit, f"restore with version {manifest.energiewaage_version} or later"
            )


def _faults_of_copies(backup: Path, stage: Path, manifest: Manifest, progress: Progress) -> Iterator[Fault]:
    """Copy every file and compare the copies with the manifest."""
    done_bytes, total_bytes = 0, sum(entry.size_bytes for entry in manifest.files.values())
    for name, entry in manifest.files.items():
        source, target = backup / name, stage / name
        if source.is_symlink() or not source.is_file():
            yield _fault(source, "it is missing, or is no plain file", OTHER)
            continue
        if source.stat().st_size != entry.size_bytes:
            limit = f"{source.stat().st_size} bytes; the manifest says {entry.size_bytes}"
            yield _fault(source, limit, OTHER)
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(source, target)
        found = hash_file(target)
        if found.sha256 != entry.sha256:
            limit = f"its SHA-256 is {found.sha256[:16]}..., the manifest says {entry.sha256[:16]}..."
            yield _fault(source, limit, OTHER)
        done_bytes += entry.size_bytes
        progress(done_bytes, total_bytes)


def _faults_of_databases(backup: Path, stage: Path, manifest: Manifest) -> Iterator[Fault]:
    for name, entry in manifest.files.items():
        if entry.application_id is None:
            continue
        wrong = damage_of(stage / name) or _wrong_stamp(stage / name, entry)
        if wrong:
            yield _fault(backup / name, f"the database is damaged: {wrong[0]}", OTHER)


def _wrong_stamp(path: Path, entry: FileEntry) -> list[str]:
    stamp = stamp_of(path)
    same = (stamp.application_id, stamp.version) == (entry.application_id, entry.schema_version)
    return [] if same else ["it is of another kind or version than the manifest says"]


def _require_chain(backup: Path, ledger: Ledger, manifest: Manifest) -> None:
    """Verify the chain and its end.

    Raises:
        BadInput: it is broken, or ends elsewhere than the manifest says.
    """
    try:
        ledger.verify(head=manifest.ledger.hash if manifest.ledger.count else None)
        entries = ledger.recent(1)
    except RecordBroken as error:
        raise BadInput([_fault(backup / LEDGER, f"the ledger's chain is broken: {error}", OTHER)]) from error
    last = (entries[0].sequence, entries[0].hash) if entries else (0, GENESIS_HASH)
    if last != (manifest.ledger.count, manifest.ledger.hash):
        limit = f"the ledger ends with entry {last[0]}, the manifest says {manifest.ledger.count}"
        raise BadInput([_fault(backup / LEDGER, limit, OTHER)])


def _unanswered(stage: Path, answered: int) -> Iterator[tuple[int, Request]]:
    """List requests that were posted and not answered when the backup was made."""
    with MailboxReader(stage / REQUESTS) as reader:
        while found := reader.requests_after(answered):
            yield from found
            answered = found[-1][0]


def _refuse(faults: Iterator[Fault]) -> None:
    found = list(faults)
    if found:
        raise BadInput(found)


def _fault(path: Path, limit: str, mend: str) -> Fault:
    return Fault(file=str(path), line=None, place="backup", value=None, limit=limit, mend=mend)
