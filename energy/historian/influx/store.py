"""InfluxDB as the controller sees it: takes readings at once, says what is wrong with their delivery."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Self

from energy.domain import Reading
from energy.historian.influx.client import Denied
from energy.historian.influx.deliverer import CLOSE_S_MAX, Deliverer, Patience
from energy.historian.influx.settings import InfluxSettings
from energy.historian.influx.spool import Spool
from energy.historian.instants import moment_of

FILLING_SHARE = 0.8
"""Used room of the spool that people are told of: time to act before the oldest readings go."""
SHARE_STEP_PERCENT = 5
UNREACHABLE_TOLD_AFTER = timedelta(minutes=2)
"""A server that is started anew is back before."""
TOLD_FOR = timedelta(hours=24)
"""Lost and refused lines are told so long after the last one: every shift sees them once."""


class InfluxStore:
    """A spool with a deliverer behind it. A context manager that ends both.

    Args:
        settings: the server.
        folder: the data folder.
        now: the controller's clock.
        patience: with the server.

    Raises:
        StoreUnavailable: the spool cannot be opened or written; never because of the server.
        RecordBroken: the spool is damaged.
    """

    def __init__(
        self,
        settings: InfluxSettings,
        folder: Path,
        *,
        now: Callable[[], datetime],
        patience: Patience | None = None,
    ) -> None:
        self._settings = settings
        self._deliverer = Deliverer(settings, folder, now=now, patience=patience)
        self._spool = Spool(folder, bytes_max=settings.spool_bytes_max, wake=self._deliverer.wake)
        self._deliverer.start()

    def write_readings(self, readings: Sequence[Reading]) -> None:
        """Take samples; they are in the spool when this returns."""
        self._spool.write_readings(readings)

    def notes(self, at: datetime) -> Sequence[str]:
        """Say what people should know, as ``code: detail``; asks neither server nor disk."""
        return [*self._notes_of_spool(at), *self._notes_of_delivery(at)]

    def close(self, *, wait_s: float = CLOSE_S_MAX) -> None:
        """Deliver what can be delivered within ``wait_s``, and end; the rest waits for the next start."""
        self._deliverer.close(wait_s=wait_s)
        self._spool.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _notes_of_spool(self, at: datetime) -> list[str]:
        tally, notes = self._spool.tally, []
        if _lately(tally.lost_ms, at):
            notes.append(
                f"spool_full: {tally.lost_lines} readings lost so far, the oldest first."
                " Mend: bring the server back, or give the spool more room"
            )
        elif self._spool.share >= FILLING_SHARE:
            percent = int(100.0 * self._spool.share) // SHARE_STEP_PERCENT * SHARE_STEP_PERCENT
            notes.append(
                f"spool_filling: over {percent} % of {self._settings.spool_mb} MB wait."
                " Mend: bring the server back before the oldest readings are lost"
            )
        if _lately(tally.refused_ms, at):
            notes.append(
                f"telemetry_refused: {tally.refused_lines} readings set aside so far."
                " Mend: energiewaage spool REGION --refused shows them with the server's reasons"
            )
        return notes

    def _notes_of_delivery(self, at: datetime) -> list[str]:
        trouble = self._deliverer.trouble
        if trouble is None:
            return []
        since = f"since {trouble.since:%Y-%m-%d %H:%M} UTC: {trouble.cause.reason}"
        if isinstance(trouble.cause, Denied):
            return [f"telemetry_denied: {since}. Mend: check token, organisation and bucket"]
        if at - trouble.since < UNREACHABLE_TOLD_AFTER:
            return []
        return [
            f"telemetry_unreachable: {since}. Readings wait in the spool. Mend: check that the server runs"
        ]


def _lately(at_ms: int | None, now: datetime) -> bool:
    return at_ms is not None and now - moment_of(at_ms) < TOLD_FOR
