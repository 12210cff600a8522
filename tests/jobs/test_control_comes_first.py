"""Jobs give way where control needs the disk or the memory."""

import time
from pathlib import Path

from energy.job import JobRequest, JobState
from energy.jobs.record import JobRecord
from energy.jobs.supervisor import NO_ROOM, Supervisor
from energy.mailbox import FILE_NAME as REQUESTS
from energy.mailbox import Mailbox, MailboxReader
from energy.own_child import FIRST_TO_GO
from energy.region.loader import load_region
from tests.dashboard.day import NOW, prepare

SPAN = {"from": "2020-06-16T22:00Z", "to": "2020-06-17T12:00Z"}
PATIENCE_S = 30.0


def ask(mailbox: Mailbox, job_id: str) -> int:
    request = JobRequest(job_id=job_id, kind="report", parameters=SPAN, actor="A. Beck", made_at=NOW)
    return mailbox.post_job(request)


def test_a_full_disk_takes_no_job_and_a_lack_of_memory_ends_a_job_first(tmp_path: Path) -> None:
    prepare(tmp_path)
    short = [True]
    region = load_region("musterstadt").folder
    with Mailbox(tmp_path / REQUESTS) as mailbox, JobRecord(tmp_path) as record:
        reader = MailboxReader(tmp_path / REQUESTS)
        jobs = Supervisor(record, reader, region=region, folder=tmp_path, is_short=lambda: short[0])
        refused = ask(mailbox, "a")
        jobs.poll(NOW)
        found = record.job(refused)
        assert found is not None
        assert (found.state, found.reason, jobs.pid) == (JobState.FAILED, NO_ROOM, None)
        short[0] = False
        ask(mailbox, "b")
        jobs.poll(NOW)
        score = Path(f"/proc/{jobs.pid}/oom_score_adj")
        begun_s = time.monotonic()
        while score.read_text(encoding="ascii").strip() != FIRST_TO_GO:
            assert time.monotonic() - begun_s < PATIENCE_S
            time.sleep(0.01)
        jobs.close()
        reader.close()
