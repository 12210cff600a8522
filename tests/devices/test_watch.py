"""What stands still or leaps though it cannot is noticed; what is calm is not."""

import math
from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from energy.devices.watch import Watch
from energy.devices.watch_jump import READINGS_TO_ACCEPT
from energy.devices.watch_restless import QUIET_S
from energy.domain import Point, Quality
from energy.region.loader import load_region
from tests.devices.shown_world import Shown, ShownWorld

MUSTERSTADT = load_region("musterstadt")
FICHTELGEBIRGE = load_region("fichtelgebirge")
JUNE = datetime(2020, 6, 1, 9, tzinfo=UTC)
DOUBTS = {Quality.STALE, Quality.IMPLAUSIBLE}
COMMANDS = {Point.POWER_KW_SETPOINT, Point.POWER_KW_MIN, Point.POWER_KW_MAX}
STEP_KWH = {Point.ENERGY_KWH_DRAWN: 0.01, Point.ENERGY_KWH_FED_IN: 0.01}
Doubts = list[dict[Point, Quality]]


def watched(asset_id: str, rows: list[Shown], *, tick_s: float = 5.0, held_kw: float | None = None) -> Doubts:
    """Give the doubts about each sweep of one device of Musterstadt."""
    watch = Watch(MUSTERSTADT, MUSTERSTADT.asset(asset_id))
    return [
        watch.judge(row, at_s=tick_s * index, held_kw=held_kw, steps=STEP_KWH)
        for index, row in enumerate(rows)
    ]


@pytest.mark.parametrize(
    ("name", "start", "hours", "tick_s", "commands"),
    [
        pytest.param("musterstadt", JUNE, 72.0, 60.0, True, marks=pytest.mark.long),
        ("musterstadt", datetime(2020, 1, 15, tzinfo=UTC), 48.0, 60.0, False),
        ("musterstadt", JUNE, 6.0, 5.0, True),
        pytest.param(
            "fichtelgebirge", datetime(2020, 2, 20, tzinfo=UTC), 24.0, 60.0, True, marks=pytest.mark.long
        ),
        ("fichtelgebirge", JUNE, 12.0, 60.0, False),
        ("fichtelgebirge", JUNE, 1.0, 5.0, True),
    ],
)
def test_nothing_is_doubted_while_nothing_is_broken(
    name: str, start: datetime, hours: float, tick_s: float, *, commands: bool
) -> None:
    world = ShownWorld(load_region(name), start, commands=commands)
    doubted: Counter[tuple[str, str]] = Counter()
    for reading in world.readings(start + timedelta(hours=hours), tick_s=tick_s):
        doubted[reading.asset_id, reading.quality.value] += reading.quality in DOUBTS
    assert doubted.total() == 0, +doubted
    assert len(doubted) >= len(world.region.assets)


@pytest.mark.parametrize(("tick_s", "seconds"), [(5.0, 60.0), (60.0, 180.0)])
def test_every_frozen_device_with_power_is_noticed_within_three_minutes(
    tick_s: float, seconds: float
) -> None:
    """Not those that do nothing: an old picture of a standing machine is a true one."""
    start = JUNE
    since = start + timedelta(hours=1)
    old: dict[str, Shown] = {}

    def freeze(asset_id: str, at: datetime, shown: Shown) -> Shown:
        if at < since:
            return shown
        kept = {point: value for point, value in shown.items() if point in COMMANDS}
        return {**old.setdefault(asset_id, shown), **kept}

    world = ShownWorld(FICHTELGEBIRGE, start)
    noticed: dict[str, float] = {}
    for reading in world.readings(since + timedelta(minutes=10), tick_s=tick_s, distort=freeze):
        if reading.point is Point.POWER_KW and reading.quality is Quality.STALE:
            noticed.setdefault(reading.asset_id, (reading.measured_at - since).total_seconds())
    busy = {
        asset.id
        for asset in FICHTELGEBIRGE.assets
        if abs(old[asset.id].get(Point.POWER_KW, 0.0)) > 0.02 * max(map(abs, asset.power_kw_nameplate))
    }
    assert len(busy) > 15
    assert busy <= noticed.keys()
    assert {noticed[asset_id] for asset_id in busy} == {seconds}


