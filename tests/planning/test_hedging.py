"""What the region's dial makes of a problem, and that a dial at 0 leaves the point plan as it is."""

from collections.abc import Mapping
from dataclasses import replace
from functools import partial

import numpy as np
import pytest

from energy.domain import FloatArray
from energy.optimize.optimizer import Optimizer
from energy.optimize.problem import Problem, problem_from
from energy.planning.hedging import Hedging
from energy.planning.past import expected_assets
from energy.ports import Prices
from energy.region.grid_loss import GridLoss
from energy.region.heat_load import HeatLoad
from energy.region.model import Region
from energy.region.uncertainty import Mode, Uncertainty
from tests.controller.networks import region_in
from tests.planning.test_net_errors import NOW, PERIODS, Recorded, forecast


@pytest.fixture(scope="module")
def region(tmp_path_factory: pytest.TempPathFactory) -> Region:
    return region_in(tmp_path_factory.mktemp("tal"))


@pytest.fixture(scope="module")
def point(region: Region) -> tuple[Problem, list[float]]:
    _, problem, _, cost = planned(region, Uncertainty())
    return problem, cost


def planned(region: Region, dial: Uncertainty) -> tuple[Region, Problem, object, list[float]]:
    """Put a problem together under a dial and plan it; the numbers are the parts of the plan's cost."""
    own = replace(region, control=replace(region.control, uncertainty=dial))
    prices = Prices(
        start=NOW, price_eur_per_kwh=0.1 + 0.05 * np.sin(np.arange(PERIODS)), indicative=[False] * PERIODS
    )
    made = partial(
        problem_from, own, start=NOW, prices=prices, states={}, temperature_c=np.full(PERIODS, 8.0)
    )

    def make(expected_kw: Mapping[str, FloatArray]) -> Problem:
        return made(expected_kw=expected_kw)

    forecasts = [
        forecast(asset.id, NOW, -40.0 if asset.kind in ("pv", "wind", "hydro") else 100.0, 30.0)
        for asset in expected_assets(region)
    ]
    hedging = Hedging(own, Recorded(own, NOW))
    problem, hedge = hedging.problem(make, forecasts, [], periods=PERIODS, known_at=NOW)
    plan = Optimizer(own).solve(problem, plan_id="p", issued_at=NOW, seconds_max=20.0, gap=0.01, hedge=hedge)
    return own, problem, hedge, list(plan.objective_eur.values())


@pytest.mark.parametrize("mode", ["reserve", "scenarios"])
def test_a_dial_at_zero_is_the_point_plan(
    region: Region, point: tuple[Problem, list[float]], mode: Mode
) -> None:
    _, problem, hedge, same = planned(region, Uncertainty(mode=mode, share=0.0, risk_weight=0.5))
    assert hedge is None
    assert problem.reserve is None
    assert same == point[1]
    assert [item.asset_id for item in problem.items] == [item.asset_id for item in point[0].items]


@pytest.mark.parametrize("mode", ["reserve", "scenarios"])
def test_where_only_heat_is_forecast_no_net_load_can_be_wrong(region: Region, mode: Mode) -> None:
    own = replace(region, control=replace(region.control, uncertainty=Uncertainty(mode=mode)))
    heat = [forecast(asset.id, NOW, 100.0, 30.0) for asset in region.assets if isinstance(asset, HeatLoad)]
    assert heat

    def make(expected_kw: Mapping[str, FloatArray]) -> Problem:
        losses = [asset for asset in region.assets if isinstance(asset, GridLoss)]
        others = {asset.id: np.zeros(PERIODS) for asset in (*expected_assets(region), *losses)}
        prices = Prices(start=NOW, price_eur_per_kwh=np.zeros(PERIODS), indicative=[False] * PERIODS)
        known = {**others, **expected_kw}
        return problem_from(
            own, start=NOW, prices=prices, states={}, expected_kw=known, temperature_c=np.zeros(PERIODS)
        )

    plain = replace(own, assets=tuple(asset for asset in own.assets if not isinstance(asset, GridLoss)))
    problem, hedge = Hedging(plain, Recorded(own, NOW)).problem(make, heat, [], periods=PERIODS, known_at=NOW)
    assert problem.reserve is None
    assert hedge is None


def test_scenarios_bring_two_courses_beside_the_expected_one(
    region: Region, point: tuple[Problem, list[float]]
) -> None:
    _, _, hedge, cost = planned(region, Uncertainty(mode="scenarios", risk_weight=0.2))
    assert hedge is not None
    assert sum(cost) >= sum(point[1]) - 1.0
