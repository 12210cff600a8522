"""A battery system behind one controller."""

from typing import Annotated, Literal

from pydantic import Field, model_validator
from pydantic.dataclasses import dataclass

from energy.domain import Point
from energy.region.asset import (
    CONFIG,
    AssetBase,
    CostEurPerKwh,
    Efficiency,
    EurPerKwh,
    NonNegativeKwh,
    PositiveKw,
    PositiveKwh,
    RampKwPerS,
    SafeState,
)


@dataclass(frozen=True, slots=True, kw_only=True, config=CONFIG)
class Battery(AssetBase):
    """A store of electricity.

    ``energy_kwh_min`` and ``energy_kwh_max`` bound what we use of ``energy_kwh_capacity``. Efficiencies are
    one way, at the metering point. ``wear_eur_per_kwh`` is paid on each kWh discharged at the metering point,
    ``wear_deep_eur_per_kwh`` on top on what cycles deeper than ``wear_depth_kwh`` take. Plans and corrections
    leave ``energy_kwh_reserve`` above ``energy_kwh_min`` for island operation or backup.
    """

    kind: Literal["battery"]
    energy_kwh_capacity: PositiveKwh
    energy_kwh_min: NonNegativeKwh
    energy_kwh_max: PositiveKwh
    power_kw_charge_max: PositiveKw
    power_kw_discharge_max: PositiveKw
    efficiency_charge: Efficiency
    efficiency_discharge: Efficiency
    wear_eur_per_kwh: Annotated[EurPerKwh, Field(ge=0.0)]
    ramp_kw_per_s: RampKwPerS
    energy_kwh_reserve: NonNegativeKwh = 0.0
    wear_depth_kwh: PositiveKwh | None = None
    wear_deep_eur_per_kwh: CostEurPerKwh = 0.0

    @model_validator(mode="after")
    def _band_inside_capacity(self) -> "Battery":
        if not self.energy_kwh_min < self.energy_kwh_max <= self.energy_kwh_capacity:
            raise ValueError(
                "energy_kwh_min must be less than energy_kwh_max, and that at most energy_kwh_capacity"
            )
        if not self.energy_kwh_kept < self.energy_kwh_max:
            raise ValueError(
                "energy_kwh_min and energy_kwh_reserve together must be less than energy_kwh_max"
            )
        if (self.wear_depth_kwh is not None) != (self.wear_deep_eur_per_kwh > 0.0):
            raise ValueError("wear_depth_kwh and wear_deep_eur_per_kwh above 0 need each other")
        if (
            self.wear_depth_kwh is not None
            and self.wear_depth_kwh >= self.energy_kwh_max - self.energy_kwh_kept
        ):
            raise ValueError(
                "wear_depth_kwh must be less than what is used: energy_kwh_max less minimum and reserve"
            )
        return self

    @property
    def energy_kwh_kept(self) -> float:
        """What neither plans nor corrections take: the least content and the reserve."""
        return self.energy_kwh_min + self.energy_kwh_reserve

    @property
    def power_kw_nameplate(self) -> tuple[float, float]:
        """From full discharge to full charge."""
        return -self.power_kw_discharge_max, self.power_kw_charge_max

    @property
    def dispatch_point(self) -> Point | None:
        """A power to follow."""
        return Point.POWER_KW_SETPOINT

    @property
    def safe_state(self) -> SafeState | None:
        """Idle."""
        return SafeState(point=Point.POWER_KW_SETPOINT, power_kw=0.0, name="idle")
