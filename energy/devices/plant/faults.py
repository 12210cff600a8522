"""What can be broken on a simulated device, on command and until a moment."""

from dataclasses import dataclass
from enum import StrEnum


class FaultKind(StrEnum):
    """How a device misbehaves."""

    SILENT = "silent"
    """It takes connections and requests but neither acts nor answers."""
    SLOW = "slow"
    """It acts at once and answers late."""
    RESET = "reset"
    """It cuts the connection at each request."""
    EXCEPTION = "exception"
    """It does nothing and answers every request with an exception."""
    SHORT = "short"
    """It answers with fewer registers than asked for, or breaks off in the middle of its answer."""
    GARBAGE = "garbage"
    """Its registers hold numbers that cannot be."""
    NOT_A_NUMBER = "not_a_number"
    """Its registers hold NaN, what its map calls not implemented, or else garbage."""
    FROZEN = "frozen"
    """Its registers no longer change; commands still work."""
    JUMPING = "jumping"
    """Its values jump far and back, each of them plausible."""
    WORDS_SWAPPED = "words_swapped"
    """It has the registers of each value the other way round, reading and writing."""
    WRITE_REFUSED = "write_refused"
    """It answers every command with an exception."""
    WRITE_IGNORED = "write_ignored"
    """It answers every command with success and does nothing."""
    REBOOTED = "rebooted"
    """It restarts, once: silent for a while, then with nothing left of what it was told."""
    LOCAL = "local"
    """It was switched to local operation: it shows so, obeys nobody and goes on by itself."""
    DRIFT = "drift"
    """Its meter is off by a fraction, in power and in what its registers count from then on."""


DRIFT_FRACTION = 0.02
"""How far a drifting meter is off unless somebody says otherwise."""
ANSWER_S_SLOW = 3.0
"""When a slow device answers unless somebody says otherwise: three times what the driver waits."""
SILENT_S_REBOOT = 10.0
"""How long a device that restarts is silent unless somebody says otherwise; embedded controllers take some
seconds."""
EDGED = frozenset({FaultKind.DRIFT, FaultKind.FROZEN, FaultKind.LOCAL, FaultKind.REBOOTED})
"""Faults that do something at the moment when they begin or end, not just when the device is asked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FaultDetail:
    """How much of a fault; each number counts for its own kind alone.

    ``fraction`` is how far a drifting meter is off. ``answer_s`` is how late a slow device answers, on the
    wall clock. ``code`` is the exception that a device answers (None: one after the other). ``truncated``
    has a short answer break off inside its frame. ``silent_s`` is how long a device that restarts is silent,
    in simulated time. ``ignores_writes`` has a device in local operation accept what it does not do.
    """

    fraction: float = DRIFT_FRACTION
    answer_s: float = ANSWER_S_SLOW
    code: int | None = None
    truncated: bool = False
    silent_s: float = SILENT_S_REBOOT
    ignores_writes: bool = False


PLAIN = FaultDetail()


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceFault:
    """A fault and when it is in force, in Unix seconds of the simulation; None lasts until it is mended."""

    kind: FaultKind
    since_s: float
    until_s: float | None
    detail: FaultDetail = PLAIN

    def holds_at(self, at_s: float) -> bool:
        """Tell whether the fault is in force at the moment."""
        return self.since_s <= at_s and not self.is_over_at(at_s)

    def is_over_at(self, at_s: float) -> bool:
        """Tell whether the fault has ended by the moment."""
        return self.until_s is not None and at_s >= self.until_s

    @property
    def edges_s(self) -> tuple[float, ...]:
        """When it does something by itself: moments that time must not step over."""
        if self.kind not in EDGED:
            return ()
        return (self.since_s,) if self.until_s is None else (self.since_s, self.until_s)
