"""What a heat or hydrogen network makes without any use, so that every problem has a plan."""

from typing import Any

import pyomo.environ as pe

from energy.optimize.kinds.kind import BreachRule, Carrier, Kind, new_prototype
from energy.optimize.network_items import Surplus
from energy.optimize.penalties import SURPLUS_EUR_PER_KWH
from energy.periods import PERIOD_H


def build(periods: int, _structure: int) -> Any:
    """State the prototype."""
    m = new_prototype(periods)
    m.dumped_kw = pe.Var(m.T, bounds=(0.0, None))
    m.power_kw = pe.Expression(m.T, rule=lambda _m, _t: 0.0)
    m.surplus_kw = pe.Expression(m.T, rule=lambda m, t: m.dumped_kw[t])
    m.cost_curtailment = pe.Objective(
        expr=PERIOD_H * SURPLUS_EUR_PER_KWH * pe.quicksum(m.dumped_kw[t] for t in m.T)
    )
    return m


SURPLUS: Kind[Surplus] = Kind(
    name="surplus",
    build=build,
    parameters=lambda _items: {},
    balances=(("surplus_kw", Carrier.OWN),),
    states=("surplus_kw",),
    breaches={"dumped_kw": BreachRule(name="surplus", unit="kW")},
)
