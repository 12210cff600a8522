"""From one problem to the next: what is renewed equals what is made afresh, and HiGHS starts warm."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from energy.optimize.highs.solver import COEFFICIENTS_FEW, LinearSolver
from energy.optimize.kinds.catalogue import kind_of
from energy.optimize.matrix.tile import Tiler, numbers_of
from energy.optimize.network_items import Machine
from tests.optimize.test_tile_sweep import WHOLE, odd, with_items

SHARE = 0.4
ARRAYS = ("cost_eur", "lower", "upper", "row_lower", "row_upper", "coefficients")


def some_moved(problem, seed):
    """Give the problem with odd numbers in some of its assets, where those need no other structure."""
    random = np.random.default_rng(seed)

    def moved(item):
        other = odd(item, random)
        if isinstance(item, Machine):
            other = replace(other, uptime_periods=item.uptime_periods, downtime_periods=item.downtime_periods)
        structure = kind_of(item).structure
        return other if random.random() < SHARE and structure(other) == structure(item) else item

    return with_items(problem, moved)


def vectors(solver):
    lp = solver._highs.getLp()
    return [lp.col_cost_, lp.col_lower_, lp.col_upper_, lp.row_lower_, lp.row_upper_, lp.a_matrix_.value_]


@settings(deadline=None, max_examples=15, derandomize=True)
@given(seeds=st.lists(st.integers(0, 10_000), min_size=1, max_size=4))
def test_renewed_numbers_are_those_made_afresh_to_the_last_bit(tiny, seeds):
    problem, tiler = WHOLE.build(tiny)[1], Tiler()
    first, _numbers = tiler.at(problem)
    for seed in seeds:
        problem = some_moved(problem, seed)
        layout, renewed = tiler.at(problem)
        assert layout is first, "nothing was renewed"
        fresh = numbers_of(layout, problem)
        for name in ARRAYS:
            np.testing.assert_array_equal(getattr(renewed, name), getattr(fresh, name), err_msg=name)
        assert renewed.offset_eur == fresh.offset_eur


def test_what_did_not_move_is_the_same_array(tiny):
    problem, tiler = WHOLE.build(tiny)[1], Tiler()
    layout, first = tiler.at(problem)
    dearer = replace(problem.exchange, import_eur_per_kwh=problem.exchange.import_eur_per_kwh + 0.01)
    again_layout, again = tiler.at(replace(problem, exchange=dearer))
    assert again_layout is layout
    assert [name for name in ARRAYS if getattr(again, name) is not getattr(first, name)] == ["cost_eur"]


def test_a_written_array_is_never_one_that_was_handed_out(tiny):
    problem, tiler = WHOLE.build(tiny)[1], Tiler()
    _layout, first = tiler.at(problem)
    kept = {name: getattr(first, name).copy() for name in ARRAYS}
    tiler.at(some_moved(problem, 1))
    for name, values in kept.items():
        np.testing.assert_array_equal(getattr(first, name), values, err_msg=name)


@pytest.fixture
def day(tiny):
    """Batteries over a day, so that a cold solve needs many iterations."""
    batteries = [tiny.asset("battery", f"b{i}", efficiency_charge=0.9 + 0.01 * i) for i in range(6)]
    price = (0.1 + 0.08 * np.sin(np.arange(96) / 7.0)).tolist()
    return tiny.problem(
        tiny.region(tiny.asset("load"), *batteries),
        price,
        expected_kw={"load": [500.0] * 96},
        states={battery.id: {"energy_kwh": 300.0 + 20.0 * i} for i, battery in enumerate(batteries)},
    )


def iterations(solver):
    return solver._highs.getInfo().simplex_iteration_count


@pytest.mark.parametrize("changed", [3, COEFFICIENTS_FEW + 1])
def test_changed_coefficients_keep_the_basis(day, changed):
    layout, numbers = Tiler().at(day)
    solver, cold = LinearSolver(), LinearSolver()
    solver.update(layout, numbers)
    solver.solve(seconds_max=20.0)
    some = np.flatnonzero(np.abs(numbers.coefficients) < 0.5)[:changed]
    assert some.size == changed
    coefficients = numbers.coefficients.copy()
    coefficients[some] *= 0.999
    moved = replace(numbers, coefficients=coefficients)
    solver.update(layout, moved)
    cold.update(layout, moved)
    assert all(np.array_equal(*pair) for pair in zip(vectors(solver), vectors(cold), strict=True))
    warm_eur = solver.solve(seconds_max=20.0).objective_eur
    assert warm_eur == pytest.approx(cold.solve(seconds_max=20.0).objective_eur, rel=1e-9)
    assert iterations(solver) < 0.5 * iterations(cold)


def test_bounds_that_somebody_fixed_are_set_back_by_the_next_problem(day):
    layout, numbers = Tiler().at(day)
    solver, fresh = LinearSolver(), LinearSolver()
    solver.update(layout, numbers)
    solver.bound(numbers.lower, np.where(np.isinf(numbers.upper), np.inf, numbers.lower))
    solver.update(layout, numbers)
    fresh.update(layout, numbers)
    assert all(np.array_equal(*pair) for pair in zip(vectors(solver), vectors(fresh), strict=True))


def test_the_next_quarter_hour_starts_warm(day):
    tiler, solver, cold = Tiler(), LinearSolver(), LinearSolver()
    solver.update(*tiler.at(day))
    solver.solve(seconds_max=20.0)
    moved = replace(
        day, exchange=replace(day.exchange, import_eur_per_kwh=day.exchange.import_eur_per_kwh * 1.01)
    )
    for one in (solver, cold):
        one.update(*tiler.at(moved))
        one.solve(seconds_max=20.0)
    assert iterations(solver) < 0.5 * iterations(cold)
