"""The tick: measure, record, take requests, follow a plan, decide, record, dispatch.

The only part of the controller with ports. Nothing waits here but for the field, which has its own deadlines.
What leaves is in the ledger before it leaves.
"""

import dataclasses
import math
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from energy.canonical import plain
from energy.controller.corrections import PERSONAL, Corrections
from energy.controller.decide import decide
from energy.controller.flexible import reading_age_s_max
from energy.controller.found_limits import FoundLimits
from energy.controller.memory import BilledPeak, Memory
from energy.controller.overrides import Overrides
from energy.controller.plan_keeper import Followed, PlanKeeper, Situation
from energy.controller.quarter_meter import QuarterMeter
from energy.controller.recorder import Publication, Recorder, plan_drafts, tick_body
from energy.controller.taking_back import Claims
from energy.controller.tick_input import TickInput, TickOutput
from energy.domain import Image, Limit, Outcome, Point, Quality, Reading, Rung, Setpoint, Status
from energy.errors import RecordBroken, StoreUnavailable
from energy.ledger.chain import Draft
from energy.ports import Dispatchable, Meter, RequestSource
from energy.region.model import Region
from energy.weather import WeatherForecast


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Mode:
    """What kind of time the loop runs in, for the faces."""

    tick_s: float
    simulated: bool
    speed: float


class WeatherBoard(Protocol):
    """Says what weather arrived; never waits for it."""

    def arrived(self, at: datetime) -> Sequence[WeatherForecast]:
        """Take the forecasts that came since the last call."""
        ...

    def notes(self, at: datetime) -> Sequence[str]:
        """Say which weather is missing or late."""
        ...


def _no_notes(at: datetime) -> Sequence[str]:
    del at
    return ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Ports:
    """What the loop reaches the world through.

    ``field_notes`` says what the field wants people to know, such as a write budget that is nearly spent.
    """

    meter: Meter
    dispatchable: Dispatchable
    recorder: Recorder
    requests: RequestSource
    prices: PriceDesk
    stopwatch: Callable[[], Stopwatch]
    field_notes: Callable[[datetime], Sequence[str]] = _no_notes
    weather: WeatherBoard | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TickReport:
    """What one tick did, for the checks and counts of whoever runs the loop."""

    tick: TickInput
    output: TickOutput
    outcomes: tuple[Outcome, ...]
    followed: Followed
    wall_s: float


def power_kw_plausible(region: Region) -> float:
    """Give the largest exchange that any meter of the region can truly show, kW."""
    return sum(max(abs(bound) for bound in asset.power_kw_nameplate) for asset in region.members)


