"""A store of hot water: a part of its energy is lost, exactly as the continuous law says."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pyomo.environ as pe

from energy.domain import FloatArray
from energy.optimize.kinds.band import band, end_least_kwh
from energy.optimize.kinds.kind import (
    BindingRule,
    BreachRule,
    Carrier,
    Kind,
    new_prototype,
    scalars_of,
)
from energy.optimize.network_items import HeatStore
from energy.optimize.penalties import WAY_BACK_EUR_PER_KWH_H
from energy.periods import PERIOD_H

SCALARS = (
    "energy_kwh_min",
    "energy_kwh_end_min",
    "energy_kwh_max",
    "above_kwh_max",
    "heat_kw_min",
    "heat_kw_max",
    "kept_fraction",
    "kept_h",
    "energy_kwh_kept",
    "terminal_eur_per_kwh",
    "terminal_eur_start",
)


def build(periods: int, _structure: int) -> Any:
    """State the prototype."""
    m = new_prototype(periods, scalars=SCALARS)
    m.flow_kw = pe.Var(m.T, bounds=lambda m, _t: (m.heat_kw_min, m.heat_kw_max))
    m.in_store_kwh = pe.Var(m.T, bounds=band)
    m.above_kwh = pe.Var(m.T, bounds=lambda m, _t: (0.0, m.above_kwh_max))
    m.power_kw = pe.Expression(m.T, rule=lambda _m, _t: 0.0)
    m.heat_kw = pe.Expression(m.T, rule=lambda m, t: m.flow_kw[t])
    m.energy_kwh = pe.Expression(m.T, rule=lambda m, t: m.in_store_kwh[t] + m.above_kwh[t])
    m.heat_kept = pe.Constraint(m.T, rule=heat_kept)
    m.cost_breach = pe.Objective(
        expr=PERIOD_H * WAY_BACK_EUR_PER_KWH_H * pe.quicksum(m.above_kwh[t] for t in m.T)
    )
    m.cost_terminal = pe.Objective(
        expr=m.terminal_eur_start - m.terminal_eur_per_kwh * m.energy_kwh[m.T.last()]
    )
    return m


def heat_kept(m: Any, t: int) -> Any:
    """What was stored less what it loses, plus what flows in less what that loses until the period's end."""
    flow = m.kept_h * m.flow_kw[t]
    if t == 0:
        return m.energy_kwh[t] - flow == m.energy_kwh_kept
    before = m.kept_fraction * m.in_store_kwh[t - 1] + m.kept_fraction * m.above_kwh[t - 1]
    return m.energy_kwh[t] - before - flow == 0.0


def parameters(items: Sequence[HeatStore]) -> Mapping[str, FloatArray]:
    """Derive what the prototype's Params stand for."""
    nothing = np.zeros(len(items))
    start = scalars_of(0.0 if item.energy_kwh is None else item.energy_kwh for item in items)
    most_kw = scalars_of(0.0 if item.energy_kwh is None else item.heat_kw_max for item in items)
    most = scalars_of(item.energy_kwh_max for item in items)
    kept_fraction = scalars_of(item.kept_fraction for item in items)
    terminal_eur_per_kwh = scalars_of(item.terminal_eur_per_kwh for item in items)
    return {
        "energy_kwh_min": nothing,
        "energy_kwh_end_min": end_least_kwh(nothing, (item.energy_kwh_end_min for item in items)),
        "energy_kwh_max": most,
        "above_kwh_max": np.maximum(0.0, start - most),
        "heat_kw_min": -most_kw,
        "heat_kw_max": most_kw,
        "kept_fraction": kept_fraction,
        "kept_h": scalars_of(item.kept_h for item in items),
        "energy_kwh_kept": kept_fraction * start,
        "terminal_eur_per_kwh": terminal_eur_per_kwh,
        "terminal_eur_start": terminal_eur_per_kwh * start,
    }


HEAT_STORAGE: Kind[HeatStore] = Kind(
    name="heat_storage",
    build=build,
    parameters=parameters,
    balances=(("heat_kw", Carrier.HEAT),),
    states=("heat_kw", "energy_kwh"),
    binding={
        ("flow_kw", "lower"): BindingRule(name="heat_kw_max", at_zero=False),
        ("flow_kw", "upper"): BindingRule(name="heat_kw_max", at_zero=False),
        ("in_store_kwh", "lower"): BindingRule(name="energy_kwh_min"),
        ("in_store_kwh", "upper"): BindingRule(name="energy_kwh_max"),
    },
    breaches={"above_kwh": BreachRule(name="energy_kwh_max", unit="kWh")},
)
