"""The one place that reads the system clock, and the two clocks of simulated time."""

import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta


def wall_now() -> datetime:
    """Read the system clock, aware UTC."""
    return datetime.now(tz=UTC)


class SystemClock:
    """Real time."""

    def now(self) -> datetime:
        """Give the present moment."""
        return wall_now()


@dataclass(frozen=True, slots=True, kw_only=True)
class ScaledClock:
    """Simulated time that runs ``speed`` times as fast as the wall, from a common epoch.

    Plant and controller are given the same three numbers and so agree on the time without talking.
    """

    start: datetime
    epoch: datetime
    """The wall's time at ``start``."""
    speed: float

    def now(self) -> datetime:
        """Give the present simulated moment."""
        return self.start + (wall_now() - self.epoch) * self.speed


class LockstepClock:
    """Time that only moves when it is told to."""

    def __init__(self, start: datetime) -> None:
        self._now = start

    def now(self) -> datetime:
        """Give the moment last granted."""
        return self._now

    def advance(self, seconds: float) -> datetime:
        """Move on and give the new moment."""
        self._now += timedelta(seconds=seconds)
        return self._now


class Stopwatch:
    """Measures durations on the monotonic clock."""

    def __init__(self) -> None:
        self._begin = time.perf_counter()

    def seconds(self) -> float:
        """Give the seconds since it was made."""
        return time.perf_counter() - self._begin
