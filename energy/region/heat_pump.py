"""A large heat pump that feeds a heat network."""

from typing import Annotated, Literal

from pydantic import Field
from pydantic.dataclasses import dataclass

from energy.domain import Point
from energy.region.asset import CONFIG, Identifier, Number, SafeState
from energy.region.machine import Machine

COP_MIN = 1.0
"""A heat pump that does worse than resistance heating runs on its heating rod."""


@dataclass(frozen=True, slots=True, kw_only=True, config=CONFIG)
class HeatPump(Machine):
    """Draws electricity and feeds in heat; its coefficient of performance rises with the temperature outside.

    That temperature is the region's ``temperature`` series, and what its device measures.
    """

    kind: Literal["heat_pump"]
    heat_network: Identifier
    cop_at_0_c: Annotated[Number, Field(ge=COP_MIN, le=10.0)]
    cop_per_k: Annotated[Number, Field(ge=0.0, le=0.5)]
    cop_max: Annotated[Number, Field(ge=COP_MIN, le=10.0)]

    def cop(self, temperature_c: float) -> float:
        """Give heat over electricity at a source temperature."""
        return max(COP_MIN, min(self.cop_max, self.cop_at_0_c + self.cop_per_k * temperature_c))

    @property
    def power_kw_nameplate(self) -> tuple[float, float]:
        """From standing to rated power."""
        return 0.0, self.power_kw_rated

    @property
    def safe_state(self) -> SafeState | None:
        """Its own thermostat, which also keeps frost away."""
        return SafeState(point=Point.POWER_KW_SETPOINT, power_kw=None, name="thermostat")
