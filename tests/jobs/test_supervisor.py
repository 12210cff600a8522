"""Jobs beside the loop: one at a time, a bounded queue, and a child whose death harms nobody."""

import os
import signal
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from energy.app.job_opening import opened_jobs
from energy.errors import BadInput
from energy.job import Job, JobRequest, JobState
from energy.jobs.record import JOBS_KEPT_MAX, KEPT, JobRecord, job_reader
from energy.jobs.supervisor import FULL, QUEUE_MAX, RESTARTED, Supervisor
from energy.mailbox import FILE_NAME as REQUESTS
from energy.mailbox import Mailbox, MailboxReader
from energy.region.loader import load_region
from tests.dashboard.day import NOW, prepare

PATIENCE_S = 60.0
SPAN = {"from": "2020-06-16T22:00Z", "to": "2020-06-17T12:00Z"}


def request(number: int, **changes: object) -> JobRequest:
    made = JobRequest(job_id=f"j{number}", kind="report", parameters=SPAN, actor="A. Beck", made_at=NOW)
    return replace(made, **changes)  # type: ignore[arg-type]  # the field names are those of JobRequest


class Desk:
    """The files of a data folder with a supervisor that can be restarted."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.mailbox = Mailbox(folder / REQUESTS)
        self.region = load_region("musterstadt").folder
        self.open()

    def open(self, seconds_max: float = 60.0) -> None:
        self.record = JobRecord(self.folder)
        self.reader = MailboxReader(self.folder / REQUESTS)
        self.supervisor = Supervisor(
            self.record, self.reader, region=self.region, folder=self.folder, seconds_max=seconds_max
        )

    def close(self) -> None:
        self.supervisor.close()
        self.record.close()
        self.reader.close()

    def post(self, number: int, **changes: object) -> int:
        return self.mailbox.post_job(request(number, **changes))

    def job(self, number: int) -> Job:
        found = self.record.job(number)
        assert found is not None
        return found

    def poll_until(self, holds: Callable[[], bool]) -> None:
        begun = time.monotonic()
        while not holds():
            assert time.monotonic() - begun < PATIENCE_S, self.record.newest()
            self.supervisor.poll(NOW)
            time.sleep(0.05)


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    prepare(tmp_path)
    made = Desk(tmp_path)
    yield made
    made.close()
    made.mailbox.close()


def test_a_report_is_asked_for_and_answered(desk: Desk) -> None:
    number = desk.post(1)
    desk.poll_until(lambda: desk.record.job(number) is not None and desk.job(number).state.is_over)
    done = desk.job(number)
    assert (done.state, done.reason, done.request.actor) == (JobState.DONE, None, "A. Beck")
    assert done.run_s is not None
    with job_reader(desk.folder) as reader:
        result = reader.result(number)
    assert result is not None
    assert result["region"]["consumption_kwh"] > 0.0


def test_looking_never_waits_for_the_job(desk: Desk) -> None:
    desk.post(1)
    desk.supervisor.poll(NOW)
    seconds = []
    while desk.supervisor.pid is not None:
        begun = time.perf_counter()
        desk.supervisor.poll(NOW)
        seconds.append(time.perf_counter() - begun)
        time.sleep(0.01)
    assert len(seconds) > 10, "it ran for a while"
    assert sorted(seconds)[len(seconds) // 2] < 0.05


def test_one_runs_four_wait_and_the_next_is_refused_at_once(desk: Desk) -> None:
    numbers = [desk.post(number) for number in range(QUEUE_MAX + 3)]
    desk.supervisor.poll(NOW)
    desk.poll_until(lambda: desk.supervisor.pid is not None)
    states = [desk.job(number).state for number in numbers]
    assert states.count(JobState.RUNNING) == 1
    refused = [desk.job(number) for number in numbers if desk.job(number).state is JobState.FAILED]
    assert {job.reason for job in refused} == {FULL}
    assert states.count(JobState.QUEUED) + states.count(JobState.RUNNING) == QUEUE_MAX
    assert len(refused) == 3


def test_a_job_that_dies_is_reported_and_the_next_one_runs(desk: Desk) -> None:
    first, second = desk.post(1), desk.post(2)
    desk.poll_until(lambda: desk.supervisor.pid is not None)
    assert desk.supervisor.pid is not None
    os.kill(desk.supervisor.pid, signal.SIGKILL)
    desk.poll_until(lambda: desk.job(second).state.is_over)
    assert desk.job(first).state is JobState.FAILED
    assert "died (exit code -9)" in (desk.job(first).reason or "")
    assert desk.job(second).state is JobState.DONE


def test_a_job_past_its_time_is_ended(desk: Desk) -> None:
    desk.close()
    desk.open(seconds_max=0.2)
    number = desk.post(1)
    desk.poll_until(lambda: desk.record.job(number) is not None and desk.job(number).state.is_over)
    assert desk.job(number).reason == "it ran over 0.2 s and was ended"
    assert desk.supervisor.pid is None


def test_a_restart_reports_what_ran_and_goes_on_with_what_waited(desk: Desk) -> None:
    first, second = desk.post(1), desk.post(2)
    desk.poll_until(lambda: desk.supervisor.pid is not None)
    desk.close()
    desk.open()
    assert (desk.job(first).state, desk.job(first).reason) == (JobState.FAILED, RESTARTED)
    desk.poll_until(lambda: desk.job(second).state.is_over)
    assert desk.job(second).state is JobState.DONE


def test_what_is_wrong_with_an_order_is_the_reason(desk: Desk) -> None:
    number = desk.post(1, parameters={"from": "2020-06-16T22:00Z"})
    desk.poll_until(lambda: desk.record.job(number) is not None and desk.job(number).state.is_over)
    assert "report needs it" in (desk.job(number).reason or "")


def test_an_order_of_yesterday_is_not_carried_out(desk: Desk) -> None:
    number = desk.post(1, made_at=NOW - timedelta(hours=2))
    desk.supervisor.poll(NOW)
    assert desk.job(number).state is JobState.FAILED
    assert "more than an hour ago" in (desk.job(number).reason or "")


def test_a_nameless_order_is_not_taken(desk: Desk) -> None:
    with pytest.raises(BadInput, match="actor"):
        desk.post(1, actor=" ")
    with pytest.raises(BadInput, match="parameters"):
        desk.post(1, parameters={f"p{number}": "1" for number in range(21)})


def test_old_jobs_go_and_the_last_number_stays(tmp_path: Path) -> None:
    with JobRecord(tmp_path) as record:
        for number in range(1, JOBS_KEPT_MAX + 6):
            record.take(Job(number=number, request=request(number), state=JobState.DONE))
        record.prune(NOW)
        assert len(record.newest()) == JOBS_KEPT_MAX
        record.prune(NOW + KEPT + timedelta(days=1))
        assert [job.number for job in record.newest()] == [record.last_number()]
        assert record.last_number() == JOBS_KEPT_MAX + 5


def test_a_file_of_requests_from_before_jobs_is_brought_up_to_date(tmp_path: Path) -> None:
    path = tmp_path / REQUESTS
    with closing(sqlite3.connect(path)) as old:
        old.executescript(
            "CREATE TABLE request (sequence INTEGER PRIMARY KEY AUTOINCREMENT,"
            " request_id TEXT NOT NULL UNIQUE, body BLOB NOT NULL) STRICT;"
            "PRAGMA application_id = 0x4557524D; PRAGMA user_version = 1"
        )
    with opened_jobs(load_region("musterstadt"), tmp_path) as supervisor:
        assert supervisor is not None
        with Mailbox(path) as mailbox, MailboxReader(path) as reader:
            first = mailbox.post_job(request(1))
            assert mailbox.post_job(request(2)) == first + 1
            assert [number for number, _ in reader.jobs_after(0)] == [first, first + 1]
            assert reader.requests_after(0) == []


def test_a_broken_file_of_jobs_does_not_keep_the_controller_from_starting(tmp_path: Path) -> None:
    (tmp_path / "jobs.sqlite").write_bytes(b"no database" * 1000)
    with opened_jobs(load_region("musterstadt"), tmp_path) as supervisor:
        assert supervisor is None
