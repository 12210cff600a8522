"""What the loop leaves behind.

Without the ledger nothing is sent; without the record control goes on and says so.
"""

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Protocol

from energy.canonical import plain
from energy.controller.counting import Counts
from energy.controller.plan_keeper import Followed
from energy.controller.scoring import conduct_of, scores_of
from energy.controller.tick_input import TickInput, TickOutput
from energy.domain import Applied, FloatArray, Image, Outcome, Reading, Status
from energy.errors import RecordBroken, StoreUnavailable
from energy.ledger.chain import Draft
from energy.periods import PERIOD
from energy.ports import ConductSink, PlanSink, StatusSink, TelemetrySink
from energy.weather import WeatherForecast

UNDELIVERED_MAX = 1000
"""Entries kept while the ledger cannot be written; a person asks for far less in a day."""
SHORT_EVERY = timedelta(minutes=1)
"""On a full disk one image in so long is recorded: people see values, and quarter-hour means are whole, since
a sample stands for two minutes (``historian.averaging.REACH_S``)."""


class Record(TelemetrySink, ConductSink, PlanSink, StatusSink, Protocol):
    """The record as the loop sees it."""

    def write_prices(self, *, published_at: datetime, start: datetime, price_eur_per_kwh: FloatArray) -> None:
        """Record published prices of consecutive periods; NaN is left out."""
        ...

    def write_weather(self, forecast: WeatherForecast) -> None:
        """Record a weather forecast."""
        ...

    def commit(self) -> None:
        """Make what was written since the last commit durable and visible."""
        ...


class FurtherStore(Protocol):
    """A store that samples go to as well; nothing that is decided depends on it."""

    def write_readings(self, readings: Sequence[Reading]) -> None:
        """Take samples."""
        ...


class Publication(Protocol):
    """Prices that became known."""

    @property
    def start(self) -> datetime:
        """Label of the first period."""
        ...

    @property
    def price_eur_per_kwh(self) -> FloatArray:
        """Shape (periods,), NaN in a gap."""
        ...

    @property
    def gaps(self) -> int:
        """How many periods have no price though they should."""
        ...


class Book(Protocol):
    """Where decisions are entered before they leave: the ledger, or nothing at all in an evaluation."""

    def append_many(self, entries: Sequence[Draft]) -> object:
        """Enter all of them or none."""
        ...


class Space(Protocol):
    """The room that there is for both."""

    @property
    def is_short(self) -> bool:
        """Tell whether only what control and people need is to be recorded."""
        ...

    def look(self, at: datetime) -> list[str]:
        """Measure it, and say what people must know."""
        ...

    def release_for(self, error: StoreUnavailable) -> bool:
        """Make room after a failed write; tell whether there is more now."""
        ...


