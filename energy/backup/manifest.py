"""What a backup says of itself: its files with size and hash, its region, how far its ledger goes."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from energy.errors import BadInput, Fault

FILE_NAME = "manifest.json"
FORMAT = 1
MANIFEST_BYTES_MAX = 10_000_000
"""Forty thousand sealed segments; nothing larger is read."""
_CHUNK_BYTES = 1_000_000
Digest = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class FileEntry(_Part):
    """One file of the backup; ``application_id`` and ``schema_version`` are None where it is no database."""

    size_bytes: Annotated[int, Field(ge=0)]
    sha256: Digest
    application_id: int | None = None
    schema_version: int | None = None


class LedgerHead(_Part):
    """The last entry of the ledger in the backup; ``count`` 0 before the first."""

    count: Annotated[int, Field(ge=0)]
    hash: Digest


class Manifest(_Part):
    """The whole manifest, as it stands in the file."""

    format: Annotated[int, Field(ge=1)]
    made_at: datetime
    seconds: Annotated[float, Field(ge=0.0)]
    energiewaage_version: str
    sqlite_version: str
    region_id: str
    region_digest: str
    ledger: LedgerHead
    files: Mapping[str, FileEntry]


@dataclass(frozen=True, slots=True, kw_only=True)
class Hashed:
    """The size and the hash of a file's content."""

    size_bytes: int
    sha256: str


def hash_file(path: Path) -> Hashed:
    """Read a file once; raises OSError."""
    digest, size_bytes = hashlib.sha256(), 0
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK_BYTES):
            digest.update(chunk)
            size_bytes += len(chunk)
    return Hashed(size_bytes=size_bytes, sha256=digest.hexdigest())


def manifest_json(manifest: Manifest) -> str:
    """Write a manifest for people and programs."""
    return json.dumps(manifest.model_dump(mode="json"), indent=1, ensure_ascii=False) + "\n"


def read_manifest(backup: Path) -> Manifest:
    """Read the manifest of a backup.

    Raises:
        BadInput: there is none, or it is none of ours, or of a later format.
    """
    path = backup / FILE_NAME
    try:
        if path.stat().st_size > MANIFEST_BYTES_MAX:
            raise _fault(path, f"over {MANIFEST_BYTES_MAX} bytes: this is no manifest")
        manifest = Manifest.model_validate_json(path.read_bytes())
    except OSError as error:
        raise _fault(path, f"cannot be read: {error.strerror}; this is no whole backup") from error
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise _fault(path, f"this is no manifest of a backup ({place}: {first['msg']})") from error
    if manifest.format != FORMAT:
        raise _fault(path, f"format {manifest.format}; this program reads format {FORMAT}")
    for name in manifest.files:
        if not is_safe(name):
            raise _fault(path, f"{name!r} would leave the folder")
    return manifest


def is_safe(name: str) -> bool:
    """Tell whether a name stays in its folder.

    >>> is_safe("ledger/1.segment"), is_safe("../ledger.sqlite"), is_safe("/etc/passwd")
    (True, False, False)
    """
    parts = PurePosixPath(name).parts
    return bool(parts) and not name.startswith("/") and ".." not in parts and "\\" not in name


def _fault(path: Path, limit: str) -> BadInput:
    mend = "name the folder that `energiewaage backup` made, or another backup"
    return BadInput(
        [Fault(file=str(path), line=None, place="backup", value=str(path), limit=limit, mend=mend)]
    )
