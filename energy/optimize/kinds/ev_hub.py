"""An EV hub: wishes arrive, are due later, and are charged in between or left unserved at a price."""

from collections.abc import Mapping, Sequence
from typing import Any

import pyomo.environ as pe

from energy.domain import FloatArray
from energy.optimize.items import Charging
from energy.optimize.kinds.forced_power import (
    FORCED,
    FORCED_BREACHES,
    add_forced_power,
    forced_structure_of,
    forced_values,
    series_of,
)
from energy.optimize.kinds.kind import (
    BindingRule,
    BreachRule,
    Kept,
    Kind,
    new_prototype,
    scalars_of,
    table_of,
)
from energy.periods import PERIOD_H


def build(periods: int, structure: int) -> Any:
    """State the prototype."""
    series = ("draw_kw_max", "arrived_kwh", "due_kwh")
    scalars = ("unserved_eur_per_kwh", "fee_eur_per_kwh_drawn")
    m = new_prototype(periods, scalars=scalars, series=series + series_of(structure))
    m.draw_kw = pe.Var(m.T, bounds=lambda m, t: (0.0, m.draw_kw_max[t]))
    m.unserved_kwh = pe.Var(m.T, bounds=(0.0, None))
    m.settled_kwh = pe.Var(m.T, bounds=not_before_arrival_and_by_departure)
    m.power_kw = pe.Expression(m.T, rule=lambda m, t: m.draw_kw[t])
    m.energy_kwh_backlog = pe.Expression(m.T, rule=lambda m, t: m.arrived_kwh[t] - m.settled_kwh[t])
    m.power_kw_unserved = pe.Expression(m.T, rule=lambda m, t: m.unserved_kwh[t] * (1.0 / PERIOD_H))
    m.wishes_settled = pe.Constraint(m.T, rule=wishes_settled)
    if structure == FORCED:
        m.cost_breach = pe.Objective(expr=add_forced_power(m))
    m.cost_fees = pe.Objective(
        expr=PERIOD_H * m.fee_eur_per_kwh_drawn * pe.quicksum(m.draw_kw[t] for t in m.T)
    )
    m.cost_unserved = pe.Objective(expr=m.unserved_eur_per_kwh * pe.quicksum(m.unserved_kwh[t] for t in m.T))
    return m


def not_before_arrival_and_by_departure(m: Any, t: int) -> Any:
    """No wish is settled before it arrives, and each is by the time its vehicle leaves."""
    return m.due_kwh[t], m.arrived_kwh[t]


def wishes_settled(m: Any, t: int) -> Any:
    """A wish is settled by charging it or by leaving it unserved."""
    before = 0.0 if t == 0 else m.settled_kwh[t - 1]
    return m.settled_kwh[t] - before - PERIOD_H * m.draw_kw[t] - m.unserved_kwh[t] == 0.0


def parameters(items: Sequence[Charging]) -> Mapping[str, FloatArray]:
    """Derive what the prototype's Params stand for."""
    return {
        "unserved_eur_per_kwh": scalars_of(item.unserved_eur_per_kwh for item in items),
        "fee_eur_per_kwh_drawn": scalars_of(item.fee_eur_per_kwh_drawn for item in items),
        "draw_kw_max": table_of(item.power_kw_max for item in items),
        "arrived_kwh": table_of(item.arrived_kwh for item in items),
        "due_kwh": table_of(item.due_kwh for item in items),
        **forced_values(items),
    }


EV_HUB: Kind[Charging] = Kind(
    name="ev_hub",
    build=build,
    parameters=parameters,
    structure=forced_structure_of,
    states=("energy_kwh_backlog", "power_kw_unserved"),
    kept=Kept(balance="wishes_settled", content=("settled_kwh",), draws="draw_kw", unserved="unserved_kwh"),
    binding={
        ("draw_kw", "upper"): BindingRule(name="power_kw_max", at_zero=False),
        ("settled_kwh", "lower"): BindingRule(name="energy_kwh_due", at_zero=False),
        ("settled_kwh", "upper"): BindingRule(name="energy_kwh_arrived", at_zero=False),
    },
    breaches={"unserved_kwh": BreachRule(name="unserved", unit="kWh", total=True), **FORCED_BREACHES},
)
