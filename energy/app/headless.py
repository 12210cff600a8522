"""A simulated region flat out, in lockstep, through the same Modbus connections as in operation."""

import tempfile
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np

from energy.app.children import Child
from energy.app.clock import LockstepClock, Stopwatch
from energy.app.compose import Parts, Plant, controller_of
from energy.app.data_folder import fresh_demo_folder
from energy.app.ports_of_region import on_ports
from energy.app.service import log_to_standard_error
from energy.app.weather_opening import preload_weather
from energy.controller.flexible import reading_age_s_max
from energy.controller.loop import TickReport
from energy.devices.plant.control_client import PlantControl
from energy.devices.plant.nature import require_past
from energy.domain import Applied, Limited, Rejected, Unreachable
from energy.historian.preload import preload, require_history
from energy.historian.sqlite_record import SqliteRecord
from energy.invariants import Broken, TickRecord, broken_invariants
from energy.periods import PERIOD_H
from energy.region.battery import Battery
from energy.region.generator import Generator
from energy.region.history import RegionHistory
from energy.region.model import Region

S_PER_DAY = 86_400
NAMES = {Applied: "applied", Limited: "limited", Rejected: "rejected", Unreachable: "unreachable"}
BROKEN_SHOWN_MAX = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class HeadlessSettings:
    """What a headless run is made of; ``folder`` None keeps the record in a temporary place."""

    region_name: str
    region: Region
    start: datetime
    days: float
    seed: int
    tick_s: float
    folder: Path | None
    first_port: int | None


@dataclass(slots=True, kw_only=True)
class Counts:
    """What is counted tick by tick."""

    tick_s: list[float] = field(default_factory=list)
    plan_s: list[float] = field(default_factory=list)
    outcomes: Counter[str] = field(default_factory=Counter)
    plans: Counter[str] = field(default_factory=Counter)
    ticks_by_rung: Counter[str] = field(default_factory=Counter)
    alarms: Counter[str] = field(default_factory=Counter)
    broken: list[Broken] = field(default_factory=list)

    def take(self, report: TickReport, broken: list[Broken], *, waited_s: float) -> None:
        """Count one tick; what lockstep waited for its planner is not the tick's."""
        self.tick_s.append(report.wall_s - waited_s)
        self.ticks_by_rung[report.tick.rung] += 1
        self.outcomes.update(NAMES[type(outcome)] for outcome in report.outcomes)
        for answer in report.followed.answers:
            self.plans[answer.plan.rung] += 1
            if answer.plan.wall_s:
                self.plan_s.append(sum(answer.plan.wall_s.values()))
        self.alarms.update({alarm.code for alarm in report.output.alarms})
        self.broken.extend(broken)


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """A run that can be watched, and broken, from outside between two ticks."""

    parts: Parts
    plant: PlantControl
    folder: Path


async def run_headless(
    settings: HeadlessSettings,
    *,
    progress: Callable[[int, int], None] | None = None,
    between_ticks: "Callable[[Run, datetime], Awaitable[None]] | None" = None,
) -> dict[str, Any]:
    """Run the days and give the figures, ready for JSON.

    Args:
        settings: what to run.
        progress: told the ticks done and the ticks in all.
        between_ticks: awaited before each tick, for tests that break things.

    Raises:
        EnergiewaageError: the plant cannot be started, or the region is wrong.
    """
    watch = Stopwatch()
    log_to_standard_error()
    region = on_ports(settings.region, settings.first_port)
    counts = Counts()
    async with AsyncExitStack() as stack:
        folder = settings.folder
        if folder is None:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="energiewaage-")))
        else:
            fresh_demo_folder(folder)
        history = RegionHistory(region)
        end = settings.start + timedelta(days=settings.days)
        require_past(region, history)
        require_history(region, history, start=settings.start, end=end)
        with SqliteRecord(folder, zone=region.zone) as record:
            preload(region, history, record, start=settings.start)
            preload_weather(region, record, known_at=settings.start)
        child = Child("plant", _plant_arguments(settings))
        stack.callback(child.stop)
        port = int(str(child.ready()["control_port"]))
        plant = await stack.enter_async_context(await PlantControl.connect(port))
        clock = LockstepClock(settings.start)
        parts = await stack.enter_async_context(
            controller_of(
                region,
                folder=folder,
                clock=clock,
                tick_s=settings.tick_s,
                simulated=Plant(speed=0.0, lockstep=True),
            )
        )
        run = Run(parts=parts, plant=plant, folder=folder)
        ticks = round(settings.days * S_PER_DAY / settings.tick_s)
        for number in range(ticks + 1):
            at = clock.advance(settings.tick_s) if number > 0 else clock.now()
            if between_ticks is not None:
                await between_ticks(run, at)
            await plant.advance_to(at)
            waited_s = parts.waiting.waited_s
            report = await parts.controller.tick(at)
            parts.upkeep.step(at)
            waited_s = parts.waiting.waited_s - waited_s
            counts.take(report, await _broken(region, plant, report), waited_s=waited_s)
            if progress is not None:
                progress(number, ticks)
        figures = _figures(region, parts.record, settings.start, clock.now())
        head = parts.ledger.head()
    return {"days": settings.days, "wall_s": round(watch.seconds(), 3), "seed": settings.seed} | (
        _summary(counts) | figures | {"ledger_head": head}
    )


