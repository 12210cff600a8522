"""A wind park behind one park controller."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field
from pydantic.dataclasses import dataclass

from energy.region.asset import CONFIG, Number
from energy.region.generator import Generator
from energy.region.place import Location
from energy.region.turbines import known_turbine


@dataclass(frozen=True, slots=True, kw_only=True, config=CONFIG)
class Wind(Generator):
    """Wind generation.

    What it should yield under a forecast wind is worked out from ``hub_height_m`` (None: 120 m),
    ``turbine_type`` (None: a usual one) and ``location`` (None: the region's).
    """

    kind: Literal["wind"]
    hub_height_m: Annotated[Number, Field(ge=10.0, le=250.0)] | None = None
    turbine_type: Annotated[str, Field(min_length=1, max_length=24), AfterValidator(known_turbine)] | None = (
        None
    )
    location: Location | None = None
