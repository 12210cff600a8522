"""Where something stands."""

from typing import Annotated

from pydantic import Field
from pydantic.dataclasses import dataclass

from energy.region.asset import CONFIG, Number


@dataclass(frozen=True, slots=True, kw_only=True, config=CONFIG)
class Location:
    """A place on Earth, WGS 84, degrees."""

    latitude: Annotated[Number, Field(ge=-90.0, le=90.0)]
    longitude: Annotated[Number, Field(ge=-180.0, le=180.0)]
