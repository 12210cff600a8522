"""A load that is only measured: a municipality's consumption without the assets named one by one."""

from typing import Literal

from pydantic.dataclasses import dataclass

from energy.region.asset import CONFIG, PositiveKw
from energy.region.measured import Measured


@dataclass(frozen=True, slots=True, kw_only=True, config=CONFIG)
class Load(Measured):
    """Consumption that nobody steers."""

    kind: Literal["load"]
    power_kw_max: PositiveKw

    @property
    def power_kw_nameplate(self) -> tuple[float, float]:
        """From nothing to the largest draw that is plausible."""
        return 0.0, self.power_kw_max
