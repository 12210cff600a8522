"""A store of hot water in a heat network."""

from typing import Annotated, Literal

from pydantic import Field
from pydantic.dataclasses import dataclass

from energy.region.asset import CONFIG, Fraction, Identifier, PositiveKw, PositiveKwh
from energy.region.measured import Measured


@dataclass(frozen=True, slots=True, kw_only=True, config=CONFIG)
class HeatStorage(Measured):
    """Takes up what its network has too much of and gives what it lacks; nobody commands it.

    ``loss_fraction_per_h`` of its content is lost each hour. ``heat_kw_max`` bounds charging and discharging.
    """

    kind: Literal["heat_storage"]
    heat_network: Identifier
    energy_kwh_capacity: PositiveKwh
    heat_kw_max: PositiveKw
    loss_fraction_per_h: Annotated[Fraction, Field(le=0.1)] = 0.0

    @property
    def power_kw_nameplate(self) -> tuple[float, float]:
        """It takes part in no electricity balance."""
        return 0.0, 0.0
