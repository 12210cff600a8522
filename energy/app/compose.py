"""Puts the controller's process together: field, record, ledger, planner, loop."""

import dataclasses
import os
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from importlib.metadata import version
from pathlib import Path

import structlog

from energy.app.clock import Stopwatch, wall_now
from energy.app.commissioning_record import uncommissioned, with_tests
from energy.app.data_folder import LEDGER, REQUESTS, only_controller
from energy.app.disk_space import DiskSpace
from energy.app.further_store import further_store, retention_in, told_by
from energy.app.job_opening import opened_jobs
from energy.app.ledger_rules import ledger_rules
from energy.app.own_code import code_digest
from energy.app.record_opening import opened_record
from energy.app.simulated_field import require_simulated
from energy.app.weather_opening import Pace, opened_weather
from energy.controller.counting import Counts
from energy.controller.loop import Controller, Mode, Ports, WeatherBoard, power_kw_plausible
from energy.controller.memory import recall
from energy.controller.plan_keeper import PlanKeeper
from energy.controller.recorder import Recorder
from energy.devices.field import ModbusField
from energy.devices.field_settings import FieldSettings
from energy.devices.map_library import latching_assets, maps_of
from energy.devices.modbus import Patience
from energy.devices.register_map import RegisterMap
from energy.devices.tls import files_named_in
from energy.devices.write_budget import WriteBudget
from energy.devices.write_budget_file import FILE_NAME as FIELD
from energy.devices.write_budget_file import CountInFile
from energy.devices.write_limits import fallbacks_kw
from energy.domain import Plan
from energy.errors import BadInput, Fault
from energy.historian.set_aside import notes_of_asides
from energy.historian.sqlite_record import SqliteRecord
from energy.jobs.supervisor import Supervisor
from energy.ledger.upkeep import RETENTION_DEFAULT, Upkeep
from energy.ledger.writer import Ledger
from energy.mailbox import MailboxReader
from energy.market.day_ahead import DayAheadPrices
from energy.market.publication import Publications
from energy.planning.child import PlannerProcess
from energy.planning.desk import RulesPlanner
from energy.planning.worker import IN_TURN
from energy.ports import Clock, PlanAnswer, Planner, PlanRequest
from energy.region.history import RegionHistory
from energy.region.model import Region

PLANNER_SLACK_S = 60.0
"""On top of the solver's own limit: forecasts, the first compilation, a training that is under way."""
LOCKSTEP_SLACK_S = 300.0
"""Lockstep waits for its planner; this only ends a run that hangs."""
LOCKSTEP_TAKES = timedelta(seconds=60)
"""Simulated time that planning takes in lockstep."""
IN_LOCKSTEP = FieldSettings(retry="in_tick", backoff_s_min=60.0, backoff_s_max=600.0)
"""A silent device is tried again at simulated moments, so that the same seed gives the same run."""
TICK_PLACE = "control.tick_s"
"""Where a pace that a device does not bear is a fault (``energy.devices.write_limits``)."""
log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plant:
    """What a simulated run is started with, None in real operation."""

    speed: float
    lockstep: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """A controller ready to run, with what its runner must see."""

    controller: Controller
    record: SqliteRecord
    ledger: Ledger
    upkeep: Upkeep
    planner: PlannerProcess
    waiting: "LockstepPlanner"
    counts: Counts
    jobs: Supervisor | None
    """None in lockstep, which nothing beside it may disturb."""


