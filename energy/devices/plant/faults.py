"""What can be broken on a simulated device, on command and until a moment."""

from dataclasses import dataclass
from enum import StrEnum


class FaultKind(StrEnum):
    """How a device misbehaves."""

    SILENT = "silent"
    """It takes connections and requests but neither acts nor answers."""
    GARBAGE = "garbage"
    """Its registers hold numbers that cannot be."""
    FROZEN = "frozen"
    """Its registers no longer change; commands still work."""
    WRITE_REFUSED = "write_refused"
    """It answers every command with an exception."""
    WRITE_IGNORED = "write_ignored"
    """It answers every command with success and does nothing."""
    DRIFT = "drift"
    """Its meter is off by a fraction, in power and in what its registers count from then on."""


DRIFT_FRACTION = 0.02
"""How far a drifting meter is off unless somebody says otherwise."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceFault:
    """A fault and when it is in force, in Unix seconds of the simulation; without an end until it is cleared.

    ``fraction`` is how far a drifting meter is off.
    """

    kind: FaultKind
    since_s: float
    until_s: float | None
    fraction: float = DRIFT_FRACTION

    def holds_at(self, at_s: float) -> bool:
        """Tell whether the fault is in force at the moment."""
        return self.since_s <= at_s and not self.is_over_at(at_s)

    def is_over_at(self, at_s: float) -> bool:
        """Tell whether the fault has ended by the moment."""
        return self.until_s is not None and at_s >= self.until_s
