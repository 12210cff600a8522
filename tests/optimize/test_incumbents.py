"""What was found is never lost, and what is not known is not told."""

import time
from dataclasses import replace

import numpy as np
import pytest

from energy.domain import Rung
from energy.errors import NoPlan
from energy.optimize.acting import DRAWS, FEEDS_IN
from energy.optimize.coordination.coordinate import Coordinator, Task
from energy.optimize.coordination.workforce import Workforce
from energy.optimize.highs.instance import End
from energy.optimize.highs.solver import LinearSolver
from energy.optimize.matrix.layout import layout_of
from energy.optimize.matrix.tile import numbers_of
from energy.optimize.read import read_plan
from energy.optimize.search.commit import seats_of, solve_exact, solve_quickly
from energy.optimize.search.directions import both_ways, exclusive_pairs, one_way
from energy.optimize.steady.ties import Steadiness, settle
from tests.optimize.coordination.towns import towns
from tests.optimize.random_regions import ELECTRIC, HEAT, USUAL

MEETING = replace(
    USUAL,
    seed=4,
    ids=(*ELECTRIC, *HEAT),
    behind_feeder=("battery",),
    price_mean=0.08,
    price_spread=0.1,
    periods=24,
)
NO_RUNS = np.zeros(0, dtype=np.int64)


class Dying(LinearSolver):
    """Solves so many times, and then never again."""

    def __init__(self, solves):
        super().__init__()
        self.left = solves

    def solve(self, *, seconds_max):
        self.left -= 1
        if self.left < 0:
            raise NoPlan("dead")
        return super().solve(seconds_max=seconds_max)


def started(problem, *, solves=1_000_000):
    layout = layout_of(problem)
    numbers = numbers_of(layout, problem)
    solver = Dying(solves)
    solver.update(layout, numbers)
    return solver, layout, numbers


def test_an_exact_search_whose_last_step_fails_gives_the_rounded_plan():
    _region, problem = towns(1, seed=5, periods=24)

    def task(solves):
        solver, layout, numbers = started(problem, solves=solves)
        return {
            "solver": solver,
            "layout": layout,
            "numbers": numbers,
            "coordinator": Coordinator(Workforce(workers=0)),
            "deadline": time.perf_counter() + 30.0,
            "gap": 1e-3,
        }

    quick = task(1_000_000)
    seats = seats_of(quick["layout"], problem)
    rounded = solve_quickly(Task(**quick), seats)
    failing = task(1_000_000 - quick["solver"].left)
    found = solve_exact(seats=seats_of(failing["layout"], problem), **failing)
    assert rounded.solution.objective_eur > rounded.bound_eur + 1e-3, "there is something left to search for"
    assert found.end is End.TIME_LIMIT
    np.testing.assert_array_equal(found.solution.column, rounded.solution.column)
    assert rounded.bound_eur <= found.bound_eur <= rounded.solution.objective_eur + 1e-6


def test_directions_that_were_found_outlive_a_failing_search(tiny):
    """At these prices both directions at once pay, and the one that leads is not the best everywhere."""
    region = tiny.region(tiny.asset("load"), tiny.asset("battery"))
    problem = tiny.problem(
        region,
        [-0.3, -0.5, -0.3, -0.2, 0.1, -0.4] * 4,
        expected_kw={"load": [50.0] * 24},
        states={"battery": {"energy_kwh": 880.0}},
    )

    def made(solves):
        solver, layout, numbers = started(problem, solves=solves)
        linear = solver.solve(seconds_max=10.0)
        pairs = exclusive_pairs(layout)
        assert both_ways(pairs, linear.column).any()
        found = one_way(solver, layout, numbers, linear, deadline=time.perf_counter() + 10.0, gap=0.0)
        assert not both_ways(pairs, found.solution.column).any()
        assert linear.bound_eur <= found.bound_eur <= found.solution.objective_eur + 1e-6
        return found, solves - solver.left

    searched, solves = made(1_000_000)
    led, _solves = made(solves - 1)
    assert (searched.end, led.end) == (End.OPTIMAL, End.TIME_LIMIT)
    assert searched.solution.objective_eur < led.solution.objective_eur - 1.0
    with pytest.raises(NoPlan, match="dead"):
        made(1)


def test_a_plan_without_duals_tells_no_prices_and_no_worth(tiny):
    problem = MEETING.build(tiny)[1]
    solver, layout, numbers = started(problem)
    solution = solver.solve(seconds_max=10.0)

    def read(solution):
        told = {"plan_id": "p", "issued_at": tiny.start, "rung": Rung.INCUMBENT, "status": "time_limit"}
        return read_plan(problem, layout=layout, numbers=numbers, solution=solution, gap=None, **told)

    assert solution.priced
    priced = read(solution)
    assert "electricity" in priced.marginal_price_eur_per_kwh
    assert DRAWS in priced.assets["battery"].states
    nothing = replace(
        solution,
        priced=False,
        column_dual=np.zeros_like(solution.column),
        row_dual=np.zeros_like(solution.row),
    )
    plan = read(nothing)
    assert plan.marginal_price_eur_per_kwh == {}
    assert plan.binding == ()
    assert not {DRAWS, FEEDS_IN} & set(plan.assets["battery"].states)
    assert plan.objective_eur == priced.objective_eur
    with pytest.raises(NoPlan, match="no prices"):
        settle(layout, numbers, problem, nothing, fixed=NO_RUNS, steadiness=Steadiness(near_periods=4))
