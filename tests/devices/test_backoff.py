"""Ever longer waits, bounded."""

from energy.devices.backoff import Backoff


def waits(backoff: Backoff, failures: int) -> list[float]:
    now_s, found = 100.0, []
    for _ in range(failures):
        backoff.fail(now_s)
        wait_s = next(step for step in range(1, 1000) if backoff.is_due(now_s + step))
        found.append(wait_s)
        now_s += wait_s
    return found


def test_waits_double_up_to_the_bound() -> None:
    assert waits(Backoff(delay_s_min=1.0, delay_s_max=10.0), 6) == [1, 2, 4, 8, 10, 10]


def test_nothing_is_down_before_the_first_failure_and_after_a_success() -> None:
    backoff = Backoff(delay_s_min=1.0, delay_s_max=10.0)
    assert not backoff.is_down
    assert backoff.is_due(0.0)
    backoff.fail(5.0)
    assert backoff.is_down
    assert not backoff.is_due(5.0)
    backoff.clear()
    assert not backoff.is_down
    assert waits(backoff, 1) == [1]


def test_a_clock_that_went_back_does_not_lock_a_device_out() -> None:
    backoff = Backoff(delay_s_min=1.0, delay_s_max=60.0)
    backoff.fail(1000.0)
    assert backoff.is_due(500.0)
