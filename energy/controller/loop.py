"""The tick: measure, record, take requests, follow a plan, decide, record, dispatch.

The only part of the controller with ports.
Nothing waits here but for the field, which has its own deadlines.
What leaves is in the ledger before it leaves.
"""

import dataclasses
import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from energy.canonical import plain
from energy.controller.decide import decide
from energy.controller.found_limits import found_limits
from energy.controller.memory import Memory
from energy.controller.overrides import Overrides
from energy.controller.plan_keeper import Followed, PlanKeeper, Situation
from energy.controller.quarter_meter import QuarterMeter
from energy.controller.tick_input import TickInput, TickOutput
from energy.controller.wishes import reading_age_s_max
from energy.domain import FloatArray, Image, Limit, Outcome, Quality, Reading, Rung, Status
from energy.errors import RecordBroken, StoreUnavailable
from energy.ledger import Draft, Ledger
from energy.periods import PERIOD
from energy.ports import Dispatchable, Meter, PlanSink, RequestSource, StatusSink, TelemetrySink
from energy.region.model import Region


class Record(TelemetrySink, PlanSink, StatusSink, Protocol):
    """The record as the loop sees it: everything of one tick is one transaction."""

    def write_prices(self, *, published_at: datetime, start: datetime, price_eur_per_kwh: FloatArray) -> None:
        """Record published prices of consecutive periods; NaN is left out."""
        ...

    def commit(self) -> None:
        """Make what was written since the last commit durable."""
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


class PriceDesk(Protocol):
    """Says when prices are published."""

    def published(self, at: datetime) -> Publication | None:
        """Give what was published since the last call."""
        ...


class Stopwatch(Protocol):
    """Measures wall seconds since it was made."""

    def seconds(self) -> float:
        """Give the seconds so far."""
        ...


