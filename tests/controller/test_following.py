"""Whether the power follows what the device holds: within its tolerance and the time that it needs."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from energy.conduct import Following, FollowingState
from energy.controller.decide import decide
from energy.controller.following import SETTLING_S, TOLERANCE, WAYS_MAX, following_of
from energy.controller.tick_input import TickInput
from energy.domain import Applied, Image, Level, Point, Quality, Reading, Setpoint
from energy.region.model import Region
from tests.controller.conftest import NOW, ImageMaker, plan_of
from tests.controller.test_decide import CALM, tick_of

STEP = timedelta(seconds=5)
HELD, POWER = ("speicher", Point.POWER_KW_SETPOINT), ("speicher", Point.POWER_KW)


def judged(region: Region, tick: TickInput, asset_id: str = "speicher") -> Following:
    return next(item for item in decide(region, tick).following if item.asset_id == asset_id)


def applied(power_kw: float, at: datetime = NOW) -> Applied:
    setpoint = Setpoint(
        asset_id="speicher",
        point=Point.POWER_KW_SETPOINT,
        power_kw=power_kw,
        valid_until=at + timedelta(minutes=2),
        level=Level.PLAN,
        reason="plan",
    )
    return Applied(setpoint=setpoint, read_back_kw=power_kw, at=at)


def states(region: Region, image_of: ImageMaker, held_kw: list[float], power_kw: list[float]) -> list[str]:
    """Run ticks of 5 s over what a battery holds and does; its ramp is 100 kW/s, its tolerance 10 kW."""
    found, behind = [], ()
    for index, (held, power) in enumerate(zip(held_kw, power_kw, strict=True)):
        at = NOW + index * STEP
        image = image_of({HELD: held, POWER: power}, at=at)
        sent = (applied(held, at - STEP),)
        output = decide(region, tick_of(image, plan_of(CALM), behind=behind, outcomes=sent))
        behind = output.behind
        found += [str(item.state) for item in output.following if item.asset_id == "speicher"]
    return found


def test_a_power_within_the_tolerance_follows(region: Region, image_of: ImageMaker) -> None:
    near = judged(region, tick_of(image_of({HELD: 100.0, POWER: 91.0}), plan_of(CALM)))
    assert (near.state, near.tolerance_kw) == (FollowingState.FOLLOWED, TOLERANCE * 200.0)
    assert (near.since, near.due_at) == (None, None)
    off = judged(region, tick_of(image_of({HELD: 100.0, POWER: 89.0}), plan_of(CALM)))
    assert off.state is FollowingState.SETTLING


def test_the_time_is_the_way_at_the_ramp_and_a_settling_time_since_the_command(
    region: Region, image_of: ImageMaker
) -> None:
    tick = tick_of(
        image_of({HELD: 200.0, POWER: -100.0}), plan_of(CALM), outcomes=(applied(200.0, NOW - STEP),)
    )
    following = judged(region, tick)
    assert following.since == NOW - STEP
    assert following.due_at == NOW - STEP + timedelta(seconds=SETTLING_S + 300.0 / 100.0)


def test_a_battery_that_arrives_in_time_was_settling_and_then_follows(
    region: Region, image_of: ImageMaker
) -> None:
    found = states(region, image_of, [200.0] * 4, [0.0, 120.0, 195.0, 200.0])
    assert found == ["settling", "settling", "followed", "followed"]


def test_a_battery_that_does_nothing_is_late_after_its_time_and_until_it_follows(
    region: Region, image_of: ImageMaker
) -> None:
    found = states(region, image_of, [200.0] * 5 + [0.0, 60.0, 60.0], [0.0] * 6 + [20.0, 60.0])
    assert found == ["settling", "settling"] + ["not_followed"] * 3 + ["followed", "settling", "followed"]


def test_moving_on_does_not_excuse_a_device_that_never_follows(region: Region, image_of: ImageMaker) -> None:
    held_kw = [150.0 if index % 2 else -150.0 for index in range(40)]
    found = states(region, image_of, held_kw, [0.0] * 40)
    way_s = SETTLING_S + 400.0 / 100.0
    assert found[int(WAYS_MAX * way_s / 5.0) + 1 :] == ["not_followed"] * (39 - int(WAYS_MAX * way_s / 5.0))
    assert found[0] == "settling"


@pytest.mark.parametrize(
    ("asset_id", "held", "power_kw", "state"),
    [
        ("park", (Point.POWER_KW_MIN, -600.0), -20.0, "followed"),
        ("park", (Point.POWER_KW_MIN, -200.0), -300.0, "settling"),
        ("laden", (Point.POWER_KW_MAX, 150.0), 0.0, "followed"),
        ("laden", (Point.POWER_KW_MAX, 20.0), 60.0, "settling"),
    ],
    ids=["calm", "curtailed too little", "no vehicles", "draws over its bound"],
)
def test_a_bound_is_kept_with_room_but_not_beyond(
    region: Region,
    image_of: ImageMaker,
    asset_id: str,
    held: tuple[Point, float],
    power_kw: float,
    state: str,
) -> None:
    image = image_of({(asset_id, held[0]): held[1], (asset_id, Point.POWER_KW): power_kw})
    assert judged(region, tick_of(image, plan_of(CALM)), asset_id).state == state


@pytest.mark.parametrize(
    ("energy_kwh", "held_kw", "power_kw", "state", "reason"),
    [
        (399.0, 100.0, 0.0, "followed", "it is full"),
        (399.0, 100.0, -60.0, "settling", ""),
        (399.0, -100.0, 0.0, "settling", ""),
        (21.0, -100.0, 0.0, "followed", "it is empty"),
        (200.0, 100.0, 0.0, "settling", ""),
    ],
)
def test_a_full_or_empty_battery_is_excused_for_taking_or_giving_less(
    region: Region,
    image_of: ImageMaker,
    energy_kwh: float,
    held_kw: float,
    power_kw: float,
    state: str,
    reason: str,
) -> None:
    image = image_of({HELD: held_kw, POWER: power_kw, ("speicher", Point.ENERGY_KWH): energy_kwh})
    following = judged(region, tick_of(image, plan_of(CALM)))
    assert (following.state, following.reason) == (state, reason)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({HELD: Quality.COMM_ERROR}, "what it holds is not known"),
        ({HELD: Quality.NOT_IMPLEMENTED}, "no setpoint is in force"),
        ({POWER: Quality.STALE}, "its power is not known"),
        ({("speicher", Point.REMOTE): 0.0}, "it is switched to local operation"),
    ],
)
def test_what_cannot_be_judged_is_unknown_and_no_alarm(
    region: Region, image_of: ImageMaker, changes: dict[tuple[str, Point], float | Quality], reason: str
) -> None:
    output = decide(region, tick_of(image_of({HELD: 200.0, **changes}), plan_of(CALM)))
    following = next(item for item in output.following if item.asset_id == "speicher")
    assert (following.state, following.reason) == (FollowingState.UNKNOWN, reason)
    assert "setpoint_not_followed" not in {alarm.code for alarm in output.alarms}


def test_a_late_asset_is_an_alarm_with_both_powers_and_nothing_is_built_on_it(
    region: Region, image_of: ImageMaker
) -> None:
    tick = tick_of(image_of({HELD: 200.0}), plan_of(CALM))
    settling = decide(region, tick)
    assert settling.alarms == (), "a device that is on its way is no alarm"
    late = replace(tick, image=image_of({HELD: 200.0}, at=NOW + 6 * STEP), behind=settling.behind)
    alarms = {alarm.code: alarm for alarm in decide(region, late).alarms}
    assert alarms["setpoint_not_followed"].detail == "holds 200 kW, measures 0 kW"


POWERS = st.floats(min_value=-1e6, max_value=1e6)


@given(held_kw=POWERS, power_kw=POWERS)
def test_following_says_followed_exactly_within_the_tolerance(
    region_once: Region, held_kw: float, power_kw: float
) -> None:
    battery = next(asset for asset in region_once.assets if asset.id == "speicher")
    tick = tick_of(_image(held_kw, power_kw), None)
    following = following_of(region_once, tick, battery)  # type: ignore[arg-type]  # it is the battery
    assert (following.state is FollowingState.FOLLOWED) == (abs(held_kw - power_kw) <= 10.0)
    if following.due_at is not None:
        assert NOW < following.due_at <= NOW + timedelta(seconds=SETTLING_S + 4.0)


def _image(held_kw: float, power_kw: float) -> Image:
    values = {HELD: held_kw, POWER: power_kw}
    readings = {
        key: Reading(asset_id=key[0], point=key[1], value=value, quality=Quality.GOOD, measured_at=NOW)
        for key, value in values.items()
    }
    return Image(at=NOW, readings=readings)
