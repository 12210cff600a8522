"""A combined heat and power unit."""

from typing import Literal

from pydantic import model_validator
from pydantic.dataclasses import dataclass

from energy.domain import Point
from energy.region.asset import (
    CONFIG,
    CostEurPerKwh,
    Identifier,
    KgPerKwh,
    NonNegativeKw,
    PositiveKw,
    SafeState,
)
from energy.region.machine import Machine


@dataclass(frozen=True, slots=True, kw_only=True, config=CONFIG)
class Chp(Machine):
    """Burns fuel, feeds in electricity and heat.

    Heat and fuel go along straight lines between their values at the least load and at rated power.
    ``wear_eur_per_kwh`` is maintenance on each kWh of electricity.
    """

    kind: Literal["chp"]
    heat_network: Identifier
    heat_kw_rated: PositiveKw
    heat_kw_least: NonNegativeKw
    fuel_kw_rated: PositiveKw
    fuel_kw_least: NonNegativeKw
    fuel_eur_per_kwh: CostEurPerKwh
    co2_kg_per_kwh_fuel: KgPerKwh = 0.0
    wear_eur_per_kwh: CostEurPerKwh = 0.0

    @model_validator(mode="after")
    def _energy_is_not_made(self) -> "Chp":
        rated = self.power_kw_rated + self.heat_kw_rated <= self.fuel_kw_rated
        least = self.power_kw_least + self.heat_kw_least <= self.fuel_kw_least
        if not (rated and least):
            raise ValueError("fuel must be at least power and heat together, at rated and at the least load")
        return self

    @property
    def power_kw_nameplate(self) -> tuple[float, float]:
        """From rated feed-in to standing."""
        return -self.power_kw_rated, 0.0

    @property
    def safe_state(self) -> SafeState | None:
        """Its own control, led by heat."""
        return SafeState(point=Point.POWER_KW_SETPOINT, power_kw=None, name="heat_led")
