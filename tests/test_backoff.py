"""Ever longer waits, bounded."""

import pytest

from energy.backoff import JITTER_FRACTION, Backoff

NAMES = ("battery", "pv_park", "load")


def waits_s(backoff: Backoff, failures: int) -> list[float]:
    """Give after how long a try is allowed, to a hundredth of a second, failure after failure."""
    found = []
    for failure in range(failures):
        begun_s = 1000.0 * failure
        backoff.fail(begun_s)
        found.append(next(step for step in range(10_000) if backoff.is_due(begun_s + step / 100)) / 100)
    return found


def new(name: str = "battery", delay_s_max: float = 10.0) -> Backoff:
    return Backoff(delay_s_min=1.0, delay_s_max=delay_s_max, name=name)


@pytest.mark.parametrize("name", NAMES)
def test_waits_double_up_to_the_bound_and_are_shortened_by_a_quarter_at_most(name: str) -> None:
    for wait_s, longest_s in zip(waits_s(new(name), 8), [1, 2, 4, 8, 10, 10, 10, 10], strict=True):
        assert (1.0 - JITTER_FRACTION) * longest_s <= wait_s <= longest_s + 0.01


def test_what_failed_together_is_not_tried_together() -> None:
    assert len({tuple(waits_s(new(name), 3)) for name in NAMES}) == len(NAMES)
    assert len(set(waits_s(new(), 8)[4:])) > 1


def test_the_same_name_waits_alike_in_every_run() -> None:
    assert waits_s(new(), 6) == waits_s(new(), 6)


def test_nothing_is_down_before_the_first_failure_and_after_a_success() -> None:
    backoff = new()
    assert not backoff.is_down
    assert backoff.is_due(0.0)
    first_s = waits_s(backoff, 4)[0]
    assert backoff.is_down
    backoff.clear()
    assert not backoff.is_down
    assert backoff.is_due(0.0)
    assert waits_s(backoff, 1) == [first_s]


def test_failures_without_end_stay_at_the_bound() -> None:
    backoff = new()
    for _ in range(5000):
        backoff.fail(0.0)
    assert backoff.is_due(10.0)
    assert not backoff.is_due(10.0 * (1.0 - JITTER_FRACTION) - 0.01)


def test_a_clock_that_went_back_does_not_lock_a_device_out() -> None:
    backoff = new(delay_s_max=60.0)
    backoff.fail(1000.0)
    assert backoff.is_due(500.0)
