"""A photovoltaic park, or the sum of a municipality's rooftops."""

from typing import Annotated, Literal

from pydantic import Field, model_validator
from pydantic.dataclasses import dataclass

from energy.region.asset import CONFIG, Number, PositiveKw
from energy.region.generator import Generator
from energy.region.place import Location

SHARES_TOLERANCE = 0.001
KWP_PER_KW_RANGE = (0.3, 3.0)
"""Modules per inverter power beyond which one of the two figures is in another unit."""


@dataclass(frozen=True, slots=True, kw_only=True, config=CONFIG)
class PvPlane:
    """Modules that look one way: tilt from level, azimuth from north over east (180 is south), both degrees.

    ``share`` is their part of the asset's peak power.
    """

    tilt_degrees: Annotated[Number, Field(ge=0.0, le=90.0)]
    azimuth_degrees: Annotated[Number, Field(ge=0.0, le=360.0)]
    share: Annotated[Number, Field(gt=0.0, le=1.0)] = 1.0


@dataclass(frozen=True, slots=True, kw_only=True, config=CONFIG)
class Pv(Generator):
    """Photovoltaic generation.

    What it should yield is worked out from ``power_kwp`` (None: as much as ``power_kw_rated``), ``planes``
    (None: a usual mix of roofs) and ``location`` (None: the region's).
    """

    kind: Literal["pv"]
    power_kwp: PositiveKw | None = None
    planes: Annotated[list[PvPlane], Field(min_length=1, max_length=24)] | None = None
    location: Location | None = None

    @model_validator(mode="after")
    def _planes_are_whole(self) -> "Pv":
        total = sum(plane.share for plane in self.planes or ())
        if self.planes is not None and abs(total - 1.0) > SHARES_TOLERANCE:
            raise ValueError(f"the planes' shares must add up to 1; these make {total:.3f}")
        return self

    @model_validator(mode="after")
    def _modules_fit_the_inverter(self) -> "Pv":
        low, high = KWP_PER_KW_RANGE
        if self.power_kwp is not None and not low <= self.power_kwp / self.power_kw_rated <= high:
            raise ValueError(
                f"power_kwp {self.power_kwp:g} is not within {low:g} to {high:g} times power_kw_rated "
                f"{self.power_kw_rated:g}: give both in kW, and check the units"
            )
        return self
