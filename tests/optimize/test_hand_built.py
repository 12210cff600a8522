"""The hand-built program that benchmarks compare with has the product's matrix, whole and moved on."""

from dataclasses import replace

import numpy as np
import pytest

from energy.optimize.matrix.layout import layout_of
from energy.optimize.matrix.tile import numbers_of
from tests.benchmarks.choice import choice_of
from tests.benchmarks.hand_built import matrix_of
from tests.benchmarks.hand_highs import HandHighs, Moves
from tests.benchmarks.own_side import OwnSide, first_period_of
from tests.benchmarks.region_family import Family, family_of
from tests.benchmarks.region_of_family import inputs_of, problem_of, region_of
from tests.benchmarks.region_state import State, state_after, state_at_start
from tests.benchmarks.same_matrix import differences

ASSETS, PERIODS = 40, 72
"""Four CHPs: two of them alike, which then stand before those that come between them."""
SECONDS_MAX = 60.0


@pytest.fixture(scope="module")
def family() -> Family:
    f = family_of(ASSETS, PERIODS, seed=7)
    return replace(f, uptime_periods=f.uptime_periods[[0, 1, 0, 1]], downtime_periods=np.full(4, 5))


def later(family: Family) -> State:
    """Sessions are under way, a CHP runs, and a battery and a store hold more than they may."""
    state = state_at_start(family)
    over = state.battery_kwh.copy()
    over[:2] = 0.01 * family.battery_kwh[0], 0.99 * family.battery_kwh[1]
    return replace(
        state,
        step=12,
        battery_kwh=over,
        store_kwh=np.append(1.02 * family.store_kwh[:1], state.store_kwh[1:]),
        session_kwh=0.5 * state.session_kwh,
        running=np.arange(family.chp_kw.size) == 0,
        since_periods=np.full(family.chp_kw.size, 2),
        billed_peak_kw=1234.0,
    )


def differences_in(family: Family, state: State) -> list[str]:
    problem = problem_of(region_of(family), inputs_of(family, state))
    layout = layout_of(problem)
    return differences(layout, numbers_of(layout, problem), matrix_of(family, state))


def test_both_matrices_are_equal_entry_by_entry(family: Family) -> None:
    assert family.session_arrives.min() < later(family).step, "no session is under way"
    for state in (state_at_start(family), later(family)):
        assert differences_in(family, state) == []
        assert differences_in(family.without_commitment(), state) == []


def test_a_difference_is_named(family: Family) -> None:
    state = state_at_start(family)
    problem = problem_of(region_of(family), inputs_of(family, state))
    layout = layout_of(problem)
    matrix = matrix_of(replace(family, efficiency_charge=0.99 * family.efficiency_charge), state)
    found = differences(layout, numbers_of(layout, problem), matrix)
    assert len(found) == 1
    assert found[0].startswith("entry ")


def test_what_a_quarter_hour_changes_makes_the_program_of_that_quarter_hour(family: Family) -> None:
    start, then = state_at_start(family), later(family)
    matrix = matrix_of(family, start)
    moved, fresh = HandHighs(seconds_max=SECONDS_MAX), HandHighs(seconds_max=SECONDS_MAX)
    moved.pass_matrix(matrix)
    moves = Moves(family, matrix.places)
    moved.change(moves, family, then)
    fresh.pass_matrix(matrix_of(family, then))
    for mine, whole in zip(moved.vectors(), fresh.vectors(), strict=True):
        np.testing.assert_array_equal(mine, whole)
    moved.change(moves, family, start)
    assert moved.solve().objective_eur == pytest.approx(solved_eur(family, start), rel=1e-9)


def solved_eur(family: Family, state: State) -> float:
    highs = HandHighs(seconds_max=SECONDS_MAX)
    highs.pass_matrix(matrix_of(family, state))
    return highs.solve().objective_eur


def test_both_sides_find_the_same_cost_and_break_no_wish(family: Family) -> None:
    free = family.without_commitment()
    own, state = OwnSide(seconds_max=SECONDS_MAX), state_at_start(free)
    for _ in range(3):
        planned = own.plan(problem_of(region_of(free), inputs_of(free, state)))
        assert planned.objective_eur == pytest.approx(solved_eur(free, state), rel=1e-9)
        assert planned.plan.breaches == ()
        state = state_after(state, first_period_of(free, planned.plan))


def test_a_seed_changes_all_numbers_and_gives_the_same_ones_again() -> None:
    one, other = family_of(ASSETS, PERIODS, seed=1), family_of(ASSETS, PERIODS, seed=2)
    np.testing.assert_array_equal(family_of(ASSETS, PERIODS, seed=1).load_kw, one.load_kw)
    assert not np.isclose(one.load_kw, other.load_kw).any()
    assert not np.isclose(one.market_eur_per_kwh, other.market_eur_per_kwh).any()
    assert one.market_eur_per_kwh.min() < 0.0


def test_seed_and_sizes_are_read_or_refused() -> None:
    choice = choice_of(["--seed", "3", "--sizes", "S,M"])
    assert (choice.seed, choice.sizes) == (3, ("S", "M"))
    for wrong in (["--seed"], ["--seed", "x"], ["--sizes", "XL"], ["--size", "S"]):
        with pytest.raises(ValueError, match="--sizes"):
            choice_of(wrong)