class StopwatchFactory(Protocol):
    """Makes stopwatches; the composition root owns the clocks."""

    def __call__(self) -> Stopwatch:
        """Start one."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Mode:
    """What kind of time the loop runs in, for the faces."""

    tick_s: float
    simulated: bool
    speed: float


@dataclass(frozen=True, slots=True, kw_only=True)
class TickReport:
    """What one tick did, for the checks and counts of whoever runs the loop."""

    tick: TickInput
    output: TickOutput
    outcomes: tuple[Outcome, ...]
    followed: Followed
    wall_s: float


class Controller:
    """One region's loop; what it keeps between ticks can all be rebuilt from the record."""

    def __init__(
        self,
        region: Region,
        *,
        mode: Mode,
        meter: Meter,
        dispatchable: Dispatchable,
        record: Record,
        ledger: Ledger,
        requests: RequestSource,
        keeper: PlanKeeper,
        prices: PriceDesk,
        stopwatch: StopwatchFactory,
        memory: Memory,
    ) -> None:
        self._region = region
        self._mode = mode
        self._meter = meter
        self._dispatchable = dispatchable
        self._record = record
        self._ledger = ledger
        self._requests = requests
        self._keeper = keeper
        self._prices = prices
        self._price_note: str | None = None
        self._priced_until: datetime | None = None
        self._stopwatch = stopwatch
        self._memory = memory
        self._overrides = Overrides(memory.overrides)
        self._quarter = QuarterMeter(region.grid_point.id, tick_s=mode.tick_s)
        self._looked_for_limits = False

    async def tick(self, at: datetime, *, trouble: str | None = None) -> TickReport:
        """Run one tick.

        Args:
            at: the moment that the tick stands for.
            trouble: what is wrong with the time itself; then no plan is followed and safe states go out.

        Raises:
            StoreUnavailable: the ledger cannot be written; nothing was sent then, the devices' watchdogs take
            over.
        """
        watch = self._stopwatch()
        image = _image(at, await self._meter.read(at))
        notes = [*self._write_prices(at), *self._write_readings(image)]
        drafts = self._keep_found_limits(image)
        drafts.extend(self._take_requests(image, notes))
        followed, tick = self._prepare(image, notes)
        if trouble is not None:
            stopped = (*tick.notes, f"clock_trouble: {trouble}")
            tick = dataclasses.replace(tick, plan=None, rung=Rung.SAFE_STATE, notes=stopped)
        output = decide(self._region, tick)
        drafts.extend(_plan_drafts(followed, at))
        drafts.append(self._tick_draft(tick, output, wall_s=watch.seconds()))
        self._ledger.append_many(drafts)
        setpoints = [decision.setpoint for decision in output.decisions if decision.setpoint is not None]
        outcomes = tuple(await self._dispatchable.apply(setpoints, at))
        self._memory = dataclasses.replace(self._memory, outcomes=outcomes, alarms=output.alarms)
        wall_s = watch.seconds()
        self._write_results(followed, tick, output, outcomes, wall_s=wall_s)
        return TickReport(tick=tick, output=output, outcomes=outcomes, followed=followed, wall_s=wall_s)

    async def hand_back(self, at: datetime) -> tuple[Outcome, ...]:
        """Leave every asset in its safe state, inside every limit that holds: none is released."""
        image = _image(at, await self._meter.read(at))
        tick = TickInput(
            image=image,
            tick_s=self._mode.tick_s,
            plan=None,
            rung=Rung.SAFE_STATE,
            limits=self._memory.limits,
            overrides=(),
            exchange_mean_kw=None,
            outcomes=self._memory.outcomes,
            alarms=self._memory.alarms,
            notes=(),
        )
        output = decide(self._region, tick)
        body = _tick_body(tick, output, request_sequence=self._memory.request_sequence)
        self._ledger.append_many([Draft(kind="hand_back", at=at, body=body)])
        setpoints = [decision.setpoint for decision in output.decisions if decision.setpoint is not None]
        return tuple(await self._dispatchable.apply(setpoints, at))

    def _prepare(self, image: Image, notes: list[str]) -> tuple[Followed, TickInput]:
        age_s_max = reading_age_s_max(self._region, self._mode.tick_s)
        exchange_mean_kw = self._quarter.step(image, age_s_max=age_s_max)
        self._remember_peak()
        limits = tuple(limit for limit in self._memory.limits if limit.holds_at(image.at))
        followed = self._keeper.step(
            image=image,
            limits=limits,
            billed_peak_kw=self._memory.billed_peak_kw,
            situation=self._situation(image, limits),
        )
        tick = TickInput(
            image=image,
            tick_s=self._mode.tick_s,
            plan=followed.plan,
            rung=followed.rung,
            limits=limits,
            overrides=self._overrides.open_at(image.at),
            exchange_mean_kw=exchange_mean_kw,
            outcomes=self._memory.outcomes,
            alarms=self._memory.alarms,
            notes=(*notes, *followed.notes),
        )
        return followed, tick

    def _write_prices(self, at: datetime) -> list[str]:
        """Record prices when they are published; a gap in them stays an alarm until the next publication."""
        publication = self._prices.published(at)
        if publication is not None:
            prices = publication.price_eur_per_kwh
            self._priced_until = publication.start + prices.size * PERIOD
            gap = f"price_gap: {publication.gaps} quarter hours have no published price"
            self._price_note = gap if publication.gaps else None
            try:
                self._record.write_prices(published_at=at, start=publication.start, price_eur_per_kwh=prices)
            except StoreUnavailable as error:
                return [f"record_unavailable: {error}"]
        return [self._price_note] if self._price_note is not None else []

    def _situation(self, image: Image, limits: tuple[Limit, ...]) -> Situation:
        """What a new plan would have to take into account at once."""
        silent = {
            reading.asset_id for reading in image.readings.values() if reading.quality is Quality.COMM_ERROR
        }
        return limits, self._priced_until, frozenset(silent)

    def _remember_peak(self) -> None:
        finished = self._quarter.finished
        if finished is not None and finished[1] > self._memory.billed_peak_kw:
            self._memory = dataclasses.replace(self._memory, billed_peak_kw=finished[1])

    def _take_requests(self, image: Image, notes: list[str]) -> list[Draft]:
        drafts: list[Draft] = []
        try:
            waiting = self._requests.requests_after(self._memory.request_sequence)
        except (StoreUnavailable, RecordBroken) as error:
            notes.append(f"requests_unavailable: {error}")
            return drafts
        for sequence, request in waiting:
            answer = self._overrides.take(self._region, request, image)
            if answer.clears_limits:
                kept = tuple(limit for limit in self._memory.limits if limit.target_id != request.asset_id)
                self._memory = dataclasses.replace(self._memory, limits=kept)
            body = {"sequence": sequence, "request": plain(request), "answer": answer.text}
            drafts.append(Draft(kind="request", at=image.at, body=body))
            self._memory = dataclasses.replace(self._memory, request_sequence=sequence)
        return drafts

    def _keep_found_limits(self, image: Image) -> list[Draft]:
        """At the first tick, before anything is written: what stands on the devices that is not ours."""
        if self._looked_for_limits:
            return []
        self._looked_for_limits = True
        ours: dict[str, list[float]] = {}
        for asset_id, power_kw in self._memory.sent_kw:
            ours.setdefault(asset_id, []).append(power_kw)
        age_s_max = reading_age_s_max(self._region, self._mode.tick_s)
        known = {limit.limit_id for limit in self._memory.limits}
        found = tuple(
            limit
            for limit in found_limits(self._region, image, ours=ours, age_s_max=age_s_max)
            if limit.limit_id not in known
        )
        self._memory = dataclasses.replace(self._memory, limits=(*self._memory.limits, *found))
        return [Draft(kind="limit_found", at=image.at, body=plain(limit)) for limit in found]

    def _write_readings(self, image: Image) -> list[str]:
        """Record what was measured and make it visible: the planner that starts now reads it."""
        try:
            self._record.write_readings(list(image.readings.values()))
            self._record.commit()
        except StoreUnavailable as error:
            return [f"record_unavailable: {error}"]
        return []

    def _write_results(
        self,
        followed: Followed,
        tick: TickInput,
        output: TickOutput,
        outcomes: Sequence[Outcome],
        *,
        wall_s: float,
    ) -> None:
        """Record what came of it. The record may fail: control goes on, the next tick's note says so."""
        status = Status(
            at=tick.image.at,
            rung=tick.rung,
            plan_id=tick.plan.plan_id if tick.plan is not None else None,
            authority=self._region.authority,
            alarms=output.alarms,
            simulated=self._mode.simulated,
            speed=self._mode.speed,
            tick_ms=1000.0 * wall_s,
        )
        try:
            for answer in followed.answers:
                self._record.write_plan(answer)
            self._record.write_outcomes(outcomes)
            self._record.write_status(status)
            self._record.commit()
        except StoreUnavailable:
            return

    def _tick_draft(self, tick: TickInput, output: TickOutput, *, wall_s: float) -> Draft:
        body = _tick_body(tick, output, request_sequence=self._memory.request_sequence)
        body["billed_peak_kw"] = self._memory.billed_peak_kw
        return Draft(kind="tick", at=tick.image.at, body=body, beside={"decided_after_s": round(wall_s, 6)})


