"""Opens what jobs need beside the loop; whatever is wrong with it, the controller starts."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import structlog

from energy.app.data_folder import REQUESTS
from energy.errors import RecordBroken, StoreUnavailable
from energy.jobs.record import FILE_NAME, JobRecord
from energy.jobs.supervisor import Supervisor
from energy.mailbox import Mailbox, MailboxReader
from energy.region.model import Region

log = structlog.get_logger(__name__)


@contextmanager
def opened_jobs(
    region: Region, folder: Path, *, is_short: Callable[[], bool] = lambda: False
) -> Iterator[Supervisor | None]:
    """Give the supervisor, None where its files cannot be opened; ``is_short`` tells that the disk is full.

    An older file of requests is brought up to date, since the controller only reads it afterwards.
    """
    with ExitStack() as stack:
        try:
            if (folder / REQUESTS).exists():
                Mailbox(folder / REQUESTS).close()
            record = stack.enter_context(JobRecord(folder))
            mailbox = stack.enter_context(MailboxReader(folder / REQUESTS))
            supervisor = Supervisor(record, mailbox, region=region.folder, folder=folder, is_short=is_short)
        except (StoreUnavailable, RecordBroken) as error:
            log.warning("no jobs until the next start", why=str(error), file=FILE_NAME)
            yield None
            return
        stack.callback(supervisor.close)
        yield supervisor
