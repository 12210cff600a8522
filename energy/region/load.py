"""A load that is only measured: a municipality's consumption without the assets named one by one."""

from typing import Literal

from pydantic.dataclasses import dataclass

from energy.domain import Point
from energy.region.asset import CONFIG, AssetBase, PositiveKw, SafeState


@dataclass(frozen=True, slots=True, kw_only=True, config=CONFIG)
class Load(AssetBase):
    """Consumption that nobody steers."""

    kind: Literal["load"]
    power_kw_max: PositiveKw

    @property
    def power_kw_nameplate(self) -> tuple[float, float]:
        """From nothing to the largest draw that is plausible."""
        return 0.0, self.power_kw_max

    @property
    def dispatch_point(self) -> Point | None:
        """None: only measured."""
        return None

    @property
    def safe_state(self) -> SafeState | None:
        """None: only measured."""
        return None
