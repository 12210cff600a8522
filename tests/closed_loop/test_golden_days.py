"""Golden days on the plant: what the devices do under the plan is what the plan says, to 0.1 %.

The plan of each day agrees with an independent formulation (tests/optimize/test_golden_days.py). Here the
simulated plant gets the same nature, the same start and each quarter hour's setpoint, and its registers are
compared with the plan.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from energy.devices.plant.hold import HoldRule, free_kw
from energy.devices.plant.nature import is_moved
from energy.devices.plant.world import World
from energy.domain import AssetPlan, FloatArray, Plan
from energy.optimize.files.planning import problem_of_files
from energy.optimize.optimizer import Optimizer
from energy.periods import PERIOD, PERIOD_H, PERIOD_S
from energy.physics.battery import BatteryState
from energy.physics.block_load import BlockState
from energy.physics.carrier import CarrierState
from energy.region.battery import Battery
from energy.region.boiler import Boiler
from energy.region.chp import Chp
from energy.region.electrolyser import Electrolyser
from energy.region.ev_hub import EvHub
from energy.region.flexible_load import FlexibleLoad
from energy.region.generator import Generator
from energy.region.heat_pump import HeatPump
from energy.region.heat_storage import HeatStorage
from energy.region.hydrogen_storage import HydrogenStorage
from energy.region.machine import Machine
from energy.region.model import Asset, Region
from energy.region.pumped_reservoir import PumpedReservoir
from energy.units import S_PER_H
from tests.optimize.cases import Day, days, load_day

SUBSTEP_S = 60.0
TOLERANCE = 0.001
"""Of the day's energy, and of a store's capacity."""
TOLERANCE_KWH = 1e-3
"""Where the plan moves nothing at all."""
RAMP_KW_PER_S = 1e6
"""A plan knows no ramps; devices this quick need none of its energy for them."""
CURTAILED_KW_MIN = 1.0
GIVES = Boiler | Chp | HeatPump | Electrolyser
RAMPED = Battery | EvHub | FlexibleLoad | Generator | Chp | HeatPump | Electrolyser | PumpedReservoir
CONTENTS = ("energy_kwh", "volume_m3")


class DayNature:
    """The series of a golden day, flat over each quarter hour."""

    def __init__(self, day: Day, start: datetime) -> None:
        moved = [asset for asset in day.region.assets if is_moved(asset)]
        self.asset_ids = tuple(asset.id for asset in moved)
        self._rows_kw = np.stack([day.series[f"{asset.id}_kw"] for asset in moved])
        periods = self._rows_kw.shape[1]
        self._temperature_c = day.series.get("temperature_c", np.full(periods, np.nan))
        self.start = start
        self.end = start + periods * PERIOD

    def power_kw(self, times_s: FloatArray) -> FloatArray:
        values: FloatArray = self._rows_kw[:, self._index(times_s)]
        return values

    def temperature_c(self, times_s: FloatArray) -> FloatArray:
        values: FloatArray = self._temperature_c[self._index(times_s)]
        return values

    def _index(self, times_s: FloatArray) -> "np.ndarray[tuple[int], np.dtype[np.int64]]":
        index = ((times_s - self.start.timestamp()) // PERIOD_S).astype(np.int64)
        return np.clip(index, 0, self._rows_kw.shape[1] - 1)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Played:
    """A golden day on the plant: its plan, and what was true at each edge of the quarter hours."""

    day: Day
    plan: Plan
    edges: list[dict[str, dict[str, float]]]

    def ends(self, asset_id: str, name: str) -> FloatArray:
        return np.array([truth[asset_id][name] for truth in self.edges])

    def grown(self, asset_id: str, name: str) -> float:
        return self.edges[-1][asset_id].get(name, 0.0) - self.edges[0][asset_id].get(name, 0.0)


def quick(region: Region) -> Region:
    """The same region with devices that follow at once."""
    assets = tuple(
        replace(asset, ramp_kw_per_s=RAMP_KW_PER_S) if isinstance(asset, RAMPED) else asset
        for asset in region.assets
    )
    return replace(region, assets=assets)


def rule_of(asset: Asset) -> HoldRule:
    """Nobody falls silent on a golden day: a command holds until the next one."""
    low_kw, high_kw = asset.power_kw_nameplate
    return HoldRule(
        power_kw_safe=free_kw(asset),
        power_kw_free=free_kw(asset),
        power_kw_min=low_kw,
        power_kw_max=high_kw,
        watchdog_s=None,
        fed_by_any=False,
        reversion_s=None,
    )


def setpoint_kw(asset: Asset, planned: AssetPlan, period: int) -> float:
    """What the controller tells an asset in a quarter hour; a source is only bound where it is curtailed."""
    if isinstance(asset, Generator) and planned.states["power_kw_curtailed"][period] <= CURTAILED_KW_MIN:
        return asset.power_kw_nameplate[0]
    return float(planned.power_kw[period])


def started(world: World, day: Day) -> World:
    """Give the world the day's start: contents, and how long machines have run or stood."""
    states = dict(world.states)
    machines = [asset for asset in day.region.assets if isinstance(asset, Machine)]
    for key, state in states.items():
        if isinstance(state, BatteryState):
            states[key] = replace(state, energy_kwh=day.states[key]["energy_kwh"])
        if isinstance(state, BlockState):
            states[key] = _run_at_start(day, key, state)
        if isinstance(state, CarrierState):
            states[key] = _carrier_at_start(day, key, state, machines)
    world.resume(world.at, states)
    return world


