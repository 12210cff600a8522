"""The last training of each asset's model, as the nightly training notes it below the data folder."""

from collections.abc import Mapping
from pathlib import Path

from pydantic import AwareDatetime, BaseModel, ConfigDict, ValidationError

FOLDER = "models"
FILES_MAX = 1_000
FILE_BYTES_MAX = 200_000


class Training(BaseModel):
    """One night's training of a model: when, and what became of the candidate."""

    model_config = ConfigDict(extra="ignore", frozen=True)
    known_at: AwareDatetime
    verdict: str
    reason: str = ""


class _Nights(BaseModel):
    """The nights of one asset and variant, newest first."""

    model_config = ConfigDict(extra="ignore", frozen=True)
    asset_id: str
    nights: tuple[Training, ...] = ()


def last_trainings(data_folder: Path) -> Mapping[str, Training]:
    """Give the newest training of each asset; what cannot be read is left out: nothing depends on it."""
    found: dict[str, Training] = {}
    folder = data_folder / FOLDER
    try:
        paths = sorted(folder.glob("*.json"))[:FILES_MAX]
    except OSError:
        return found
    for path in paths:
        nights = _nights(path)
        if nights is None or not nights.nights:
            continue
        newest = nights.nights[0]
        before = found.get(nights.asset_id)
        if before is None or before.known_at < newest.known_at:
            found[nights.asset_id] = newest
    return found


def _nights(path: Path) -> _Nights | None:
    try:
        if path.stat().st_size > FILE_BYTES_MAX:
            return None
        return _Nights.model_validate_json(path.read_bytes())
    except (OSError, ValidationError):
        return None
