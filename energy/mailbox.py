"""What people ask of the controller: written by the dashboard and the command line, read by the controller.

The controller copies each request into its ledger with its answer, so nothing is ever taken out here.
"""

import math
import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Self

import structlog

from energy.canonical import canonical_bytes, decode, parse
from energy.correction import faults_of as faults_of_correction
from energy.domain import Request, RequestKind
from energy.errors import BadInput, Fault, RecordBroken, StoreUnavailable
from energy.job import JobRequest
from energy.job import faults_of as faults_of_job
from energy.sqlite_file import HoldsFile, Layout, SqliteFile, open_reader, open_writer

FILE_NAME = "requests.sqlite"
UNTIL_MAX = timedelta(hours=24)
"""An override ends by itself within a day; whoever still needs it then asks again."""
POWER_KW_MAX = 10_000_000.0
"""The largest power a region file may name."""
ACTOR_CHARS_MAX = 80
REASON_CHARS_MAX = 500
REQUEST_ID_CHARS_MAX = 64
REQUESTS_PER_TAKE_MAX = 100
"""More than a tick can answer; the rest follows with the next one."""
NUMBERS_COUNT_FROM = datetime(2020, 1, 1, tzinfo=UTC)
"""A new file's numbers begin with the milliseconds since then, so that one that replaces a lost one goes on
above what the controller has answered: nobody asks a thousand times a second."""
_ASSET_ID = re.compile(r"[a-z][a-z0-9_]{0,47}")
_JOBS = """
CREATE TABLE job (sequence INTEGER PRIMARY KEY AUTOINCREMENT, job_id TEXT NOT NULL UNIQUE,
    body BLOB NOT NULL) STRICT;
"""
"""Since version 2: jobs, with numbers of their own."""
_LAYOUT = Layout(
    application_id=0x4557524D,
    version=2,
    synchronous="FULL",
    schema=f"""
CREATE TABLE request (sequence INTEGER PRIMARY KEY AUTOINCREMENT, request_id TEXT NOT NULL UNIQUE,
    body BLOB NOT NULL) STRICT;

{_JOBS}""",
    upgrades={1: _JOBS},
)


class Mailbox(HoldsFile):
    """Takes requests; several processes may hold one open at a time."""

    def __init__(self, path: Path) -> None:
        """Open the file; a missing one is created.

        Raises:
            StoreUnavailable: locked, full or not writable.
            RecordBroken: damaged, of another kind or of another version.
        """
        super().__init__(open_writer(path, _LAYOUT))

    def post(self, request: Request) -> int:
        """Record a request durably and give its sequence number; the same one again gives the same number.

        Raises:
            BadInput: with everything that is wrong with it.
            StoreUnavailable: the file is locked or full; nothing was recorded.
        """
        faults = [*faults_of(request)]
        if faults:
            raise BadInput(faults)
        body = canonical_bytes(request)
        with self._file:
            known = self._file.execute(
                "SELECT sequence, body FROM request WHERE request_id = ?", (request.request_id,)
            )
            if known and known[0][1] != body:
                raise BadInput(
                    [
                        _fault(
                            "request_id",
                            request.request_id,
                            "another request has it",
                            "give each request its own id",
                        )
                    ]
                )
            if known:
                return int(known[0][0])
            numbered = self._file.execute("SELECT 1 FROM sqlite_sequence WHERE name = 'request'")
            rows = self._file.execute(
                "INSERT INTO request (sequence, request_id, body) VALUES (?, ?, ?) RETURNING sequence",
                (None if numbered else _first_number(request), request.request_id, body),
            )
        return int(rows[0][0])

    def post_job(self, job: JobRequest) -> int:
        """Record a job's request durably and give its number.

        Raises:
            BadInput: with everything that is wrong with it.
            StoreUnavailable: the file is locked or full; nothing was recorded.
        """
        faults = [*faults_of_job(job)]
        if faults:
            raise BadInput(faults)
        with self._file:
            numbered = self._file.execute("SELECT 1 FROM sqlite_sequence WHERE name = 'job'")
            rows = self._file.execute(
                "INSERT INTO job (sequence, job_id, body) VALUES (?, ?, ?) RETURNING sequence",
                (None if numbered else _first_number(job), job.job_id, canonical_bytes(job)),
            )
        return int(rows[0][0])


