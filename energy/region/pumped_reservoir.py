"""A waterworks' elevated reservoir with its pumps."""

from typing import Annotated, Literal

from pydantic import Field, model_validator
from pydantic.dataclasses import dataclass

from energy.domain import Point
from energy.region.asset import (
    CONFIG,
    AssetBase,
    NonNegativeM3,
    Number,
    PositiveKw,
    PositiveM3,
    RampKwPerS,
    SafeState,
)
from energy.region.yearly import YearlyKwh, require_fitting


@dataclass(frozen=True, slots=True, kw_only=True, config=CONFIG)
class PumpedReservoir(AssetBase):
    """Pumps fill the reservoir, the town draws from it.

    Below ``volume_m3_min`` stands the fire-water reserve, which no schedule touches. The history column holds
    the pumping power that the water drawn asks for, in kW: its volume flow times ``pump_kwh_per_m3``.
    ``energy_kwh_per_year`` says how much that is before any draw has been measured.
    """

    kind: Literal["pumped_reservoir"]
    power_kw_rated: PositiveKw
    volume_m3_min: NonNegativeM3
    volume_m3_max: PositiveM3
    pump_kwh_per_m3: Annotated[Number, Field(gt=0.0, le=10.0)]
    ramp_kw_per_s: RampKwPerS
    energy_kwh_per_year: YearlyKwh | None = None

    @model_validator(mode="after")
    def _possible(self) -> "PumpedReservoir":
        if not self.volume_m3_min < self.volume_m3_max:
            raise ValueError("volume_m3_min must be less than volume_m3_max")
        require_fitting(
            self.energy_kwh_per_year,
            field="energy_kwh_per_year",
            greatest_kw=self.power_kw_rated,
            greatest="power_kw_rated",
        )
        return self

    @property
    def power_kw_nameplate(self) -> tuple[float, float]:
        """From standing pumps to all of them."""
        return 0.0, self.power_kw_rated

    @property
    def dispatch_point(self) -> Point | None:
        """A power to follow."""
        return Point.POWER_KW_SETPOINT

    @property
    def safe_state(self) -> SafeState | None:
        """Its own level control, which keeps the fire-water reserve."""
        return SafeState(point=Point.POWER_KW_SETPOINT, power_kw=None, name="level_control")
