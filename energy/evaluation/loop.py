"""The product's own controller over a window: plant and planner in this process, ticks in minutes."""

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

import numpy as np

from energy.controller.flexible import reading_age_s_max
from energy.controller.loop import Controller, Mode, Ports, TickReport
from energy.controller.memory import BilledPeak, Memory
from energy.controller.plan_keeper import PlanKeeper
from energy.controller.recorder import Recorder
from energy.devices.plant.world import World
from energy.domain import FloatArray, Image, Point, Reading, Request
from energy.errors import BadInput, Permanent, Retryable
from energy.evaluation.course import Course
from energy.evaluation.nominations import Nominate, Outlooks, nominated_by_rules, nomination_at
from energy.evaluation.plant import InProcessField
from energy.evaluation.probe import Probe
from energy.evaluation.scene import Scene
from energy.evaluation.week_record import WeekRecord
from energy.evaluation.weeks import Window, days_of
from energy.invariants import TickRecord, broken_invariants
from energy.ledger.chain import Draft
from energy.market.publication import Publications
from energy.periods import PERIOD_S
from energy.planning.desk import Desk, RulesPlanner
from energy.planning.models_at_hand import LearnedHere
from energy.planning.nomination import Nominations
from energy.planning.turn import TurnTraining
from energy.ports import PlanAnswer, Planner, PlanRequest
from energy.region.model import Region

