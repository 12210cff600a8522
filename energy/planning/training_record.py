"""What became of each night's training: one small JSON file for an asset and variant, newest night first."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from energy.errors import RecordBroken

FOLDER = "models"
"""Below the data folder."""
NIGHTS_MAX = 60
RECORD_BYTES_MAX = 200_000
Verdict = Literal[
    "first", "accepted", "kept_old", "no_better", "too_short", "retired", "failed", "rolled_back"
]
"""``first``: there was no model, now there is. ``kept_old``: the candidate was worse than the model at work.
``no_better``: none is at work, and the candidate does not beat the rung below. ``retired``: the model at work
had become worse than that rung."""
Words = Annotated[str, Field(max_length=500)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Score(_Part):
    """Mean errors over the days that all were judged on, in kW."""

    mae_kw: float
    pinball_kw: float


class Night(_Part):
    """One training; ``scores`` by candidate, current and the rung below (its name), as far as judged."""

    known_at: datetime
    verdict: Verdict
    days: int
    days_judged: int = 0
    scores: Mapping[str, Score] = {}
    seconds: float = 0.0
    reason: Words = ""
    actor: Words = ""
    learned_by: Annotated[str, Field(max_length=64)] = ""
    """Digest of the forecaster that trained: the models of another version cannot be used."""


class TrainingRecord(_Part):
    """The nights of one asset and variant."""

    format: Literal[1] = 1
    asset_id: Annotated[str, Field(max_length=64)]
    variant: Literal["plain", "weather"]
    must_win: bool = False
    """A person put the present model back: the next one must beat it, to be no worse is not enough."""
    nights: Sequence[Night] = ()

    def with_night(self, night: Night, *, must_win: bool) -> "TrainingRecord":
        """Add a night at the front, in place of what stood there of the same moment; the oldest ones go."""
        before = [entry for entry in self.nights if entry.known_at != night.known_at]
        nights = (night, *before)[:NIGHTS_MAX]
        return self.model_copy(update={"nights": nights, "must_win": must_win})


def record_from(data: bytes) -> TrainingRecord:
    """Read a record.

    Raises:
        RecordBroken: it is none.
    """
    if len(data) > RECORD_BYTES_MAX:
        raise RecordBroken(f"a record of trainings over {RECORD_BYTES_MAX} bytes")
    try:
        return TrainingRecord.model_validate_json(data)
    except ValidationError as error:
        raise RecordBroken(f"no record of trainings: {error.errors()[0]['msg']}") from error
