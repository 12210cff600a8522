"""A boiler: heat from fuel, any amount up to its rating."""

from collections.abc import Mapping, Sequence
from typing import Any

import pyomo.environ as pe

from energy.domain import FloatArray
from energy.optimize.kinds.kind import (
    BindingRule,
    Carrier,
    Kind,
    new_prototype,
    scalars_of,
    table_of,
)
from energy.optimize.network_items import Boiling
from energy.periods import PERIOD_H

SCALARS = (
    "fuel_kwh_per_kwh",
    "fuel_eur_per_kwh_heat",
    "co2_eur_per_kwh_heat",
    "co2_weight_eur_per_kwh_heat",
)


def build(periods: int, _structure: int) -> Any:
    """State the prototype."""
    m = new_prototype(periods, scalars=SCALARS, series=("heat_kw_max",))
    m.boiled_kw = pe.Var(m.T, bounds=lambda m, t: (0.0, m.heat_kw_max[t]))
    m.power_kw = pe.Expression(m.T, rule=lambda _m, _t: 0.0)
    m.heat_kw = pe.Expression(m.T, rule=lambda m, t: -m.boiled_kw[t])
    m.fuel_kw = pe.Expression(m.T, rule=lambda m, t: m.fuel_kwh_per_kwh * m.boiled_kw[t])
    boiled = pe.quicksum(m.boiled_kw[t] for t in m.T)
    m.cost_fuel = pe.Objective(expr=PERIOD_H * m.fuel_eur_per_kwh_heat * boiled)
    m.cost_co2 = pe.Objective(expr=PERIOD_H * m.co2_eur_per_kwh_heat * boiled)
    m.cost_wish_co2 = pe.Objective(expr=PERIOD_H * m.co2_weight_eur_per_kwh_heat * boiled)
    return m


def parameters(items: Sequence[Boiling]) -> Mapping[str, FloatArray]:
    """Derive what the prototype's Params stand for."""
    efficiency = scalars_of(item.efficiency for item in items)
    return {
        "fuel_kwh_per_kwh": 1.0 / efficiency,
        "fuel_eur_per_kwh_heat": scalars_of(item.fuel_eur_per_kwh for item in items) / efficiency,
        "co2_eur_per_kwh_heat": scalars_of(item.co2_eur_per_kwh_fuel for item in items) / efficiency,
        "co2_weight_eur_per_kwh_heat": scalars_of(item.co2_weight_eur_per_kwh_fuel for item in items)
        / efficiency,
        "heat_kw_max": table_of(item.heat_kw_max for item in items),
    }


BOILER: Kind[Boiling] = Kind(
    name="boiler",
    build=build,
    parameters=parameters,
    balances=(("heat_kw", Carrier.HEAT),),
    states=("heat_kw", "fuel_kw"),
    binding={("boiled_kw", "upper"): BindingRule(name="heat_kw_rated", at_zero=False)},
)
