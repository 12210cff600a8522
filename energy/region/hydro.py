"""A run-of-river hydro power station; the river stores nothing for us."""

from typing import Literal

from pydantic.dataclasses import dataclass

from energy.region.asset import CONFIG
from energy.region.generator import Generator


@dataclass(frozen=True, slots=True, kw_only=True, config=CONFIG)
class Hydro(Generator):
    """Run-of-river generation."""

    kind: Literal["hydro"]
