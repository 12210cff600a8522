"""The picture: never an old number as if it were live."""

from dataclasses import replace
from datetime import timedelta

import pytest

from dashboard.assets import Freshness
from dashboard.balance import Group
from dashboard.picture import Look, PlanState, picture_of
from dashboard.presence import Heard, Presence
from energy.domain import Point, Quality
from energy.periods import PERIOD, period_start
from tests.dashboard.day import NOW, plan, readings, status


def look(*, silence_s=1.0, taken=None, **changes):
    taken = readings() if taken is None else taken
    given = {
        "heard": Heard(status=status(), silence_s=silence_s),
        "readings": {(reading.asset_id, reading.point): reading for reading in taken},
        "plan": plan(period_start(NOW)),
    }
    return Look(**(given | changes))


def row(picture, asset_id):
    return next(row for row in picture.rows if row.asset.id == asset_id)


def test_a_good_day_has_no_notice(region):
    picture = picture_of(region, look())
    assert picture.presence is Presence.LIVE
    assert picture.notices == ()
    assert picture.plan_state is PlanState.IN_FORCE


def test_a_silent_controller_leaves_no_value_live_and_ages_grow_on(region):
    picture = picture_of(region, look(silence_s=30.0))
    assert picture.presence is Presence.SILENT
    assert [notice.key for notice in picture.notices] == ["silent"]
    assert {row.main.live for row in picture.rows} == {None}
    assert row(picture, "load").main.age_s == 30.0 * 60.0
    assert picture.balance.group(Group.CONSUMPTION).power_kw == 6553.0


def test_without_a_status_nothing_is_known(region):
    picture = picture_of(region, look(heard=None, plan=None))
    assert picture.presence is Presence.UNHEARD
    assert picture.balance.group(Group.CONSUMPTION).power_kw is None
    assert len(picture.rows) == len(region.assets)


def test_a_stale_reading_is_named_and_left_out_of_the_balance(region):
    old = NOW - timedelta(seconds=region.control.reading_age_s_max + 1)
    taken = [replace(item, measured_at=old) if item.asset_id == "load" else item for item in readings()]
    picture = picture_of(region, look(taken=taken))
    assert row(picture, "load").main.freshness is Freshness.OLD
    assert [(notice.key, notice.asset_ids) for notice in picture.notices] == [("stale", ("load",))]
    assert picture.balance.group(Group.CONSUMPTION).missing == ("load",)


@pytest.mark.parametrize("quality", [quality for quality in Quality if quality is not Quality.GOOD])
def test_a_reading_that_is_not_good_shows_no_number(region, quality):
    taken = [
        replace(item, quality=quality, value=5000.0) if item.asset_id == "load" else item
        for item in readings()
    ]
    value = row(picture_of(region, look(taken=taken)), "load").main
    assert value.value is None
    assert value.freshness is Freshness.BAD


def test_an_unreachable_device_has_a_notice_of_its_own(region):
    taken = [
        replace(item, quality=Quality.COMM_ERROR, value=None) if item.asset_id == "hydro" else item
        for item in readings()
    ]
    picture = picture_of(region, look(taken=taken))
    assert [(notice.key, notice.asset_ids) for notice in picture.notices] == [
        ("unreachable", ("hydro",)),
        ("stale", ("hydro",)),
    ]


@pytest.mark.parametrize(
    ("given", "state", "key"),
    [
        (None, PlanState.NONE, "no_plan"),
        (plan(period_start(NOW) - timedelta(days=3)), PlanState.EXPIRED, "plan_expired"),
    ],
)
def test_a_missing_or_expired_plan_is_said(region, given, state, key):
    picture = picture_of(region, look(plan=given))
    assert picture.plan_state is state
    assert [notice.key for notice in picture.notices] == [key]


def test_a_reading_that_is_one_tick_ahead_of_the_status_counts(region):
    picture = picture_of(region, look(taken=readings(NOW + timedelta(seconds=60))))
    assert row(picture, "load").values[Point.POWER_KW].live == 6120.0
    assert row(picture, "load").main.age_s == 0.0


def test_between_two_plans_this_quarter_hour_is_read_from_the_one_before(region):
    """A plan is issued minutes before the quarter hour that it begins with."""
    latest, before = plan(period_start(NOW) + PERIOD), plan(period_start(NOW) - PERIOD)
    assert picture_of(region, look(plan=latest, plan_before=before)).plan_now is before
    assert picture_of(region, look(plan_before=before)).plan_now.start == period_start(NOW)
    assert picture_of(region, look(plan=latest)).plan_now is latest
    assert picture_of(region, look(plan=None)).plan_now is None
