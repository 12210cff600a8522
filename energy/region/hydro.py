"""A run-of-river hydro power station; the river stores nothing for us."""

from typing import Literal

from pydantic import model_validator
from pydantic.dataclasses import dataclass

from energy.region.asset import CONFIG
from energy.region.generator import Generator
from energy.region.yearly import YearlyKwh, require_fitting


@dataclass(frozen=True, slots=True, kw_only=True, config=CONFIG)
class Hydro(Generator):
    """Run-of-river generation.

    ``energy_kwh_per_year`` says what to expect before anything has been measured, evenly: rivers differ too
    much in their seasons for a common shape.
    """

    kind: Literal["hydro"]
    energy_kwh_per_year: YearlyKwh | None = None

    @model_validator(mode="after")
    def _year_fits(self) -> "Hydro":
        require_fitting(
            self.energy_kwh_per_year,
            field="energy_kwh_per_year",
            greatest_kw=self.power_kw_rated,
            greatest="power_kw_rated",
        )
        return self
