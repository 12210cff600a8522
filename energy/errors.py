"""What can go wrong, split into what a retry may mend and what it never will.

::

    EnergiewaageError
    ├── BadInput             a file or an argument is wrong; carries every Fault at once; exit 2
    ├── Retryable            the same call may go through later
    │   ├── DeviceUnreachable    no connection, no answer in time, or a broken answer
    │   ├── StoreUnavailable     the record cannot be read or written now
    │   └── PlannerUnavailable   the planner is dead, late or busy
    └── Permanent            the same call will fail again
        ├── DeviceRefused        the device answered and said no
        ├── NoPlan               the optimiser ended without a plan to use
        └── RecordBroken         a ledger or a store contradicts itself
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass


class InWords(str):
    """What stands in a place, told instead of shown: a whole group of keys would not fit into a line."""

    __slots__ = ()


def told(value: object) -> object:
    """Give a value for a fault: groups and lists in words, everything else as it is."""
    if isinstance(value, Mapping):
        return InWords("a group of keys stands here")
    if isinstance(value, list | tuple):
        return InWords(f"a list of {len(value)} stands here")
    return InWords("nothing stands here") if value is None else value


def reason_of(error: Exception) -> InWords:
    """Give what the system said, without the number of its error."""
    return InWords(getattr(error, "strerror", None) or str(error))


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One thing wrong with an input: where it is, what stands there, what may, how to mend it."""

    file: str
    line: int | None
    place: str
    value: object
    limit: str
    mend: str

    def __str__(self) -> str:
        """Give the fault as one line that an editor can jump to."""
        where = f"{self.file}:{self.line}" if self.line is not None else self.file
        what = f"{self.value!r} is wrong: {self.limit}"
        if self.value is None:
            what = self.limit
        elif isinstance(self.value, InWords):
            what = f"{self.value}: {self.limit}"
        return f"{where}: {self.place}: {what}. Mend: {self.mend}"


class EnergiewaageError(Exception):
    """Root of everything that this project raises on purpose."""


class BadInput(EnergiewaageError):
    """An input is wrong; all its faults are reported together."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        if not faults:
            raise ValueError("BadInput needs at least one fault")
        self.faults = tuple(faults)
        super().__init__("\n".join(str(fault) for fault in self.faults))


class Retryable(EnergiewaageError):
    """The same call may go through later."""


class DeviceUnreachable(Retryable):
    """A device gave no answer, or none that can be trusted."""


class StoreUnavailable(Retryable):
    """The record cannot be read or written now; ``may_be_full`` where more room on the disk may mend it."""

    def __init__(self, message: str, *, may_be_full: bool = False) -> None:
        super().__init__(message)
        self.may_be_full = may_be_full


class PlannerUnavailable(Retryable):
    """The planner is dead, late or busy."""


class Permanent(EnergiewaageError):
    """The same call will fail again."""


class DeviceRefused(Permanent):
    """A device answered and refused."""


class NoPlan(Permanent):
    """The optimiser ended without a plan that can be used."""


class RecordBroken(Permanent):
    """A ledger or a store contradicts itself; ``is_whole`` where it is only not for this program."""

    def __init__(self, message: str, *, is_whole: bool = False) -> None:
        super().__init__(message)
        self.is_whole = is_whole
