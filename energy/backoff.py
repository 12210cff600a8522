"""When to try again what failed: soon at first, then ever later, up to a bound."""

from zlib import crc32

JITTER_FRACTION = 0.25
"""So much of a wait is left to jitter, so that what failed together is not tried together for ever."""
_HASHES = 2**32


class Backoff:
    """Counts failures on whatever clock the caller reads; down from the first failure until ``clear``.

    Each wait is shortened by up to ``JITTER_FRACTION``: by how much follows from the name and the number of
    the failure alone, so that a run can be repeated.
    """

    __slots__ = ("_delay_s", "_delay_s_max", "_delay_s_min", "_failed_at_s", "_failures", "_name")

    def __init__(self, *, delay_s_min: float, delay_s_max: float, name: str) -> None:
        self._delay_s_min = delay_s_min
        self._delay_s_max = delay_s_max
        self._name = name
        self._delay_s = 0.0
        self._failures = 0
        self._failed_at_s: float | None = None

    @property
    def is_down(self) -> bool:
        """True while the last thing heard is a failure."""
        return self._failed_at_s is not None

    @property
    def delay_s(self) -> float:
        """How long the wait is that the last failure began; 0 without one."""
        return self._delay_s

    def is_due(self, now_s: float) -> bool:
        """True when a try is allowed; a clock that went back allows one too."""
        if self._failed_at_s is None:
            return True
        return not 0.0 <= now_s - self._failed_at_s < self._delay_s

    def fail(self, now_s: float) -> None:
        """Note a failure: the next try waits about twice as long as the one before."""
        doublings = min(self._failures, 64)
        longest_s = min(self._delay_s_min * 2.0**doublings, self._delay_s_max)
        share = crc32(f"{self._name}/{self._failures}".encode()) / _HASHES
        self._delay_s = longest_s * (1.0 - JITTER_FRACTION * share)
        self._failures += 1
        self._failed_at_s = now_s

    def clear(self) -> None:
        """Note a success."""
        self._delay_s = 0.0
        self._failures = 0
        self._failed_at_s = None