def _image(at: datetime, readings: Sequence[Reading]) -> Image:
    return Image(
        at=at, readings={(reading.asset_id, reading.point): _trusted(reading) for reading in readings}
    )


def _trusted(reading: Reading) -> Reading:
    """Whatever a meter claims: a value that is not a finite number is none."""
    if reading.value is None or math.isfinite(reading.value):
        return reading
    return dataclasses.replace(reading, value=None, quality=Quality.IMPLAUSIBLE)


def _plan_drafts(followed: Followed, at: datetime) -> list[Draft]:
    return [
        Draft(
            kind="plan",
            at=at,
            body={"plan": plain(answer.plan), "notes": list(answer.notes)},
            beside={"wall_s": dict(answer.plan.wall_s)},
        )
        for answer in followed.answers
    ]


def _tick_body(tick: TickInput, output: TickOutput, *, request_sequence: int) -> dict[str, object]:
    """The complete input of ``decide`` besides the region (see the start entry), and its output."""
    tick_input = {
        field.name: plain(getattr(tick, field.name))
        for field in dataclasses.fields(tick)
        if field.name != "plan"
    }
    tick_input["plan_id"] = tick.plan.plan_id if tick.plan is not None else None
    return {"input": tick_input, "output": plain(output), "request_sequence": request_sequence}
