"""The heat that a district heating network delivers."""

from typing import Literal

from pydantic.dataclasses import dataclass

from energy.region.asset import CONFIG, Identifier, PositiveKw
from energy.region.measured import Measured


@dataclass(frozen=True, slots=True, kw_only=True, config=CONFIG)
class HeatLoad(Measured):
    """Heat that nobody steers, the network's losses among it; the history column is heat, in kW."""

    kind: Literal["heat_load"]
    heat_network: Identifier
    heat_kw_max: PositiveKw

    @property
    def power_kw_nameplate(self) -> tuple[float, float]:
        """It takes part in no electricity balance."""
        return 0.0, 0.0
