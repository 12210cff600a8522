"""What a tick adds to a device's score: each second once, and none that nobody watched."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from energy.conduct import FollowingState, Score
from energy.controller.decide import decide
from energy.controller.scoring import conduct_of, scores_of
from energy.domain import Applied, Level, Limited, Outcome, Point, Rejected, Setpoint, Unreachable
from energy.region.model import Region
from tests.controller.conftest import NOW, ImageMaker, plan_of
from tests.controller.test_decide import CALM, tick_of

BEFORE = NOW - timedelta(seconds=5)
SETPOINT = Setpoint(
    asset_id="speicher",
    point=Point.POWER_KW_SETPOINT,
    power_kw=100.0,
    valid_until=NOW + timedelta(minutes=2),
    level=Level.PLAN,
    reason="plan",
)


def held(at: datetime = BEFORE) -> Outcome:
    return Applied(setpoint=SETPOINT, read_back_kw=100.0, at=at)


@pytest.mark.parametrize(
    ("outcome", "power_kw", "score"),
    [
        (held(), 100.0, Score(followed_s=5.0)),
        (held(), 0.0, Score(settling_s=5.0)),
        (Limited(setpoint=SETPOINT, read_back_kw=50.0, at=BEFORE, reason=""), 100.0, Score(limited_s=5.0)),
        (Rejected(setpoint=SETPOINT, at=BEFORE, reason=""), 100.0, Score(refused_s=5.0)),
        (Unreachable(setpoint=SETPOINT, at=BEFORE, reason=""), 100.0, Score(unreachable_s=5.0)),
    ],
)
def test_the_time_since_a_setpoint_counts_as_what_became_of_it(
    region: Region, image_of: ImageMaker, outcome: Outcome, power_kw: float, score: Score
) -> None:
    image = image_of({("speicher", Point.POWER_KW_SETPOINT): 100.0, ("speicher", Point.POWER_KW): power_kw})
    tick = tick_of(image, plan_of(CALM), outcomes=(outcome,))
    assert scores_of(tick, decide(region, tick)) == {"speicher": score}


def test_held_but_not_followed_and_not_known_count_apart(region: Region, image_of: ImageMaker) -> None:
    tick = tick_of(image_of(), plan_of(CALM), outcomes=(held(),))
    output = decide(region, tick)
    for state, score in (
        (FollowingState.NOT_FOLLOWED, Score(not_followed_s=5.0)),
        (FollowingState.UNKNOWN, Score(unknown_s=5.0)),
    ):
        following = tuple(replace(item, state=state) for item in output.following)
        assert scores_of(tick, replace(output, following=following)) == {"speicher": score}


@pytest.mark.parametrize("seconds", [-1.0, 0.0, 11.0, 3600.0])
def test_time_that_nobody_watched_is_not_counted(
    region: Region, image_of: ImageMaker, seconds: float
) -> None:
    tick = tick_of(image_of(), plan_of(CALM), outcomes=(held(NOW - timedelta(seconds=seconds)),))
    assert scores_of(tick, decide(region, tick)) == {}


def test_the_chain_says_what_was_wanted_sent_and_measured(region: Region, image_of: ImageMaker) -> None:
    image = image_of({("speicher", Point.ENERGY_KWH): 20.0})
    tick = tick_of(image, plan_of(CALM))
    chain = {item.asset_id: item for item in conduct_of(tick, decide(region, tick))}
    assert set(chain) == {"park", "speicher", "laden"}
    battery = chain["speicher"]
    assert (battery.wanted_kw, battery.level) == (-50.0, Level.PLAN)
    assert (battery.limited_by, battery.sent_kw) == ("energy band", 0.0)
    assert battery.following.measured_kw == 0.0