@asynccontextmanager
async def controller_of(
    region: Region,
    *,
    folder: Path,
    clock: Clock,
    tick_s: float,
    simulated: Plant | None,
    ledger_kept: timedelta = RETENTION_DEFAULT,
    scheduler: str | None = None,
) -> AsyncIterator[Parts]:
    """Open everything that a controller needs, and close it in the right order.

    Raises:
        BadInput: another controller runs on the folder, a register map is wrong or does not bear the tick, or
            the time is simulated and a device is not.
        StoreUnavailable: a file cannot be opened.
    """
    maps = _maps_at(region, tick_s, simulated)
    async with AsyncExitStack() as stack:
        stack.enter_context(only_controller(folder))
        now = clock.now()
        lockstep = simulated is not None and simulated.lockstep
        space = _space(folder, now, simulated)
        opened = opened_record(folder, region, now, retention=retention_in(os.environ))
        record = stack.enter_context(opened.record)
        ledger, upkeep = _ledger(stack, folder, space, lockstep=lockstep, kept=ledger_kept)
        store = stack.enter_context(further_store(os.environ, folder, clock))
        told = [store.notes] if store is not None and not lockstep else []
        budget = WriteBudget(stack.enter_context(CountInFile(folder / FIELD)))
        field = ModbusField(region, maps, _settings(region, tick_s, simulated), now=clock.now, budget=budget)
        stack.push_async_callback(field.close)
        planner = _planner(region, folder, lockstep=lockstep, scheduler=scheduler)
        stack.callback(planner.close)
        waiting = LockstepPlanner(planner, clock, takes=LOCKSTEP_TAKES)
        _record_start(ledger, region, now, tick_s, simulated=simulated is not None)
        prices = DayAheadPrices(region, RegionHistory(region))
        memory = recall(ledger, billed_peak=opened.peak, power_kw_max=power_kw_plausible(region))
        counts = Counts(record.metrics())
        controller = Controller(
            region,
            mode=_mode(tick_s, simulated),
            ports=Ports(
                meter=field,
                dispatchable=field,
                recorder=Recorder(record, ledger, further=store, space=space, counts=counts),
                requests=stack.enter_context(MailboxReader(folder / REQUESTS)),
                prices=Publications(prices, region.zone),
                stopwatch=Stopwatch,
                weather=_weather(stack, region, record, clock, counts, simulated),
                field_notes=told_by(budget.notes, upkeep.notes, lambda _at: notes_of_asides(folder), *told),
            ),
            keeper=_keeper(region, waiting if lockstep else planner, prices, last_plan=opened.last_plan),
            memory=with_tests(memory, ledger),
            uncommissioned=_untested(region, maps, ledger, simulated),
            fallback_kw=fallbacks_kw(region, maps),
            latching=latching_assets(region, maps),
            code_digest=code_digest(),
        )
        yield Parts(
            controller=controller,
            record=record,
            ledger=ledger,
            upkeep=upkeep,
            planner=planner,
            waiting=waiting,
            counts=counts,
            jobs=_jobs(stack, region, folder, space, lockstep=lockstep),
        )


def _weather(  # noqa: PLR0917 - one owner each
    stack: AsyncExitStack,
    region: Region,
    record: SqliteRecord,
    clock: Clock,
    counts: Counts,
    simulated: Plant | None,
) -> WeatherBoard | None:
    """Start fetching the weather, if the region asks for it."""
    pace: Pace = "live" if simulated is None else "lockstep" if simulated.lockstep else "simulated"
    return opened_weather(stack, region, record, clock, os.environ, tally=counts, pace=pace)


def _ledger(
    stack: AsyncExitStack, folder: Path, space: DiskSpace | None, *, lockstep: bool, kept: timedelta
) -> tuple[Ledger, Upkeep]:
    """Open the ledger with what seals and ends its segments."""
    ledger = stack.enter_context(Ledger(folder / LEDGER, beside_kept=not lockstep))
    rules = ledger_rules(os.environ, lockstep=lockstep, kept=kept)
    upkeep = Upkeep(ledger, rules, is_short=_is_short(space))
    return ledger, stack.enter_context(upkeep)


def _jobs(
    stack: AsyncExitStack, region: Region, folder: Path, space: DiskSpace | None, *, lockstep: bool
) -> Supervisor | None:
    if lockstep:
        return None
    return stack.enter_context(opened_jobs(region, folder, is_short=_is_short(space)))


def _is_short(space: DiskSpace | None) -> Callable[[], bool]:
    return lambda: space is not None and space.is_short


def _mode(tick_s: float, simulated: Plant | None) -> Mode:
    speed = simulated.speed if simulated is not None else 1.0
    return Mode(tick_s=tick_s, simulated=simulated is not None, speed=speed)


def _keeper(
    region: Region, planner: Planner, prices: DayAheadPrices, *, last_plan: Plan | None
) -> PlanKeeper:
    return PlanKeeper(
        control=region.control,
        planner=planner,
        fallback=RulesPlanner(region, prices=prices),
        plans=[last_plan] if last_plan is not None else [],
    )


