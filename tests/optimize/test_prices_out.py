"""What a plan says beside powers: node prices, what limits are worth, the price at which an asset acts."""

import json

import numpy as np
import pytest

from energy.domain import Binding, Plan
from energy.historian.packing import pack_plan, unpack_plan
from energy.optimize.acting import DRAWS, FEEDS_IN
from energy.optimize.files.planning import plan_as_json

DT_H = 0.25
STEP_KW = 1e-3


def total(made):
    return sum(made.objective_eur.values())


def behind_a_feeder(tiny, *, load_kw=80.0, feeder_kw=100.0, price=(0.1, 0.3, 0.12, 0.5)):
    """A dear generator's worth of flexibility stands behind a feeder that is too small in the dear hours."""
    region = tiny.region(
        tiny.asset("load", feeder="feeder"),
        tiny.asset("battery", feeder="feeder", wear_eur_per_kwh=0.0),
        tiny.asset("feeder", power_kw_max=feeder_kw),
    )
    problem = tiny.problem(
        region,
        price,
        expected_kw={"load": [load_kw] * len(price)},
        states={"battery": {"energy_kwh": 110.0}},
    )
    return region, problem


def test_a_feeders_price_is_what_a_kwh_costs_behind_it(tiny, plan):
    region, problem = behind_a_feeder(tiny)
    made = plan(region, problem)
    node = made.marginal_price_eur_per_kwh["feeder.feeder"]
    busbar = made.marginal_price_eur_per_kwh["electricity"]
    assert busbar == pytest.approx([0.1, 0.3, 0.12, 0.5])
    assert node[0] > busbar[0] + 0.01, "the feeder is full while the battery charges"
    load = problem.members[0].power_kw
    costs = []
    for sign in (-1.0, 1.0):
        changed = load + sign * STEP_KW * (np.arange(4) == 0)
        problem = tiny.problem(
            region,
            [0.1, 0.3, 0.12, 0.5],
            expected_kw={"load": changed},
            states={"battery": {"energy_kwh": 110.0}},
        )
        costs.append(total(plan(region, problem)))
    below, above = (total(made) - costs[0]), (costs[1] - total(made))
    assert below - 1e-7 <= STEP_KW * DT_H * node[0] <= above + 1e-7


def test_a_binding_limit_says_what_one_kw_more_is_worth(tiny, plan):
    made = plan(*behind_a_feeder(tiny))
    binding = next(b for b in made.binding if b.asset_id == "feeder" and b.name == "power_kw_max")
    assert len(binding.worth_eur) == len(binding.periods)
    more = plan(*behind_a_feeder(tiny, feeder_kw=100.0 + STEP_KW))
    assert sum(binding.worth_eur) * STEP_KW == pytest.approx(total(made) - total(more), abs=1e-6)


def test_the_difference_of_node_prices_is_the_worth_of_the_feeder(tiny, plan):
    made = plan(*behind_a_feeder(tiny))
    binding = next(b for b in made.binding if b.asset_id == "feeder" and b.name == "power_kw_max")
    difference = (
        made.marginal_price_eur_per_kwh["feeder.feeder"] - made.marginal_price_eur_per_kwh["electricity"]
    )
    for period, worth_eur in zip(binding.periods, binding.worth_eur, strict=True):
        assert difference[period] * DT_H == pytest.approx(worth_eur, abs=1e-6)


def idle_battery(tiny, first_price):
    """Prices between which cycling does not pay: a kWh in store is worth its terminal value."""
    region = tiny.region(tiny.asset("load"), tiny.asset("battery"))
    problem = tiny.problem(
        region,
        [first_price, 0.2, 0.2, 0.2],
        expected_kw={"load": [500.0] * 4},
        states={"battery": {"energy_kwh": 500.0}},
    )
    return region, problem


def test_an_idle_battery_says_at_which_price_it_would_charge_and_discharge(tiny, plan):
    made = plan(*idle_battery(tiny, 0.19))
    part = made.assets["battery"]
    assert part.power_kw[0] == pytest.approx(0.0, abs=1e-6)
    charges, discharges = part.states[DRAWS][0], part.states[FEEDS_IN][0]
    # Stored energy is worth 0.95 * (0.2 - 0.01) = 0.1805 EUR/kWh; charging stores 0.95 kWh of each.
    assert charges == pytest.approx(0.95 * 0.1805, abs=1e-6)
    assert discharges == pytest.approx(0.2, abs=1e-6)
    for price, sign in ((charges - 1e-3, 1.0), (charges + 1e-3, 0.0), (discharges + 1e-3, -1.0)):
        power_kw = plan(*idle_battery(tiny, price)).assets["battery"].power_kw[0]
        assert np.sign(np.round(power_kw, 6)) == sign, price


def test_a_waiting_load_says_at_which_price_it_would_draw(tiny, plan):
    region = tiny.region(tiny.asset("flexible_load", shift_h=1.0))
    expected_kw = {"flexible_load": [100.0] + [0.0] * 3}
    made = plan(region, tiny.problem(region, [0.3, 0.2, 0.1, 0.2], expected_kw=expected_kw))
    assert made.assets["flexible_load"].power_kw[0] == pytest.approx(0.0)
    assert made.assets["flexible_load"].states[DRAWS][0] == pytest.approx(0.1)


def test_a_battery_of_unknown_energy_says_no_price(tiny, plan):
    region = tiny.region(tiny.asset("load"), tiny.asset("battery"))
    made = plan(region, tiny.problem(region, [0.1, 0.2], expected_kw={"load": [1.0, 1.0]}))
    assert dict(made.assets["battery"].states) == {}


def test_the_record_keeps_what_limits_are_worth_and_opens_plans_without(tiny, plan):
    made = plan(*behind_a_feeder(tiny))
    head, block = pack_plan(made, ["note"])
    again, _notes = unpack_plan(head, block)
    assert again.binding == made.binding
    assert again.marginal_price_eur_per_kwh.keys() == made.marginal_price_eur_per_kwh.keys()
    older = json.loads(head)
    for binding in older["plan"]["binding"]:
        del binding["worth_eur"]
    opened, _notes = unpack_plan(json.dumps(older), block)
    assert isinstance(opened, Plan)
    assert opened.binding[0] == Binding(
        name=made.binding[0].name, asset_id=made.binding[0].asset_id, periods=made.binding[0].periods
    )


def test_plan_json_has_the_worth_beside_the_periods(tiny, plan):
    made = plan_as_json(plan(*behind_a_feeder(tiny)))
    assert all(len(b["worth_eur"]) == len(b["periods"]) for b in made["binding"])
    assert "feeder.feeder" in made["marginal_price_eur_per_kwh"]