def test_a_frozen_counter_of_a_living_meter_is_doubted_alone() -> None:
    rows = [{Point.POWER_KW: 500.0 + index, Point.ENERGY_KWH_DRAWN: 7.0} for index in range(20)]
    doubts = watched("load", rows)
    assert doubts[11] == {}
    assert doubts[12] == {Point.ENERGY_KWH_DRAWN: Quality.STALE}


def test_stale_ends_with_the_first_change() -> None:
    frozen = [{Point.POWER_KW: 500.0, Point.ENERGY_KWH_DRAWN: 7.0}] * 20
    doubts = watched("load", [*frozen, {Point.POWER_KW: 501.0, Point.ENERGY_KWH_DRAWN: 8.0}])
    assert doubts[19] == {Point.POWER_KW: Quality.STALE, Point.ENERGY_KWH_DRAWN: Quality.STALE}
    assert doubts[20] == {}


@pytest.mark.parametrize("power_kw", [0.0, 0.4])
def test_a_load_that_draws_next_to_nothing_is_calm(power_kw: float) -> None:
    assert not any(watched("load", [{Point.POWER_KW: power_kw, Point.ENERGY_KWH_DRAWN: 7.0}] * 2000))


def test_a_base_load_on_a_coarse_register_is_calm() -> None:
    watch = Watch(MUSTERSTADT, MUSTERSTADT.asset("load"))
    rows = [
        {Point.POWER_KW: 200.0, Point.ENERGY_KWH_DRAWN: 100.0 * (index * 200 // 720 // 100)}
        for index in range(2000)
    ]
    for index, row in enumerate(rows):
        assert not watch.judge(row, at_s=5.0 * index, held_kw=None, steps={Point.ENERGY_KWH_DRAWN: 100.0})


def test_a_slow_logger_is_doubted_until_it_is_known_and_then_no_more() -> None:
    counted_kwh = 500.0 * 300.0 / 3600.0
    rows = [
        {Point.POWER_KW: 500.0, Point.ENERGY_KWH_DRAWN: counted_kwh * (index // 60)} for index in range(600)
    ]
    doubted = [index for index, doubts in enumerate(watched("load", rows)) if doubts]
    assert doubted
    assert max(doubted) < 2 * 60


def without_counter(levels: list[float]) -> list[Shown]:
    return [{Point.POWER_KW: level} for level in levels]


RESTLESS = [300.0 + index % 7 for index in range(40)]


def test_without_a_counter_power_is_judged_by_how_long_it_stood_before() -> None:
    doubts = watched("load", without_counter(RESTLESS + [333.0] * 40))
    stale = [index for index, found in enumerate(doubts) if found]
    assert stale[0] == len(RESTLESS) + 20
    assert stale[-1] == len(doubts) - 1


@pytest.mark.parametrize(("asset_id", "calm_kw"), [("pv_park", 0.0), ("pv_park", -333.0), ("load", 0.0)])
def test_without_a_counter_zero_and_the_held_bound_are_calm(asset_id: str, calm_kw: float) -> None:
    restless = [math.copysign(level, -1.0 if asset_id == "pv_park" else 1.0) for level in RESTLESS]
    rows = without_counter(restless + [calm_kw] * 2000)
    assert not any(watched(asset_id, rows, held_kw=calm_kw))


def test_without_a_counter_nothing_is_judged_before_it_was_seen_changing() -> None:
    assert not any(watched("load", without_counter([300.0, 301.0] + [302.0] * 2000)))


def test_a_store_that_stands_still_under_power_is_doubted() -> None:
    battery = MUSTERSTADT.asset("battery")
    power_kw = battery.power_kw_nameplate[1] / 2
    rows = [
        {
            Point.POWER_KW: power_kw + index % 3,
            Point.ENERGY_KWH: battery.energy_kwh_capacity / 2,
            Point.ENERGY_KWH_DRAWN: power_kw * index * 5.0 / 3600.0,
        }
        for index in range(720)
    ]
    doubts = watched("battery", rows)
    assert doubts[-1] == {Point.ENERGY_KWH: Quality.STALE}
    assert {Point.POWER_KW, Point.ENERGY_KWH_DRAWN}.isdisjoint(set().union(*doubts))


def energies(levels_kwh: list[float]) -> list[Shown]:
    return [{Point.ENERGY_KWH: level} for level in levels_kwh]


def test_energy_in_store_cannot_leap() -> None:
    doubts = watched("battery", energies([2000.0, 2000.1, 900.0, 2000.2]))
    assert [list(found.values()) for found in doubts] == [[], [], [Quality.IMPLAUSIBLE], []]


def test_a_new_level_is_accepted_once_readings_agree_on_it() -> None:
    doubts = watched("battery", energies([2000.0, 900.0, 900.1, 900.2, 900.3]))
    assert [len(found) for found in doubts] == [0] + [1] * (READINGS_TO_ACCEPT - 1) + [0, 0]


def test_values_that_leap_each_time_are_never_accepted() -> None:
    doubts = watched("battery", energies([2000.0, *([900.0, 3500.0] * 20)]))
    assert all(doubts[1:])


def test_a_value_that_leaps_again_and_again_is_not_believed_in_between() -> None:
    levels = [2000.0, 900.0, 2000.0, 900.0, *[2000.0] * 70]
    believed = [not found for found in watched("battery", energies(levels))]
    assert believed[:5] == [True, False, True, False, False], "one leap costs itself, two cost the trust"
    assert believed.index(True, 3) == 3 + QUIET_S / 5.0, "it comes back five minutes after the last leap"
    assert all(believed[63:])


def test_what_is_out_of_range_again_and_again_is_not_believed_in_between() -> None:
    watch = Watch(MUSTERSTADT, MUSTERSTADT.asset("load"))
    doubted = []
    for index in range(70):
        is_absurd = index in {1, 3}
        row = {} if is_absurd else {Point.POWER_KW: 500.0 + index}
        impossible = [Point.POWER_KW] if is_absurd else []
        doubts = watch.judge(row, at_s=5.0 * index, held_kw=None, steps={}, impossible=impossible)
        doubted.append(doubts.get(Point.POWER_KW))
    assert doubted[2] is None
    assert set(doubted[4:63]) == {Quality.IMPLAUSIBLE}
    assert set(doubted[63:]) == {None}


def test_two_leaps_far_apart_cost_no_more_than_themselves() -> None:
    calm = [2000.0] * 80
    doubts = watched("battery", energies([*calm, 900.0, *calm, 900.0, *calm]))
    assert sum(map(bool, doubts)) == 2


def test_after_a_gap_the_whole_gap_counts() -> None:
    battery = MUSTERSTADT.asset("battery")
    watch = Watch(MUSTERSTADT, battery)
    assert not watch.judge({Point.ENERGY_KWH: 2000.0}, at_s=0.0, held_kw=None, steps={})
    watch.miss()
    assert not watch.judge({Point.ENERGY_KWH: 1200.0}, at_s=3600.0, held_kw=None, steps={})
    assert watch.judge({Point.ENERGY_KWH: 2000.0}, at_s=3605.0, held_kw=None, steps={})


@pytest.mark.parametrize("after_kwh", [99.0, 0.0, 1e6])
def test_a_counter_neither_falls_nor_outruns_the_nameplate(after_kwh: float) -> None:
    rows: list[Shown] = [{Point.ENERGY_KWH_DRAWN: 100.0}, {Point.ENERGY_KWH_DRAWN: after_kwh}]
    assert watched("load", rows)[1] == {Point.ENERGY_KWH_DRAWN: Quality.IMPLAUSIBLE}


def test_a_counter_that_stood_still_shows_a_quarter_hour_at_once_and_no_more() -> None:
    highest_kw = max(map(abs, MUSTERSTADT.asset("load").power_kw_nameplate))
    still = [{Point.ENERGY_KWH_DRAWN: 100.0}] * 720
    quarter_kwh, hour_kwh = 0.25 * highest_kw, highest_kw
    assert not watched("load", [*still, {Point.ENERGY_KWH_DRAWN: 100.0 + quarter_kwh}])[-1]
    assert watched("load", [*still, {Point.ENERGY_KWH_DRAWN: 100.0 + hour_kwh}])[-1]


def test_a_machine_rises_no_faster_than_its_ramp_and_falls_as_it_likes() -> None:
    chp = next(asset for asset in FICHTELGEBIRGE.assets if asset.kind == "chp")
    within_kw = -chp.power_kw_least - chp.ramp_kw_per_s * 5.0
    watch = Watch(FICHTELGEBIRGE, chp)
    doubted = [
        bool(watch.judge({Point.POWER_KW: power_kw}, at_s=5.0 * index, held_kw=None, steps={}))
        for index, power_kw in enumerate([0.0, within_kw, chp.power_kw_nameplate[0], within_kw, 0.0])
    ]
    assert doubted == [False, False, True, False, False]


def test_sun_behind_broken_clouds_is_believed_all_day() -> None:
    pv_kw = MUSTERSTADT.asset("pv_park").power_kw_rated
    shares = [0.25, 0.9, 0.2, 0.8] * 360
    assert not any(watched("pv_park", without_counter([-share * pv_kw for share in shares])))


def content(level_kwh: float, power_kw: float, index: int) -> Shown:
    return {Point.POWER_KW: power_kw + 0.1 * (index % 3), Point.ENERGY_KWH: level_kwh}


def test_a_battery_whose_meter_sees_its_cooling_is_calm() -> None:
    plate_kw = MUSTERSTADT.asset("battery").power_kw_nameplate[1]
    assert not any(watched("battery", [content(2000.0, 0.03 * plate_kw, index) for index in range(4000)]))


def test_a_full_battery_that_balances_its_cells_is_calm() -> None:
    battery = MUSTERSTADT.asset("battery")
    full_kwh, power_kw = battery.energy_kwh_max, 0.1 * battery.power_kw_nameplate[1]
    assert not any(watched("battery", [content(full_kwh, power_kw, index) for index in range(1000)]))


def test_a_store_in_doubt_gets_its_chance_again_after_a_quarter_hour_of_rest() -> None:
    battery = MUSTERSTADT.asset("battery")
    working = [content(2000.0, 0.5 * battery.power_kw_nameplate[1], index) for index in range(720)]
    resting = [content(2000.0, 0.0, index) for index in range(400)]
    doubts = watched("battery", [*working, *resting])
    assert doubts[719] == {Point.ENERGY_KWH: Quality.STALE}
    assert doubts[720 + 170] == {Point.ENERGY_KWH: Quality.STALE}
    assert not any(doubts[720 + 190 :])


def test_a_calm_night_teaches_no_patience_with_a_frozen_day() -> None:
    pv_kw = MUSTERSTADT.asset("pv_park").power_kw_rated
    day = [-pv_kw * (0.3 + 0.001 * (index % 300)) for index in range(1000)]
    night, frozen = [0.0] * 8640, [-0.5 * pv_kw] * 720
    doubts = watched("pv_park", without_counter([*day, *night, *day, *frozen]))
    assert not any(doubts[: -len(frozen)])
    assert doubts[-1] == {Point.POWER_KW: Quality.STALE}


@settings(deadline=None, max_examples=200)
@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=60), st.floats(0.5, 600.0))
def test_a_doubt_is_only_ever_about_a_value_that_was_given(levels: list[float], tick_s: float) -> None:
    for found in watched("battery", without_counter(levels), tick_s=tick_s):
        assert found.keys() <= {Point.POWER_KW}


def test_a_change_of_doubt_is_told_once() -> None:
    watch = Watch(MUSTERSTADT, MUSTERSTADT.asset("battery"))
    told: list[tuple[str, str]] = []
    for index, row in enumerate(energies([2000.0, 900.0, 900.1, 900.2, 900.3])):
        doubts = watch.judge(row, at_s=5.0 * index, held_kw=None, steps={})
        told += [(notice.event, notice.detail) for notice in watch.notices(doubts)]
    assert told == [("value_doubted", "implausible"), ("value_believed_again", "was implausible")]
