"""A setpoint knows whether a grid operator's bound limits it, whoever wanted it."""

from dataclasses import replace
from datetime import timedelta

import pytest

from energy.canonical import decode, plain
from energy.conduct import FollowingState
from energy.controller.decide import decide
from energy.controller.wishes import wishes
from energy.domain import Level, Limited, Point, Setpoint
from energy.region.model import Region
from tests.controller.conftest import NOW, ImageMaker, plan_of
from tests.controller.test_decide import CALM, by_asset, limit, tick_of


@pytest.mark.parametrize(("bound_kw", "is_duty"), [(42.0, True), (90.0, False)])
def test_a_plan_that_a_grid_operators_bound_limits_is_a_duty(
    region: Region, image_of: ImageMaker, *, bound_kw: float, is_duty: bool
) -> None:
    tick = tick_of(image_of(), plan_of(CALM), limits=(limit("laden", high=bound_kw),))
    setpoint = by_asset(decide(region, tick))["laden"].setpoint
    assert setpoint is not None
    assert setpoint.level is Level.PLAN
    assert setpoint.is_duty is is_duty


def test_a_bound_of_somebody_lower_is_no_duty(region: Region, image_of: ImageMaker) -> None:
    bound = replace(limit("laden", high=42.0), level=Level.DIRECT_MARKETER)
    setpoint = by_asset(decide(region, tick_of(image_of(), plan_of(CALM), limits=(bound,))))["laden"].setpoint
    assert setpoint is not None
    assert setpoint.power_kw == 42.0
    assert not setpoint.is_duty


SENT = Setpoint(
    asset_id="laden",
    point=Point.POWER_KW_MAX,
    power_kw=50.0,
    valid_until=NOW + timedelta(seconds=30),
    level=Level.PLAN,
    reason="plan",
)


def test_a_setpoint_recorded_before_duties_were_is_still_read() -> None:
    recorded = {name: value for name, value in plain(SENT).items() if name != "is_duty"}
    assert decode(Setpoint, recorded) == SENT


@pytest.mark.parametrize("is_settling", [True, False])
def test_who_may_still_be_on_its_way_to_show_a_setpoint_is_counted_on(
    region: Region, image_of: ImageMaker, *, is_settling: bool
) -> None:
    outcome = Limited(
        setpoint=SENT, read_back_kw=40.0, at=NOW, reason="not shown yet", is_settling=is_settling
    )
    tick = tick_of(image_of(), plan_of(CALM), outcomes=(outcome,))
    [wish] = [wish for wish in wishes(region, tick) if wish.asset.id == "laden"]
    assert wish.delivers is is_settling
    states = {item.asset_id: item.state for item in decide(region, tick).following}
    assert states["laden"] is not FollowingState.NOT_FOLLOWED
