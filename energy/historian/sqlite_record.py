"""The record as its one writer, the controller, holds it: telemetry.sqlite in the data folder."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Self
from zoneinfo import ZoneInfo

from energy.conduct import Conduct, Score
from energy.domain import FloatArray, Outcome, Point, Reading, Status
from energy.errors import StoreUnavailable
from energy.historian.conduct_queries import ConductQueries
from energy.historian.conduct_writer import ConductWriter
from energy.historian.decision_queries import DecisionQueries
from energy.historian.decision_writer import DecisionWriter
from energy.historian.expiry import Expiry
from energy.historian.file_layout import LAYOUT
from energy.historian.flushing import LogFlusher
from energy.historian.judging import JudgingQueries, JudgingWriter
from energy.historian.limits import DEFAULT_RETENTION, Retention
from energy.historian.local_days import ZONE, keep_zone
from energy.historian.schema import FILE_NAME
from energy.historian.telemetry_queries import TelemetryQueries
from energy.historian.telemetry_writer import TelemetryWriter
from energy.ports import PlanAnswer
from energy.sqlite_file import open_writer
from energy.weather import WeatherForecast

PRUNE_EVERY = timedelta(minutes=1)
"""Controller time between two deletions of what is too old."""
CLOCK_LEAP_MAX = timedelta(days=1)
"""A clock that leaps ahead by more may be wrong: nothing is deleted until it has stood by it for as long."""


class SqliteRecord(TelemetryQueries, DecisionQueries, JudgingQueries, ConductQueries):
    """Writes and answers; what is written becomes visible to readers, and durable, with ``commit``.

    One transaction a tick. A write that fails drops everything since the last commit and leaves the record
    usable. As a context manager it commits at the end, or drops what is open after an exception, and closes
    the file.

    Args:
        folder: the data folder; made if missing.
        size_bytes_max: the file never grows over this; None leaves it to the disk.
        zone: the region's; its local days are what is rolled up. The file keeps it.
        retention: how long telemetry is kept.

    Raises:
        StoreUnavailable: locked, full or not writable; from every method.
        RecordBroken: damaged, of another version or of a region in another zone; from every method.
    """

    def __init__(
        self,
        folder: Path,
        *,
        size_bytes_max: int | None = None,
        zone: ZoneInfo = ZONE,
        retention: Retention = DEFAULT_RETENTION,
    ) -> None:
        super().__init__(open_writer(folder / FILE_NAME, LAYOUT, size_bytes_max=size_bytes_max))
        try:
            keep_zone(self._file, zone)
        except BaseException:
            self._file.close()
            raise
        self._telemetry = TelemetryWriter(self._file, zone)
        self._expiry = Expiry(self._file, retention)
        self._decisions = DecisionWriter(self._file)
        self._judging = JudgingWriter(self._file)
        self._conduct = ConductWriter(self._file)
        self._flusher = LogFlusher(folder / FILE_NAME)
        self._now: datetime | None = None
        self._pruned_at: datetime | None = None
        self._leapt_to: datetime | None = None

    def write_readings(self, readings: Sequence[Reading]) -> None:
        """Record raw samples and bring the quarter-hour means up to date."""
        with self._undone_on_failure():
            self._telemetry.write_readings(readings)

    def import_means(
        self,
        asset_id: str,
        point: Point,
        start: datetime,
        values: FloatArray,
        *,
        known_at: datetime | None = None,
    ) -> None:
        """Take quarter-hour means from elsewhere as history; NaN is left out, what was well measured stays.

        ``known_at`` is since when they are known; None means each since the end of its period.

        Raises:
            BadInput: ``start`` is no period label or there are too many values.
        """
        with self._undone_on_failure():
            self._telemetry.import_means(asset_id, point, start, values, known_at)

    def settle(self) -> None:
        """Do all upkeep that is due, however long it takes: rewrite, roll up, delete what is old."""
        with self._undone_on_failure():
            self._telemetry.settle()
            if self._now is not None:
                self._expiry.delete(self._now, everything=True)

    def write_outcomes(self, outcomes: Sequence[Outcome]) -> None:
        """Record what became of setpoints."""
        with self._undone_on_failure():
            self._decisions.write_outcomes(outcomes)

    def write_conduct(self, conduct: Sequence[Conduct], scores: Mapping[str, Score], at: datetime) -> None:
        """Record what devices do with what they are told, and add to their scores."""
        with self._undone_on_failure():
            self._conduct.write(conduct, scores, at)

    def write_plan(self, answer: PlanAnswer) -> None:
        """Record a plan and the forecasts it stands on."""
        with self._undone_on_failure():
            self._decisions.write_plan(answer)
            self._judging.write(answer)

    def write_prices(self, *, published_at: datetime, start: datetime, price_eur_per_kwh: FloatArray) -> None:
        """Record published prices of consecutive periods; NaN is left out."""
        with self._undone_on_failure():
            self._decisions.write_prices(
                published_at=published_at, start=start, price_eur_per_kwh=price_eur_per_kwh
            )

    def write_weather(self, forecast: WeatherForecast) -> None:
        """Record a weather forecast as it became known."""
        with self._undone_on_failure():
            self._decisions.write_weather(forecast)

    def write_status(self, status: Status) -> None:
        """Record the status; its moment is also what ages of things to delete are counted from."""
        with self._undone_on_failure():
            before = self._decisions.write_status(status)
        if before is not None and status.at - before > CLOCK_LEAP_MAX:
            self._leapt_to = status.at
        self._now = status.at

    def write_metrics(self, numbers: Mapping[str, float]) -> None:
        """Record what the controller counts."""
        with self._undone_on_failure():
            self._decisions.write_metrics(numbers)

    def commit(self) -> None:
        """Make everything written since the last commit visible; a power cut takes at most the last second.

        Raises:
            StoreUnavailable: also where an earlier commit did not reach the disk; this one is visible then.
        """
        if self._file.in_transaction:
            with self._undone_on_failure():
                if self._now is not None:
                    self._prune(self._now)
                self._file.commit()
            self._flusher.committed()
        trouble = self._flusher.trouble()
        if trouble is not None:
            raise StoreUnavailable(trouble)

    def rollback(self) -> None:
        """Drop everything written since the last commit."""
        self._telemetry.forget()
        self._file.rollback()

    def close(self) -> None:
        """Drop what is not committed and let the file go."""
        self._flusher.close()
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if kind is None:
                self.commit()
        finally:
            self.close()

    def _prune(self, now: datetime) -> None:
        """Delete a little of what is too old, unless the clock has just leapt ahead."""
        if self._leapt_to is not None:
            if timedelta() <= now - self._leapt_to < CLOCK_LEAP_MAX:
                return
            self._leapt_to = None
        if self._pruned_at is None or now - self._pruned_at >= PRUNE_EVERY:
            self._expiry.delete(now)
            self._decisions.prune(now)
            self._judging.prune(now)
            self._conduct.prune(now)
            self._pruned_at = now

    @contextmanager
    def _undone_on_failure(self) -> Iterator[None]:
        try:
            yield
        except BaseException:
            self.rollback()
            raise
