"""An elevated reservoir: pumps fill it, the town draws from it, a fire-water reserve stays below the band."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pyomo.environ as pe

from energy.domain import FloatArray
from energy.optimize.kinds.band import band, end_least_kwh
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
from energy.optimize.network_items import Reservoir
from energy.optimize.penalties import UNSERVED_WATER_EUR_PER_KWH, WAY_BACK_EUR_PER_KWH_H
from energy.periods import PERIOD_H

SCALARS = (
    "energy_kwh_after_first_draw",
    "energy_kwh_min",
    "energy_kwh_end_min",
    "energy_kwh_max",
    "below_kwh_end_max",
    "above_kwh_max",
    "m3_per_kwh",
    "fee_eur_per_kwh_drawn",
    "terminal_eur_per_kwh",
    "terminal_eur_start",
)


def build(periods: int, structure: int) -> Any:
    """State the prototype."""
    series = ("pump_kw_max", "demand_kw", *series_of(structure))
    m = new_prototype(periods, scalars=SCALARS, series=series)
    m.pump_kw = pe.Var(m.T, bounds=lambda m, t: (0.0, m.pump_kw_max[t]))
    m.unserved_kw = pe.Var(m.T, bounds=lambda m, t: (0.0, m.demand_kw[t]))
    m.in_band_kwh = pe.Var(m.T, bounds=band)
    m.below_kwh = pe.Var(m.T, bounds=reserve)
    m.above_kwh = pe.Var(m.T, bounds=lambda m, _t: (0.0, m.above_kwh_max))
    m.power_kw = pe.Expression(m.T, rule=lambda m, t: m.pump_kw[t])
    m.volume_m3 = pe.Expression(m.T, rule=water_stored)
    m.water_balance = pe.Constraint(m.T, rule=water_balance)
    forced = add_forced_power(m) if structure == FORCED else 0.0
    outside = pe.quicksum(m.below_kwh[t] + m.above_kwh[t] for t in m.T)
    m.cost_breach = pe.Objective(expr=PERIOD_H * WAY_BACK_EUR_PER_KWH_H * outside + forced)
    m.cost_unserved = pe.Objective(
        expr=PERIOD_H * UNSERVED_WATER_EUR_PER_KWH * pe.quicksum(m.unserved_kw[t] for t in m.T)
    )
    m.cost_fees = pe.Objective(
        expr=PERIOD_H * m.fee_eur_per_kwh_drawn * pe.quicksum(m.pump_kw[t] for t in m.T)
    )
    last = m.T.last()
    m.cost_terminal = pe.Objective(
        expr=m.terminal_eur_start
        - m.terminal_eur_per_kwh * (m.in_band_kwh[last] - m.below_kwh[last] + m.above_kwh[last])
    )
    return m


def reserve(m: Any, t: int) -> Any:
    """Down to nothing at a price; where the end is asked for, no deeper than at the start."""
    return 0.0, (m.below_kwh_end_max if t == m.T.last() else m.energy_kwh_min)


def water_stored(m: Any, t: int) -> Any:
    """Water at the end of the period: above the reserve, in it, or above the band as it was measured."""
    return m.m3_per_kwh * m.in_band_kwh[t] - m.m3_per_kwh * m.below_kwh[t] + m.m3_per_kwh * m.above_kwh[t]


def water_balance(m: Any, t: int) -> Any:
    """What was stored, plus what is pumped, less what the town draws; all in kWh of pumping."""
    stored = m.in_band_kwh[t] - m.below_kwh[t] + m.above_kwh[t]
    flow = PERIOD_H * (m.pump_kw[t] + m.unserved_kw[t])
    drawn = PERIOD_H * m.demand_kw[t]
    if t == 0:
        # One Param a number: the start energy is folded into the first demand.
        return stored - flow == m.energy_kwh_after_first_draw
    before = m.in_band_kwh[t - 1] - m.below_kwh[t - 1] + m.above_kwh[t - 1]
    return stored - before - flow == -drawn


def parameters(items: Sequence[Reservoir]) -> Mapping[str, FloatArray]:
    """Derive what the prototype's Params stand for."""
    start = scalars_of(item.energy_kwh for item in items)
    asked = np.array([item.energy_kwh_end_min is not None for item in items])
    least = scalars_of(item.energy_kwh_min for item in items)
    most = scalars_of(item.energy_kwh_max for item in items)
    demand_kw = table_of(item.demand_kw for item in items)
    terminal_eur_per_kwh = scalars_of(item.terminal_eur_per_kwh for item in items)
    return {
        "energy_kwh_after_first_draw": start - PERIOD_H * demand_kw[:, 0],
        "energy_kwh_min": least,
        "energy_kwh_end_min": end_least_kwh(least, (item.energy_kwh_end_min for item in items)),
        "energy_kwh_max": most,
        "below_kwh_end_max": np.where(asked, np.maximum(0.0, least - start), least),
        "above_kwh_max": np.maximum(0.0, start - most),
        "m3_per_kwh": scalars_of(item.m3_per_kwh for item in items),
        "fee_eur_per_kwh_drawn": scalars_of(item.fee_eur_per_kwh_drawn for item in items),
        "terminal_eur_per_kwh": terminal_eur_per_kwh,
        "terminal_eur_start": terminal_eur_per_kwh * start,
        "pump_kw_max": np.maximum(0.0, table_of(item.power_kw_max for item in items)),
        "demand_kw": demand_kw,
        **forced_values(items),
    }


PUMPED_RESERVOIR: Kind[Reservoir] = Kind(
    name="pumped_reservoir",
    build=build,
    parameters=parameters,
    structure=forced_structure_of,
    kept=Kept(
        balance="water_balance",
        content=("in_band_kwh", "below_kwh", "above_kwh"),
        draws="pump_kw",
        unserved="unserved_kw",
    ),
    states=("volume_m3",),
    binding={
        ("pump_kw", "upper"): BindingRule(name="power_kw_max", at_zero=False),
        ("in_band_kwh", "lower"): BindingRule(name="volume_m3_min"),
        ("in_band_kwh", "upper"): BindingRule(name="volume_m3_max"),
    },
    breaches={
        "unserved_kw": BreachRule(name="unserved_water", unit="kW"),
        "below_kwh": BreachRule(name="volume_m3_min", unit="kWh"),
        "above_kwh": BreachRule(name="volume_m3_max", unit="kWh"),
        **FORCED_BREACHES,
    },
)
