"""A wind park behind one park controller."""

from typing import Literal

from pydantic.dataclasses import dataclass

from energy.region.asset import CONFIG
from energy.region.generator import Generator


@dataclass(frozen=True, slots=True, kw_only=True, config=CONFIG)
class Wind(Generator):
    """Wind generation."""

    kind: Literal["wind"]
