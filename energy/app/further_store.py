"""The store that telemetry goes to besides the local record, where the environment names one."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from energy.historian.influx.settings import settings_in
from energy.historian.influx.store import InfluxStore
from energy.ports import Clock

Notes = Callable[[datetime], Sequence[str]]


@contextmanager
def further_store(environment: Mapping[str, str], folder: Path, clock: Clock) -> Iterator[InfluxStore | None]:
    """Open the store that the environment names; None where it names none.

    A lockstep run writes to it as well, but does not hear its notes: they depend on how fast the wall's time
    and the server are, and the same seed must give the same ledger head. They are in the log all the same.

    Raises:
        BadInput: the settings are wrong.
        StoreUnavailable: the spool cannot be opened; the server need not answer.
    """
    settings = settings_in(environment)
    if settings is None:
        yield None
        return
    with InfluxStore(settings, folder, now=clock.now) as store:
        yield store


def told_by(*rooms: Notes) -> Notes:
    """Join what several rooms want people to know."""
    return lambda at: [note for notes in rooms for note in notes(at)]