class Controller:
    """One region's loop; what it keeps between ticks can all be rebuilt from the record.

    ``uncommissioned`` names the assets whose point-to-point test is not recorded: they are only observed.
    ``fallback_kw`` says, by asset, what its register map says that the device falls back to by itself;
    ``latching`` names the assets whose devices keep their last value for ever. ``code_digest`` says which
    code decides, for the ledger.
    """

    def __init__(
        self,
        region: Region,
        *,
        mode: Mode,
        ports: Ports,
        keeper: PlanKeeper,
        memory: Memory,
        uncommissioned: tuple[str, ...] = (),
        fallback_kw: Mapping[str, float] | None = None,
        latching: Collection[str] = (),
        code_digest: str = "",
    ) -> None:
        self._region = region
        self._uncommissioned = uncommissioned
        self._origin = {"region_digest": region.digest, "code_digest": code_digest}
        self._mode = mode
        self._ports = ports
        self._keeper = keeper
        self._memory = memory
        self._overrides = Overrides(memory.overrides)
        self._corrections = Corrections(memory.corrections)
        self._found = FoundLimits(
            region, limits=memory.limits, sent_kw=memory.sent_kw, fallback_kw=fallback_kw
        )
        self._claims = Claims(region, claimed_kw=memory.claimed_kw, latching=latching)
        self._latest: dict[tuple[str, Point], Reading] = {}
        self._notes: list[str] = []
        self._age_s_max = reading_age_s_max(region, mode.tick_s)
        self._quarter = QuarterMeter(
            region.grid_point.id, tick_s=mode.tick_s, power_kw_max=power_kw_plausible(region)
        )

    async def tick(self, at: datetime, *, trouble: str | None = None) -> TickReport:
        """Run one tick.

        Args:
            at: the moment that the tick stands for.
            trouble: what is wrong with the time itself; then no plan is followed and safe states go out.

        Raises:
            StoreUnavailable: the ledger cannot be written; nothing was sent then, the devices' watchdogs take
            over. RecordBroken: the ledger is damaged; likewise.
        """
        watch = self._ports.stopwatch()
        room = self._ports.recorder.room(at)
        self._ports.recorder.require_ledger()
        image = await self._measure(at)
        notes, self._notes = [*self._notes, *room], []
        notes = [*notes, *self._ports.recorder.prices(self._ports.prices.published(at), at=at)]
        notes += self._weather(at)
        drafts = [*self._look_for_limits(image), *self._take_requests(image, notes)]
        asked = {request.asset_id for request in self._overrides.open_at(at)}
        notes += [*self._found.notes, *self._left(image, asked), *self._ports.field_notes(at)]
        if trouble is not None:
            self._keeper.distrust()
            notes.append(f"clock_trouble: {trouble}")
        followed, tick = self._prepare(image, notes, trusted=trouble is None)
        output = decide(self._region, tick)
        drafts.extend(plan_drafts(followed, at))
        body = tick_body(tick, output, self._state(at))
        beside = {"decided_after_s": round(watch.seconds(), 6)}
        self._ports.recorder.append([*drafts, Draft(kind="tick", at=at, body=body, beside=beside)], at=at)
        outcomes = await self._send(output, at)
        wall_s = watch.seconds()
        self._notes = self._ports.recorder.results(
            followed, outcomes, self._status(tick, output, wall_s=wall_s), judged=(tick, output)
        )
        return TickReport(tick=tick, output=output, outcomes=outcomes, followed=followed, wall_s=wall_s)

    async def hand_back(self, at: datetime) -> tuple[Outcome, ...]:
        """Leave every asset in its safe state, inside every limit that holds: none is released.

        Raises:
            StoreUnavailable: the ledger cannot be written; nothing was sent.
            RecordBroken: the ledger is damaged; likewise.
        """
        watch = self._ports.stopwatch()
        self._ports.recorder.require_ledger()
        image = await self._measure(at)
        drafts = self._look_for_limits(image)
        notes = tuple(self._left(image, ()))
        tick = dataclasses.replace(self._tick_input(image, self._limits(at), notes), overrides=())
        output = decide(self._region, tick)
        body = tick_body(tick, output, self._state(at))
        self._ports.recorder.append([*drafts, Draft(kind="hand_back", at=at, body=body)], at=at)
        outcomes = await self._send(output, at)
        handed = Draft(kind="handed_back", at=at, body={"outcomes": [plain(item) for item in outcomes]})
        self._ports.recorder.append([handed], at=at)
        self._ports.recorder.results(None, outcomes, self._status(tick, output, wall_s=watch.seconds()))
        return outcomes

    async def _measure(self, at: datetime) -> Image:
        """Read, record what was read, and freeze the latest of each point.

        An answer that did not come is bridged by the last good one until that is too old to decide; a value
        that cannot be is not bridged.
        """
        read = {(item.asset_id, item.point): _trusted(item) for item in await self._ports.meter.read(at)}
        self._notes += self._ports.recorder.readings(Image(at=at, readings=read))
        for key, reading in read.items():
            if not self._bridges(self._latest.get(key), reading):
                self._latest[key] = reading
        return Image(at=at, readings=dict(self._latest))

    def _bridges(self, before: Reading | None, now: Reading) -> bool:
        """Tell whether the last good reading still stands in for an answer that did not come."""
        if now.quality is not Quality.COMM_ERROR or before is None or before.value is None:
            return False
        return 0.0 <= (now.measured_at - before.measured_at).total_seconds() < self._age_s_max

    async def _send(self, output: TickOutput, at: datetime) -> tuple[Outcome, ...]:
        setpoints: list[Setpoint] = [
            decision.setpoint for decision in output.decisions if decision.setpoint is not None
        ]
        outcomes = tuple(await self._ports.dispatchable.apply(setpoints, at))
        self._found.take(outcomes)
        self._claims.take(outcomes)
        self._memory = dataclasses.replace(
            self._memory, outcomes=outcomes, alarms=output.alarms, behind=output.behind
        )
        return outcomes

    def _weather(self, at: datetime) -> list[str]:
        """Record what arrived, and give what people must know of it."""
        board = self._ports.weather
        if board is None:
            return []
        return [*self._ports.recorder.weather(board.arrived(at), at=at), *board.notes(at)]

    def _prepare(self, image: Image, notes: list[str], *, trusted: bool) -> tuple[Followed, TickInput]:
        limits = self._limits(image.at)
        exchange_mean_kw = self._quarter.step(image, age_s_max=self._age_s_max)
        self._remember_peak(image.at)
        known = (*limits, *self._overrides.limits_at(self._region, image.at))
        followed = self._keeper.step(
            image=image,
            limits=known,
            billed_peak_kw=self._memory.billed_peak.power_kw,
            situation=self._situation(image, known),
            corrections=self._corrections.open_at(image.at),
        )
        tick = dataclasses.replace(
            self._tick_input(image, limits, (*notes, *followed.notes)),
            plan=followed.plan if trusted else None,
            rung=followed.rung if trusted else Rung.SAFE_STATE,
            exchange_mean_kw=exchange_mean_kw,
        )
        return followed, tick

    def _tick_input(self, image: Image, limits: tuple[Limit, ...], notes: tuple[str, ...]) -> TickInput:
        return TickInput(
            image=image,
            tick_s=self._mode.tick_s,
            plan=None,
            rung=Rung.SAFE_STATE,
            limits=limits,
            overrides=self._overrides.open_at(image.at),
            exchange_mean_kw=None,
            outcomes=self._memory.outcomes,
            alarms=self._memory.alarms,
            unread=self._found.unread,
            uncommissioned=self._uncommissioned,
            behind=self._memory.behind,
            notes=notes,
        )

    def _limits(self, at: datetime) -> tuple[Limit, ...]:
        return tuple(limit for limit in self._found.limits if limit.holds_at(at))

    def _left(self, image: Image, asked: Collection[str]) -> list[str]:
        """Note what devices hold of ours that nobody asks for; the safe states owed are decided by it."""
        return self._claims.look(image, asked=asked, limits=self._limits(image.at))

    def _look_for_limits(self, image: Image) -> list[Draft]:
        found = self._found.look(image, age_s_max=self._age_s_max)
        return [Draft(kind="limit_found", at=image.at, body=plain(limit)) for limit in found]

    def _take_requests(self, image: Image, notes: list[str]) -> list[Draft]:
        drafts: list[Draft] = []
        try:
            waiting = self._ports.requests.requests_after(self._memory.request_sequence)
        except (StoreUnavailable, RecordBroken) as error:
            notes.append(f"requests_unavailable: {error}")
            return drafts
        for sequence, request in waiting:
            if request.kind in PERSONAL:
                answer = self._corrections.take(self._region, request, image.at)
            else:
                answer = self._overrides.take(self._region, request, image)
            if answer.clears_limits and not self._found.clear(request.asset_id):
                answer = dataclasses.replace(answer, text="no limit was found on the device")
            body = {"sequence": sequence, "request": plain(request), "answer": answer.text}
            drafts.append(Draft(kind="request", at=image.at, body=body))
            self._memory = dataclasses.replace(self._memory, request_sequence=sequence)
        return drafts

    def _situation(self, image: Image, limits: tuple[Limit, ...]) -> Situation:
        """What a new plan would have to take into account at once."""
        silent = {
            reading.asset_id for reading in image.readings.values() if reading.quality is Quality.COMM_ERROR
        }
        corrected = frozenset(request.request_id for request in self._corrections.open_at(image.at))
        return limits, self._ports.recorder.priced_until, frozenset(silent), corrected

    def _remember_peak(self, at: datetime) -> None:
        """The highest quarter hour of the billing period; a new year, or month, begins at zero."""
        peak, billed = self._memory.billed_peak, self._region.market.billing_period
        period = billed(at.astimezone(self._region.zone))
        if period != peak.period:
            peak = BilledPeak(period=period, power_kw=0.0)
        finished = self._quarter.finished
        if finished is not None and billed(finished.start.astimezone(self._region.zone)) == period:
            peak = dataclasses.replace(peak, power_kw=max(peak.power_kw, finished.mean_kw))
        self._memory = dataclasses.replace(self._memory, billed_peak=peak)

    def _state(self, at: datetime) -> dict[str, object]:
        """What decided, and what a restart needs besides the input; ``memory.recall`` reads that back.

        The open requests are among it: handing back decides without them and must not lose them.
        """
        return {
            **self._origin,
            "request_sequence": self._memory.request_sequence,
            "overrides": [plain(request) for request in self._overrides.open_at(at)],
            "corrections": [plain(request) for request in self._corrections.open_at(at)],
            "billed_peak": {
                "period": self._memory.billed_peak.period,
                "power_kw": self._memory.billed_peak.power_kw,
            },
            "sent_kw": {asset_id: list(values) for asset_id, values in self._found.sent_kw.items()},
            "claimed_kw": {asset_id: list(values) for asset_id, values in self._claims.claimed_kw.items()},
        }

    def _status(self, tick: TickInput, output: TickOutput, *, wall_s: float) -> Status:
        return Status(
            at=tick.image.at,
            rung=_rung_in_force(tick, output),
            plan_id=tick.plan.plan_id if tick.plan is not None else None,
            authority=self._region.authority,
            alarms=output.alarms,
            simulated=self._mode.simulated,
            speed=self._mode.speed,
            tick_ms=1000.0 * wall_s,
        )


def _rung_in_force(tick: TickInput, output: TickOutput) -> Rung:
    """A plan that no asset follows is none: where all of them are in their safe states, that is the rung."""
    safe = {alarm.target_id for alarm in output.alarms if alarm.code == "asset_in_safe_state"}
    followed = [decision for decision in output.decisions if decision.asset_id not in safe]
    silent = all(reading.value is None for reading in tick.image.readings.values())
    return tick.rung if followed and not silent else Rung.SAFE_STATE


def _trusted(reading: Reading) -> Reading:
    """Whatever a meter claims: a value that is not a finite number is none."""
    if reading.value is None or math.isfinite(reading.value):
        return reading
    return dataclasses.replace(reading, value=None, quality=Quality.IMPLAUSIBLE)
