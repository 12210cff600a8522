"""How long the field may take, and when it tries a silent device again: every limit with its unit."""

from dataclasses import dataclass, field
from typing import Literal

from energy.devices.backoff import Backoff
from energy.devices.modbus import Patience
from energy.devices.tls import TlsFiles


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldSettings:
    """The field's limits, and the files for devices with transport tls.

    ``retry`` says where a silent device is tried again: ``behind`` tries on the wall clock behind the tick's
    back, so that a dead device costs a tick nothing; ``in_tick`` tries within a tick by the controller's
    time, so that a run in lockstep is repeatable.
    """

    patience: Patience = field(default_factory=Patience)
    read_s_max: float = 2.5
    apply_s_max: float = 2.5
    backoff_s_min: float = 1.0
    backoff_s_max: float = 60.0
    retry: Literal["behind", "in_tick"] = "behind"
    tls: TlsFiles | None = None

    def backoff(self, name: str = "") -> Backoff:
        """Give a fresh backoff within the limits; its jitter follows from the name."""
        return Backoff(delay_s_min=self.backoff_s_min, delay_s_max=self.backoff_s_max, name=name)
