"""What a utility knows of an asset before anything is measured: its year's energy and whose it is."""

from typing import Annotated

from pydantic import Field, model_validator
from pydantic.dataclasses import dataclass

from energy.region.asset import CONFIG, Fraction, Number

HOURS_PER_YEAR = 8766.0
"""With its share of a leap day."""
FULL_LOAD_H_MIN = 50.0
"""A load's energy over its greatest power: towns have 3,000 to 6,000 hours, the most rarely used pump some
hundred; a thousandth is a wrong unit."""
SHARES_TOLERANCE = 0.001
YearlyKwh = Annotated[Number, Field(gt=0.0, le=100_000_000_000.0)]


@dataclass(frozen=True, slots=True, kw_only=True, config=CONFIG)
class StandardProfile:
    """Shares of the year's energy by BDEW's standard load profiles of 2025, which add up to 1.

    ``h25`` households, ``g25`` commerce, ``l25`` farms, ``p25`` households with PV, ``s25`` households with
    PV and a battery; ``even`` is what draws the same at all hours.
    """

    h25: Fraction = 0.0
    g25: Fraction = 0.0
    l25: Fraction = 0.0
    p25: Fraction = 0.0
    s25: Fraction = 0.0
    even: Fraction = 0.0

    @model_validator(mode="after")
    def _whole(self) -> "StandardProfile":
        total = self.h25 + self.g25 + self.l25 + self.p25 + self.s25 + self.even
        if abs(total - 1.0) > SHARES_TOLERANCE:
            raise ValueError(f"the shares must add up to 1; these make {total:.3f}")
        return self


def require_fitting(
    energy_kwh: float | None, *, field: str, greatest_kw: float, greatest: str, full_load_h_min: float = 0.0
) -> None:
    """Refuse a year's energy whose mean exceeds the asset's greatest power, or that it draws in a few hours.

    Raises:
        ValueError: it does not fit.
    """
    if energy_kwh is not None and energy_kwh > greatest_kw * HOURS_PER_YEAR:
        mean_kw = energy_kwh / HOURS_PER_YEAR
        raise ValueError(
            f"{field} {energy_kwh:g} is {mean_kw:.0f} kW on average, more than {greatest} {greatest_kw:g}: "
            "give kWh, and check the unit"
        )
    if energy_kwh is not None and energy_kwh < full_load_h_min * greatest_kw:
        raise ValueError(
            f"{field} {energy_kwh:g} is drawn in {energy_kwh / greatest_kw:.2g} hours at {greatest} "
            f"{greatest_kw:g}, fewer than {full_load_h_min:g}: give kWh, not MWh or GWh"
        )
