"""A medium-voltage feeder, metered where it leaves the busbar."""

from typing import Literal

from pydantic.dataclasses import dataclass

from energy.region.asset import CONFIG, PositiveKw
from energy.region.measured import Measured


@dataclass(frozen=True, slots=True, kw_only=True, config=CONFIG)
class Feeder(Measured):
    """What names it, feeders too, is connected through it; its power is their sum, limited either way."""

    kind: Literal["feeder"]
    power_kw_max: PositiveKw

    @property
    def power_kw_nameplate(self) -> tuple[float, float]:
        """The thermal limit, towards the busbar and from it."""
        return -self.power_kw_max, self.power_kw_max
