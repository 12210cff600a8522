"""A heat pump: draws electricity, feeds in its coefficient of performance times as much heat."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pyomo.environ as pe

from energy.domain import FloatArray
from energy.optimize.kinds.commitment import (
    add_breach,
    commitment_parameters,
    new_machine,
    structure_of,
    times_of,
    without_times,
)
from energy.optimize.kinds.forced_power import FORCED_BREACHES
from energy.optimize.kinds.kind import BindingRule, Carrier, Kind, scalars_of, table_of
from energy.optimize.network_items import HeatPumping
from energy.periods import PERIOD_H


def build(periods: int, structure: int) -> Any:
    """State the prototype."""
    m = new_machine(periods, structure, scalars=("fee_eur_per_kwh_drawn",), series=("heat_kw_per_kw",))
    m.power_kw = pe.Expression(m.T, rule=lambda m, t: m.load_kw[t])
    m.heat_kw = pe.Expression(m.T, rule=heat_fed_in)
    m.cost_fees = pe.Objective(
        expr=PERIOD_H * m.fee_eur_per_kwh_drawn * pe.quicksum(m.load_kw[t] for t in m.T)
    )
    add_breach(m, structure)
    return m


def heat_fed_in(m: Any, t: int) -> Any:
    """Heat is power times the coefficient of performance; fed in, so negative."""
    return -m.heat_kw_per_kw[t] * m.load_kw[t]


def parameters(items: Sequence[HeatPumping]) -> Mapping[str, FloatArray]:
    """Derive what the prototype's Params stand for."""
    load_kw_max = np.maximum(0.0, table_of(item.power_kw_max for item in items))
    return {
        **commitment_parameters(items, load_kw_max=load_kw_max),
        "fee_eur_per_kwh_drawn": scalars_of(item.fee_eur_per_kwh_drawn for item in items),
        "heat_kw_per_kw": table_of(item.heat_kw_per_kw for item in items),
    }


HEAT_PUMP: Kind[HeatPumping] = Kind(
    name="heat_pump",
    build=build,
    parameters=parameters,
    structure=structure_of,
    base=without_times,
    pieces=times_of,
    balances=(("power_kw", Carrier.ELECTRICITY), ("heat_kw", Carrier.HEAT)),
    states=("heat_kw", "running"),
    binary=("on",),
    binding={("load_kw", "upper"): BindingRule(name="power_kw_max", at_zero=False)},
    breaches=FORCED_BREACHES,
)
