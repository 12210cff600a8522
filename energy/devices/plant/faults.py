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


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceFault:
    """A fault in force; ``until_s`` is in Unix seconds of the simulation, None lasts until it is cleared."""

    kind: FaultKind
    until_s: float | None

    def holds_at(self, at_s: float) -> bool:
        """Tell whether the fault is in force at the moment."""
        return self.until_s is None or at_s < self.until_s
