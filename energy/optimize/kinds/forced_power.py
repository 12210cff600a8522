"""A limit that demands power: soft at the breach price, since it may ask for more than is stored."""

from collections.abc import Sequence
from typing import Any, Protocol

import pyomo.environ as pe

from energy.domain import FloatArray
from energy.optimize.kinds.kind import BreachRule, table_of
from energy.optimize.penalties import BREACH_EUR_PER_KWH
from energy.periods import PERIOD_H

FREE, FORCED = 0, 1
"""Keys of the two structures: with FORCED the prototype carries the rows of this module."""
FORCED_SERIES = ("power_kw_min", "power_kw_max")
FORCED_BREACHES = {
    "short_kw": BreachRule(name="power_kw_min", unit="kW"),
    "excess_kw": BreachRule(name="power_kw_max", unit="kW"),
}


class Bounded(Protocol):
    """An item with bounds on its power, shape (periods,) each."""

    @property
    def power_kw_min(self) -> FloatArray:
        """The least power allowed."""
        ...

    @property
    def power_kw_max(self) -> FloatArray:
        """The greatest power allowed."""
        ...


def is_forced(power_kw_min: FloatArray, power_kw_max: FloatArray) -> bool:
    """Tell whether 0 kW is forbidden in any period."""
    return bool((power_kw_min > 0.0).any() or (power_kw_max < 0.0).any())


def forced_structure_of(item: Bounded) -> int:
    """Tell which of the two structures an item needs."""
    return FORCED if is_forced(item.power_kw_min, item.power_kw_max) else FREE


def forced_values(items: Sequence[Bounded]) -> dict[str, FloatArray]:
    """Give FORCED_SERIES of items of one structure, nothing where their prototype has none."""
    if forced_structure_of(items[0]) == FREE:
        return {}
    return {
        "power_kw_min": table_of(item.power_kw_min for item in items),
        "power_kw_max": table_of(item.power_kw_max for item in items),
    }


def series_of(structure: int) -> tuple[str, ...]:
    """Name the series that a prototype of this structure has on top of its own."""
    return FORCED_SERIES if structure == FORCED else ()


def add_forced_power(model: Any) -> Any:
    """Add the two soft rows to a prototype with ``power_kw`` and FORCED_SERIES; give their cost.

    A prototype whose power has a constant part states ``forced_kw``, the power without it, and takes that
    part off FORCED_SERIES.
    """
    if not hasattr(model, "forced_kw"):
        model.forced_kw = pe.Expression(model.T, rule=lambda m, t: m.power_kw[t])
    model.short_kw = pe.Var(model.T, bounds=(0.0, None))
    model.excess_kw = pe.Var(model.T, bounds=(0.0, None))
    model.least_power = pe.Constraint(model.T, rule=least_power)
    model.greatest_power = pe.Constraint(model.T, rule=greatest_power)
    return (
        PERIOD_H * BREACH_EUR_PER_KWH * pe.quicksum(model.short_kw[t] + model.excess_kw[t] for t in model.T)
    )


def least_power(m: Any, t: int) -> Any:
    """At least what is demanded, or it is short."""
    return m.forced_kw[t] + m.short_kw[t] >= m.power_kw_min[t]


def greatest_power(m: Any, t: int) -> Any:
    """At most what is allowed, or it is in excess."""
    return m.forced_kw[t] - m.excess_kw[t] <= m.power_kw_max[t]
