"""When to try a device again after it failed: soon at first, then ever later, up to a bound."""


class Backoff:
    """Counts failures on whatever clock the caller reads; down from the first failure until ``clear``."""

    __slots__ = ("_delay_s", "_delay_s_max", "_delay_s_min", "_failed_at_s")

    def __init__(self, *, delay_s_min: float, delay_s_max: float) -> None:
        self._delay_s_min = delay_s_min
        self._delay_s_max = delay_s_max
        self._delay_s = 0.0
        self._failed_at_s: float | None = None

    @property
    def is_down(self) -> bool:
        """True while the last thing heard is a failure."""
        return self._failed_at_s is not None

    def is_due(self, now_s: float) -> bool:
        """True when a try is allowed; a clock that went back allows one too."""
        if self._failed_at_s is None:
            return True
        return not 0.0 <= now_s - self._failed_at_s < self._delay_s

    def fail(self, now_s: float) -> None:
        """Note a failure: the next try waits twice as long as the one before."""
        doubled_s = 2.0 * self._delay_s if self._delay_s > 0.0 else self._delay_s_min
        self._delay_s = min(doubled_s, self._delay_s_max)
        self._failed_at_s = now_s

    def clear(self) -> None:
        """Note a success."""
        self._delay_s = 0.0
        self._failed_at_s = None
