"""How long HiGHS itself runs, whoever calls it: the processor time inside ``run()``."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import highspy


class RunClock:
    """Adds up the seconds inside ``run()`` since it was last read."""

    def __init__(self) -> None:
        self._seconds = 0.0

    def add(self, seconds: float) -> None:
        """Add a run."""
        self._seconds += seconds

    def take(self) -> float:
        """Give the seconds so far and begin again at zero."""
        seconds, self._seconds = self._seconds, 0.0
        return seconds


@contextmanager
def running_clock() -> Iterator[RunClock]:
    """Time every ``run()`` of every instance inside the block."""
    clock = RunClock()
    run: Callable[..., Any] = highspy.Highs.run

    def timed(highs: highspy.Highs, *arguments: Any) -> Any:
        began = time.process_time()
        try:
            return run(highs, *arguments)
        finally:
            clock.add(time.process_time() - began)

    highspy.Highs.run = timed
    try:
        yield clock
    finally:
        highspy.Highs.run = run