class MailboxReader:
    """The controller's side: read-only; as long as there is no file there are no requests."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: SqliteFile | None = None
        self._identity: tuple[int, int] | None = None
        self._seen = self._worthless = 0
        """After the first of these numbers nothing can be read up to the second."""
        self._told = 0
        """Numbers up to this one that cannot be read have been logged."""

    def requests_after(self, sequence: int) -> Sequence[tuple[int, Request]]:
        """Give requests with a greater sequence number, in order, at most REQUESTS_PER_TAKE_MAX.

        What cannot be read as a request, or could not have been posted, is logged once and left out.

        Raises:
            StoreUnavailable: the file exists but cannot be read now.
            RecordBroken: it is damaged, or not a mailbox.
        """
        file = self._open()
        if file is None:
            return []
        after = self._worthless if sequence == self._seen else sequence
        while True:
            rows = file.execute(
                "SELECT sequence, body FROM request WHERE sequence > ? ORDER BY sequence LIMIT ?",
                (after, REQUESTS_PER_TAKE_MAX),
            )
            found = [(number, request) for number, body in rows if (request := self._read(number, body))]
            if found or not rows:
                return found
            after = self._worthless = rows[-1][0]
            self._seen = sequence

    def jobs_after(self, sequence: int) -> Sequence[tuple[int, JobRequest | None]]:
        """Give jobs with a greater number, in order, at most REQUESTS_PER_TAKE_MAX; None is none of ours.

        Raises:
            StoreUnavailable: the file exists but cannot be read now.
            RecordBroken: it is damaged, or not a mailbox.
        """
        file = self._open()
        if file is None:
            return []
        rows = file.execute(
            "SELECT sequence, body FROM job WHERE sequence > ? ORDER BY sequence LIMIT ?",
            (sequence, REQUESTS_PER_TAKE_MAX),
        )
        return [(number, _read_job(body)) for number, body in rows]

    def _open(self) -> SqliteFile | None:
        """Give the file that is there now; one that was replaced is opened anew."""
        try:
            stat = self._path.stat()
        except FileNotFoundError:
            self.close()
            return None
        except OSError as error:
            raise StoreUnavailable(f"{self._path}: {error.strerror}. Mend: check its permissions") from error
        identity = stat.st_dev, stat.st_ino
        if self._file is None or identity != self._identity:
            self.close()
            self._file = open_reader(self._path, _LAYOUT)
            self._identity = identity
            self._seen = self._worthless = self._told = 0
        return self._file

    def _read(self, sequence: int, body: bytes) -> Request | None:
        """Read what was posted; None, and a line in the log, where it is none of ours."""
        try:
            request = decode(Request, parse(body))
            faults = [str(fault) for fault in faults_of(request)]
        except (RecordBroken, ValueError, TypeError, OverflowError, RecursionError) as error:
            faults = [str(error)]
        if not faults:
            return request
        if sequence > self._told:
            self._told = sequence
            structlog.get_logger("energy.mailbox").warning(
                "request_unreadable", sequence=sequence, reason="; ".join(faults)[:REASON_CHARS_MAX]
            )
        return None

    def close(self) -> None:
        """Let the file go."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def faults_of(request: Request) -> Iterator[Fault]:
    """Find everything that is wrong with a request by itself; whether the asset exists is not known here."""
    for place, text, chars_max in (
        ("request_id", request.request_id, REQUEST_ID_CHARS_MAX),
        ("actor", request.actor, ACTOR_CHARS_MAX),
        ("reason", request.reason, REASON_CHARS_MAX),
    ):
        if not 1 <= len(text.strip()) <= chars_max:
            yield _fault(place, text[:chars_max], f"1 to {chars_max} characters", "say it in a few words")
        elif not text.isascii() and _has_surrogate(text):
            yield _fault(place, repr(text), "no valid Unicode text", "type it again")
    if not _ASSET_ID.fullmatch(request.asset_id):
        yield _fault(
            "asset_id",
            request.asset_id,
            "an id has small letters, digits and _",
            "name an asset of the region",
        )
    yield from _faults_of_power(request)
    if request.kind is RequestKind.CORRECT:
        yield from faults_of_correction(request.correction, made_at=request.made_at, until=request.until)
        return
    if request.kind is RequestKind.WITHDRAW and not request.withdraws:
        yield _fault("withdraws", request.withdraws, "withdraw needs a correction", "name the id of one")
    yield from _faults_of_end(request)


def _read_job(body: bytes) -> JobRequest | None:
    try:
        job = decode(JobRequest, parse(body))
        return None if [*faults_of_job(job)] else job
    except (RecordBroken, ValueError, TypeError, OverflowError, RecursionError):
        return None


def _first_number(request: Request | JobRequest) -> int:
    return max(1, (request.made_at - NUMBERS_COUNT_FROM) // timedelta(milliseconds=1))


def _has_surrogate(text: str) -> bool:
    return any("\ud800" <= character <= "\udfff" for character in text)


def _faults_of_power(request: Request) -> Iterator[Fault]:
    if request.kind is not RequestKind.SET:
        if request.power_kw is not None:
            yield _fault(
                "power_kw", request.power_kw, f"{request.kind} takes no power", "leave it out, or use set"
            )
        return
    if request.power_kw is None or not math.isfinite(request.power_kw):
        yield _fault("power_kw", request.power_kw, "set needs a finite power in kW", "name a number")
    elif abs(request.power_kw) > POWER_KW_MAX:
        yield _fault(
            "power_kw", request.power_kw, f"at most {POWER_KW_MAX:.0f} kW either way", "check the unit"
        )


def _faults_of_end(request: Request) -> Iterator[Fault]:
    if request.made_at.tzinfo is None or (request.until is not None and request.until.tzinfo is None):
        yield _fault("until", request.until, "times carry their zone", "write UTC, with a Z")
        return
    if request.until is None:
        if request.kind in {RequestKind.SET, RequestKind.HOLD}:
            yield _fault("until", None, f"{request.kind} needs an end", "name a time within 24 h")
        return
    if not request.made_at < request.until <= request.made_at + UNTIL_MAX:
        yield _fault(
            "until",
            request.until.isoformat(),
            f"after {request.made_at.isoformat()} and at most {UNTIL_MAX.total_seconds() / 3600:.0f} h later",
            "name a time within it",
        )


def _fault(place: str, value: object, limit: str, mend: str) -> Fault:
    return Fault(file="request", line=None, place=place, value=value, limit=limit, mend=mend)