def _run_at_start(day: Day, key: str, state: BlockState) -> BlockState:
    """Give a load in blocks its run in progress, and what waits beside it: less than one block here."""
    asset, known = next(one for one in day.region.assets if one.id == key), day.states[key]
    assert isinstance(asset, FlexibleLoad)
    left_kwh = asset.block_kwh - asset.power_kw_max * known["running_s"] / S_PER_H
    return replace(
        state,
        is_running=True,
        running_s=known["running_s"],
        left_kwh=left_kwh,
        power_kw=asset.power_kw_max,
        part_kwh=known["energy_kwh_backlog"] - left_kwh,
    )


def _carrier_at_start(day: Day, key: str, state: CarrierState, machines: Sequence[Machine]) -> CarrierState:
    """Give a network its content; these days have one network, so its machines are all there are."""
    content = state.energy_kwh
    for asset in day.region.assets:
        if isinstance(asset, HeatStorage | HydrogenStorage):
            content = day.states[asset.id]["energy_kwh"]
        if isinstance(asset, PumpedReservoir):
            content = day.states[asset.id]["volume_m3"] * asset.pump_kwh_per_m3
    if key.startswith("water."):
        return replace(state, energy_kwh=content)
    begun = []
    for machine, before in zip(machines, state.machines, strict=True):
        known = day.states[machine.id]
        runs = known["running_s"] > 0.0
        level_kw = machine.power_kw_least if runs else before.level_kw
        running_s, standing_s = known["running_s"], known["standing_s"]
        begun.append(
            replace(before, is_running=runs, level_kw=level_kw, running_s=running_s, standing_s=standing_s)
        )
    return replace(state, energy_kwh=content, machines=tuple(begun))


@cache
def planned(folder: Path) -> tuple[Day, Plan]:
    """Plan a day; both ways to play it follow the same plan."""
    day = load_day(folder)
    problem = problem_of_files(day.region, folder / "series.csv", folder / "state.json", None)
    plan = Optimizer(day.region).solve(
        problem, plan_id="g", issued_at=problem.start, seconds_max=60.0, gap=1e-7, search="exact"
    )
    return day, plan


@cache
def played(folder: Path, *, as_built: bool) -> Played:
    """Play a day on the plant, with the ramps of its region file or with none."""
    day, plan = planned(folder)
    region = day.region if as_built else quick(day.region)
    commanded = [asset for asset in region.assets if asset.dispatch_point is not None]
    world = World(
        region,
        nature=DayNature(day, plan.start),
        start=plan.start,
        rules={asset.id: rule_of(asset) for asset in commanded},
        substep_s=SUBSTEP_S,
    )
    edges = [started(world, day).truth()]
    for period in range(plan.periods):
        for asset in commanded:
            world.write(asset.id, setpoint_kw(asset, plan.assets[asset.id], period))
        world.advance_to(plan.start + (period + 1) * PERIOD)
        edges.append(world.truth())
    return Played(day=day, plan=plan, edges=edges)


def moved_kwh(one: Played, asset: Asset) -> dict[str, tuple[float, float]]:
    """What plant and plan moved over the day, by name."""
    planned = one.plan.assets[asset.id]
    moved: dict[str, tuple[float, float]] = {}
    for name, sign in (("drawn", 1.0), ("fed_in", -1.0)):
        wanted = PERIOD_H * float(np.maximum(0.0, sign * planned.power_kw).sum())
        moved[f"electricity {name}"] = one.grown(asset.id, f"energy_kwh_{name}"), wanted
    for carrier in ("heat", "hydrogen"):
        if f"{carrier}_kw" in planned.states and not isinstance(asset, HeatStorage):
            sign = -1.0 if isinstance(asset, GIVES) else 1.0
            found = sign * one.grown(asset.id, f"{carrier}_kwh")
            moved[carrier] = found, PERIOD_H * float(planned.states[f"{carrier}_kw"].sum())
    if "fuel_kw" in planned.states:
        moved["fuel"] = one.grown(asset.id, "fuel_kwh"), PERIOD_H * float(planned.states["fuel_kw"].sum())
    if "power_kw_unserved" in planned.states:
        wanted = PERIOD_H * float(planned.states["power_kw_unserved"].sum())
        moved["unserved"] = one.grown(asset.id, "energy_kwh_unserved"), wanted
    return moved


