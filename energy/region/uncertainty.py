"""How a plan deals with what is not known: a dial of the region, from not at all to with all of its band."""

from typing import Annotated, Literal

from pydantic import Field
from pydantic.dataclasses import dataclass

from energy.region.asset import CONFIG, CostEurPerKwh, Number

Mode = Literal["point", "reserve", "scenarios"]


@dataclass(frozen=True, slots=True, kw_only=True, config=CONFIG)
class Uncertainty:
    """What is done about the errors of forecasts.

    ``point`` plans on the expected values. ``reserve`` keeps headroom in stores for the net load's error.
    ``scenarios`` decides the next quarter hour for several courses of the net load at once. ``share`` is the
    dial: 0 is the point plan, 1 counts errors in full.
    """

    mode: Mode = "point"
    share: Annotated[Number, Field(ge=0.0, le=1.0)] = 1.0
    quantile: Annotated[Number, Field(gt=0.5, lt=1.0)] = 0.9
    """Reserve: of the net load's recent errors, either way."""
    ahead_h: Annotated[Number, Field(ge=0.25, le=48.0)] = 6.0
    """Reserve: how far ahead it is kept; what lies further is planned again before it comes."""
    hold_h: Annotated[Number, Field(ge=0.25, le=6.0)] = 1.0
    """Reserve: how long a store must be able to give it."""
    shortfall_eur_per_kwh: CostEurPerKwh | None = None
    """Reserve: price of a kWh of headroom that is missing. None is the imbalance price times how seldom it
    would be called, 1 - quantile."""
    risk_weight: Annotated[Number, Field(ge=0.0, le=1.0)] = 0.0
    """Scenarios: how much the mean cost of the dear ones counts (CVaR) against the mean of all."""
    risk_level: Annotated[Number, Field(ge=0.0, lt=1.0)] = 0.8
    """Scenarios: CVaR is the mean of the dearest 1 - risk_level."""

    @property
    def counts(self) -> bool:
        """Whether anything is done beyond planning on the expected values."""
        return self.mode != "point" and self.share > 0.0
