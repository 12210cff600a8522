"""A CHP: feeds in electricity and heat, burns fuel, runs or stands."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pyomo.environ as pe

from energy.domain import FloatArray
from energy.optimize.kinds.commitment import (
    add_breach,
    commitment_parameters,
    line_through,
    new_machine,
    structure_of,
    times_of,
    without_times,
)
from energy.optimize.kinds.forced_power import FORCED_BREACHES
from energy.optimize.kinds.kind import BindingRule, Carrier, Kind, scalars_of, table_of
from energy.optimize.network_items import Cogeneration
from energy.periods import PERIOD_H

SCALARS = (
    "heat_kw_on",
    "heat_kw_per_kw",
    "fuel_kw_on",
    "fuel_kw_per_kw",
    "fuel_eur_per_h_on",
    "fuel_eur_per_kwh_load",
    "co2_eur_per_h_on",
    "co2_eur_per_kwh_load",
    "co2_weight_eur_per_h_on",
    "co2_weight_eur_per_kwh_load",
    "wear_eur_per_kwh",
)


def build(periods: int, structure: int) -> Any:
    """State the prototype."""
    m = new_machine(periods, structure, scalars=SCALARS)
    m.power_kw = pe.Expression(m.T, rule=lambda m, t: -m.load_kw[t])
    m.heat_kw = pe.Expression(m.T, rule=heat_fed_in)
    m.fuel_kw = pe.Expression(m.T, rule=fuel_burnt)
    on, load = pe.quicksum(m.on[t] for t in m.T), pe.quicksum(m.load_kw[t] for t in m.T)
    m.cost_fuel = pe.Objective(
        expr=PERIOD_H * m.fuel_eur_per_h_on * on + PERIOD_H * m.fuel_eur_per_kwh_load * load
    )
    m.cost_co2 = pe.Objective(
        expr=PERIOD_H * m.co2_eur_per_h_on * on + PERIOD_H * m.co2_eur_per_kwh_load * load
    )
    m.cost_wish_co2 = pe.Objective(
        expr=PERIOD_H * m.co2_weight_eur_per_h_on * on + PERIOD_H * m.co2_weight_eur_per_kwh_load * load
    )
    m.cost_wear = pe.Objective(expr=PERIOD_H * m.wear_eur_per_kwh * load)
    add_breach(m, structure)
    return m


def heat_fed_in(m: Any, t: int) -> Any:
    """Heat goes along a straight line with power while it runs; fed in, so negative."""
    return -m.heat_kw_on * m.on[t] - m.heat_kw_per_kw * m.load_kw[t]


def fuel_burnt(m: Any, t: int) -> Any:
    """Fuel goes along a straight line with power while it runs."""
    return m.fuel_kw_on * m.on[t] + m.fuel_kw_per_kw * m.load_kw[t]


def parameters(items: Sequence[Cogeneration]) -> Mapping[str, FloatArray]:
    """Derive what the prototype's Params stand for."""
    heat = line_through(items, ((item.heat_kw_least, item.heat_kw_rated) for item in items))
    fuel = line_through(items, ((item.fuel_kw_least, item.fuel_kw_rated) for item in items))
    fuel_eur_per_kwh = scalars_of(item.fuel_eur_per_kwh for item in items)
    co2_eur_per_kwh = scalars_of(item.co2_eur_per_kwh_fuel for item in items)
    load_kw_max = np.maximum(0.0, -table_of(item.power_kw_min for item in items))
    co2_weight_eur_per_kwh = scalars_of(item.co2_weight_eur_per_kwh_fuel for item in items)
    return {
        **commitment_parameters(items, load_kw_max=load_kw_max),
        "heat_kw_on": heat["on"],
        "heat_kw_per_kw": heat["load"],
        "fuel_kw_on": fuel["on"],
        "fuel_kw_per_kw": fuel["load"],
        "fuel_eur_per_h_on": fuel_eur_per_kwh * fuel["on"],
        "fuel_eur_per_kwh_load": fuel_eur_per_kwh * fuel["load"],
        "co2_eur_per_h_on": co2_eur_per_kwh * fuel["on"],
        "co2_eur_per_kwh_load": co2_eur_per_kwh * fuel["load"],
        "co2_weight_eur_per_h_on": co2_weight_eur_per_kwh * fuel["on"],
        "co2_weight_eur_per_kwh_load": co2_weight_eur_per_kwh * fuel["load"],
        "wear_eur_per_kwh": scalars_of(item.wear_eur_per_kwh for item in items),
    }


CHP: Kind[Cogeneration] = Kind(
    name="chp",
    build=build,
    parameters=parameters,
    structure=structure_of,
    base=without_times,
    pieces=times_of,
    balances=(("power_kw", Carrier.ELECTRICITY), ("heat_kw", Carrier.HEAT)),
    states=("heat_kw", "running", "fuel_kw"),
    binary=("on",),
    binding={("load_kw", "upper"): BindingRule(name="power_kw_min", at_zero=False)},
    breaches=FORCED_BREACHES,
)