class LockstepPlanner:
    """Planning takes a fixed simulated time, however long it takes on the wall."""

    def __init__(self, planner: Planner, clock: Clock, *, takes: timedelta) -> None:
        self._planner = planner
        self._clock = clock
        self._takes = takes
        self._due: datetime | None = None
        self.waited_s = 0.0
        """Wall seconds spent waiting for answers: no tick in operation does that."""

    def start(self, request: PlanRequest) -> None:
        """Begin; see ``ports.Planner``."""
        self._planner.start(request)
        self._due = request.issued_at + self._takes

    def poll(self) -> PlanAnswer | None:
        """Give nothing before its time, then wait for the answer; see ``ports.Planner``."""
        if self._due is None or self._clock.now() < self._due:
            return None
        self._due = None
        watch = Stopwatch()
        try:
            return self._planner.poll()
        finally:
            self.waited_s += watch.seconds()


def _settings(region: Region, tick_s: float, simulated: Plant | None) -> FieldSettings:
    """Give the field's limits; what the region says of them counts on the wall, however fast time goes."""
    tls, control = files_named_in(os.environ), region.control
    if simulated is not None and simulated.lockstep:
        return dataclasses.replace(IN_LOCKSTEP, tls=tls)
    tick_wall_s = tick_s / simulated.speed if simulated is not None else tick_s
    settings = FieldSettings(patience=Patience(gateway_s_max=control.gateway_s_max), tls=tls)
    return settings.paced(tick_wall_s, read_s_max=control.read_s_max)


def _space(folder: Path, now: datetime, simulated: Plant | None) -> DiskSpace | None:
    """Look at the room before a file is opened; a run that is not real holds no reserve.

    Lockstep does not look: the same seed gives the same ledger on any disk.
    """
    if simulated is not None and simulated.lockstep:
        return None
    space = DiskSpace(folder) if simulated is None else DiskSpace(folder, reserve_bytes_max=0)
    space.look(now)
    return space


def _untested(
    region: Region, maps: Mapping[str, RegisterMap], ledger: Ledger, simulated: Plant | None
) -> tuple[str, ...]:
    """Give the assets that are only observed until a point-to-point test is recorded; says which.

    A simulated run needs no test: its devices are made from the register maps that a test would prove.
    """
    if simulated is not None:
        return ()
    untested = uncommissioned(region, maps, ledger)
    if untested:
        mend = f"energiewaage commission {region.folder} ASSET --witness NAME"
        log.warning("only observed until a point-to-point test is recorded", assets=untested, mend=mend)
    return untested


def _planner(region: Region, folder: Path, *, lockstep: bool, scheduler: str | None) -> PlannerProcess:
    slack_s = LOCKSTEP_SLACK_S if lockstep else PLANNER_SLACK_S
    seconds_max = region.control.solver_s_max + slack_s
    options = [*([IN_TURN] if lockstep else []), *([scheduler] if scheduler is not None else [])]
    return PlannerProcess(
        [*(str(region.folder), str(folder), region.digest), *options],
        seconds_max=seconds_max,
        wait_s=seconds_max if lockstep else 0.0,
    )


def _maps_at(region: Region, tick_s: float, simulated: Plant | None) -> dict[str, RegisterMap]:
    """Load the maps and check them at the pace that is really run, which may not be the region file's.

    Raises:
        BadInput: with every fault; a wrong pace at the option that asks for it; or a device is real where
            the time is not.
    """
    if simulated is not None:
        require_simulated(region)
    paced = dataclasses.replace(region, control=dataclasses.replace(region.control, tick_s=tick_s))
    try:
        return maps_of(paced)
    except BadInput as error:
        if tick_s == region.control.tick_s:
            raise
        raise BadInput([_at_option(fault) for fault in error.faults]) from error


def _at_option(fault: Fault) -> Fault:
    if fault.place != TICK_PLACE:
        return fault
    mend = "choose a shorter --tick, or set a longer watchdog on the device and in its map"
    return dataclasses.replace(fault, file="command line", line=None, place="--tick", mend=mend)


def _record_start(ledger: Ledger, region: Region, now: datetime, tick_s: float, *, simulated: bool) -> None:
    body = {
        "region_id": region.id,
        "region_digest": region.digest,
        "version": version("energiewaage"),
        "code_digest": code_digest(),
        "tick_s": tick_s,
        "simulated": simulated,
    }
    ledger.append("start", now, body, {"wall_at": wall_now()})
