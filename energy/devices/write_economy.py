"""When a setpoint may stay unwritten: the device holds it, and will not drop it before the next chance.

Writing seldom spares memory that wears out and lines that are slow. Where anything is unknown, it is written.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from energy.devices.register_map import Write

REFRESH_FRACTION = 1.0 / 3.0
"""A value is renewed after this part of the time that the device keeps it: two renewals may be lost."""
LATEST_FRACTION = 0.5
"""It is renewed now if the next tick would come later than this part: one renewal may be lost."""

TIMER_STEPS = 2.0
"""A countdown must have fallen after so many of its steps, at least so many seconds."""


def kept_s(write: Write) -> float | None:
    """Give how long the device keeps a value that nobody renews, None if for ever or nobody knows."""
    known = [item for item in (write.watchdog_s, write.reversion_s) if isinstance(item, float)]
    return min(known, default=None)


def is_due(*, age_s: float, tick_s: float, lasts_s: float) -> bool:
    """Tell whether a value written ``age_s`` ago must be renewed in this tick."""
    return age_s >= REFRESH_FRACTION * lasts_s or age_s + tick_s >= LATEST_FRACTION * lasts_s


def refresh_every_s(*, tick_s: float, lasts_s: float) -> float:
    """Give how often a value that never changes is renewed: after the first tick at which it is due."""
    due_s = min(REFRESH_FRACTION * lasts_s, LATEST_FRACTION * lasts_s - tick_s)
    ticks = max(1, math.ceil(due_s / tick_s))
    # A quotient that lies a last bit above a whole number rounds up to a tick too many.
    if ticks > 1 and is_due(age_s=(ticks - 1) * tick_s, tick_s=tick_s, lasts_s=lasts_s):
        ticks -= 1
    return ticks * tick_s


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What is asked now.

    ``words`` are the registers that depend on the setpoint; ``is_exact`` says that not even a step smaller
    than the map's least may be left out: it is the safe state, or it tightens a bound.
    """

    power_kw: float
    words: tuple[tuple[int, ...], ...]
    is_exact: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Foreign:
    """A bound that somebody else set, with the timers that they gave it."""

    power_kw: float
    raws: Mapping[str, float]
    """By the name of the arming step."""


class Economy:
    """What one device was last told and when; a restart may forget it."""

    def __init__(self) -> None:
        self.told_kw: float | None = None
        """What was last written in this process, whatever was forgotten since."""
        self._words: tuple[tuple[int, ...], ...] | None = None
        self._written_at: datetime | None = None
        self._asked_at: datetime | None = None
        self._tick_s: float | None = None
        self._countdown: tuple[float, datetime] | None = None

    @property
    def tick_s(self) -> float:
        """Seconds between the last two orders, 0 while only one was seen."""
        return 0.0 if self._tick_s is None else self._tick_s

    @property
    def is_told(self) -> bool:
        """True while all that was last written is known to have arrived."""
        return self._written_at is not None

    def note_asked(self, at: datetime) -> None:
        """Notice an order: from when they come, the pace of the ticks is known."""
        if self._asked_at is not None and at > self._asked_at:
            self._tick_s = (at - self._asked_at).total_seconds()
        self._asked_at = at

    def note_written(self, wanted: Wanted, at: datetime) -> None:
        """Remember what arrived."""
        self._words, self._written_at = wanted.words, at

    def forget(self) -> None:
        """Know nothing of what the device was told: the next setpoint is written."""
        self._words = self._written_at = None

    def left_s(self, write: Write, at: datetime) -> float:
        """Give how long the device still keeps what was written; 0 where nobody knows."""
        lasts_s = kept_s(write)
        if lasts_s is None:
            return math.inf
        if self._written_at is None:
            return 0.0
        return max(0.0, lasts_s - (at - self._written_at).total_seconds())

    def note_countdown(self, left_s: float | None, at: datetime) -> None:
        """Remember what the device's timer showed right after a write."""
        self._countdown = None if left_s is None else (left_s, at)

    def wants_countdown(self, at: datetime, *, settles_s: float) -> bool:
        """Tell whether the timer was not looked at since the last write, and had time to be shown."""
        if self._countdown is not None or self._written_at is None:
            return False
        return (at - self._written_at).total_seconds() >= settles_s

    def is_stuck(self, left_s: float, at: datetime, *, resolution_s: float) -> bool:
        """Tell whether the timer has not fallen since the last write, though it had time to."""
        if self._countdown is None:
            return False
        before_s, before = self._countdown
        passed_s = (at - before).total_seconds()
        return passed_s >= TIMER_STEPS * max(1.0, resolution_s) and left_s >= before_s

    def is_fresh(self, seen_at: datetime | None, at: datetime) -> bool:
        """Tell whether what was seen of the device belongs to this tick."""
        if seen_at is None:
            return False
        age_s = (at - seen_at).total_seconds()
        return age_s == 0.0 or 0.0 < age_s < self.tick_s

    def may_stay(self, wanted: Wanted, held_kw: float | None, *, write: Write, at: datetime) -> bool:
        """Tell whether nothing need be written, given what the device holds now."""
        if self._words is None or self._written_at is None or held_kw is None:
            return False
        age_s = (at - self._written_at).total_seconds()
        lasts_s = kept_s(write)
        if age_s < 0.0 or (lasts_s is not None and is_due(age_s=age_s, tick_s=self.tick_s, lasts_s=lasts_s)):
            return False
        off_kw = abs(held_kw - wanted.power_kw)
        if wanted.words == self._words:
            return off_kw <= max(write.readback.tolerance_kw, 0.0 if wanted.is_exact else write.min_step_kw)
        return off_kw < write.min_step_kw and not wanted.is_exact
