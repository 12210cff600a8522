"""The losses of the region's grid, so that import equals the sum over all assets."""

from typing import Literal

from pydantic.dataclasses import dataclass

from energy.region.asset import CONFIG, Fraction, PositiveKw
from energy.region.measured import Measured


@dataclass(frozen=True, slots=True, kw_only=True, config=CONFIG)
class GridLoss(Measured):
    """Losses as a fraction of what the measured-only loads of the same feeder draw."""

    kind: Literal["grid_loss"]
    fraction_of_load: Fraction
    power_kw_max: PositiveKw

    @property
    def power_kw_nameplate(self) -> tuple[float, float]:
        """Losses draw, and never more than this."""
        return 0.0, self.power_kw_max
