"""The data folder as this process sees it: opened when it is there, let go when it is not, never written."""

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from types import MappingProxyType
from typing import Generic, Protocol, TypeVar

from dashboard.forecasts import PlannersLook
from dashboard.picture import LedgerHead, Look, Scores
from dashboard.planners_record import ForecastBeside, Leaderboards, forecast_beside, planners_look
from dashboard.presence import Heard
from dashboard.series import ChartInput, MeansByPoint, Window
from dashboard.trainings import last_trainings
from energy.domain import Forecast, Plan, Point
from energy.errors import RecordBroken, StoreUnavailable
from energy.historian.influx.spool_file import FILE_NAME as SPOOL_NAME
from energy.historian.influx.spool_file import Tally
from energy.historian.influx.spool_reader import SpoolReader, open_spool_reader
from energy.historian.schema import FILE_NAME
from energy.historian.sqlite_reader import SqliteReader, open_reader
from energy.ledger.active_file import FILE_NAME as LEDGER_NAME
from energy.ledger.chain import Entry
from energy.ledger.corrections import open_corrections
from energy.ledger.reader import LedgerReader, ledger_reader
from energy.periods import PERIOD, period_start
from energy.ports import Means
from energy.region.model import Region

DAY, WEEK = timedelta(days=1), timedelta(days=7)
SCORES_AGE_MAX = timedelta(minutes=1)
"""Scores change by quarter hours; the running one is shown this late at most."""


PLANS_BACK = timedelta(hours=1)
"""How far back the plan of the running quarter hour was issued at most; a region plans each quarter hour."""


class Closable(Protocol):
    """A reader of a file."""

    def close(self) -> None:
        """Let the file go."""
        ...


T = TypeVar("T")
R = TypeVar("R", bound=Closable)
FileIdentity = tuple[int, int]


class Kept(Generic[R]):
    """One file, kept open while it stays the same, let go when it is deleted, replaced or broken."""

    def __init__(self, path: Path, opened: Callable[[], R]) -> None:
        self._path = path
        self._opened = opened
        self._lock = threading.Lock()
        self._reader: R | None = None
        self._identity: FileIdentity | None = None

    def ask(self, question: Callable[[R], T]) -> T:
        """Put a question to the file.

        Raises:
            StoreUnavailable: it does not exist or cannot be read now.
            RecordBroken: it is damaged or of another version.
        """
        with self._lock:
            try:
                return question(self._current())
            except (StoreUnavailable, RecordBroken):
                self._forget()
                raise

    def close(self) -> None:
        """Let the file go."""
        with self._lock:
            self._forget()

    def _current(self) -> R:
        # A deleted or replaced file stays readable through an open handle: it would show the past for ever.
        identity = _identity(self._path)
        if self._reader is None or identity != self._identity:
            self._forget()
            self._reader = self._opened()
            self._identity = identity
        return self._reader

    def _forget(self) -> None:
        if self._reader is not None:
            self._reader.close()
        self._reader = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """What is known of the controller's counts; what cannot be read is missing."""

    readable: bool
    heard: Heard | None = None
    numbers: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({}))
    head: LedgerHead | None = None
    head_at: datetime | None = None
    spool: Tally | None = None
    """How what waits for InfluxDB stands; None where no controller ever had such a server."""


