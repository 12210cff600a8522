"""A job: a long question to the record, asked by a person, answered by a child of the controller."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from energy.errors import Fault

JOB_ID_CHARS_MAX = 64
ACTOR_CHARS_MAX = 80
KIND_CHARS_MAX = 40
PARAMETERS_MAX = 20
PARAMETER_CHARS_MAX = 200


class JobState(StrEnum):
    """What became of a job so far."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"

    @property
    def is_over(self) -> bool:
        """Tell whether nothing more will happen to it."""
        return self in {JobState.DONE, JobState.FAILED}


@dataclass(frozen=True, slots=True, kw_only=True)
class JobRequest:
    """What is asked: a kind of the registry, its parameters as text, by whom, at the controller's time."""

    job_id: str
    kind: str
    parameters: Mapping[str, str]
    actor: str
    made_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A request with what became of it; ``reason`` says why it failed, ``run_s`` how long it ran."""

    number: int
    request: JobRequest
    state: JobState
    reason: str | None = None
    run_s: float | None = None


def faults_of(request: JobRequest) -> Iterator[Fault]:
    """Find everything that is wrong with a request by itself; the kind checks its own parameters."""
    for place, text, chars_max in (
        ("job_id", request.job_id, JOB_ID_CHARS_MAX),
        ("kind", request.kind, KIND_CHARS_MAX),
        ("actor", request.actor, ACTOR_CHARS_MAX),
        *((f"parameters.{name}", value, PARAMETER_CHARS_MAX) for name, value in request.parameters.items()),
    ):
        if not 1 <= len(text.strip()) <= chars_max or not text.isprintable():
            yield fault(place, text[:chars_max], f"1 to {chars_max} printable characters", "say it shorter")
    if len(request.parameters) > PARAMETERS_MAX:
        yield fault("parameters", len(request.parameters), f"at most {PARAMETERS_MAX}", "leave some out")
    if request.made_at.tzinfo is None:
        yield fault("made_at", str(request.made_at), "times carry their zone", "write UTC, with a Z")


def fault(place: str, value: object, limit: str, mend: str) -> Fault:
    """Make the fault of one place of a job."""
    return Fault(file="job", line=None, place=place, value=value, limit=limit, mend=mend)
