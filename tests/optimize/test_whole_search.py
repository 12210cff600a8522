"""Where rounding and prices miss the gap asked for, a small region is searched whole, over counted nodes."""

import time
from dataclasses import replace

import numpy as np
import pytest

from energy.canonical import canonical_bytes
from energy.optimize.coordination.coordinate import Coordinator, Task
from energy.optimize.coordination.workforce import Workforce
from energy.optimize.highs.instance import End, relative_gap
from energy.optimize.highs.mixed import solve_mixed
from energy.optimize.highs.program import Exclusive
from energy.optimize.highs.solver import LinearSolver, mixed_of
from energy.optimize.matrix.layout import layout_of
from energy.optimize.matrix.tile import numbers_of
from energy.optimize.optimizer import Optimizer
from energy.optimize.search.commit import (
    seats_of,
    solve_coordinated,
    solve_exact,
    solve_quickly,
    solve_rounded,
)
from energy.optimize.search.directions import exclusive_pairs
from energy.optimize.search.whole import search_whole
from tests.optimize.coordination.towns import towns

GAP = 1e-3
MISSED_BY_PRICES = [(0, 1), (1, 1), (2, 1), (5, 1), (4, 2), (5, 2)]
"""Seed and towns."""


def planned(region, problem):
    return Optimizer(region, workforce=Workforce(workers=0)).solve(
        problem, plan_id="plan", issued_at=problem.start, seconds_max=120.0, gap=GAP
    )


def task_of(problem, *, gap=GAP, seconds=120.0):
    layout = layout_of(problem)
    numbers = numbers_of(layout, problem)
    solver = LinearSolver()
    solver.update(layout, numbers)
    coordinator = Coordinator(Workforce(workers=0))
    deadline = time.perf_counter() + seconds
    return Task(
        solver=solver, layout=layout, numbers=numbers, coordinator=coordinator, deadline=deadline, gap=gap
    )


@pytest.mark.parametrize(("seed", "count"), MISSED_BY_PRICES)
def test_small_region_reaches_the_gap_that_prices_miss(seed, count):
    region, problem = towns(count, seed=seed, periods=24)
    task = task_of(problem)
    relaxed = task.solver.solve(seconds_max=60.0)
    by_prices = solve_coordinated(task, seats_of(task.layout, problem), relaxed, None)
    assert relative_gap(by_prices.solution.objective_eur, by_prices.bound_eur) > GAP
    plan = planned(region, problem)
    assert plan.gap <= GAP
    assert plan.status == str(End.OPTIMAL)
    assert sum(plan.objective_eur.values()) <= by_prices.solution.objective_eur * (1.0 + 1e-9)


def test_region_without_decisions_that_earns_claims_no_bound_above_its_cost(tiny):
    """HiGHS gives a bound of 0 for a mixed-integer program without whole numbers."""
    period = np.arange(48)
    price = np.where((period > 10) & (period < 25), -0.4, 0.02)
    region = tiny.region(*(tiny.asset("battery", f"battery{n}", wear_eur_per_kwh=0.0) for n in range(3)))
    states = {f"battery{n}": {"energy_kwh": 400.0} for n in range(3)}
    problem = tiny.problem(region, price, expected_kw={}, states=states)
    for gap, search in ((0.0, solve_rounded), (1e-3, solve_rounded), (0.0, solve_exact)):
        task = task_of(problem, gap=gap, seconds=4.0)
        made = search(
            task.solver,
            task.layout,
            task.numbers,
            (),
            coordinator=task.coordinator,
            deadline=task.deadline,
            gap=gap,
        )
        assert made.bound_eur <= made.solution.objective_eur + 1e-6 < 0.0
        assert made.bound_eur > -1e6


def test_program_without_whole_numbers_has_its_cost_as_its_bound():
    _region, problem = towns(1, seed=0, periods=4)
    task = task_of(problem)
    none = np.zeros(0, dtype=np.int64)
    program = mixed_of(task.layout, task.numbers, binary=none, exclusive=Exclusive(first=none, second=none))
    found = solve_mixed(program, seconds_max=60.0, gap=0.0)
    assert found.bound_eur == found.objective_eur != 0.0


def test_a_plan_as_dear_as_the_one_known_moves_nothing():
    """The search may prove more about the plan without a better one."""
    _region, problem = towns(1, seed=3, periods=24)
    task = task_of(problem)
    quick = solve_quickly(task, seats_of(task.layout, problem))
    solved, end = search_whole(task, quick)
    assert end is End.OPTIMAL
    assert solved.solution is quick.solution
    assert quick.bound_eur < solved.bound_eur <= quick.solution.objective_eur + 1e-6


def test_equal_plannings_give_equal_plans():
    region, problem = towns(2, seed=4, periods=24)
    one, other = (canonical_bytes(replace(planned(region, problem), wall_s={})) for _ in range(2))
    assert one == other


def test_search_that_ends_at_its_nodes_says_so_and_keeps_what_it_found():
    _region, problem = towns(2, seed=4, periods=24)
    task = task_of(problem)
    binary = task.coordinator.components(task.layout).binary
    program = mixed_of(task.layout, task.numbers, binary=binary, exclusive=exclusive_pairs(task.layout))
    found = solve_mixed(program, seconds_max=60.0, gap=1e-9, nodes_max=1)
    assert found.end is End.NODE_LIMIT
    whole = solve_mixed(program, seconds_max=60.0, gap=1e-6)
    assert found.bound_eur <= whole.objective_eur + 1e-4 <= found.objective_eur + 2e-4
