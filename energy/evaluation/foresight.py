"""Perfect foresight: one plan for the whole window from the true series, and that plan run on the plant."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from energy.devices.plant.world import World
from energy.domain import FloatArray, Plan
from energy.evaluation.course import AVAILABLE, FUEL, STARTS, Course
from energy.evaluation.plant import true_image
from energy.evaluation.probe import Probe
from energy.evaluation.scene import Scene
from energy.optimize.optimizer import Optimizer
from energy.optimize.problem import problem_from
from energy.periods import PERIOD, PERIOD_H
from energy.planning.expectation import states_at
from energy.region.generator import Generator
from energy.region.hydrogen_storage import HydrogenStorage
from energy.region.machine import Machine
from energy.region.model import Asset, Region
from energy.region.objective import Objective

SECONDS_MAX = 180.0
"""For one week; the bound counts, so a run that is stopped only makes the comparison harder for us."""
GAP = 0.001
CURTAILED_KW_MIN = 1.0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Foresight:
    """The plan as a course, and what no plan can undercut: ``gap_eur`` less than the plan's cost."""

    planned: Course
    gap_eur: float
    objective_eur: Mapping[str, float]
    status: str
    wall_s: float


def plan_foresight(scene: Scene) -> tuple[Plan, Foresight]:
    """Plan the whole window at once; stores end with at least what they held at the start."""
    region, window, truth = unhampered(scene.region), scene.window, scene.truth
    world = scene.world()
    image = true_image(region, world)
    problem = problem_from(
        region,
        start=window.start,
        prices=scene.true_prices(),
        expected_kw=truth.expected_kw,
        states=states_at(region, image, start=window.start, age_s_max=0.0),
        temperature_c=truth.temperature_c,
        end_at_start=True,
    )
    proven = Optimizer(region).solve_proven(
        problem,
        plan_id="foresight",
        issued_at=window.start,
        seconds_max=SECONDS_MAX,
        gap=GAP,
        search="exact",
    )
    plan = proven.plan
    gap_eur = max(0.0, sum(plan.objective_eur.values()) - proven.bound_eur)
    course = course_of_plan(region, plan, world, truth.expected_kw)
    return plan, Foresight(
        planned=course,
        gap_eur=gap_eur,
        objective_eur=dict(plan.objective_eur),
        status=plan.status,
        wall_s=sum(plan.wall_s.values()),
    )


def unhampered(region: Region) -> Region:
    """Give the region without what only our own plans keep to, so that the bound is one for every case.

    A reserve is a planner's caution, not physics; neither curtailment nor the region's own
    weights have a price in the account.
    """
    assets: list[Asset] = []
    for asset in region.assets:
        if isinstance(asset, HydrogenStorage):
            assets.append(replace(asset, energy_kwh_reserve=0.0))
        elif isinstance(asset, Generator):
            assets.append(replace(asset, curtailment_eur_per_kwh=0.0))
        else:
            assets.append(asset)
    return replace(region, assets=tuple(assets), objective=Objective())


def course_of_plan(region: Region, plan: Plan, world: World, expected_kw: Mapping[str, FloatArray]) -> Course:
    """Read a plan as if it had happened, from the plant's start state on."""
    truth = world.truth()
    means: dict[str, dict[str, FloatArray]] = {}
    ends: dict[str, dict[str, FloatArray]] = {}
    for asset in region.assets:
        part = plan.assets.get(asset.id)
        if part is None:
            continue
        states = part.states
        named = {"power_kw": part.power_kw}
        named |= {name: states[name] for name in ("heat_kw", "hydrogen_kw", FUEL) if name in states}
        if isinstance(asset, Generator):
            named[AVAILABLE] = expected_kw[asset.id]
        if isinstance(asset, Machine) and "running" in states:
            named[STARTS] = _starts(
                states["running"], running_before=truth[asset.id].get("running_s", 0.0) > 0.0
            )
        means[asset.id] = named
        ends[asset.id] = {
            name: np.concatenate([[truth[asset.id].get(name, 0.0)], states[name]])
            for name in ("energy_kwh", "volume_m3", "energy_kwh_backlog")
            if name in states
        }
        if "power_kw_unserved" in states:
            lacking_kwh = PERIOD_H * np.cumsum(states["power_kw_unserved"])
            ends[asset.id]["energy_kwh_unserved"] = np.concatenate([[0.0], lacking_kwh])
    nominated_kw = plan.assets[region.grid_point.id].power_kw
    return Course(start=plan.start, means=means, ends=ends, nominated_kw=nominated_kw)


def replay(scene: Scene, plan: Plan) -> Course:
    """Run a plan on the plant as it stands, without any correction."""
    region, window = scene.region, scene.window
    world = scene.world()
    probe = Probe(region, world, available_kw=scene.available_kw())
    for index in range(window.periods):
        for asset in region.assets:
            if asset.dispatch_point is not None and asset.id in plan.assets:
                world.write(asset.id, _setpoint_kw(asset, plan, index))
        probe.advance_to(window.start + (index + 1) * PERIOD)
    return probe.course(plan.assets[region.grid_point.id].power_kw)


def _setpoint_kw(asset: Asset, plan: Plan, index: int) -> float:
    """Give what the device is told: a source that the plan does not curtail runs free."""
    part = plan.assets[asset.id]
    if isinstance(asset, Generator):
        curtailed_kw = part.states.get("power_kw_curtailed")
        if curtailed_kw is None or curtailed_kw[index] <= CURTAILED_KW_MIN:
            return -asset.power_kw_rated
    return float(part.power_kw[index])


def _starts(running: FloatArray, *, running_before: bool) -> FloatArray:
    """Count a start wherever a unit runs that stood in the quarter hour before."""
    on = running > 0.5
    before = np.concatenate([[running_before], on[:-1]])
    starts: FloatArray = (on & ~before).astype(np.float64)
    return starts
