"""An electrolyser that feeds a hydrogen store."""

from typing import Literal

from pydantic import model_validator
from pydantic.dataclasses import dataclass

from energy.domain import Point
from energy.region.asset import CONFIG, CostEurPerKwh, Identifier, NonNegativeKw, PositiveKw, SafeState
from energy.region.machine import Machine


@dataclass(frozen=True, slots=True, kw_only=True, config=CONFIG)
class Electrolyser(Machine):
    """Draws electricity and makes hydrogen, counted by its lower heating value.

    Hydrogen goes along a straight line between its values at the least load and at rated power, or along two
    that meet in ``hydrogen_kw_middle`` at ``power_kw_middle``: its efficiency falls towards rated power.
    While it stands it draws ``power_kw_standby``. ``wear_eur_per_kwh`` is the stack's, on each kWh drawn
    while running.
    """

    kind: Literal["electrolyser"]
    hydrogen_network: Identifier
    power_kw_standby: NonNegativeKw
    hydrogen_kw_rated: PositiveKw
    hydrogen_kw_least: NonNegativeKw
    wear_eur_per_kwh: CostEurPerKwh = 0.0
    power_kw_middle: PositiveKw | None = None
    hydrogen_kw_middle: PositiveKw | None = None

    @model_validator(mode="after")
    def _energy_is_not_made(self) -> "Electrolyser":
        if self.hydrogen_kw_rated > self.power_kw_rated or self.hydrogen_kw_least > self.power_kw_least:
            raise ValueError("hydrogen must be at most power, at rated and at the least load")
        if 2.0 * self.power_kw_standby >= self.power_kw_least:
            raise ValueError("power_kw_standby must be less than half of power_kw_least")
        return self

    @model_validator(mode="after")
    def _bends_downwards(self) -> "Electrolyser":
        if self.power_kw_middle is None or self.hydrogen_kw_middle is None:
            if self.power_kw_middle is not self.hydrogen_kw_middle:
                raise ValueError("power_kw_middle and hydrogen_kw_middle need each other")
            return self
        if not self.power_kw_least < self.power_kw_middle < self.power_kw_rated:
            raise ValueError("power_kw_middle must lie between power_kw_least and power_kw_rated")
        below = (self.hydrogen_kw_middle - self.hydrogen_kw_least) / (
            self.power_kw_middle - self.power_kw_least
        )
        above = (self.hydrogen_kw_rated - self.hydrogen_kw_middle) / (
            self.power_kw_rated - self.power_kw_middle
        )
        if not 0.0 <= above <= below or self.hydrogen_kw_middle > self.power_kw_middle:
            raise ValueError(
                "hydrogen_kw_middle must be on or above the straight line between the least load and rated "
                "power, and at most hydrogen_kw_rated and power_kw_middle"
            )
        return self

    @property
    def power_kw_nameplate(self) -> tuple[float, float]:
        """From standstill to rated power."""
        return 0.0, self.power_kw_rated

    @property
    def safe_state(self) -> SafeState | None:
        """Standing by, warm and purged."""
        return SafeState(point=Point.POWER_KW_SETPOINT, power_kw=self.power_kw_standby, name="standby")
