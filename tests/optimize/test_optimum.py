"""What must hold of every optimum, and the same optimum from a formulation of its own."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from energy.domain import Rung
from energy.optimize.cost import cost_parts_eur, stored_energy_kwh
from energy.optimize.fallback.rules import rules_plan
from energy.optimize.items import Charging, Source, Storage

PERIODS = 6
DT_H = 0.25
BREACH = 200.0


def total(plan):
    return sum(plan.objective_eur.values())


@st.composite
def cases(draw, price_min=-0.2):
    """Draw the numbers of a small region: everything that may vary from plan to plan, and some parameters."""
    values = lambda least, most: st.lists(  # noqa: E731 - a short name for a strategy
        st.floats(least, most).map(lambda x: round(x, 3)), min_size=PERIODS, max_size=PERIODS
    )
    return {
        "price": draw(values(price_min, 0.4)),
        "load": draw(values(0.0, 500.0)),
        "pv": draw(values(0.0, 600.0)),
        "demand": draw(values(0.0, 200.0)),
        "energy": draw(st.sampled_from([0.0, 50.0, 100.0, 350.0, 900.0, 950.0])),
        "backlog": draw(st.sampled_from([0.0, 40.0, 200.0])),
        "import_max": draw(st.sampled_from([100.0, 300.0, 2000.0])),
        "export_max": draw(st.sampled_from([50.0, 2000.0])),
        "surcharge": draw(st.sampled_from([0.0, 0.03])),
        "capacity": draw(st.sampled_from([0.0, 5.0])),
        "wear": draw(st.sampled_from([0.0, 0.02])),
        "efficiency": draw(st.sampled_from([0.8, 1.0])),
    }


def region_and_problem(tiny, case, *, order=1, limits=(), **battery):
    members = [
        tiny.asset("load"),
        tiny.asset("pv", curtailment_eur_per_kwh=0.01),
        tiny.asset(
            "battery",
            **{
                "wear_eur_per_kwh": case["wear"],
                "efficiency_charge": case["efficiency"],
                "efficiency_discharge": case["efficiency"],
                **battery,
            },
        ),
        tiny.asset("ev_hub", dwell_h=1.0, fee_eur_per_kwh_drawn=0.02),
    ][::order]
    grid = tiny.asset(
        "grid_point", power_kw_import_max=case["import_max"], power_kw_export_max=case["export_max"]
    )
    region = tiny.region(
        *members,
        grid=grid,
        import_surcharge_eur_per_kwh=case["surcharge"],
        export_discount_eur_per_kwh=case["surcharge"],
        capacity_charge_eur_per_kw_year=case["capacity"],
    )
    problem = tiny.problem(
        region,
        case["price"],
        expected_kw={
            "load": case["load"],
            "pv": [-value for value in case["pv"]],
            "ev_hub": case["demand"],
        },
        states={
            "battery": {"energy_kwh": case["energy"]},
            "ev_hub": {"energy_kwh_backlog": case["backlog"], "energy_kwh_urgent": case["backlog"] / 2},
        },
        billed_peak_kw=150.0,
        limits=limits,
    )
    return region, problem


@settings(deadline=None, max_examples=40)
@given(case=cases())
def test_every_plan_obeys_physics_and_its_account_adds_up(tiny, plan, case):
    region, problem = region_and_problem(tiny, case)
    made = plan(region, problem)
    check_physics(problem, made)
    account = cost_parts_eur(problem, made.assets)
    for part, amount_eur in account.items():
        assert made.objective_eur[part] == pytest.approx(amount_eur, abs=1e-3), part


@settings(deadline=None, max_examples=40)
@given(case=cases())
def test_rules_obey_physics_and_never_beat_the_optimum(tiny, plan, case):
    region, problem = region_and_problem(tiny, case)
    made, by_rules = plan(region, problem), rules_plan(problem, plan_id="r", issued_at=tiny.start)
    check_physics(problem, by_rules)
    assert by_rules.rung is Rung.RULES
    assert total(by_rules) >= total(made) - 1e-3 - 1e-5 * abs(total(made))


def check_physics(problem, made):
    powers = {asset_id: asset.power_kw for asset_id, asset in made.assets.items()}
    exchange = sum(powers[item.asset_id] for item in problem.members)
    np.testing.assert_allclose(powers[problem.exchange.asset_id], exchange, atol=1e-6)
    for item in problem.members:
        power = powers[item.asset_id]
        assert np.isfinite(power).all()
        if isinstance(item, Source):
            assert (power >= -item.available_kw - 1e-6).all()
            assert (power <= 1e-6).all()
        elif isinstance(item, Storage):
            energy = made.assets[item.asset_id].states["energy_kwh"]
            np.testing.assert_allclose(energy, stored_energy_kwh(item, power), atol=2e-3)
            least = min(item.energy_kwh_min, item.energy_kwh_start)
            most = max(item.energy_kwh_max, item.energy_kwh_start)
            assert (energy >= least - 2e-3).all()
            assert (energy <= most + 2e-3).all()
            assert (np.abs(power) <= 400.0 + 1e-6).all()
        elif isinstance(item, Charging):
            assert (power >= -1e-6).all()
            assert (power <= item.power_kw_max + 1e-6).all()
            assert (np.cumsum(power) * DT_H <= item.arrived_kwh + 1e-6).all()


@settings(deadline=None, max_examples=30)
@given(case=cases(price_min=0.0))
def test_optimum_equals_a_linear_program_built_by_hand(tiny, plan, case):
    if case["energy"] in (0.0, 50.0, 950.0):
        case["energy"] = 350.0
    region, problem = region_and_problem(tiny, case)
    cost_eur, both_ways = by_hand(problem, case)
    made = total(plan(region, problem))
    if both_ways:  # where losing energy pays, the hand-built program may do both and be cheaper
        assert made >= cost_eur - 1e-6 * max(1.0, abs(cost_eur))
    else:
        assert made == pytest.approx(cost_eur, rel=1e-6, abs=1e-6)


def by_hand(problem, case):
    """Solve the small region as a dense linear program, written without any of the modules under test.

    Columns a period: import, export, above, below, curtailed, charge, discharge, energy, draw, unserved,
    settled; one more for the new peak.
    """
    n = 11
    size = n * PERIODS + 1
    price, eta = np.array(case["price"]), case["efficiency"]
    value = max(0.0, eta * (np.median(price) - case["wear"]))
    hub = next(item for item in problem.members if isinstance(item, Charging))
    cost, bounds = np.zeros(size), [(0.0, None)] * size
    equal, equal_to, most, most_to = [], [], [], []
    for t in range(PERIODS):
        i = n * t
        cost[i : i + 4] = (
            DT_H * (price[t] + case["surcharge"]),
            -DT_H * (price[t] - case["surcharge"]),
            DT_H * BREACH,
            DT_H * BREACH,
        )
        cost[i + 4], cost[i + 6] = DT_H * 0.01, DT_H * case["wear"]
        cost[i + 8], cost[i + 9] = DT_H * 0.02, 2.0
        bounds[i + 4] = (0.0, case["pv"][t])
        bounds[i + 5] = bounds[i + 6] = (0.0, 400.0)
        bounds[i + 7], bounds[i + 8] = (100.0, 900.0), (0.0, 300.0)
        bounds[i + 10] = (hub.due_kwh[t], hub.arrived_kwh[t])
        balance, store, settle = np.zeros((3, size))
        balance[[i, i + 1, i + 4, i + 5, i + 6, i + 8]] = 1.0, -1.0, -1.0, -1.0, 1.0, -1.0
        equal.append(balance)
        equal_to.append(case["load"][t] - case["pv"][t])
        store[[i + 7, i + 5, i + 6]] = 1.0, -DT_H * eta, DT_H / eta
        settle[[i + 10, i + 8, i + 9]] = 1.0, -DT_H, -1.0
        if t:
            store[i + 7 - n] = settle[i + 10 - n] = -1.0
        equal += [store, settle]
        equal_to += [case["energy"] if t == 0 else 0.0, 0.0]
        above, below, peak = np.zeros((3, size))
        above[[i, i + 1, i + 2]] = 1.0, -1.0, -1.0
        below[[i, i + 1, i + 3]] = -1.0, 1.0, -1.0
        peak[[i, size - 1]] = 1.0, -1.0
        most += [above, below, peak]
        most_to += [case["import_max"], case["export_max"], 150.0]
    cost[-1] = case["capacity"]
    cost[n * (PERIODS - 1) + 7] -= value
    found = linprog(
        cost, A_ub=np.array(most), b_ub=most_to, A_eq=np.array(equal), b_eq=equal_to, bounds=bounds
    )
    assert found.status == 0
    charge, discharge = found.x[5 : size - 1 : n], found.x[6 : size - 1 : n]
    return found.fun + value * case["energy"], bool((np.minimum(charge, discharge) > 1e-6).any())


@settings(deadline=None, max_examples=20)
@given(case=cases())
def test_order_of_assets_changes_no_cost(tiny, plan, case):
    one, other = (plan(*region_and_problem(tiny, case, order=order)) for order in (1, -1))
    assert total(one) == pytest.approx(total(other), rel=1e-5, abs=1e-3)


@settings(deadline=None, max_examples=20)
@given(case=cases())
def test_looser_limit_never_costs_more(tiny, plan, case):
    tight = plan(*region_and_problem(tiny, case))
    loose = plan(*region_and_problem(tiny, {**case, "import_max": 5000.0, "export_max": 5000.0}))
    assert total(loose) <= total(tight) + 1e-3 + 1e-5 * abs(total(tight))


@settings(deadline=None, max_examples=20)
@given(case=cases())
def test_more_battery_never_costs_more(tiny, plan, case):
    small = plan(*region_and_problem(tiny, case))
    more = {"energy_kwh_capacity": 2000.0, "energy_kwh_max": 1900.0, "power_kw_charge_max": 800.0}
    large = plan(*region_and_problem(tiny, case, **more))
    assert total(large) <= total(small) + 1e-3 + 1e-5 * abs(total(small))


@settings(deadline=None, max_examples=15)
@given(case=cases(price_min=0.01), period=st.integers(0, PERIODS - 1))
def test_marginal_price_is_what_one_more_kwh_costs(tiny, plan, case, period):
    case["load"] = [value + 1.0 for value in case["load"]]
    here = plan(*region_and_problem(tiny, case))
    step_kw = 1e-3
    costs = []
    for sign in (-1.0, 1.0):
        load = list(case["load"])
        load[period] += sign * step_kw
        costs.append(total(plan(*region_and_problem(tiny, {**case, "load": load}))))
    below = (total(here) - costs[0]) / (step_kw * DT_H)
    above = (costs[1] - total(here)) / (step_kw * DT_H)
    price = here.marginal_price_eur_per_kwh["electricity"][period]
    assert below - 1e-4 <= price <= above + 1e-4
