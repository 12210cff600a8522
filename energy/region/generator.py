"""What PV, wind and run-of-river hydro share: they yield what nature gives, less what is curtailed."""

from dataclasses import KW_ONLY

from pydantic.dataclasses import dataclass

from energy.domain import Point
from energy.region.asset import (
    CONFIG,
    AssetBase,
    EurPerKwh,
    Flag,
    Fraction,
    PositiveKw,
    RampKwPerS,
    SafeState,
)


@dataclass(frozen=True, slots=True, config=CONFIG)
class Generator(AssetBase):
    """A curtailable source.

    ``safe_fraction`` is what the connection agreement allows while the park controller hears from nobody, as
    a fraction of the rated power. ``curtailment_eur_per_kwh`` is what a curtailed kWh costs beyond its lost
    revenue.
    """

    _: KW_ONLY
    power_kw_rated: PositiveKw
    ramp_kw_per_s: RampKwPerS
    safe_fraction: Fraction = 1.0
    curtailable: Flag = True
    curtailment_eur_per_kwh: EurPerKwh = 0.0

    @property
    def power_kw_nameplate(self) -> tuple[float, float]:
        """From full feed-in to nothing; own consumption at standstill is part of the load."""
        return -self.power_kw_rated, 0.0

    @property
    def dispatch_point(self) -> Point | None:
        """A bound on feeding in, where the source can be curtailed."""
        return Point.POWER_KW_MIN if self.curtailable else None

    @property
    def safe_state(self) -> SafeState | None:
        """Feed in up to what the connection agreement allows without a controller."""
        if not self.curtailable:
            return None
        return SafeState(
            point=Point.POWER_KW_MIN,
            power_kw=-self.safe_fraction * self.power_kw_rated,
            name="connection_agreement",
        )
