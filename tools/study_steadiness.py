"""Measures how steady plans are and what that costs: ``python -m tools.study_steadiness``.

Runs the product's own loop on a simulated plant over whole days of a region's history, as ``evaluate`` does,
once for each way of holding on to the plan before. One line of JSON a way, over all days together.
"""

import argparse
import dataclasses
import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import pairwise

import numpy as np

from energy.domain import FloatArray, Plan
from energy.evaluation.account import Bill, account_of, total_eur
from energy.evaluation.course import STARTS, Course
from energy.evaluation.loop import Pace, run_ours
from energy.evaluation.scene import Scene
from energy.evaluation.week_record import WeekRecord
from energy.evaluation.weeks import Window, days_of, window_from
from energy.historian.preload import WINDOW, preload
from energy.periods import periods_between
from energy.ports import PlanAnswer
from energy.region.battery import Battery
from energy.region.generator import Generator
from energy.region.loader import load_region
from energy.region.machine import Machine
from energy.region.model import Asset, Region

NEXT_PERIODS = 4
"""The next hour, of which two plans in a row are compared."""
DEADBAND_FRACTION = 0.01
"""Of the nameplate: a change of setpoint below it is none; meters and devices regulate no finer."""
TICK_S = 300.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """One way of holding on to the plan before, as the region file states it."""

    steady_h: float
    change_eur_per_kwh: float
    run_change_eur: float

    @classmethod
    def of(cls, text: str) -> "Way":
        """Read hours, EUR per kWh and EUR per run from a text such as ``4,0.001,2``."""
        steady_h, change, run = (float(part) for part in text.split(","))
        return cls(steady_h=steady_h, change_eur_per_kwh=change, run_change_eur=run)


class KeptPlans(WeekRecord):
    """A record that also keeps every plan's next hour."""

    def __init__(self, window: Window) -> None:
        super().__init__(window.start - WINDOW, window.end)
        self.plans: list[Plan] = []

    def write_plan(self, answer: PlanAnswer) -> None:
        """Record a plan, and keep it."""
        super().write_plan(answer)
        self.plans.append(answer.plan)


class Watched(Scene):
    """A scene whose plans are kept."""

    def record(self, *, until: datetime) -> WeekRecord:
        """Give a record that keeps plans."""
        self.kept = KeptPlans(self.window)
        preload(self.region, self.history, self.kept, start=until)
        return self.kept


def steered(region: Region) -> list[Asset]:
    """Name the assets with a setpoint; sources run free unless they are curtailed."""
    return [a for a in region.assets if a.dispatch_point is not None and not isinstance(a, Generator)]


def measure(region: Region, window: Window, seed: int) -> dict[str, float]:
    """Run the loop over a window and count."""
    scene = Watched(region, window, seed=seed)
    run = run_ours(scene, Pace(tick_s=TICK_S))
    known = scene.true_prices()
    days = days_of(window, region.zone)
    bill = Bill(price_eur_per_kwh=np.asarray(known.price_eur_per_kwh), days=len(days))
    walls = [plan.wall_s for plan in scene.kept.plans if plan.wall_s]
    return {
        "days": float(len(days)),
        "cost_eur": total_eur(account_of(region, run.course, bill)),
        "starts": _starts(region, run.course),
        "direction_changes": _direction_changes(region, run.course),
        "setpoint_changes": _setpoint_changes(region, run.course),
        "moved_kw": _moved_kw(region, run.course),
        "replan_kw": _replan_kw(region, scene.kept.plans),
        "steady_ms": 1000.0 * float(np.median([wall.get("steady_s", 0.0) for wall in walls])),
        "solve_ms": 1000.0 * float(np.median([wall.get("solve_s", 0.0) for wall in walls])),
        "rules": float(sum(plan.rung == "rules" for plan in scene.kept.plans)),
    }


def _starts(region: Region, course: Course) -> float:
    return float(sum(course.mean(a.id, STARTS).sum() for a in region.assets if isinstance(a, Machine)))


def _direction_changes(region: Region, course: Course) -> float:
    """Count how often batteries turn from charging to discharging or back, standstill between or not."""
    changes = 0
    for asset in region.assets:
        if isinstance(asset, Battery):
            power = course.mean(asset.id, "power_kw")
            moving = power[np.abs(power) > _deadband_kw(asset)]
            changes += int((np.diff(np.sign(moving)) != 0).sum())
    return float(changes)


def _setpoint_changes(region: Region, course: Course) -> float:
    """Count quarter hours whose power is another than that of the one before."""
    changes = 0
    for asset in steered(region):
        power = course.mean(asset.id, "power_kw")
        changes += int((np.abs(np.diff(power)) > _deadband_kw(asset)).sum())
    return float(changes)


def _moved_kw(region: Region, course: Course) -> float:
    """Add up by how much powers change from one quarter hour to the next."""
    powers = [course.mean(asset.id, "power_kw") for asset in steered(region)]
    return float(sum(np.abs(np.diff(power)).sum() for power in powers))


def _replan_kw(region: Region, plans: Sequence[Plan]) -> float:
    """Give by how much two plans in a row differ about the same next hour: mean over periods of the sum."""
    differences: list[FloatArray] = []
    for before, after in pairwise(plans):
        offset = periods_between(before.start, after.start)
        if not 0 < offset <= NEXT_PERIODS:
            continue
        total = np.zeros(NEXT_PERIODS)
        for asset in steered(region):
            old = before.assets[asset.id].power_kw[offset : offset + NEXT_PERIODS]
            new = after.assets[asset.id].power_kw[:NEXT_PERIODS]
            total += np.abs(new - old)
        differences.append(total)
    return float(np.mean(differences)) if differences else float("nan")


def _deadband_kw(asset: Asset) -> float:
    return DEADBAND_FRACTION * max(abs(bound) for bound in asset.power_kw_nameplate)


def together(parts: Sequence[dict[str, float]]) -> dict[str, float]:
    """Add up counts and costs to a day's, and average the rest over the windows."""
    days = sum(part["days"] for part in parts)
    a_day = ("cost_eur", "starts", "direction_changes", "setpoint_changes", "moved_kw")
    sums = {f"{name}_per_day": sum(part[name] for part in parts) / days for name in a_day}
    means = {
        name: float(np.mean([part[name] for part in parts]))
        for name in ("replan_kw", "steady_ms", "solve_ms")
    }
    return {"days": days, **sums, **means, "rules": sum(part["rules"] for part in parts)}


def main() -> int:
    """Measure every way over all windows."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--region", default="musterstadt")
    parser.add_argument("--from", dest="first", nargs="+", type=date.fromisoformat, required=True)
    parser.add_argument("--days", type=int, default=2, help="local days a window")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--way", nargs="+", type=Way.of, required=True, help="hours,EUR per kWh,EUR per run")
    options = parser.parse_args()
    region = load_region(options.region)
    for way in options.way:
        control = dataclasses.replace(region.control, **dataclasses.asdict(way))
        changed = dataclasses.replace(region, control=control)
        parts = [
            measure(changed, window_from(first, days=options.days, zone=region.zone), options.seed)
            for first in options.first
        ]
        figures = {name: round(value, 3) for name, value in together(parts).items()}
        print(json.dumps({"region": region.id, **dataclasses.asdict(way), **figures}), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
