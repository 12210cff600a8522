"""Where the region meets the upstream grid."""

from typing import Literal

from pydantic.dataclasses import dataclass

from energy.region.asset import CONFIG, PositiveKw
from energy.region.measured import Measured


@dataclass(frozen=True, slots=True, kw_only=True, config=CONFIG)
class GridPoint(Measured):
    """The metered exchange; import is positive. Both limits are magnitudes of the connection agreement."""

    kind: Literal["grid_point"]
    power_kw_import_max: PositiveKw
    power_kw_export_max: PositiveKw

    @property
    def power_kw_nameplate(self) -> tuple[float, float]:
        """From the export limit to the import limit."""
        return -self.power_kw_export_max, self.power_kw_import_max
