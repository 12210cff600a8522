"""A store of hydrogen: takes up what electrolysers make, serves an offtake or leaves it unserved."""

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
    table_of,
)
from energy.optimize.network_items import HydrogenStore
from energy.optimize.penalties import WAY_BACK_EUR_PER_KWH_H
from energy.periods import PERIOD_H

FLOW_KW_MAX = 10_000_000.0
"""The region schema's own limit on any power: a store takes what its network makes."""
SCALARS = (
    "flow_kw_min",
    "flow_kw_max",
    "energy_kwh_start",
    "energy_kwh_min",
    "energy_kwh_end_min",
    "energy_kwh_max",
    "below_kwh_max",
    "above_kwh_max",
    "unserved_eur_per_kwh",
    "terminal_eur_per_kwh",
    "terminal_eur_start",
)


def build(periods: int, _structure: int) -> Any:
    """State the prototype."""
    m = new_prototype(periods, scalars=SCALARS, series=("offtake_kw",))
    m.flow_kw = pe.Var(m.T, bounds=lambda m, _t: (m.flow_kw_min, m.flow_kw_max))
    m.unserved_kw = pe.Var(m.T, bounds=lambda m, t: (0.0, m.offtake_kw[t]))
    m.in_band_kwh = pe.Var(m.T, bounds=band)
    m.below_kwh = pe.Var(m.T, bounds=lambda m, _t: (0.0, m.below_kwh_max))
    m.above_kwh = pe.Var(m.T, bounds=lambda m, _t: (0.0, m.above_kwh_max))
    m.power_kw = pe.Expression(m.T, rule=lambda _m, _t: 0.0)
    m.hydrogen_kw = pe.Expression(m.T, rule=offtake_served)
    m.hydrogen_kw_stored = pe.Expression(m.T, rule=lambda m, t: m.flow_kw[t])
    m.energy_kwh = pe.Expression(m.T, rule=stored_energy)
    m.energy_balance = pe.Constraint(m.T, rule=energy_balance)
    m.cost_unserved = pe.Objective(
        expr=PERIOD_H * m.unserved_eur_per_kwh * pe.quicksum(m.unserved_kw[t] for t in m.T)
    )
    m.cost_breach = pe.Objective(
        expr=PERIOD_H * WAY_BACK_EUR_PER_KWH_H * pe.quicksum(m.below_kwh[t] + m.above_kwh[t] for t in m.T)
    )
    m.cost_terminal = pe.Objective(
        expr=m.terminal_eur_start - m.terminal_eur_per_kwh * m.energy_kwh[m.T.last()]
    )
    return m


def offtake_served(m: Any, t: int) -> Any:
    """The offtake less what is left unserved draws from the network."""
    return m.offtake_kw[t] - m.unserved_kw[t]


def stored_energy(m: Any, t: int) -> Any:
    """Energy at the end of the period: in the band, or as far outside as it was measured."""
    return m.in_band_kwh[t] - m.below_kwh[t] + m.above_kwh[t]


def energy_balance(m: Any, t: int) -> Any:
    """What was stored, plus what flows in."""
    before = m.energy_kwh_start if t == 0 else m.energy_kwh[t - 1]
    return m.energy_kwh[t] - before - PERIOD_H * m.flow_kw[t] == 0.0


def parameters(items: Sequence[HydrogenStore]) -> Mapping[str, FloatArray]:
    """Derive what the prototype's Params stand for."""
    start = scalars_of(item.energy_kwh_start for item in items)
    most_kw = scalars_of(0.0 if item.energy_kwh is None else FLOW_KW_MAX for item in items)
    least = scalars_of(item.energy_kwh_min for item in items)
    most = scalars_of(item.energy_kwh_max for item in items)
    terminal_eur_per_kwh = scalars_of(item.terminal_eur_per_kwh for item in items)
    return {
        "flow_kw_min": -most_kw,
        "flow_kw_max": most_kw,
        "energy_kwh_start": start,
        "energy_kwh_min": least,
        "energy_kwh_end_min": end_least_kwh(least, (item.energy_kwh_end_min for item in items)),
        "energy_kwh_max": most,
        "below_kwh_max": np.maximum(0.0, least - start),
        "above_kwh_max": np.maximum(0.0, start - most),
        "unserved_eur_per_kwh": scalars_of(item.unserved_eur_per_kwh for item in items),
        "terminal_eur_per_kwh": terminal_eur_per_kwh,
        "terminal_eur_start": terminal_eur_per_kwh * start,
        "offtake_kw": table_of(item.offtake_kw for item in items),
    }


HYDROGEN_STORAGE: Kind[HydrogenStore] = Kind(
    name="hydrogen_storage",
    build=build,
    parameters=parameters,
    balances=(("hydrogen_kw", Carrier.HYDROGEN), ("hydrogen_kw_stored", Carrier.HYDROGEN)),
    states=("hydrogen_kw", "hydrogen_kw_stored", "energy_kwh"),
    binding={
        ("in_band_kwh", "lower"): BindingRule(name="energy_kwh_min"),
        ("in_band_kwh", "upper"): BindingRule(name="energy_kwh_max"),
    },
    breaches={
        "unserved_kw": BreachRule(name="unserved_hydrogen", unit="kW"),
        "below_kwh": BreachRule(name="energy_kwh_min", unit="kWh"),
        "above_kwh": BreachRule(name="energy_kwh_max", unit="kWh"),
    },
)
