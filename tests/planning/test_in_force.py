"""Which plan was in force is read from the record: however often the planner starts, it is the same."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from energy.domain import AssetPlan, Forecast, Plan, Rung
from energy.optimize.steady.before import before_of
from energy.periods import PERIOD
from energy.planning.in_force import PlansInForce
from energy.region.model import Region
from tests.controller.networks import region_in

NOON = datetime(2020, 6, 2, 10, tzinfo=UTC)


class RecordedPlans:
    """Plans in memory, in the order of their issue."""

    def __init__(self, *plans: Plan) -> None:
        self._plans = plans

    def plan_at(self, moment: datetime) -> Plan | None:
        known = [plan for plan in self._plans if plan.issued_at <= moment]
        return known[-1] if known else None

    def forecasts_at(self, moment: datetime) -> Sequence[Forecast]:
        raise AssertionError(f"nobody asks for forecasts, and not at {moment}")


@pytest.fixture(scope="module")
def region(tmp_path_factory: pytest.TempPathFactory) -> Region:
    return region_in(tmp_path_factory.mktemp("tal"))


def plan(region: Region, start: datetime, rung: Rung = Rung.OPTIMAL) -> Plan:
    """A plan in which every asset's power grows by one kW a period."""
    assets = {asset.id: AssetPlan(power_kw=np.arange(8.0), states={}) for asset in region.assets}
    return Plan(
        plan_id=f"p{start:%H%M}",
        region_id=region.id,
        issued_at=start - timedelta(minutes=2),
        start=start,
        rung=rung,
        status="optimal",
        gap=0.0,
        objective_eur={},
        assets=assets,
        marginal_price_eur_per_kwh={},
    )


def test_rules_are_looked_through_and_the_optimisers_plan_before_them_counts(region: Region) -> None:
    first, rules = plan(region, NOON), plan(region, NOON + PERIOD, Rung.RULES)
    for _start_of_the_planner in range(2):
        plans = PlansInForce(region, RecordedPlans(first, rules))
        assert plans.plan_in_force(NOON + PERIOD) is first


def test_a_plan_too_old_to_be_followed_is_none_to_hold_on_to(region: Region) -> None:
    plans = PlansInForce(region, RecordedPlans(plan(region, NOON)))
    oldest = timedelta(seconds=region.control.plan_age_s_max)
    assert plans.plan_in_force(NOON - timedelta(minutes=2) + oldest) is not None
    assert plans.plan_in_force(NOON + oldest) is None
    assert PlansInForce(region, RecordedPlans()).plan_in_force(NOON) is None


def test_the_plan_before_is_shifted_to_the_periods_of_the_new_one(region: Region) -> None:
    recorded = replace(plan(region, NOON), plan_id="recorded")
    before = before_of(recorded, region, start=NOON + 3 * PERIOD, periods=8)
    assert before is not None
    for asset in region.members:
        np.testing.assert_array_equal(before.power_kw[asset.id], [3, 4, 5, 6, 7, *[np.nan] * 3])
    assert set(before.power_kw) == {asset.id for asset in region.members}
