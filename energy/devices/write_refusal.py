"""What a device did not take as it was asked, and when it is asked the same again.

To repeat it in every tick would wear out its memory and its line, and change nothing.
"""

from dataclasses import dataclass, replace
from datetime import datetime

from energy.devices.register_map import Write
from energy.devices.write_economy import is_due, kept_s
from energy.domain import Outcome

RETRY_S_MIN = 10.0
"""The same is tried again after this time, and after twice as long each time that it fails again: a device
that was busy or starting takes it then."""
RETRY_S_MAX = 300.0
"""A device that clamps or refuses for good costs at most so many tries: 288 a day."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What a device shows of all that a setpoint writes: what it holds, and the raw numbers beside it."""

    held_kw: float | None
    registers: tuple[float | None, ...]

    def is_like(self, other: "Shown", *, tolerance_kw: float) -> bool:
        """Tell whether nothing has changed."""
        if self.registers != other.registers or (self.held_kw is None) != (other.held_kw is None):
            return False
        if self.held_kw is None or other.held_kw is None:
            return True
        return abs(self.held_kw - other.held_kw) <= tolerance_kw


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """The last try to write something, and what the device showed after it."""

    registers: tuple[tuple[int, ...], ...]
    """All that was to be written."""
    power_kw: float
    outcome: Outcome
    arrived: bool
    """True where everything was written, though the device shows something else."""
    shown: Shown
    since: datetime
    """Since when nothing has been shown as asked."""
    at: datetime
    tries: int

    def after(self, before: "Refusal | None", *, was_shown: bool) -> "Refusal":
        """Give it as one more of a row; what was shown after all had not been in vain.

        A setpoint that moves on does not give a device that shows nothing more time to show it.
        """
        if before is None:
            return self
        if before.registers == self.registers:
            return replace(self, since=before.since, tries=before.tries + 1)
        return self if was_shown else replace(self, since=before.since)

    def is_settling(self, at: datetime, settles_s: float) -> bool:
        """Tell whether the device may still be on its way to show it."""
        return self.arrived and 0.0 <= (at - self.since).total_seconds() < settles_s

    def waits(
        self,
        registers: tuple[tuple[int, ...], ...],
        shown: Shown,
        *,
        write: Write,
        at: datetime,
        tick_s: float,
    ) -> bool:
        """Tell whether the same need not be written yet, for what the device shows now."""
        age_s, lasts_s = (at - self.at).total_seconds(), kept_s(write)
        if registers != self.registers or age_s < 0.0:
            return False
        if self.arrived and lasts_s is not None and is_due(age_s=age_s, tick_s=tick_s, lasts_s=lasts_s):
            return False
        if self.is_settling(at, write.readback.settles_s):
            return True
        is_same = shown.is_like(self.shown, tolerance_kw=write.readback.tolerance_kw)
        return is_same and age_s < retry_s(self.tries)


def retry_s(tries: int) -> float:
    """Give how long to wait after so many tries in vain."""
    doublings = min(max(0, tries - 1), 16)
    return min(RETRY_S_MAX, RETRY_S_MIN * 2.0**doublings)
