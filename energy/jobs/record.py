"""jobs.sqlite: every job, what became of it, and its result; the controller writes, anybody reads."""

import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from energy.canonical import canonical_bytes, decode, parse
from energy.job import Job, JobRequest, JobState
from energy.periods import format_utc
from energy.sqlite_file import HoldsFile, Layout, Row, SqliteFile, open_reader, open_writer

FILE_NAME = "jobs.sqlite"
KEPT = timedelta(days=30)
"""By the controller's clock; a result can be asked for again."""
JOBS_KEPT_MAX = 200
JOBS_PER_QUERY_MAX = 200
_COLUMNS = "number, request, state, reason, run_s"
_LAYOUT = Layout(
    application_id=0x45574A4F,
    version=1,
    synchronous="NORMAL",
    schema="""
CREATE TABLE job (number INTEGER PRIMARY KEY, made_at TEXT NOT NULL, request BLOB NOT NULL,
    state TEXT NOT NULL, reason TEXT, run_s REAL, result TEXT) STRICT;

CREATE INDEX job_state ON job (state);
""",
)


class JobReader(HoldsFile):
    """Reads jobs; raises where the file does."""

    def __init__(self, file: SqliteFile) -> None:
        super().__init__(file)

    def newest(self, limit: int = JOBS_PER_QUERY_MAX) -> Sequence[Job]:
        """Give the newest jobs, newest first."""
        rows = self._file.execute(
            f"SELECT {_COLUMNS} FROM job ORDER BY number DESC LIMIT ?",  # noqa: S608 - a constant
            (max(0, min(limit, JOBS_PER_QUERY_MAX)),),
        )
        return [_job(row) for row in rows]

    def job(self, number: int) -> Job | None:
        """Give one job."""
        rows = self._file.execute(f"SELECT {_COLUMNS} FROM job WHERE number = ?", (number,))  # noqa: S608 - a constant
        return _job(rows[0]) if rows else None

    def result(self, number: int) -> dict[str, Any] | None:
        """Give the result of a job that is done; None where there is none."""
        rows = self._file.execute("SELECT result FROM job WHERE number = ?", (number,))
        if not rows or rows[0][0] is None:
            return None
        found: dict[str, Any] = json.loads(rows[0][0])
        return found

    def in_state(self, state: JobState) -> Sequence[Job]:
        """Give the jobs of a state, oldest first."""
        rows = self._file.execute(
            f"SELECT {_COLUMNS} FROM job WHERE state = ? ORDER BY number",  # noqa: S608 - a constant
            (state,),
        )
        return [_job(row) for row in rows]

    def last_number(self) -> int:
        """Give the greatest number taken, 0 before the first."""
        rows = self._file.execute("SELECT max(number) FROM job")
        return rows[0][0] if rows[0][0] is not None else 0


class JobRecord(JobReader):
    """The one writer, the controller; every change is committed at once."""

    def __init__(self, folder: Path) -> None:
        """Open the file; a missing one is created.

        Raises:
            StoreUnavailable: locked, full or not writable.
            RecordBroken: damaged, of another kind or of another version.
        """
        super().__init__(open_writer(folder / FILE_NAME, _LAYOUT))

    def take(self, job: Job) -> None:
        """Record a new job."""
        with self._file:
            self._file.execute(
                "INSERT INTO job (number, made_at, request, state, reason, run_s) VALUES (?, ?, ?, ?, ?, ?)",
                (
                    job.number,
                    format_utc(job.request.made_at),
                    canonical_bytes(job.request),
                    job.state,
                    job.reason,
                    job.run_s,
                ),
            )

    def change(
        self,
        number: int,
        state: JobState,
        *,
        reason: str | None = None,
        run_s: float | None = None,
        result: str | None = None,
    ) -> None:
        """Record what became of a job."""
        with self._file:
            self._file.execute(
                "UPDATE job SET state = ?, reason = ?, run_s = ?, result = ? WHERE number = ?",
                (state, reason, run_s, result, number),
            )

    def prune(self, now: datetime) -> None:
        """Delete what is old or too many; the newest always stays, its number is what was taken last."""
        with self._file:
            self._file.execute(
                "DELETE FROM job WHERE number < (SELECT max(number) FROM job) AND state IN ('done', 'failed')"
                " AND (made_at < ? OR number NOT IN (SELECT number FROM job ORDER BY number DESC LIMIT ?))",
                (format_utc(now - KEPT), JOBS_KEPT_MAX),
            )


def job_reader(folder: Path) -> JobReader:
    """Open the jobs of a data folder read-only.

    Raises:
        StoreUnavailable: there are none yet, or they cannot be read now.
        RecordBroken: damaged, of another kind or of another version.
    """
    return JobReader(open_reader(folder / FILE_NAME, _LAYOUT))


def _job(row: Row) -> Job:
    number, request, state, reason, run_s = row
    return Job(
        number=number,
        request=decode(JobRequest, parse(request)),
        state=JobState(state),
        reason=reason,
        run_s=run_s,
    )