class Record:
    """Answers from the record and the ledger; may be shared by threads.

    Every answer but ``look`` and ``counted`` raises StoreUnavailable or RecordBroken while its file cannot be
    read.
    """

    def __init__(self, folder: Path, *, wall_now: Callable[[], datetime]) -> None:
        self.folder = folder
        self._wall_now = wall_now
        self._telemetry = Kept[SqliteReader](folder / FILE_NAME, lambda: open_reader(folder))
        self._spool = Kept[SpoolReader](folder / SPOOL_NAME, lambda: open_spool_reader(folder))
        ledger = folder / LEDGER_NAME
        self._ledger = Kept[LedgerReader](ledger, lambda: ledger_reader(ledger))
        self._scores: tuple[datetime, Scores] | None = None
        self._leaderboards = Leaderboards()

    def look(self) -> Look:
        """Take one look; a record that cannot be read gives a look that says so."""
        try:
            return self._telemetry.ask(self._look)
        except (StoreUnavailable, RecordBroken) as error:
            return Look(trouble=str(error))

    def heard(self) -> Heard | None:
        """Give the last status and how long ago it was written."""
        return self._telemetry.ask(self._heard)

    def forecasts(self) -> Sequence[Forecast]:
        """Give the forecasts that the latest plan stands on."""

        def forecasts(reader: SqliteReader) -> Sequence[Forecast]:
            heard = self._heard(reader)
            return reader.forecasts_at(heard.status.at) if heard is not None else ()

        return self._telemetry.ask(forecasts)

    def means(self, asset_id: str, point: Point, *, start: datetime, end: datetime) -> Means:
        """Give one point's quarter-hour means."""
        return self._telemetry.ask(lambda reader: reader.means_many([asset_id], point, start, end)[asset_id])

    def chart_input(self, window: Window, now: datetime, points: Sequence[tuple[str, Point]]) -> ChartInput:
        """Collect what the charts of a window are made of."""
        return self._telemetry.ask(lambda reader: _chart_input(reader, window, now, points))

    def planners_look(self, days: int) -> PlannersLook:
        """Collect what the planners' page shows; a ledger that cannot be read shows no corrections."""

        def look(reader: SqliteReader) -> PlannersLook:
            heard = self._heard(reader)
            if heard is None:
                return PlannersLook()
            return planners_look(reader, heard.status.at, days, leaderboards=self._leaderboards)

        found = replace(self._telemetry.ask(look), trainings=last_trainings(self.folder))
        try:
            return replace(found, corrections=self._ledger.ask(open_corrections))
        except (StoreUnavailable, RecordBroken):
            return found

    def forecast_beside(self, asset_id: str, point: Point, region: Region) -> ForecastBeside | None:
        """Give an asset's latest forecast with what was measured today; None where there is none."""

        def beside(reader: SqliteReader) -> ForecastBeside | None:
            heard = self._heard(reader)
            return (
                None if heard is None else forecast_beside(reader, heard.status.at, asset_id, point, region)
            )

        return self._telemetry.ask(beside)

    def ledger_head(self) -> LedgerHead | None:
        """Give the ledger's last entry, None while it is empty."""
        return self._ledger.ask(_ledger_head)

    def counted(self) -> Counted:
        """Give what the controller counted, as far as the files can be read."""
        try:
            heard, numbers = self._telemetry.ask(lambda reader: (self._heard(reader), reader.metrics()))
        except (StoreUnavailable, RecordBroken):
            return Counted(readable=False)
        try:
            entry = self._ledger.ask(_last_entry)
        except (StoreUnavailable, RecordBroken):
            entry = None
        try:
            spool = self._spool.ask(lambda reader: reader.tally)
        except (StoreUnavailable, RecordBroken):
            spool = None
        return Counted(
            readable=True,
            spool=spool,
            heard=heard,
            numbers=numbers,
            head=LedgerHead(count=entry.sequence, hash=entry.hash) if entry is not None else None,
            head_at=entry.at if entry is not None else None,
        )

    def close(self) -> None:
        """Let the files go."""
        self._telemetry.close()
        self._spool.close()
        self._ledger.close()

    def _look(self, reader: SqliteReader) -> Look:
        heard = self._heard(reader)
        readable, head = self._ledger_look()
        plan = reader.plan_at(heard.status.at) if heard is not None else None
        return Look(
            heard=heard,
            readings=reader.latest(),
            outcomes=reader.latest_outcomes(),
            conduct=reader.latest_conduct(),
            scores=self._scores_at(reader, heard.status.at) if heard is not None else Scores(),
            plan=plan,
            plan_before=None if plan is None or heard is None else _before(reader, plan, heard.status.at),
            ledger_readable=readable,
            ledger_head=head,
        )

    def _scores_at(self, reader: SqliteReader, now: datetime) -> Scores:
        """Count a week anew at most once a minute of the controller's clock: it is long."""
        if self._scores is None or not timedelta(0) <= now - self._scores[0] < SCORES_AGE_MAX:
            day, week = (reader.scores(now - span, now + PERIOD) for span in (DAY, WEEK))
            self._scores = now, Scores(day=day, week=week)
        return self._scores[1]

    def _heard(self, reader: SqliteReader) -> Heard | None:
        found = reader.status()
        if found is None:
            return None
        status, written_at = found
        silence_s = (self._wall_now() - written_at).total_seconds()
        return Heard(status=status, silence_s=max(0.0, silence_s))

    def _ledger_look(self) -> tuple[bool, LedgerHead | None]:
        try:
            return True, self.ledger_head()
        except (StoreUnavailable, RecordBroken):
            return False, None


def _identity(path: Path) -> FileIdentity | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _ledger_head(reader: LedgerReader) -> LedgerHead | None:
    entry = _last_entry(reader)
    return LedgerHead(count=entry.sequence, hash=entry.hash) if entry is not None else None


def _last_entry(reader: LedgerReader) -> Entry | None:
    return next(iter(reader.recent(1)), None)


def _chart_input(
    reader: SqliteReader, window: Window, now: datetime, points: Sequence[tuple[str, Point]]
) -> ChartInput:
    by_point: dict[Point, list[str]] = {}
    for asset_id, point in points:
        by_point.setdefault(point, []).append(asset_id)
    means: dict[tuple[str, Point], Means] = {}
    for point, asset_ids in by_point.items():
        found: Mapping[str, Means] = reader.means_many(asset_ids, point, window.start, window.end)
        means |= {(asset_id, point): item for asset_id, item in found.items()}
    by_asset: MeansByPoint = means
    return ChartInput(
        window=window,
        now=now,
        means=by_asset,
        forecasts=reader.forecasts_at(now),
        plan=reader.plan_at(now),
        price_eur_per_kwh=reader.published_prices(start=window.start, end=window.end, known_at=now),
    )


def _before(reader: SqliteReader, plan: Plan, now: datetime) -> Plan | None:
    """Give the plan of this quarter hour where the latest begins only with the next; None elsewhere."""
    begins = period_start(now)
    if plan.start <= begins:
        return None
    earlier = [found for found in reader.plans_between(begins - PLANS_BACK, now) if found.start <= begins]
    return earlier[-1] if earlier else None
