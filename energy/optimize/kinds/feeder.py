"""A feeder: what its members draw together flows through it, within soft limits."""

from collections.abc import Mapping, Sequence
from typing import Any

import pyomo.environ as pe

from energy.domain import FloatArray
from energy.optimize.items import FeederFlow, MunicipalityFlow
from energy.optimize.kinds.kind import BindingRule, BreachRule, Carrier, Kind, new_prototype, table_of
from energy.optimize.penalties import BREACH_EUR_PER_KWH
from energy.periods import PERIOD_H


def build(periods: int, _structure: int) -> Any:
    """State the prototype."""
    m = new_prototype(periods, series=("power_kw_min", "power_kw_max"))
    m.within_kw = pe.Var(m.T, bounds=lambda m, t: (m.power_kw_min[t], m.power_kw_max[t]))
    m.above_kw = pe.Var(m.T, bounds=(0.0, None))
    m.below_kw = pe.Var(m.T, bounds=(0.0, None))
    m.power_kw = pe.Expression(m.T, rule=flow)
    m.cost_breach = pe.Objective(
        expr=PERIOD_H * BREACH_EUR_PER_KWH * pe.quicksum(m.above_kw[t] + m.below_kw[t] for t in m.T)
    )
    return m


def flow(m: Any, t: int) -> Any:
    """The flow is within its limits, or as much above or below them."""
    return m.within_kw[t] + m.above_kw[t] - m.below_kw[t]


def parameters(items: Sequence[FeederFlow | MunicipalityFlow]) -> Mapping[str, FloatArray]:
    """Derive what the prototype's Params stand for."""
    return {
        "power_kw_min": table_of(item.power_kw_min for item in items),
        "power_kw_max": table_of(item.power_kw_max for item in items),
    }


BINDING = {
    ("within_kw", "lower"): BindingRule(name="power_kw_min"),
    ("within_kw", "upper"): BindingRule(name="power_kw_max"),
}
BREACHES = {
    "above_kw": BreachRule(name="power_kw_max", unit="kW"),
    "below_kw": BreachRule(name="power_kw_min", unit="kW"),
}
FEEDER: Kind[FeederFlow] = Kind(
    name="feeder",
    build=build,
    parameters=parameters,
    balances=(("power_kw", Carrier.ELECTRICITY), ("power_kw", Carrier.FEEDER)),
    binding=BINDING,
    breaches=BREACHES,
)
