"""A clock that jumps is noticed, and not trusted again at once."""

from datetime import UTC, datetime, timedelta

import pytest

from energy.app.live import CLEAN_TICKS, FAILED_TICKS_MAX, ClockWatch, Health, next_tick
from energy.errors import RecordBroken

START = datetime(2020, 6, 3, 10, 0, tzinfo=UTC)


def test_a_steady_clock_is_no_trouble() -> None:
    watch = ClockWatch(speed=1.0)
    assert [watch.trouble(START + timedelta(seconds=5 * i), 5.0 * i) for i in range(5)] == [None] * 5


@pytest.mark.parametrize("step_s", [-3600.0, 3600.0, 2.5])
def test_a_jump_is_trouble_until_some_ticks_agree_again(step_s: float) -> None:
    watch = ClockWatch(speed=1.0)
    watch.trouble(START, 0.0)
    jumped = START + timedelta(seconds=step_s)
    said = [watch.trouble(jumped + timedelta(seconds=5 * i), 5.0 * i) for i in range(1, 6)]
    assert [item is not None for item in said] == [True] * CLEAN_TICKS + [False] * (5 - CLEAN_TICKS)


def test_scaled_time_is_judged_by_its_speed() -> None:
    watch = ClockWatch(speed=60.0)
    watch.trouble(START, 0.0)
    assert watch.trouble(START + timedelta(seconds=60), 1.0) is None
    assert watch.trouble(START + timedelta(seconds=360), 2.0) is not None


def test_ticks_lie_on_a_grid_from_midnight() -> None:
    assert next_tick(START + timedelta(seconds=12), 5.0) == START + timedelta(seconds=15)
    assert next_tick(START, 5.0) == START + timedelta(seconds=5)


def test_a_loop_whose_ticks_all_fail_gives_up_for_a_new_process() -> None:
    health = Health()
    for _ in range(FAILED_TICKS_MAX - 1):
        health.failed(START, ValueError("x"))
    health.went_well(START)
    for _ in range(FAILED_TICKS_MAX - 1):
        health.failed(START, ValueError("x"))
    with pytest.raises(RecordBroken, match="ticks in a row"):
        health.failed(START, ValueError("x"))
