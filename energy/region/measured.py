"""What load, grid losses and the grid point share: they are measured, and nobody commands them."""

from pydantic.dataclasses import dataclass

from energy.domain import Point
from energy.region.asset import CONFIG, AssetBase, SafeState


@dataclass(frozen=True, slots=True, config=CONFIG)
class Measured(AssetBase):
    """An asset that only has a meter."""

    @property
    def dispatch_point(self) -> Point | None:
        """None: only measured."""
        return None

    @property
    def safe_state(self) -> SafeState | None:
        """None: only measured."""
        return None
