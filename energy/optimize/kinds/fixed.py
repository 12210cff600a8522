"""Loads and grid losses: a power that nobody decides."""

from typing import Any

import pyomo.environ as pe

from energy.optimize.items import FixedPower
from energy.optimize.kinds.kind import Kind, new_prototype, table_of


def build(periods: int, _structure: int) -> Any:
    """State the prototype: no variable, only its part of the balance."""
    model = new_prototype(periods, series=("expected_kw",))
    model.power_kw = pe.Expression(model.T, rule=lambda m, t: m.expected_kw[t])
    return model


FIXED: Kind[FixedPower] = Kind(
    name="fixed",
    build=build,
    parameters=lambda items: {"expected_kw": table_of(item.power_kw for item in items)},
)
