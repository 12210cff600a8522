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


BEND_SCALARS = ("power_kw_bend", "above_kw_max", "below_kw_max", "hydrogen_kw_per_kw_lost")


def bent_structure_of(item: Electrolysis) -> int:
    """Pack what rows and columns depend on: what machines share, and whether the curve bends."""
    return structure_of(item) * 2 + int(item.bend is not None)


def build(periods: int, structure: int) -> Any:
    """State the prototype."""
    shared, bent = divmod(structure, 2)
    m = new_machine(periods, shared, scalars=SCALARS + (BEND_SCALARS if bent else ()))
    if bent:
        add_bend(m)
    m.power_kw = pe.Expression(m.T, rule=power_drawn)
    m.hydrogen_kw = pe.Expression(m.T, rule=hydrogen_fed_in)
    load = pe.quicksum(m.load_kw[t] for t in m.T)
    standing = pe.quicksum(1.0 - m.on[t] for t in m.T)
    m.cost_wear = pe.Objective(expr=PERIOD_H * m.wear_eur_per_kwh * load)
    m.cost_fees = pe.Objective(
        expr=PERIOD_H * m.fee_eur_per_kwh_drawn * load + PERIOD_H * m.standby_eur_per_h * standing
    )
    m.forced_kw = pe.Expression(m.T, rule=lambda m, t: m.load_kw[t] - m.power_kw_standby * m.on[t])
    add_breach(m, shared)
    return m


def add_bend(m: Any) -> None:
    """Tell load above and below the bend apart; at most one of the two is above 0 in a period.

    Hydrogen bends downwards: while it is worth anything the linear program keeps both apart by itself, since
    load above the bend gives less. Only where hydrogen has no use are directions sought, as at a battery.
    """
    m.above_kw = pe.Var(m.T, bounds=lambda m, _t: (0.0, m.above_kw_max))
    m.below_kw = pe.Var(m.T, bounds=lambda m, _t: (0.0, m.below_kw_max))
    m.bend = pe.Constraint(
        m.T, rule=lambda m, t: m.load_kw[t] - m.power_kw_bend * m.on[t] - m.above_kw[t] + m.below_kw[t] == 0.0
    )
    m.above_while_running = pe.Constraint(
        m.T, rule=lambda m, t: m.above_kw[t] - m.above_kw_max * m.on[t] <= 0.0
    )
    m.below_while_running = pe.Constraint(
        m.T, rule=lambda m, t: m.below_kw[t] - m.below_kw_max * m.on[t] <= 0.0
    )


def power_drawn(m: Any, t: int) -> Any:
    """Its load while it runs, its standby power while it stands."""
    return m.load_kw[t] + m.power_kw_standby - m.power_kw_standby * m.on[t]


def hydrogen_fed_in(m: Any, t: int) -> Any:
    """Hydrogen goes along straight lines with power while it runs; fed in, so negative."""
    made = m.hydrogen_kw_on * m.on[t] + m.hydrogen_kw_per_kw * m.load_kw[t]
    if hasattr(m, "above_kw"):
        return -made + m.hydrogen_kw_per_kw_lost * m.above_kw[t]
    return -made


def parameters(items: Sequence[Electrolysis]) -> Mapping[str, FloatArray]:
    """Derive what the prototype's Params stand for."""
    hydrogen = line_through(items, ((item.hydrogen_kw_least, item.hydrogen_kw_rated) for item in items))
    bends = _bend_parameters(items)
    hydrogen = {name: bends.pop(name, values) for name, values in hydrogen.items()}
    standby_kw = scalars_of(item.power_kw_standby for item in items)
    fee_eur_per_kwh = scalars_of(item.fee_eur_per_kwh_drawn for item in items)
    load_kw_max = np.maximum(0.0, table_of(item.power_kw_max for item in items))
    shared = commitment_parameters(items, load_kw_max=load_kw_max)
    for name in FORCED_SERIES:
        if name in shared:
            shared[name] = shared[name] - standby_kw[:, None]
    return {
        **shared,
        **bends,
        "power_kw_standby": standby_kw,
        "hydrogen_kw_on": hydrogen["on"],
        "hydrogen_kw_per_kw": hydrogen["load"],
        "wear_eur_per_kwh": scalars_of(item.wear_eur_per_kwh for item in items),
        "fee_eur_per_kwh_drawn": fee_eur_per_kwh,
        "standby_eur_per_h": fee_eur_per_kwh * standby_kw,
    }


def _bend_parameters(items: Sequence[Electrolysis]) -> dict[str, FloatArray]:
    """Derive the bends' Params and the lines below them; nothing where curves do not bend."""
    bends = [item.bend for item in items if item.bend is not None]
    if not bends:
        return {}
    bend_kw = scalars_of(bend.power_kw for bend in bends)
    bend_hydrogen_kw = scalars_of(bend.hydrogen_kw for bend in bends)
    least_kw = scalars_of(item.power_kw_least for item in items)
    above_kw = scalars_of(item.power_kw_rated for item in items) - bend_kw
    slope = (bend_hydrogen_kw - scalars_of(item.hydrogen_kw_least for item in items)) / (bend_kw - least_kw)
    slope_above = (scalars_of(item.hydrogen_kw_rated for item in items) - bend_hydrogen_kw) / above_kw
    return {
        "on": bend_hydrogen_kw - slope * bend_kw,
        "load": slope,
        "power_kw_bend": bend_kw,
        "above_kw_max": above_kw,
        "below_kw_max": bend_kw - least_kw,
        "hydrogen_kw_per_kw_lost": slope - slope_above,
    }


ELECTROLYSER: Kind[Electrolysis] = Kind(
    name="electrolyser",
    build=build,
    parameters=parameters,
    structure=bent_structure_of,
    base=lambda structure: without_times(structure // 2) * 2 + structure % 2,
    pieces=lambda structure: times_of(structure // 2),
    exclusive=("above_kw", "below_kw"),
    balances=(("power_kw", Carrier.ELECTRICITY), ("hydrogen_kw", Carrier.HYDROGEN)),
    states=("hydrogen_kw", "running"),
    binary=("on",),
    binding={("load_kw", "upper"): BindingRule(name="power_kw_max", at_zero=False)},
    breaches=FORCED_BREACHES,
)
