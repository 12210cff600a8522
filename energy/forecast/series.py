"""What a forecast is made of: the series it is for, and what was measured of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import Literal
from zoneinfo import ZoneInfo

from energy.domain import FloatArray
from energy.periods import PERIOD_S

Kind = Literal["load", "net_load", "heat", "ev_hub", "pv", "wind", "hydro", "price", "temperature"]
"""Which reference a series is compared with: calendar days, the sun, or its own recent level."""

UNBOUNDED: frozenset[Kind] = frozenset({"net_load", "price", "temperature"})
"""Kinds that may be negative."""

SKEWED: frozenset[Kind] = frozenset({"pv", "wind", "price"})
"""Kinds whose errors are lopsided by nature."""

CENTRE_OF_GERMANY = (51.16, 10.45)
"""Latitude and longitude in degrees (Niederdorla), where a series has no place of its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SeriesSpec:
    """One series to be forecast.

    ``rated_kw`` is the greatest magnitude the asset is built for, None where nothing bounds it. ``sign`` is 1
    for what draws, -1 for what feeds in; it is 1 for prices and temperatures, which are in their own units
    (EUR/kWh, degrees Celsius). ``holidays`` is a country and state, for example
    DE-BY, or empty for none.
    """

    asset_id: str
    kind: Kind
    zone: ZoneInfo
    sign: Literal[1, -1] = 1
    rated_kw: float | None = None
    holidays: str = ""
    location: tuple[float, float] = CENTRE_OF_GERMANY
    """Latitude and longitude, WGS 84, degrees."""

    @property
    def bounds(self) -> tuple[float, float]:
        """The least and greatest magnitude that can be true."""
        if self.kind in UNBOUNDED:
            return -float("inf"), float("inf")
        return 0.0, float("inf") if self.rated_kw is None else self.rated_kw


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Prior:
    """What physics or a standard profile expects of a series, before anything is learned from it.

    ``expected`` begins where the history does, in its unit, and reaches over the horizon; NaN where it has
    nothing to go by. For every period it stands on what was known ahead of it. ``name`` is the rung that
    leans on it.
    """

    name: Literal["physical", "profile"]
    expected: FloatArray


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class History:
    """What was measured: magnitudes on a regular grid from ``start`` on, NaN where nothing was.

    ``known_ahead`` holds columns that are known for the whole horizon at the time of forecasting (weather
    forecast, an operator's published forecast); they begin at ``start`` and may be longer than ``value``.
    ``past`` holds columns that become known when ``value`` does.
    """

    start: datetime
    value: FloatArray
    step_s: int = PERIOD_S
    known_ahead: Mapping[str, FloatArray] = field(default_factory=lambda: MappingProxyType({}))
    past: Mapping[str, FloatArray] = field(default_factory=lambda: MappingProxyType({}))
    capacity: FloatArray | None = None
    """Installed capacity by period, same unit and start as ``value``; known when ``value`` is: a register of
    plants shows what was built, and what is announced for a day is not always there on it."""
    prior: Prior | None = None
    """What is expected without having learned; None where nothing is known of the asset but its past."""
