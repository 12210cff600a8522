"""A charging hub for electric vehicles, seen as one: no session and no person is known to us."""

from typing import Annotated, Literal

from pydantic import Field, model_validator
from pydantic.dataclasses import dataclass

from energy.domain import Point
from energy.region.asset import CONFIG, AssetBase, NonNegativeKw, Number, PositiveKw, RampKwPerS, SafeState
from energy.region.yearly import YearlyKwh, require_fitting


@dataclass(frozen=True, slots=True, kw_only=True, config=CONFIG)
class EvHub(AssetBase):
    """Vehicles arrive with a wish for energy and leave ``dwell_h`` later; in between their charging can move.

    ``power_kw_safe`` is the draw at which every connected vehicle still gets its minimum current.
    ``unserved_eur_per_kwh`` prices a wish that was not met at departure. The asset's history column holds the
    power that arriving vehicles ask for: the energy wished by the arrivals of a period over its length.
    ``energy_kwh_per_year`` says what to expect before any arrival has been measured.
    """

    kind: Literal["ev_hub"]
    power_kw_max: PositiveKw
    power_kw_safe: NonNegativeKw
    dwell_h: Annotated[Number, Field(ge=1.0, le=48.0)]
    ramp_kw_per_s: RampKwPerS
    unserved_eur_per_kwh: Annotated[Number, Field(gt=0.0, le=100.0)] = 2.0
    energy_kwh_per_year: YearlyKwh | None = None

    @model_validator(mode="after")
    def _within_rating(self) -> "EvHub":
        if self.power_kw_safe > self.power_kw_max:
            raise ValueError("power_kw_safe must be at most power_kw_max")
        require_fitting(
            self.energy_kwh_per_year,
            field="energy_kwh_per_year",
            greatest_kw=self.power_kw_max,
            greatest="power_kw_max",
        )
        return self

    @property
    def power_kw_nameplate(self) -> tuple[float, float]:
        """From nothing to the hub's connection."""
        return 0.0, self.power_kw_max

    @property
    def dispatch_point(self) -> Point | None:
        """A bound on drawing."""
        return Point.POWER_KW_MAX

    @property
    def safe_state(self) -> SafeState | None:
        """Every connected vehicle at its minimum current."""
        return SafeState(point=Point.POWER_KW_MAX, power_kw=self.power_kw_safe, name="minimum_current")
