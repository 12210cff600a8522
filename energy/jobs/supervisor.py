"""Runs jobs beside the loop: polled between ticks, it starts, looks and kills, and never waits."""

from collections import deque
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import structlog

from energy.job import Job, JobRequest, JobState
from energy.jobs.child import SECONDS_MAX, Ended, JobChild
from energy.jobs.record import JobRecord
from energy.mailbox import MailboxReader

QUEUE_MAX = 4
AGE_MAX = timedelta(hours=1)
"""By the controller's clock; who asked longer ago, while nobody was there, does not wait any more."""
RESTARTED = "the controller was restarted while it ran; ask again"
FULL = f"the queue is full: {QUEUE_MAX} jobs wait already; ask again in a few minutes"
NO_ROOM = "the disk is full, and control needs the room that is left; free some there and ask again"
log = structlog.get_logger(__name__)


class Supervisor:
    """One job at a time; failures of the store are logged once and leave control alone.

    Args:
        record: where jobs are kept; the caller closes it.
        mailbox: where people ask; the caller closes it.
        region: the region folder. folder: the data folder.
        seconds_max: how long a job may run.
        is_short: tells that the disk is full; no job is taken or begun then, since results take room.
    """

    def __init__(
        self,
        record: JobRecord,
        mailbox: MailboxReader,
        *,
        region: Path,
        folder: Path,
        seconds_max: float = SECONDS_MAX,
        is_short: Callable[[], bool] = lambda: False,
    ) -> None:
        self._record = record
        self._mailbox = mailbox
        self._region = region
        self._folder = folder
        self._seconds_max = seconds_max
        self._is_short = is_short
        self._child: tuple[Job, JobChild] | None = None
        self._failing = False
        for job in record.in_state(JobState.RUNNING):
            record.change(job.number, JobState.FAILED, reason=RESTARTED)
        self._queue = deque(record.in_state(JobState.QUEUED))
        self._taken = record.last_number()

    @property
    def pid(self) -> int | None:
        """The process id of the job that runs."""
        return None if self._child is None else self._child[1].pid

    def poll(self, at: datetime) -> None:
        """Look at the job that runs, take what people asked, start the next one."""
        try:
            self._look(at)
            for number, request in self._mailbox.jobs_after(self._taken):
                self._take(number, request, at)
            self._start_next()
        except Exception as error:  # noqa: BLE001 - whatever goes wrong with a job, control goes on
            if not self._failing:
                log.warning("jobs stand still", why=f"{type(error).__name__}: {error}")
            self._failing = True
            return
        self._failing = False

    def close(self) -> None:
        """End the job that runs; the next controller reports it failed."""
        if self._child is not None:
            self._child[1].close()
            self._child = None

    def _look(self, at: datetime) -> None:
        if self._child is None:
            return
        job, child = self._child
        ended = child.poll()
        if ended is None:
            return
        self._child = None
        self._end(job, ended)
        self._record.prune(at)

    def _end(self, job: Job, ended: Ended) -> None:
        state = JobState.DONE if ended.result is not None else JobState.FAILED
        self._record.change(
            job.number, state, reason=ended.reason, run_s=round(ended.run_s, 3), result=ended.result
        )

    def _take(self, number: int, request: JobRequest | None, at: datetime) -> None:
        self._taken = number
        if request is None:
            log.warning("a job's request cannot be read", number=number)
            return
        job = Job(number=number, request=request, state=JobState.QUEUED)
        reason = self._refusal(request, at)
        if reason is not None:
            self._record.take(replace(job, state=JobState.FAILED, reason=reason))
            return
        self._record.take(job)
        self._queue.append(job)

    def _refusal(self, request: JobRequest, at: datetime) -> str | None:
        if at - request.made_at > AGE_MAX:
            return "it was asked more than an hour ago, while no controller ran; ask again"
        if self._is_short():
            return NO_ROOM
        return FULL if len(self._queue) >= QUEUE_MAX else None

    def _start_next(self) -> None:
        if self._child is not None or not self._queue or self._is_short():
            return
        job = self._queue[0]
        self._record.change(job.number, JobState.RUNNING)
        self._queue.popleft()
        try:
            child = JobChild(
                job.request,
                region=str(self._region),
                folder=str(self._folder),
                seconds_max=self._seconds_max,
            )
        except OSError as error:
            self._end(job, Ended(run_s=0.0, reason=f"its process cannot be started: {error.strerror}"))
            return
        self._child = job, child
