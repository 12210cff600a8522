"""Heat that is drawn, or left unserved at a high price."""

from typing import Any

import pyomo.environ as pe

from energy.optimize.kinds.kind import BreachRule, Carrier, Kind, new_prototype, table_of
from energy.optimize.network_items import HeatDemand
from energy.optimize.penalties import UNSERVED_HEAT_EUR_PER_KWH
from energy.periods import PERIOD_H


def build(periods: int, _structure: int) -> Any:
    """State the prototype."""
    m = new_prototype(periods, series=("demand_kw",))
    m.unserved_kw = pe.Var(m.T, bounds=lambda m, t: (0.0, m.demand_kw[t]))
    m.power_kw = pe.Expression(m.T, rule=lambda _m, _t: 0.0)
    m.heat_kw = pe.Expression(m.T, rule=lambda m, t: m.demand_kw[t] - m.unserved_kw[t])
    m.cost_unserved = pe.Objective(
        expr=PERIOD_H * UNSERVED_HEAT_EUR_PER_KWH * pe.quicksum(m.unserved_kw[t] for t in m.T)
    )
    return m


HEAT_LOAD: Kind[HeatDemand] = Kind(
    name="heat_load",
    build=build,
    parameters=lambda items: {"demand_kw": table_of(item.demand_kw for item in items)},
    balances=(("heat_kw", Carrier.HEAT),),
    states=("heat_kw",),
    breaches={"unserved_kw": BreachRule(name="unserved_heat", unit="kW")},
)
