"""The heat that a district heating network delivers."""

from typing import Literal

from pydantic import model_validator
from pydantic.dataclasses import dataclass

from energy.region.asset import CONFIG, Identifier, PositiveKw
from energy.region.measured import Measured
from energy.region.yearly import YearlyKwh, require_fitting


@dataclass(frozen=True, slots=True, kw_only=True, config=CONFIG)
class HeatLoad(Measured):
    """Heat that nobody steers, the network's losses among it; the history column is heat, in kW.

    ``heat_kwh_per_year`` says what to expect of it before it has been measured; None takes ``heat_kw_max``
    for its coldest hour.
    """

    kind: Literal["heat_load"]
    heat_network: Identifier
    heat_kw_max: PositiveKw
    heat_kwh_per_year: YearlyKwh | None = None

    @model_validator(mode="after")
    def _year_fits(self) -> "HeatLoad":
        require_fitting(
            self.heat_kwh_per_year,
            field="heat_kwh_per_year",
            greatest_kw=self.heat_kw_max,
            greatest="heat_kw_max",
        )
        return self

    @property
    def power_kw_nameplate(self) -> tuple[float, float]:
        """It takes part in no electricity balance."""
        return 0.0, 0.0
