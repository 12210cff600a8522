"""A load that is only measured: a municipality's consumption without the assets named one by one."""

from typing import Literal

from pydantic import model_validator
from pydantic.dataclasses import dataclass

from energy.region.asset import CONFIG, PositiveKw
from energy.region.measured import Measured
from energy.region.yearly import FULL_LOAD_H_MIN, StandardProfile, YearlyKwh, require_fitting


@dataclass(frozen=True, slots=True, kw_only=True, config=CONFIG)
class Load(Measured):
    """Consumption that nobody steers.

    ``energy_kwh_per_year`` and ``standard_profile`` say what to expect of it before it has been measured;
    None takes a share of ``power_kw_max`` and a town's mixture.
    """

    kind: Literal["load"]
    power_kw_max: PositiveKw
    energy_kwh_per_year: YearlyKwh | None = None
    standard_profile: StandardProfile | None = None

    @model_validator(mode="after")
    def _year_fits(self) -> "Load":
        require_fitting(
            self.energy_kwh_per_year,
            field="energy_kwh_per_year",
            greatest_kw=self.power_kw_max,
            greatest="power_kw_max",
            full_load_h_min=FULL_LOAD_H_MIN,
        )
        return self

    @property
    def power_kw_nameplate(self) -> tuple[float, float]:
        """From nothing to the largest draw that is plausible."""
        return 0.0, self.power_kw_max
