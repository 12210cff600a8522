"""Jobs and their results for programs; asking for one is done at the command line."""

import asyncio
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, HTTPException
from fastapi import Path as InPath
from pydantic import BaseModel

from dashboard.api import UNAVAILABLE, UNKNOWN, WRONG
from dashboard.desk import Given
from energy.errors import StoreUnavailable
from energy.job import Job, JobState
from energy.jobs.record import FILE_NAME, job_reader

JOBS_SHOWN_MAX = 50
JobNumber = Annotated[int, InPath(ge=1, le=2**53, description="a number of /api/v1/jobs")]


class JobAnswer(BaseModel):
    """A job; ``reason`` says why it failed, ``run_s`` how long it ran."""

    number: int
    kind: str
    parameters: dict[str, str]
    actor: str
    made_at: datetime
    state: JobState
    reason: str | None
    run_s: float | None


class JobsAnswer(BaseModel):
    """The newest jobs, newest first."""

    jobs: list[JobAnswer]


class JobResultAnswer(BaseModel):
    """A job with its result, null unless it is done; what is in it depends on the kind."""

    job: JobAnswer
    result: dict[str, Any] | None


router = APIRouter(prefix="/api/v1", tags=["read"])


@router.get("/jobs", responses=UNAVAILABLE)
async def jobs(desk: Given) -> JobsAnswer:
    """The newest jobs with their states."""

    def newest() -> Sequence[Job]:
        if not (desk.record.folder / FILE_NAME).exists():
            return ()
        with job_reader(desk.record.folder) as reader:
            return reader.newest(JOBS_SHOWN_MAX)

    return JobsAnswer(jobs=[_answer(job) for job in await asyncio.to_thread(newest)])


@router.get("/jobs/{number}", responses=UNAVAILABLE | UNKNOWN | WRONG)
async def job(desk: Given, number: JobNumber) -> JobResultAnswer:
    """One job with its result."""

    def found() -> tuple[Job | None, dict[str, Any] | None]:
        with job_reader(desk.record.folder) as reader:
            return reader.job(number), reader.result(number)

    try:
        known, result = await asyncio.to_thread(found)
    except StoreUnavailable:
        known, result = None, None
    if known is None:
        raise HTTPException(404, f"there is no job {number}; see /api/v1/jobs")
    return JobResultAnswer(job=_answer(known), result=result)


def _answer(job: Job) -> JobAnswer:
    return JobAnswer(
        number=job.number,
        kind=job.request.kind,
        parameters=dict(job.request.parameters),
        actor=job.request.actor,
        made_at=job.request.made_at,
        state=job.state,
        reason=job.reason,
        run_s=job.run_s,
    )