class Recorder:
    """Writes to both; a failing record becomes a note, a failing ledger stops the tick.

    ``space`` None: nobody watches the room, and there is no reserve.
    """

    def __init__(
        self,
        record: Record,
        ledger: Book,
        *,
        further: FurtherStore | None = None,
        space: Space | None = None,
        counts: Counts | None = None,
    ) -> None:
        self._record = record
        self._further = further
        self._ledger = ledger
        self._space = space
        self._recorded_at: datetime | None = None
        self._counts = counts if counts is not None else Counts()
        self._undelivered: list[Draft] = []
        self._price_note: str | None = None
        self.priced_until: datetime | None = None
        """The moment up to which prices are known."""

    def require_ledger(self) -> None:
        """Deliver what a failing ledger did not take; before anything is read or written in the field.

        Raises:
            StoreUnavailable: it still fails. Nothing may speak to a device then, since some watchdogs are fed
            by
                reading.
        """
        if self._undelivered:
            self._with_reserve(lambda: self._ledger.append_many(self._undelivered))
            self._undelivered = []

    def room(self, at: datetime) -> list[str]:
        """Look at the room that there is, before anything is recorded; says what people must know of it."""
        return [] if self._space is None else self._space.look(at)

    def append(self, drafts: Sequence[Draft], *, at: datetime) -> None:
        """Append to the ledger; what must not be lost is kept for the next try.

        Raises:
            StoreUnavailable: it cannot be written.
            RecordBroken: it is damaged.
        """
        try:
            self._with_reserve(lambda: self._ledger.append_many(drafts))
        except (StoreUnavailable, RecordBroken) as error:
            lasting = [draft for draft in drafts if draft.kind != "tick"]
            failed = Draft(kind="ledger_failed", at=at, body={"lost": "tick"}, beside={"why": str(error)})
            self._undelivered = [*self._undelivered, *lasting, failed][-UNDELIVERED_MAX:]
            raise

    def readings(self, image: Image) -> list[str]:
        """Record what was measured and make it visible: a planner that starts now reads it.

        Where room is short, one image in ``SHORT_EVERY``.
        """
        if self._space is not None and self._space.is_short and self._is_recent(image.at):
            return []
        self._recorded_at = image.at
        readings = list(image.readings.values())

        def write() -> None:
            self._record.write_readings(readings)
            self._record.commit()

        notes = self._noted(write)
        further = self._further
        if further is not None:
            notes += self._noted(lambda: further.write_readings(readings), code="spool_unavailable")
        return notes

    def prices(self, publication: Publication | None, *, at: datetime) -> list[str]:
        """Record prices when they are published; a gap in them is a note until the next publication."""
        notes: list[str] = []
        if publication is not None:
            prices = publication.price_eur_per_kwh
            self.priced_until = publication.start + prices.size * PERIOD
            gap = f"price_gap: {publication.gaps} quarter hours have no published price"
            self._price_note = gap if publication.gaps else None

            def write() -> None:
                self._record.write_prices(published_at=at, start=publication.start, price_eur_per_kwh=prices)

            notes = self._noted(write)
        return notes if self._price_note is None else [*notes, self._price_note]

    def weather(self, forecasts: Sequence[WeatherForecast], *, at: datetime) -> list[str]:
        """Record weather that arrived: it is known from now on, and not before its issue."""
        if not forecasts:
            return []

        def write() -> None:
            for forecast in forecasts:
                known_at = max(at, forecast.issued_at)
                self._record.write_weather(dataclasses.replace(forecast, known_at=known_at))
            self._record.commit()

        return self._noted(write)

    def results(
        self,
        followed: Followed | None,
        outcomes: Sequence[Outcome],
        status: Status,
        *,
        judged: tuple[TickInput, TickOutput] | None = None,
    ) -> list[str]:
        """Record plans, outcomes and the status of a tick, and what it judged of the devices.

        Where room is short, what was applied is recorded with an image only: the ledger has it all.
        """
        is_whole = self._space is None or not self._space.is_short or self._recorded_at == status.at
        kept = [outcome for outcome in outcomes if is_whole or not isinstance(outcome, Applied)]
        self._counts.tick(followed, outcomes, status)

        def write() -> None:
            for answer in followed.answers if followed is not None else ():
                self._record.write_plan(answer)
            self._record.write_outcomes(kept)
            if judged is not None:
                self._record.write_conduct(conduct_of(*judged), scores_of(*judged), status.at)
            self._record.write_status(status)
            self._record.write_metrics(self._counts.numbers)
            self._record.commit()

        return self._noted(write)

    def _is_recent(self, at: datetime) -> bool:
        """Tell whether an image was recorded just before; a clock that went back counts as long ago."""
        return self._recorded_at is not None and timedelta() <= at - self._recorded_at < SHORT_EVERY

    def _with_reserve(self, write: Callable[[], object]) -> None:
        """Write; if the disk is full, once more on the reserve."""
        try:
            write()
        except StoreUnavailable as error:
            if self._space is None or not self._space.release_for(error):
                raise
            write()

    def _noted(self, write: Callable[[], None], *, code: str = "record_unavailable") -> list[str]:
        try:
            self._with_reserve(write)
        except (StoreUnavailable, RecordBroken) as error:
            self._counts.record_failure()
            return [f"{code}: {error}"]
        return []


def plan_drafts(followed: Followed, at: datetime) -> list[Draft]:
    """Give one entry for each new plan."""
    return [
        Draft(
            kind="plan",
            at=at,
            body={"plan": plain(answer.plan), "notes": list(answer.notes)},
            beside={"wall_s": dict(answer.plan.wall_s)},
        )
        for answer in followed.answers
    ]


def tick_body(tick: TickInput, output: TickOutput, state: Mapping[str, object]) -> dict[str, object]:
    """Give the complete input of ``decide`` (the region by its digest), its output, and the memory."""
    tick_input = {
        field.name: plain(getattr(tick, field.name))
        for field in dataclasses.fields(tick)
        if field.name != "plan"
    }
    tick_input["plan_id"] = tick.plan.plan_id if tick.plan is not None else None
    return {"input": tick_input, "output": plain(output), **state}
