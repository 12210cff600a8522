"""A boiler that burns fuel for a heat network."""

from typing import Literal

from pydantic.dataclasses import dataclass

from energy.region.asset import CONFIG, CostEurPerKwh, Efficiency, Identifier, KgPerKwh, PositiveKw
from energy.region.measured import Measured


@dataclass(frozen=True, slots=True, kw_only=True, config=CONFIG)
class Boiler(Measured):
    """Heat-led by its own control, always: it gives what its network and the store do not.

    It is planned with and measured, never commanded, so its safe state is its only state.
    """

    kind: Literal["boiler"]
    heat_network: Identifier
    heat_kw_rated: PositiveKw
    efficiency: Efficiency
    fuel_eur_per_kwh: CostEurPerKwh
    co2_kg_per_kwh_fuel: KgPerKwh = 0.0

    @property
    def power_kw_nameplate(self) -> tuple[float, float]:
        """Its pumps are part of the load."""
        return 0.0, 0.0
