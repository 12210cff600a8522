"""When the reserve is given free and made again, and what people are told of the room."""

from datetime import UTC, datetime, timedelta

import pytest

from energy.space import (
    COURSE_PLACES,
    REMAKE_AFTER,
    Level,
    Room,
    SpaceLimits,
    Step,
    course_with,
    hours_left,
    level_of,
    limits_of,
    note_of,
    step_of,
)

T0 = datetime(2026, 1, 1, 3, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
LIMITS = SpaceLimits(reserve_bytes=256_000_000, low_bytes=2_000_000_000, release_bytes=32_000_000)


def room(free_mb: float, *, is_held: bool = True, at: datetime = T0) -> Room:
    return Room(at=at, free_bytes=int(free_mb * 1e6), is_held=is_held)


@pytest.mark.parametrize(
    ("found", "level", "step"),
    [
        (room(5_000.0), Level.PLENTY, Step.KEEP),
        (room(1_999.0), Level.LOW, Step.KEEP),
        (room(32.0), Level.LOW, Step.KEEP),
        (room(31.0), Level.FULL, Step.RELEASE),
        (room(200.0, is_held=False), Level.FULL, Step.KEEP),
        (room(319.0, is_held=False), Level.FULL, Step.KEEP),
        (room(320.0, is_held=False), Level.FULL, Step.MAKE),
    ],
)
def test_the_reserve_goes_when_the_disk_is_full_and_comes_back_with_room_to_spare(
    found: Room, level: Level, step: Step
) -> None:
    assert level_of(found, LIMITS) is level
    assert step_of(found, LIMITS, released_at=None) is step


def test_making_the_reserve_again_never_gives_it_free_at_once() -> None:
    barely = LIMITS.reserve_bytes + 2 * LIMITS.release_bytes
    after = Room(at=T0, free_bytes=barely - LIMITS.reserve_bytes, is_held=True)
    assert step_of(after, LIMITS, released_at=T0) is Step.KEEP


def test_a_reserve_that_was_given_free_waits_even_if_the_clock_went_back() -> None:
    plenty = room(9_000.0, is_held=False)
    assert step_of(plenty, LIMITS, released_at=T0 - REMAKE_AFTER + MINUTE) is Step.KEEP
    assert step_of(plenty, LIMITS, released_at=T0 - REMAKE_AFTER) is Step.MAKE
    assert step_of(plenty, LIMITS, released_at=T0 + timedelta(days=1)) is Step.MAKE


def test_limits_are_shares_of_a_small_disk_and_fixed_on_a_large_one() -> None:
    assert limits_of(10**13) == LIMITS
    small = limits_of(1_000_000_000)
    assert (small.reserve_bytes, small.low_bytes, small.release_bytes) == (
        50_000_000,
        100_000_000,
        10_000_000,
    )
    assert limits_of(10**13, reserve_bytes_max=0).reserve_bytes == 0


def test_hours_follow_from_the_last_hour_and_are_not_guessed_before() -> None:
    course: tuple[Room, ...] = ()
    hours: list[float | None] = []
    for minute in range(121):
        found = room(1_232.0 - 2.0 * minute, at=T0 + minute * MINUTE)
        course = course_with(course, found)
        hours.append(hours_left(course, found, LIMITS))
    assert len(course) == COURSE_PLACES
    assert hours[9] is None
    assert hours[10] == pytest.approx((1_200.0 - 20.0) / 120.0)
    assert hours[120] == pytest.approx((1_200.0 - 240.0) / 120.0)
    freed = room(9_000.0, at=T0 + 121 * MINUTE)
    assert hours_left(course, freed, LIMITS) is None, "more is free than an hour ago: nothing can be said"
    back = room(990.0, at=T0)
    assert course_with(course, back) == (back,)


def test_without_a_reserve_the_hours_count_to_the_very_end() -> None:
    course = (room(264.0, is_held=False),)
    now = room(252.0, is_held=False, at=T0 + 60 * MINUTE)
    assert hours_left(course, now, LIMITS) == pytest.approx(21.0)


def test_people_are_told_the_megabytes_the_hours_and_the_mend() -> None:
    assert note_of(Level.PLENTY, room(9_000.0), hours=None, folder="/data") == []
    (low,) = note_of(Level.LOW, room(812.4), hours=31.2, folder="/data")
    assert low == (
        "disk_low: 812 MB left on the disk of /data, about 31 h at the growth of the last hour."
        " Mend: free space there"
    )
    (full,) = note_of(Level.FULL, room(240.0, is_held=False), hours=None, folder="/data")
    assert full.startswith("disk_full: 240 MB left on the disk of /data; the reserve is in use")