def _plant_arguments(settings: HeadlessSettings) -> list[str]:
    arguments = ["plant", settings.region_name, "--lockstep", "--start", settings.start.isoformat()]
    arguments += ["--seed", str(settings.seed)]
    if settings.first_port is not None:
        arguments += ["--first-port", str(settings.first_port)]
    return arguments


async def _broken(region: Region, plant: PlantControl, report: TickReport) -> list[Broken]:
    tick = report.tick
    record = TickRecord(
        image=tick.image,
        age_s_max=reading_age_s_max(region, tick.tick_s),
        limits=tick.limits,
        decisions=report.output.decisions,
        outcomes=report.outcomes,
        truth=await plant.truth(),
    )
    return broken_invariants(region, record)


def _summary(counts: Counts) -> dict[str, Any]:
    return {
        "ticks": len(counts.tick_s),
        "tick_ms": _percentiles([1000.0 * value for value in counts.tick_s]),
        "plan_s": _percentiles(counts.plan_s),
        "setpoints": {name: counts.outcomes[name] for name in NAMES.values()},
        "plans": {str(rung): number for rung, number in sorted(counts.plans.items())},
        "ticks_by_rung": {str(rung): number for rung, number in sorted(counts.ticks_by_rung.items())},
        "alarm_ticks": dict(sorted(counts.alarms.items())),
        "broken_invariants": len(counts.broken),
        "broken": [str(item) for item in counts.broken[:BROKEN_SHOWN_MAX]],
    }


def _percentiles(values: list[float]) -> dict[str, float | None]:
    if not values:
        return {"p50": None, "p95": None, "p99": None, "max": None}
    p50, p95, p99 = (round(float(value), 4) for value in np.percentile(values, [50, 95, 99]))
    return {"p50": p50, "p95": p95, "p99": p99, "max": round(max(values), 4)}


def _figures(region: Region, record: SqliteRecord, start: datetime, end: datetime) -> dict[str, Any]:
    """Add up the run from the energy registers, quarter hour by quarter hour."""

    def mean_kw(asset_id: str) -> Any:
        return record.energy_means(asset_id, start=start, end=end, known_at=end).value

    exchange_kw = mean_kw(region.grid_point.id)
    members = {
        asset.id: mean_kw(asset.id) for asset in region.members if asset.power_kw_nameplate != (0.0, 0.0)
    }
    residual_kw = np.abs(exchange_kw - np.sum(list(members.values()), axis=0))
    measured = residual_kw[np.isfinite(residual_kw)]
    served = [
        asset.id
        for asset in region.members
        if not isinstance(asset, Battery | Generator) and asset.id in members
    ]
    drawn_kw = np.maximum(0.0, [members[asset_id] for asset_id in served])
    consumption_kwh = float(np.nansum(drawn_kw)) * PERIOD_H
    import_kwh = float(np.nansum(np.maximum(exchange_kw, 0.0))) * PERIOD_H
    export_kwh = float(np.nansum(np.maximum(-exchange_kw, 0.0))) * PERIOD_H
    return {
        "quarter_hours": int(measured.size),
        "balance_residual_kw_max": round(float(measured.max()), 3) if measured.size else None,
        "autarky": round(1.0 - import_kwh / consumption_kwh, 4) if consumption_kwh > 0.0 else None,
        "import_kwh": round(import_kwh, 1),
        "export_kwh": round(export_kwh, 1),
        "consumption_kwh": round(consumption_kwh, 1),
        "import_kw_max": round(max(0.0, float(np.nanmax(exchange_kw))), 1) if measured.size else None,
        "export_kw_max": round(max(0.0, float(np.nanmax(-exchange_kw))), 1) if measured.size else None,
        "from": start.isoformat(),
        "to": end.isoformat(),
    }
