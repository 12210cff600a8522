"""A setpoint on its way to its device: where it goes, and how much it presses."""

from dataclasses import dataclass
from datetime import datetime

from energy.arbitration import DUTIES
from energy.devices.line import Command, Line
from energy.devices.write_budget import WriteBudget
from energy.domain import Point, Setpoint


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """A setpoint that passed its checks, with its place in the answer and where it goes.

    ``budget`` counts the writes of devices whose memory wears out; without one they are not written.
    """

    index: int
    line: Line
    command: Command
    setpoint: Setpoint
    budget: WriteBudget | None = None

    @property
    def is_duty(self) -> bool:
        """True where protection or the grid operator asks for it, or limits it."""
        return self.setpoint.is_duty or self.setpoint.level in DUTIES

    @property
    def is_safe_state(self) -> bool:
        """True where it asks for the asset's safe state."""
        state = self.line.asset.safe_state
        return state is not None and state.power_kw is not None and self.setpoint.power_kw == state.power_kw

    def tightens(self, held_kw: float) -> bool:
        """Tell whether it leaves less room than a bound that the device holds."""
        match self.command.point.name:
            case Point.POWER_KW_MIN:
                return self.setpoint.power_kw > held_kw
            case Point.POWER_KW_MAX:
                return self.setpoint.power_kw < held_kw
            case _:
                return False

    def haste(self, at: datetime) -> tuple[bool, float]:
        """Give what to sort by: first what must not wait, then what the device would drop soonest."""
        held_kw = self.line.held_kw
        presses = self.is_duty or self.is_safe_state or (held_kw is not None and self.tightens(held_kw))
        return not presses, self.line.economy.left_s(self.command.write, at)
