"""An electrolyser whose efficiency falls towards rated power: its hydrogen lies on its curve."""

import numpy as np
import pytest

from energy.optimize.fallback.rules import rules_plan
from energy.optimize.matrix.layout import layout_of
from energy.optimize.optimizer import Optimizer
from energy.physics.electrolyser import curve_of_electrolyser

CURVE = {"power_kw_middle": 250.0, "hydrogen_kw_middle": 180.0}


def gas_region(tiny, **changes):
    return tiny.region(tiny.asset("electrolyser", **{**CURVE, **changes}), tiny.asset("hydrogen_storage"))


def problem_of(tiny, region, price, *, energy_kwh=1000.0, **inputs):
    return tiny.problem(
        region,
        price,
        states={
            "hydrogen_storage": {"energy_kwh": energy_kwh},
            "electrolyser": {"running_s": 7200.0, "standing_s": 0.0},
        },
        **inputs,
    )


def on_the_curve(plan):
    electrolyser = plan.assets["electrolyser"]
    curve = curve_of_electrolyser_kw(electrolyser.power_kw)
    made = np.where(electrolyser.states["running"] > 0.5, curve, 0.0)
    np.testing.assert_allclose(-electrolyser.states["hydrogen_kw"], made, atol=1e-3)


def curve_of_electrolyser_kw(power_kw):
    return np.interp(power_kw, [100.0, 250.0, 500.0], [70.0, 180.0, 330.0])


@pytest.mark.parametrize("energy_kwh", [200.0, 1000.0, 1995.0])
@pytest.mark.parametrize("price", [-0.4, 0.05, 0.2])
def test_hydrogen_lies_on_the_curve_even_where_nobody_wants_it(tiny, energy_kwh, price):
    region = gas_region(tiny)
    prices = price + 0.1 * np.sin(np.arange(24))
    problem = problem_of(tiny, region, prices, energy_kwh=energy_kwh)
    proven = Optimizer(region).solve_proven(
        problem, plan_id="p", issued_at=tiny.start, seconds_max=20.0, gap=1e-4
    )
    on_the_curve(proven.plan)
    by_rules = rules_plan(problem, plan_id="r", issued_at=tiny.start)
    on_the_curve(by_rules)
    assert sum(by_rules.objective_eur.values()) >= proven.bound_eur - 1e-3


def test_a_straight_curve_has_no_column_more(tiny):
    straight, bent = (
        layout_of(problem_of(tiny, region, [0.1] * 4))
        for region in (gas_region(tiny, power_kw_middle=None, hydrogen_kw_middle=None), gas_region(tiny))
    )
    assert bent.columns - straight.columns == 2 * 4
    assert bent.rows - straight.rows == 3 * 4


def test_a_curve_that_bends_upwards_is_refused(tiny):
    with pytest.raises(ValueError, match="on or above the straight line"):
        tiny.asset("electrolyser", power_kw_middle=250.0, hydrogen_kw_middle=160.0)
    with pytest.raises(ValueError, match="need each other"):
        tiny.asset("electrolyser", power_kw_middle=250.0)


def test_the_simulated_plant_follows_the_curve(tiny):
    curve = curve_of_electrolyser(tiny.asset("electrolyser", **CURVE))
    for power_kw, hydrogen_kw in ((100.0, 70.0), (250.0, 180.0), (375.0, 255.0), (500.0, 330.0)):
        assert curve.output_kw_at(power_kw) == pytest.approx(hydrogen_kw)
        assert curve.power_kw_for(hydrogen_kw) == pytest.approx(power_kw)
