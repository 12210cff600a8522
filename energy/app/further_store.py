"""The store that telemetry goes to besides the local record, where the environment names one."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Protocol

import structlog

from energy.domain import Reading
from energy.errors import RecordBroken, StoreUnavailable
from energy.historian.influx.settings import InfluxSettings, settings_in
from energy.historian.influx.store import InfluxStore
from energy.historian.limits import DEFAULT_RETENTION, Retention
from energy.ports import Clock

SAMPLES_KEPT_BESIDE = timedelta(hours=2)
"""Raw readings in the local record where a server has them too; they go once their day is rolled up."""
Notes = Callable[[datetime], Sequence[str]]
log = structlog.get_logger(__name__)


class FurtherStore(Protocol):
    """What takes readings besides the local record, and says what is wrong with it."""

    def write_readings(self, readings: Sequence[Reading]) -> None:
        """Take samples."""
        ...

    def notes(self, at: datetime) -> Sequence[str]:
        """Say what people should know."""
        ...


class ClosedStore:
    """Stands for a spool that could not be opened: control starts without it, and says so every tick."""

    def __init__(self, why: str) -> None:
        self._why = why

    def write_readings(self, readings: Sequence[Reading]) -> None:
        """Take nothing.

        Raises:
            StoreUnavailable: always.
        """
        raise StoreUnavailable(f"{len(readings)} readings not taken: {self._why}")

    def notes(self, at: datetime) -> Sequence[str]:
        """Say nothing: each tick's readings do."""
        del at
        return ()


@contextmanager
def further_store(
    environment: Mapping[str, str], folder: Path, clock: Clock
) -> Iterator[FurtherStore | None]:
    """Open the store that the environment names; None where it names none.

    A lockstep run writes to it as well, but does not hear its notes: they depend on how fast the wall's time
    and the server are, and the same seed must give the same ledger head. They are in the log all the same.

    Raises:
        BadInput: the settings are wrong. Nothing else: the server need not answer, and no trouble with the
            spool keeps a controller from starting.
    """
    settings = settings_in(environment)
    if settings is None:
        yield None
        return
    with ExitStack() as stack:
        yield _opened(settings, folder, clock, stack)


def retention_in(environment: Mapping[str, str]) -> Retention:
    """Give how long the local record keeps raw readings: shortly, where a server has them.

    Raises:
        BadInput: the settings are wrong.
    """
    if settings_in(environment) is None:
        return DEFAULT_RETENTION
    return Retention(samples=SAMPLES_KEPT_BESIDE)


def told_by(*rooms: Notes) -> Notes:
    """Join what several rooms want people to know."""
    return lambda at: [note for notes in rooms for note in notes(at)]


def _opened(settings: InfluxSettings, folder: Path, clock: Clock, stack: ExitStack) -> FurtherStore:
    try:
        return stack.enter_context(InfluxStore(settings, folder, now=clock.now))
    except (StoreUnavailable, RecordBroken) as error:
        log.error("no reading goes to InfluxDB", why=str(error))  # noqa: TRY400 - no traceback for an operator
        return ClosedStore(str(error))
