"""A simulated region with seeded faults, its invariants checked after every tick."""

import os
import random
import signal
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from energy.app.data_folder import LEDGER
from energy.app.headless import HeadlessSettings, Run, run_headless
from energy.app.replaying import replay_ticks
from energy.devices.plant.faults import FaultKind
from energy.domain import Point, Unreachable
from energy.historian.sqlite_reader import open_reader
from energy.ledger.reader import ledger_reader
from energy.periods import parse_utc
from energy.region.loader import load_region
from tests.closed_loop.ports import free_range

START = parse_utc("2020-05-18T06:00Z")
COMMANDABLE = ("wind_park", "pv_park", "hydro", "battery", "ev_hub")


def settings_of(folder: Path, *, hours: float, seed: int = 1, start: datetime = START) -> HeadlessSettings:
    region = load_region("musterstadt")
    return HeadlessSettings(
        region_name="musterstadt",
        region=region,
        start=start,
        days=hours / 24.0,
        seed=seed,
        tick_s=60.0,
        folder=folder,
        first_port=free_range(len(region.assets)),
    )


def at_minutes(
    actions: dict[int, Callable[[Run], Awaitable[None]]],
) -> Callable[[Run, datetime], Awaitable[None]]:
    async def between_ticks(run: Run, at: datetime) -> None:
        action = actions.get(round((at - START).total_seconds() / 60.0))
        if action is not None:
            await action(run)

    return between_ticks


async def test_a_calm_run_keeps_every_invariant_and_repeats_to_the_last_bit(tmp_path: Path) -> None:
    first = await run_headless(settings_of(tmp_path / "a", hours=1.5))
    second = await run_headless(settings_of(tmp_path / "b", hours=1.5))
    assert first["broken"] == []
    assert first["ledger_head"] == second["ledger_head"]
    assert first["setpoints"]["applied"] == 5 * 91
    assert first["balance_residual_kw_max"] < 1.0
    assert set(first["plans"]) == {"optimal", "rules"}
    with ledger_reader(tmp_path / "a" / LEDGER) as ledger:
        ledger.verify(head=first["ledger_head"])
    region = load_region("musterstadt")
    report = replay_ticks(region, tmp_path / "a" / LEDGER, start=None, end=None)
    assert (report["ticks"], report["different"]) == (91, 0)


@pytest.mark.long
async def test_another_seed_gives_another_run(tmp_path: Path) -> None:
    first = await run_headless(settings_of(tmp_path / "a", hours=0.25, seed=1))
    other = await run_headless(settings_of(tmp_path / "b", hours=0.25, seed=2))
    assert first["ledger_head"] != other["ledger_head"]


async def test_a_silent_battery_is_unreachable_the_others_go_on_and_it_comes_back(tmp_path: Path) -> None:
    async def silence(run: Run) -> None:
        await run.plant.set_fault("battery", FaultKind.SILENT, until=START + timedelta(minutes=40))

    result = await run_headless(settings_of(tmp_path, hours=1.5), between_ticks=at_minutes({20: silence}))
    assert result["broken"] == []
    assert result["alarm_ticks"]["device_silent"] >= 18
    assert result["setpoints"]["unreachable"] >= 18
    assert result["setpoints"]["applied"] >= 4 * 91 + 20
    with open_reader(tmp_path) as reader:
        start, end = START + timedelta(minutes=25), START + timedelta(minutes=39)
        silent = reader.outcomes_between(start, end)
        assert {item.setpoint.asset_id for item in silent if isinstance(item, Unreachable)} == {"battery"}
        assert reader.latest()["battery", Point.POWER_KW].value is not None


async def test_garbage_registers_lead_to_the_safe_state(tmp_path: Path) -> None:
    async def garble(run: Run) -> None:
        await run.plant.set_fault("battery", FaultKind.GARBAGE, until=START + timedelta(minutes=40))

    result = await run_headless(settings_of(tmp_path, hours=1.0), between_ticks=at_minutes({20: garble}))
    assert result["broken"] == []
    assert result["alarm_ticks"]["asset_in_safe_state"] >= 18


async def test_a_dead_planner_is_replaced_and_the_last_plan_bridges_it(tmp_path: Path) -> None:
    killed: list[int] = []

    async def kill_planner(run: Run) -> None:
        pid = run.parts.planner.pid
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
        killed.append(pid)

    actions = dict.fromkeys((14, 29, 44), kill_planner)
    result = await run_headless(settings_of(tmp_path, hours=1.25), between_ticks=at_minutes(actions))
    assert len(set(killed)) == 3
    assert result["broken"] == []
    assert result["alarm_ticks"]["planner_unavailable"] >= 1
    assert result["ticks_by_rung"].get("safe_state", 0) == 0
    assert result["plans"]["optimal"] >= 5


@pytest.mark.long
@pytest.mark.parametrize("seed", [1, 2])
async def test_a_day_of_seeded_faults_breaks_no_invariant(tmp_path: Path, seed: int) -> None:
    dice = random.Random(seed)  # noqa: S311 (a test's dice)
    kinds = list(FaultKind)

    async def between_ticks(run: Run, at: datetime) -> None:
        if dice.random() < 0.02:
            asset_id = dice.choice([*COMMANDABLE, "load", "grid_point", "grid_loss"])
            until = at + timedelta(minutes=dice.randint(1, 45))
            await run.plant.set_fault(asset_id, dice.choice(kinds), until=until)
        if dice.random() < 0.004 and (pid := run.parts.planner.pid) is not None:
            os.kill(pid, signal.SIGKILL)

    result: dict[str, Any] = await run_headless(
        settings_of(tmp_path, hours=24.0, seed=seed), between_ticks=between_ticks
    )
    assert result["broken"] == [], f"seed {seed}"
    assert result["ticks_by_rung"].get("safe_state", 0) == 0, f"seed {seed}"
