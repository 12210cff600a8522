"""What CHP, heat pump and electrolyser share: they run or stand, and switching is limited and costs."""

from dataclasses import KW_ONLY

from pydantic import model_validator
from pydantic.dataclasses import dataclass

from energy.domain import Point
from energy.periods import PERIOD_S
from energy.region.asset import CONFIG, AssetBase, CostEur, HoursMin, PositiveKw, RampKwPerS


@dataclass(frozen=True, slots=True, config=CONFIG)
class Machine(AssetBase):
    """A machine with a least load; powers are magnitudes at the metering point.

    Once started it runs at least ``uptime_h_min``, once stopped it stands at least ``downtime_h_min``;
    ``start_eur`` is what one start costs.
    """

    _: KW_ONLY
    power_kw_rated: PositiveKw
    power_kw_least: PositiveKw
    ramp_kw_per_s: RampKwPerS
    start_eur: CostEur = 0.0
    uptime_h_min: HoursMin = 0.0
    downtime_h_min: HoursMin = 0.0

    @model_validator(mode="after")
    def _least_below_rated(self) -> "Machine":
        if not self.power_kw_least < self.power_kw_rated:
            raise ValueError("power_kw_least must be less than power_kw_rated")
        return self

    @property
    def ramp_binds(self) -> bool:
        """Whether its ramp takes longer than a period from the least load to the rated one."""
        return self.ramp_kw_per_s * PERIOD_S < self.power_kw_rated - self.power_kw_least

    @property
    def dispatch_point(self) -> Point | None:
        """A power to follow; less than half the least load means standing."""
        return Point.POWER_KW_SETPOINT
