"""How long the field may take, and when it tries a silent device again: every limit with its unit."""

import dataclasses
from dataclasses import dataclass, field
from typing import Literal, Self

from energy.backoff import Backoff
from energy.devices.modbus import Patience
from energy.devices.tls import TlsFiles

READ_S_MAX = 2.5
READ_FRACTION = 0.5
"""The other half of a tick is for deciding and writing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldSettings:
    """The field's limits, and the files for devices with transport tls.

    ``retry`` says where a silent device is tried again: ``behind`` tries on the wall clock behind the tick's
    back, so that a dead device costs a tick nothing; ``in_tick`` tries within a tick by the controller's
    time, so that a run in lockstep is repeatable. ``tick_s`` is how far ticks are apart on the wall, None
    where nobody knows: then it is tried right behind the reads.
    """

    patience: Patience = field(default_factory=Patience)
    read_s_max: float = READ_S_MAX
    """A tick waits no longer for what it asked; reading goes on behind it."""
    apply_s_max: float = 2.5
    backoff_s_min: float = 1.0
    backoff_s_max: float = 60.0
    retry: Literal["behind", "in_tick"] = "behind"
    tick_s: float | None = None
    tls: TlsFiles | None = None

    def paced(self, tick_s: float, *, read_s_max: float | None = None) -> Self:
        """Give the same for ticks so far apart; without a limit of its own a read may take half of one."""
        limit_s = read_s_max if read_s_max is not None else max(self.read_s_max, tick_s * READ_FRACTION)
        return dataclasses.replace(self, tick_s=tick_s, read_s_max=limit_s)

    def backoff(self, name: str = "") -> Backoff:
        """Give a fresh backoff within the limits; its jitter follows from the name."""
        return Backoff(delay_s_min=self.backoff_s_min, delay_s_max=self.backoff_s_max, name=name)
