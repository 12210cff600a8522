"""From plan to plan: what costs the same stays as it was planned before, and nothing is paid for that."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from energy.errors import BadInput
from energy.optimize.cost import cost_parts_eur, stored_energy_kwh
from energy.optimize.optimizer import Optimizer
from energy.optimize.steady.before import Before, before_of
from energy.optimize.steady.ties import TOLERANCE_EUR
from energy.periods import PERIOD, PERIOD_H

EVEN = {"efficiency_charge": 1.0, "efficiency_discharge": 1.0, "wear_eur_per_kwh": 0.0}
FLAT = [0.1] * 16 + [0.9] * 2
TIES_ONLY = {"change_eur_per_kwh": 0.0, "run_change_eur": 0.0}


def prove(region, problem, **changes):
    control = dataclasses.replace(region.control, **{**TIES_ONLY, **changes})
    optimizer = Optimizer(dataclasses.replace(region, control=control))
    return optimizer.solve_proven(problem, plan_id="p", issued_at=problem.start, seconds_max=20.0, gap=1e-3)


def solve(region, problem, **changes):
    proven = prove(region, problem, **changes)
    assert proven.notes == ()
    return proven.plan


def alone(region, problem):
    """Plan as if there had been no plan before."""
    return solve(region, problem, steady_h=0.0)


def total(plan):
    return sum(plan.objective_eur.values())


def with_before(problem, **power_kw):
    powers = {name: np.asarray(values, dtype=np.float64) for name, values in power_kw.items()}
    return dataclasses.replace(problem, before=Before(power_kw=powers))


def flat(tiny, price=FLAT):
    """A battery that has to take up 200 kWh somewhere in 16 quarter hours of one price."""
    region = tiny.region(tiny.asset("load"), tiny.asset("battery", **EVEN))
    return region, tiny.problem(
        region,
        price,
        expected_kw={"load": [500.0] * len(price)},
        states={"battery": {"energy_kwh": 600.0}},
        end_at_start=True,
    )


@pytest.mark.parametrize("first", [0, 3, 8, 12])
def test_at_a_flat_price_a_battery_charges_when_it_was_planned_to(tiny, first):
    region, problem = flat(tiny)
    planned = np.zeros(18)
    planned[first : first + 4], planned[16:] = 200.0, -400.0
    plan = solve(region, with_before(problem, battery=planned))
    np.testing.assert_allclose(plan.assets["battery"].power_kw, planned, atol=1e-4)
    assert total(plan) == pytest.approx(total(alone(region, problem)), abs=1e-6)


def test_without_a_plan_before_a_flat_price_gives_an_even_power(tiny):
    region, problem = flat(tiny)
    power_kw = solve(region, problem).assets["battery"].power_kw[:16]
    np.testing.assert_allclose(power_kw, np.full(16, 50.0), atol=1e-4)


def test_what_is_not_known_of_the_plan_before_is_no_hindrance(tiny):
    region, problem = flat(tiny)
    planned = np.full(18, np.nan)
    planned[:4] = 100.0
    plan = solve(region, with_before(problem, battery=planned))
    np.testing.assert_allclose(plan.assets["battery"].power_kw[:4], 100.0, atol=1e-4)
    assert np.isfinite(plan.assets["battery"].power_kw).all()


def test_what_was_planned_before_but_cannot_be_any_more_is_left(tiny):
    region, problem = flat(tiny)
    free = alone(region, problem)
    for power_kw in (1e6, -1e6):
        plan = solve(region, with_before(problem, battery=[power_kw] * 18))
        assert total(plan) <= total(free) + TOLERANCE_EUR
        assert (np.abs(plan.assets["battery"].power_kw) <= 400.0 + 1e-6).all()


def test_of_equal_batteries_the_one_planned_before_goes_on(tiny):
    names = ("first", "second")
    for order in (names, names[::-1]):
        batteries = [tiny.asset("battery", name, **EVEN) for name in order]
        region = tiny.region(tiny.asset("load"), *batteries, export_discount_eur_per_kwh=1.0)
        problem = tiny.problem(
            region,
            [0.5, 0.5, 0.05, 0.05],
            expected_kw={"load": [200.0] * 4},
            states={name: {"energy_kwh": 500.0} for name in names},
            end_at_start=True,
        )
        for busy in names:
            powers = {name: 200.0 * (name == busy) * np.array([-1.0, -1.0, 1.0, 1.0]) for name in names}
            plan = solve(region, with_before(problem, **powers))
            for name in names:
                np.testing.assert_allclose(plan.assets[name].power_kw, powers[name], atol=1e-4)


def test_at_a_price_of_zero_no_energy_is_burnt_to_follow_the_plan_before(tiny):
    """With the store full only charging and discharging at once could draw what was planned before."""
    region = tiny.region(tiny.asset("load"), tiny.asset("battery", wear_eur_per_kwh=0.0))
    problem = tiny.problem(
        region,
        [0.0] * 8,
        expected_kw={"load": [300.0] * 8},
        states={"battery": {"energy_kwh": 900.0}},
        end_at_start=True,
    )
    plan = solve(region, with_before(problem, battery=[150.0] * 8))
    power_kw = plan.assets["battery"].power_kw
    np.testing.assert_allclose(
        plan.assets["battery"].states["energy_kwh"],
        stored_energy_kwh(problem.members[1], power_kw),
        atol=1e-3,
    )


def test_a_better_price_is_never_left_for_the_plan_before(tiny):
    region, problem = flat(tiny, price=[0.2] * 4 + [0.1] * 4 + [0.2] * 8 + [0.9] * 2)
    planned = [200.0] * 4 + [0.0] * 12 + [-400.0] * 2
    plan = solve(region, with_before(problem, battery=planned))
    assert plan.assets["battery"].power_kw[:4].max() < 1e-4
    assert plan.assets["battery"].power_kw[4:8].sum() * PERIOD_H >= 200.0
    assert total(plan) == pytest.approx(total(alone(region, problem)), abs=1e-6)


def test_prices_of_the_plan_are_those_of_the_first_solve(tiny):
    region, problem = flat(tiny)
    first = alone(region, problem)
    plan = solve(region, with_before(problem, battery=[200.0] * 4 + [0.0] * 12 + [-400.0] * 2))
    for name, prices in first.marginal_price_eur_per_kwh.items():
        np.testing.assert_array_equal(plan.marginal_price_eur_per_kwh[name], prices)


def test_a_price_of_change_buys_steadiness_for_no_more_than_it_says(tiny):
    """Prices differ by a tenth of a cent, elsewhere than the plan before thought."""
    region, problem = flat(tiny, price=[0.101] * 4 + [0.1] * 12 + [0.9] * 2)
    planned = np.array([200.0] * 4 + [0.0] * 12 + [-400.0] * 2)
    held = with_before(problem, battery=planned)
    moved = solve(region, held)
    assert moved.assets["battery"].power_kw[:4].max() < 1e-4
    kept = solve(region, held, change_eur_per_kwh=0.002)
    np.testing.assert_allclose(kept.assets["battery"].power_kw, planned, atol=1e-4)
    changed_kwh = PERIOD_H * np.abs(moved.assets["battery"].power_kw - planned).sum()
    assert 0.0 < total(kept) - total(moved) <= 0.002 * changed_kwh


def test_near_ties_that_change_from_plan_to_plan_do_not_make_a_battery_flap(tiny):
    random = np.random.default_rng(7)
    prices = 0.1 + 0.0005 * random.random((8, 26))
    prices[:, 24:] = 0.9

    def changes(**how):
        plan, moved_kw, energy_kwh = None, 0.0, 600.0
        for step, price in enumerate(prices):
            region, problem = flat(tiny, price=price[step:])
            before = None if plan is None else shifted_by_one(plan, region, problem)
            states = {"battery": {"energy_kwh": energy_kwh}}
            problem = tiny.problem(
                region,
                price[step:],
                expected_kw={"load": [500.0] * (26 - step)},
                states=states,
                before=before,
            )
            made = solve(region, problem, **how)
            power_kw = made.assets["battery"].power_kw
            if plan is not None:
                moved_kw += abs(power_kw[0] - plan.assets["battery"].power_kw[1])
            plan, energy_kwh = made, energy_kwh + PERIOD_H * power_kw[0]
        return moved_kw

    assert changes(change_eur_per_kwh=0.002) <= 0.25 * changes(steady_h=0.0) + 1e-3


def shifted_by_one(plan, region, problem):
    return before_of(plan, region, start=problem.start + PERIOD, periods=problem.periods)


def hydrogen(tiny, price, **inputs):
    region = tiny.region(
        tiny.asset("load"), tiny.asset("electrolyser", start_eur=1.0), tiny.asset("hydrogen_storage")
    )
    return region, tiny.problem(
        region,
        price,
        expected_kw={"load": [100.0] * len(price)},
        states={
            "electrolyser": {"running_s": 0.0, "standing_s": 7200.0},
            "hydrogen_storage": {"energy_kwh": 700.0},
        },
        **inputs,
    )


def test_a_machine_runs_when_it_was_planned_to_unless_another_time_saves_more(tiny):
    region, problem = hydrogen(tiny, [0.2] * 16 + [0.1] * 8 + [0.2] * 8)
    first = solve(region, problem)
    planned = first.assets["electrolyser"].states["running"]
    assert 0.0 < planned.sum() < 32.0
    before = before_of(first, region, start=problem.start, periods=32)
    region, again = hydrogen(tiny, [0.1] * 32, before=before)
    free = alone(region, again)
    for margin_eur, is_kept in ((0.0, False), (5.0, False), (10.0, True)):
        plan = solve(region, again, run_change_eur=margin_eur)
        running = plan.assets["electrolyser"].states["running"]
        assert np.array_equal(running, planned) == is_kept
        assert total(plan) <= total(free) + margin_eur + TOLERANCE_EUR


def test_runs_that_cannot_be_kept_are_kept_as_far_as_they_can(tiny):
    region, problem = hydrogen(tiny, [0.1] * 32)
    wild = Before(power_kw={}, running_fraction={"electrolyser": np.tile([1.0, 0.0], 16)})
    plan = solve(region, dataclasses.replace(problem, before=wild), run_change_eur=1000.0)
    running = plan.assets["electrolyser"].states["running"]
    begins = np.flatnonzero(np.diff(running, prepend=0.0) > 0.0)
    assert all(running[begin : begin + 2].all() for begin in begins)


@settings(deadline=None, max_examples=20)
@given(seed=st.integers(0, 10_000), price_of_change=st.sampled_from([0.0, 0.003]))
def test_limits_are_kept_and_nothing_is_paid_whatever_was_planned_before(tiny, seed, price_of_change):
    random = np.random.default_rng(seed)
    region = tiny.region(
        tiny.asset("load"),
        tiny.asset("pv"),
        tiny.asset("battery"),
        tiny.asset("battery", "twin"),
        tiny.asset("ev_hub"),
        tiny.asset("flexible_load"),
        import_surcharge_eur_per_kwh=0.02,
        grid=tiny.asset("grid_point", power_kw_import_max=700.0, power_kw_export_max=300.0),
    )
    steps = np.repeat(np.round(0.1 * random.standard_normal(6), 2), 4)
    problem = tiny.problem(
        region,
        steps,
        expected_kw={
            "load": 300.0 * random.random(24),
            "pv": -600.0 * random.random(24),
            "ev_hub": 100.0 * random.random(24),
            "flexible_load": 100.0 * random.random(24),
        },
        states={name: {"energy_kwh": 500.0} for name in ("battery", "twin")},
    )
    names = ("battery", "twin", "ev_hub", "flexible_load")
    powers = {
        name: np.where(random.random(24) < 0.2, np.nan, 500.0 * random.standard_normal(24)) for name in names
    }
    free = alone(region, problem)
    proven = prove(region, with_before(problem, **powers), change_eur_per_kwh=price_of_change)
    plan = proven.plan
    if price_of_change == 0.0:
        assert total(plan) <= total(free) + TOLERANCE_EUR
    exchange = sum(plan.assets[item.asset_id].power_kw for item in problem.members)
    np.testing.assert_allclose(plan.assets["grid_point"].power_kw, exchange, atol=1e-3)
    for part, amount_eur in cost_parts_eur(problem, plan.assets).items():
        assert plan.objective_eur[part] == pytest.approx(amount_eur, abs=0.05), part


def test_a_plan_before_of_another_region_or_time_is_none(tiny):
    region, problem = flat(tiny)
    plan = alone(region, problem)
    assert before_of(None, region, start=problem.start, periods=18) is None
    other = dataclasses.replace(plan, region_id="elsewhere")
    assert before_of(other, region, start=problem.start, periods=18) is None
    assert before_of(plan, region, start=problem.start + 18 * PERIOD, periods=18) is None
    left = before_of(plan, region, start=problem.start + 17 * PERIOD, periods=18)
    assert left is not None
    assert np.isnan(left.power_kw["battery"][1:]).all()
    smaller = tiny.region(tiny.asset("load"))
    assert set(before_of(plan, smaller, start=problem.start, periods=18).power_kw) == {"load"}


@pytest.mark.parametrize(
    ("before", "place"),
    [
        (Before(power_kw={"nobody": np.zeros(18)}), "before.power_kw.nobody"),
        (Before(power_kw={"battery": np.zeros(17)}), "before.power_kw.battery"),
        (Before(power_kw={"battery": np.full(18, np.inf)}), "before.power_kw.battery[0]"),
        (
            Before(power_kw={}, running_fraction={"battery": np.full(18, 2.0)}),
            "before.running_fraction.battery[0]",
        ),
    ],
)
def test_a_wrong_plan_before_is_refused_by_name(tiny, before, place):
    region, _problem = flat(tiny)
    with pytest.raises(BadInput) as caught:
        tiny.problem(region, FLAT, expected_kw={"load": [500.0] * 18}, before=before)
    assert caught.value.faults[0].place.startswith(place)