def held(one: Played, asset: Asset) -> dict[str, tuple[FloatArray, FloatArray, float]]:
    """What plant and plan hold at the ends of quarter hours, and the capacity, by name."""
    planned = one.plan.assets[asset.id].states
    capacity = getattr(asset, "volume_m3_max", getattr(asset, "energy_kwh_capacity", 0.0))
    return {
        name: (one.ends(asset.id, name)[1:], planned[name], capacity) for name in CONTENTS if name in planned
    }


def agree(one: Played) -> None:
    """Every energy of the day to 0.1 %, every content at the day's end to 0.1 % of the capacity."""
    for asset in one.day.region.assets:
        for name, (found_kwh, wanted_kwh) in moved_kwh(one, asset).items():
            same = pytest.approx(wanted_kwh, rel=TOLERANCE, abs=TOLERANCE_KWH)
            assert found_kwh == same, f"{asset.id}: {name}"
        for name, (found, wanted, capacity) in held(one, asset).items():
            assert found[-1] == pytest.approx(wanted[-1], abs=TOLERANCE * capacity), f"{asset.id}: {name}"


@pytest.mark.parametrize("folder", days(), ids=lambda folder: folder.name)
def test_the_plant_moves_and_holds_what_the_plan_says(folder: Path) -> None:
    agree(played(folder, as_built=False))


@pytest.mark.parametrize("folder", days(), ids=lambda folder: folder.name)
def test_electricity_flows_in_the_quarter_hour_in_which_it_is_planned(folder: Path) -> None:
    one = played(folder, as_built=False)
    for asset in one.day.region.assets:
        if "energy_kwh_drawn" not in one.edges[0][asset.id]:
            continue
        net_kwh = one.ends(asset.id, "energy_kwh_drawn") - one.ends(asset.id, "energy_kwh_fed_in")
        planned_kw = one.plan.assets[asset.id].power_kw
        off_kw = np.abs(np.diff(net_kwh) / PERIOD_H - planned_kw)
        assert off_kw.max() <= TOLERANCE * np.abs(planned_kw).max(), asset.id


RAMPS_COUNT = {"flexible_load_shed_day": ("unserved", 0.002)}
"""Bounds move at 10 kW/s: 1.4 kWh in the day. That is 0.02 % of what is drawn, but 0.11 % of what is shed."""


SLOW = frozenset({"chp_ramp_day"})
"""Its unit takes more than an hour from least to rated load: that is what its plan reckons with."""


@pytest.mark.parametrize(
    "folder", [folder for folder in days() if folder.name not in SLOW], ids=lambda folder: folder.name
)
def test_ramps_hardly_change_a_day(folder: Path) -> None:
    one = played(folder, as_built=True)
    wider_name, wider = RAMPS_COUNT.get(folder.name, ("", TOLERANCE))
    for asset in one.day.region.assets:
        for name, (found_kwh, wanted_kwh) in moved_kwh(one, asset).items():
            rel = wider if name == wider_name else TOLERANCE
            same = pytest.approx(wanted_kwh, rel=rel, abs=TOLERANCE_KWH)
            assert found_kwh == same, f"{asset.id}: {name}"


UNDECIDED = frozenset({"hydrogen_storage_day"})
"""More hydrogen is asked for than there is, and it costs the same whichever hour goes without: the plan may
choose, the plant serves until its store is empty. The day's sums and its end are the same."""


@pytest.mark.parametrize("folder", days(), ids=lambda folder: folder.name)
def test_every_store_follows_the_plan_through_the_day(folder: Path) -> None:
    one = played(folder, as_built=False)
    for asset in one.day.region.assets:
        for name, (found, wanted, capacity) in held(one, asset).items():
            off = float(np.abs(found - wanted).max())
            assert (off <= TOLERANCE * capacity) is (folder.name not in UNDECIDED), f"{asset.id}: {name}"


def test_every_kind_that_moves_energy_is_played() -> None:
    kinds = {asset.kind for folder in days() for asset in load_day(folder).region.assets}
    assert kinds >= {"battery", "boiler", "chp", "electrolyser", "ev_hub", "feeder", "flexible_load"}
    assert kinds >= {"heat_load", "heat_pump", "heat_storage", "hydrogen_storage", "pumped_reservoir", "pv"}


def test_heat_of_the_day_is_conserved() -> None:
    one = played(next(folder for folder in days() if folder.name == "chp_day"), as_built=True)
    made_kwh = one.grown("chp", "heat_kwh") + one.grown("boiler", "heat_kwh")
    kept_kwh = one.grown("heat_storage", "energy_kwh") + one.grown("heat_storage", "energy_kwh_lost")
    used_kwh = one.grown("heat_load", "heat_kwh") + one.grown("heat_load", "energy_kwh_dumped")
    assert made_kwh == pytest.approx(used_kwh + kept_kwh, rel=1e-9)