FIRST_ANSWER = timedelta(minutes=1)
"""The first plan is taken up this soon: a controller that starts does not wait for the next tick."""
BROKEN_KEPT_MAX = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How fast a simulated loop runs; ``train_days`` is how often the forecaster learns anew."""

    tick_s: float = 300.0
    train_days: int = 1


@dataclass(slots=True, kw_only=True)
class LoopCounts:
    """What is counted tick by tick."""

    broken: list[str] = field(default_factory=list)
    broken_total: int = 0
    plan_s: list[float] = field(default_factory=list)
    rungs: Counter[str] = field(default_factory=Counter)
    ticks: int = 0

    def take(self, region: Region, world: World, report: TickReport) -> None:
        """Count one tick, and look at it from the outside."""
        tick = report.tick
        self.ticks += 1
        self.rungs[str(tick.rung)] += 1
        self.plan_s.extend(
            sum(answer.plan.wall_s.values()) for answer in report.followed.answers if answer.plan.wall_s
        )
        found = broken_invariants(
            region,
            TickRecord(
                image=tick.image,
                age_s_max=reading_age_s_max(region, tick.tick_s),
                limits=tick.limits,
                decisions=report.output.decisions,
                outcomes=report.outcomes,
                truth=world.truth(),
            ),
        )
        self.broken_total += len(found)
        self.broken = [*self.broken, *(str(item) for item in found)][:BROKEN_KEPT_MAX]


@dataclass(frozen=True, slots=True, kw_only=True)
class LoopRun:
    """What a run of the loop left behind."""

    course: Course
    counts: LoopCounts


class DeskPlanner:
    """Implements ``ports.Planner`` in this process: plans when it is asked, trains after answering."""

    def __init__(self, desk: Desk, training: TurnTraining, region: Region, *, train_days: int) -> None:
        self._desk = desk
        self._training = training
        self._zone = region.zone
        self._train_every = timedelta(days=train_days)
        self._trained_on: date | None = None
        self._answer: PlanAnswer | Retryable | Permanent | BadInput | None = None

    def start(self, request: PlanRequest) -> None:
        """Plan at once."""
        try:
            self._answer = self._desk.plan(request)
        except (Retryable, Permanent, BadInput) as error:
            self._answer = error

    def poll(self) -> PlanAnswer | None:
        """Take the answer.

        Raises:
            NoPlan: the desk has none.
        """
        answer, self._answer = self._answer, None
        if isinstance(answer, Exception):
            raise answer
        return answer

    def train_if_due(self, at: datetime) -> None:
        """Train when the days have passed, at the first moment of a local day."""
        today = at.astimezone(self._zone).date()
        if self._trained_on is None or today - self._trained_on >= self._train_every:
            self._trained_on = today
            if self._desk.asked_at is not None:
                self._training.train_if_due(self._desk.asked_at)


class NoBook:
    """Implements ``controller.recorder.Book``: nobody audits a simulation, its figures are what is kept."""

    def append_many(self, entries: Sequence[Draft]) -> None:
        """Enter nothing."""


class NoRequests:
    """Implements ``ports.RequestSource``: nobody asks for anything."""

    def requests_after(self, sequence: int) -> Sequence[tuple[int, Request]]:
        """Give none."""
        del sequence
        return ()


class Stopwatch:
    """Measures durations on the monotonic clock."""

    def __init__(self) -> None:
        self._begin = time.perf_counter()

    def seconds(self) -> float:
        """Give the seconds since it was made."""
        return time.perf_counter() - self._begin


def tick_moments(window: Window, *, tick_s: float, plan_lead_s: float) -> Iterator[datetime]:
    """Give the moments of ticks: the regular ones, and where the plan for the coming quarter hour is due.

    Args:
        window: the first tick is at its start, none at its end.
        tick_s: regular distance.
        plan_lead_s: how long before a quarter hour its plan is asked for.
    """
    offsets = {index * tick_s for index in range(int(PERIOD_S // tick_s) + 1)}
    offsets = {offset for offset in offsets if offset < PERIOD_S} | {max(0.0, PERIOD_S - plan_lead_s)}
    at = window.start
    while at < window.end:
        for offset in sorted(offsets):
            yield at + timedelta(seconds=offset)
            if at == window.start and offset == 0.0:
                yield at + FIRST_ANSWER
        at += timedelta(seconds=PERIOD_S)


def run_ours(scene: Scene, pace: Pace) -> LoopRun:
    """Run the controller with forecasts and optimisation, as it ships."""
    region = scene.region
    record = scene.record(until=scene.window.start)
    learned = LearnedHere()
    desk = Desk(region, record=record, prices=scene.prices, models=learned)
    training = TurnTraining(region, record=record, learned=learned)
    planner = DeskPlanner(desk, training, region, train_days=pace.train_days)
    nominations = Nominations(region, record)

    def nominate(image: Image, issued_at: datetime, day: Window) -> FloatArray:
        if day.start == scene.window.start:
            _nominate_first(desk, planner, record, image=image, issued_at=issued_at)
        return nominations.nominated_kw(start=day.start, periods=day.periods, known_at=issued_at)

    loop = _Loop(scene, pace, record=record, planner=planner, nominate=nominate)
    return loop.run(planner.train_if_due)


def run_rules(scene: Scene, pace: Pace, *, outlooks: Outlooks) -> LoopRun:
    """Run the controller with the shipped fallback in place of the optimiser."""

    def nominate(image: Image, issued_at: datetime, day: Window) -> FloatArray:
        return nominated_by_rules(scene, outlooks[issued_at], image=image, day=day)

    planner = RulesPlanner(scene.region, prices=scene.prices)
    record = scene.record(until=scene.window.start)
    return _Loop(scene, pace, record=record, planner=planner, nominate=nominate).run(_nobody)


def _nominate_first(
    desk: Desk, planner: DeskPlanner, record: WeekRecord, *, image: Image, issued_at: datetime
) -> None:
    """Plan the first day at noon before, from the common start state, once the forecaster has learned."""
    request = PlanRequest(
        plan_id="nomination",
        issued_at=issued_at,
        start=image.at,
        image=image,
        limits=(),
        billed_peak_kw=0.0,
    )
    desk.plan(request)
    planner.train_if_due(issued_at)
    record.write_plan(desk.plan(request))


def _nobody(_: datetime) -> None:
    """Tell nobody."""


class _Loop:
    """One run: the plant moves, the controller ticks, what was nominated is kept."""

    def __init__(
        self, scene: Scene, pace: Pace, *, record: WeekRecord, planner: Planner, nominate: Nominate
    ) -> None:
        self._scene = scene
        self._region = scene.region
        self._window = scene.window
        self._pace = pace
        self._record = record
        self._planner = planner
        self._nominate = nominate
        self._world = scene.world()
        self._field = InProcessField(scene.region, self._world, seed=scene.seed)
        self._counts = LoopCounts()

    def run(self, after_tick: Callable[[datetime], None]) -> LoopRun:
        """Run the whole window."""
        return asyncio.run(self._run(after_tick))

    async def _run(self, after_tick: Callable[[datetime], None]) -> LoopRun:
        scene = self._scene
        probe = Probe(scene.region, self._world, available_kw=scene.available_kw(), record=self._record)
        controller = self._controller()
        days = days_of(self._window, self._region.zone)
        first = Image(at=self._window.start, readings=_by_key(await self._field.read(self._window.start)))
        nominated = [self._nominate(first, nomination_at(days[0], self._region), days[0])]
        waiting = days[1:]
        moments = tick_moments(
            self._window, tick_s=self._pace.tick_s, plan_lead_s=self._region.control.plan_lead_s
        )
        for at in moments:
            probe.advance_to(at)
            report = await controller.tick(at)
            self._counts.take(self._region, self._world, report)
            after_tick(at)
            if waiting and at >= (issued_at := nomination_at(waiting[0], self._region)):
                nominated.append(self._nominate(report.tick.image, issued_at, waiting.pop(0)))
        probe.advance_to(self._window.end)
        return LoopRun(course=probe.course(np.concatenate(nominated)), counts=self._counts)

    def _controller(self) -> Controller:
        region = self._region
        period = region.market.billing_period(self._window.start.astimezone(region.zone))
        return Controller(
            region,
            mode=Mode(tick_s=self._pace.tick_s, simulated=True, speed=0.0),
            ports=Ports(
                meter=self._field,
                dispatchable=self._field,
                recorder=Recorder(self._record, NoBook()),
                requests=NoRequests(),
                prices=Publications(self._scene.prices, region.zone),
                stopwatch=Stopwatch,
            ),
            keeper=PlanKeeper(
                control=region.control,
                planner=self._planner,
                fallback=RulesPlanner(region, prices=self._scene.prices),
            ),
            memory=Memory(billed_peak=BilledPeak(period=period, power_kw=0.0)),
        )


def _by_key(readings: Sequence[Reading]) -> dict[tuple[str, Point], Reading]:
    return {(reading.asset_id, reading.point): reading for reading in readings}
