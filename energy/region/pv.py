"""A photovoltaic park, or the sum of a municipality's rooftops."""

from typing import Literal

from pydantic.dataclasses import dataclass

from energy.region.asset import CONFIG
from energy.region.generator import Generator


@dataclass(frozen=True, slots=True, kw_only=True, config=CONFIG)
class Pv(Generator):
    """Photovoltaic generation."""

    kind: Literal["pv"]
