"""An electrolyser: draws electricity, feeds in hydrogen; while it stands it draws its standby power."""

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
from energy.optimize.kinds.forced_power import FORCED_BREACHES, FORCED_SERIES
from energy.optimize.kinds.kind import BindingRule, Carrier, Kind, scalars_of, table_of
from energy.optimize.network_items import Electrolysis
from energy.periods import PERIOD_H

SCALARS = (
    "power_kw_standby",
    "hydrogen_kw_on",
    "hydrogen_kw_per_kw",
    "wear_eur_per_kwh",
    "fee_eur_per_kwh_drawn",
    "standby_eur_per_h",
)


def build(periods: int, structure: int) -> Any:
    """State the prototype."""
    m = new_machine(periods, structure, scalars=SCALARS)
    m.power_kw = pe.Expression(m.T, rule=power_drawn)
    m.hydrogen_kw = pe.Expression(m.T, rule=hydrogen_fed_in)
    load = pe.quicksum(m.load_kw[t] for t in m.T)
    standing = pe.quicksum(1.0 - m.on[t] for t in m.T)
    m.cost_wear = pe.Objective(expr=PERIOD_H * m.wear_eur_per_kwh * load)
    m.cost_fees = pe.Objective(
        expr=PERIOD_H * m.fee_eur_per_kwh_drawn * load + PERIOD_H * m.standby_eur_per_h * standing
    )
    m.forced_kw = pe.Expression(m.T, rule=lambda m, t: m.load_kw[t] - m.power_kw_standby * m.on[t])
    add_breach(m, structure)
    return m


def power_drawn(m: Any, t: int) -> Any:
    """Its load while it runs, its standby power while it stands."""
    return m.load_kw[t] + m.power_kw_standby - m.power_kw_standby * m.on[t]


def hydrogen_fed_in(m: Any, t: int) -> Any:
    """Hydrogen goes along a straight line with power while it runs; fed in, so negative."""
    return -m.hydrogen_kw_on * m.on[t] - m.hydrogen_kw_per_kw * m.load_kw[t]


def parameters(items: Sequence[Electrolysis]) -> Mapping[str, FloatArray]:
    """Derive what the prototype's Params stand for."""
    hydrogen = line_through(items, ((item.hydrogen_kw_least, item.hydrogen_kw_rated) for item in items))
    standby_kw = scalars_of(item.power_kw_standby for item in items)
    fee_eur_per_kwh = scalars_of(item.fee_eur_per_kwh_drawn for item in items)
    load_kw_max = np.maximum(0.0, table_of(item.power_kw_max for item in items))
    shared = commitment_parameters(items, load_kw_max=load_kw_max)
    for name in FORCED_SERIES:
        if name in shared:
            shared[name] = shared[name] - standby_kw[:, None]
    return {
        **shared,
        "power_kw_standby": standby_kw,
        "hydrogen_kw_on": hydrogen["on"],
        "hydrogen_kw_per_kw": hydrogen["load"],
        "wear_eur_per_kwh": scalars_of(item.wear_eur_per_kwh for item in items),
        "fee_eur_per_kwh_drawn": fee_eur_per_kwh,
        "standby_eur_per_h": fee_eur_per_kwh * standby_kw,
    }


ELECTROLYSER: Kind[Electrolysis] = Kind(
    name="electrolyser",
    build=build,
    parameters=parameters,
    structure=structure_of,
    base=without_times,
    pieces=times_of,
    balances=(("power_kw", Carrier.ELECTRICITY), ("hydrogen_kw", Carrier.HYDROGEN)),
    states=("hydrogen_kw", "running"),
    binary=("on",),
    binding={("load_kw", "upper"): BindingRule(name="power_kw_max", at_zero=False)},
    breaches=FORCED_BREACHES,
)
