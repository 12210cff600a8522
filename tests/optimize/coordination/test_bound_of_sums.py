"""Blocks, municipalities' limits and headroom under coordination: the bound holds and nothing is broken."""

import time
from dataclasses import replace

import numpy as np
import pytest

from energy.optimize.coordination.components import components_of
from energy.optimize.coordination.coordinate import Coordinator, Task
from energy.optimize.coordination.workforce import Workforce
from energy.optimize.highs.mixed import solve_mixed
from energy.optimize.highs.solver import LinearSolver, mixed_of
from energy.optimize.matrix.layout import layout_of
from energy.optimize.matrix.tile import numbers_of
from energy.optimize.optimizer import Optimizer
from energy.optimize.search.commit import loosened, seats_of, solve_coordinated
from energy.optimize.search.directions import both_ways, exclusive_pairs
from energy.optimize.uncertainty.reserve import Reserve, with_reserve
from energy.region.model import Municipality
from tests.optimize.conftest import NAME
from tests.optimize.obedience import check_plan

PERIODS = 12
BLOCK = {"mode": "block", "block_h": 0.75, "shift_h": 2.0, "power_kw_max": 80.0}


def meeting(tiny, seed, *, reserve=False):
    """Three municipalities, two of them limited, each with a mill, a battery and a CHP or electrolyser."""
    random = np.random.default_rng(seed)
    members, expected, states = [], {}, {}
    for number in range(3):
        own = {"municipality": f"m{number}"}
        names = [f"load{number}", f"mill{number}", f"battery{number}", f"works{number}"]
        members += [
            tiny.asset("load", names[0], **own),
            tiny.asset("flexible_load", names[1], **BLOCK, **own),
            tiny.asset("battery", names[2], wear_eur_per_kwh=0.0, **own),
            tiny.asset("chp" if number else "electrolyser", names[3], **own),
        ]
        expected[names[0]] = random.uniform(50.0, 300.0, PERIODS)
        expected[names[1]] = np.where(np.arange(PERIODS) % 4 == 0, 60.0, 10.0)
        states[names[1]] = {
            "energy_kwh_backlog": 120.0,
            "energy_kwh_urgent": 0.0,
            "running_s": 900.0 * number,
        }
        states[names[2]] = {"energy_kwh": float(random.uniform(100.0, 900.0))}
        states[names[3]] = {"running_s": 0.0, "standing_s": 86_400.0}
    members += [
        tiny.asset("hydrogen_storage", "gas_store"),
        tiny.asset("boiler"),
        tiny.asset("heat_load"),
    ]
    expected["heat_load"] = random.uniform(100.0, 900.0, PERIODS)
    states["gas_store"] = {"energy_kwh": 800.0}
    region = replace(
        tiny.region(*members, import_surcharge_eur_per_kwh=0.02),
        municipalities=(
            Municipality(id="town", name=NAME),
            Municipality(id="m0", name=NAME, power_kw_import_max=350.0, power_kw_export_max=100.0),
            Municipality(id="m1", name=NAME, power_kw_export_max=150.0),
            Municipality(id="m2", name=NAME),
        ),
    )
    prices = (0.08, -0.02)[seed % 2] + 0.06 * random.standard_normal(PERIODS)
    problem = tiny.problem(region, prices, expected_kw=expected, states=states)
    if reserve:
        needed = np.full(PERIODS, 300.0)
        problem = with_reserve(
            problem, Reserve(up_kw=needed, down_kw=needed, hold_h=0.5, shortfall_eur_per_kwh=0.3)
        )
    return region, problem


def task_of(problem, gap=1e-5):
    layout = layout_of(problem)
    numbers = numbers_of(layout, problem)
    solver = LinearSolver()
    solver.update(layout, numbers)
    coordinator = Coordinator(Workforce(workers=0))
    deadline = time.perf_counter() + 60.0
    return Task(
        solver=solver, layout=layout, numbers=numbers, coordinator=coordinator, deadline=deadline, gap=gap
    )


@pytest.mark.parametrize("reserve", [False, True], ids=["plain", "with headroom"])
@pytest.mark.parametrize("seed", range(4))
def test_the_bound_holds_with_blocks_municipalities_and_headroom(tiny, seed, reserve):
    _region, problem = meeting(tiny, seed, reserve=reserve)
    task = task_of(problem)
    components = components_of(task.layout)
    pairs = exclusive_pairs(task.layout)
    whole = mixed_of(task.layout, task.numbers, binary=components.binary, exclusive=pairs)
    exact = solve_mixed(whole, seconds_max=60.0, gap=1e-7)
    tolerance_eur = 1e-4 + 1e-6 * abs(exact.objective_eur)
    relaxed = loosened(task)
    made = solve_coordinated(task, seats_of(task.layout, problem), relaxed, None)
    assert relaxed.bound_eur - tolerance_eur <= made.bound_eur <= exact.objective_eur + tolerance_eur
    assert made.solution.objective_eur >= exact.bound_eur - tolerance_eur
    on = made.solution.column[components.binary]
    np.testing.assert_allclose(on, np.round(on), atol=1e-6)
    assert not both_ways(pairs, made.solution.column).any()


def test_each_mill_decides_alone_and_machines_with_their_network(tiny):
    layout = layout_of(meeting(tiny, 0, reserve=True)[1])
    components = components_of(layout)
    # Three mills, the electrolyser with its store, the two CHPs on one heat network.
    assert components.with_binary.size == 3 + 1 + 1


@pytest.mark.parametrize("seed", range(4))
def test_coordinated_plans_of_such_a_region_obey_everything(tiny, seed):
    region, problem = meeting(tiny, seed)
    for search in ("rounding", "exact"):
        plan = Optimizer(region).solve(
            problem, plan_id="p", issued_at=tiny.start, seconds_max=30.0, gap=1e-4, search=search
        )
        check_plan(problem, plan)
