"""The last plan carried on."""

import numpy as np
import pytest

from energy.domain import Rung
from energy.errors import NoPlan
from energy.optimize.fallback.shift import shift_plan
from energy.periods import PERIOD


@pytest.fixture
def made(tiny, plan):
    grid = tiny.asset("grid_point", power_kw_import_max=120.0)
    region = tiny.region(tiny.asset("load"), tiny.asset("battery"), grid=grid)
    problem = tiny.problem(
        region,
        [0.1, 0.3, 0.1, 0.3],
        expected_kw={"load": [100.0, 150.0, 100.0, 150.0]},
        states={"battery": {"energy_kwh": 100.0}},
    )
    return plan(region, problem)


def test_periods_gone_are_dropped_and_the_rest_is_kept(tiny, made):
    shifted = shift_plan(made, tiny.start + 2 * PERIOD)
    assert shifted.rung is Rung.SHIFTED
    assert shifted.start == tiny.start + 2 * PERIOD
    assert shifted.periods == 2
    for asset_id, asset in shifted.assets.items():
        assert asset.power_kw.tolist() == made.assets[asset_id].power_kw[2:].tolist()
        for name, values in asset.states.items():
            np.testing.assert_array_equal(values, made.assets[asset_id].states[name][2:])
    price = made.marginal_price_eur_per_kwh["electricity"]
    assert shifted.marginal_price_eur_per_kwh["electricity"].tolist() == price[2:].tolist()
    assert {(b.name, tuple(i - 2 for i in b.periods if i > 1)) for b in made.binding} >= {
        (b.name, b.periods) for b in shifted.binding
    }


def test_shifting_twice_equals_shifting_once(tiny, made):
    once = shift_plan(made, tiny.start + 3 * PERIOD)
    twice = shift_plan(shift_plan(made, tiny.start + PERIOD), tiny.start + 3 * PERIOD)
    assert twice.start == once.start
    assert twice.binding == once.binding
    assert all(len(b.worth_eur) == len(b.periods) for b in twice.binding)
    assert twice.assets["battery"].power_kw.tolist() == once.assets["battery"].power_kw.tolist()


@pytest.mark.parametrize("periods", [-1, 4, 400])
def test_a_plan_that_does_not_cover_the_moment_is_refused(tiny, made, periods):
    with pytest.raises(NoPlan, match="covers 4 periods"):
        shift_plan(made, tiny.start + periods * PERIOD)
