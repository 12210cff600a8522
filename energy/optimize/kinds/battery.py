"""A battery: one-way efficiencies, a band, wear, a fee, and the worth of what stays in store."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pyomo.environ as pe

from energy.domain import FloatArray
from energy.optimize.items import Storage
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
from energy.optimize.penalties import WAY_BACK_EUR_PER_KWH_H
from energy.periods import PERIOD_H
from energy.physics.battery_wear import deep_kwh_at_start

SCALARS = (
    "energy_kwh_start",
    "energy_kwh_min",
    "energy_kwh_end_min",
    "energy_kwh_max",
    "below_kwh_max",
    "above_kwh_max",
    "efficiency_charge",
    "drain_kwh_per_kwh_discharged",
    "wear_eur_per_kwh",
    "fee_eur_per_kwh_drawn",
    "terminal_eur_per_kwh",
    "terminal_eur_start",
)


DEPTH_SCALARS = (
    "deep_kwh_start",
    "deep_kwh_max",
    "shallow_kwh_max",
    "wear_deep_eur_per_kwh_stored",
)


def structure_of(item: Storage) -> int:
    """Pack what rows and columns depend on: wear by depth, and whether a limit demands power."""
    return int(item.depth is not None) * 2 + forced_structure_of(item)


def build(periods: int, structure: int) -> Any:
    """State the prototype."""
    by_depth, forced_power = divmod(structure, 2)
    m = new_prototype(
        periods,
        scalars=SCALARS + (DEPTH_SCALARS if by_depth else ()),
        series=("charge_kw_max", "discharge_kw_max", *series_of(forced_power)),
    )
    m.charge_kw = pe.Var(m.T, bounds=lambda m, t: (0.0, m.charge_kw_max[t]))
    m.discharge_kw = pe.Var(m.T, bounds=lambda m, t: (0.0, m.discharge_kw_max[t]))
    m.in_band_kwh = pe.Var(m.T, bounds=band)
    m.below_kwh = pe.Var(m.T, bounds=lambda m, _t: (0.0, m.below_kwh_max))
    m.above_kwh = pe.Var(m.T, bounds=lambda m, _t: (0.0, m.above_kwh_max))
    m.power_kw = pe.Expression(m.T, rule=lambda m, t: m.charge_kw[t] - m.discharge_kw[t])
    m.energy_kwh = pe.Expression(m.T, rule=stored_energy)
    m.energy_balance = pe.Constraint(m.T, rule=energy_balance)
    forced = add_forced_power(m) if forced_power == FORCED else 0.0
    deep_eur = add_wear_by_depth(m) if by_depth else 0.0
    m.cost_breach = pe.Objective(expr=way_back_into_the_band(m) + forced)
    m.cost_wear = pe.Objective(
        expr=PERIOD_H * m.wear_eur_per_kwh * pe.quicksum(m.discharge_kw[t] for t in m.T) + deep_eur
    )
    m.cost_fees = pe.Objective(
        expr=PERIOD_H * m.fee_eur_per_kwh_drawn * pe.quicksum(m.charge_kw[t] for t in m.T)
    )
    m.cost_terminal = pe.Objective(expr=worth_of_what_was_drained(m))
    return m


def stored_energy(m: Any, t: int) -> Any:
    """Energy at the end of the period: in the band, or as far outside as it was measured."""
    return m.in_band_kwh[t] - m.below_kwh[t] + m.above_kwh[t]


def energy_balance(m: Any, t: int) -> Any:
    """What was stored, plus what charging brings, less what discharging takes."""
    before = m.energy_kwh_start if t == 0 else m.energy_kwh[t - 1]
    charged = PERIOD_H * m.efficiency_charge * m.charge_kw[t]
    discharged = PERIOD_H * m.drain_kwh_per_kwh_discharged * m.discharge_kw[t]
    return m.energy_kwh[t] - before - charged + discharged == 0.0


def add_wear_by_depth(m: Any) -> Any:
    """Split the content into a shallow and a deep part; give what taking from the deep one costs.

    Since only leaving the deep part costs, the linear program itself charges and discharges the shallow part
    first (convex segments: Xu et al. 2018, doi:10.1109/TPWRS.2017.2733339).
    """
    m.deep_kwh = pe.Var(m.T, bounds=lambda m, _t: (0.0, m.deep_kwh_max))
    m.deep_taken_kwh = pe.Var(m.T, bounds=(0.0, None))
    m.deep_taken = pe.Constraint(m.T, rule=deep_taken)
    m.deep_is_stored = pe.Constraint(
        m.T, rule=lambda m, t: m.in_band_kwh[t] - m.deep_kwh[t] >= m.energy_kwh_min
    )
    m.rest_is_shallow = pe.Constraint(
        m.T, rule=lambda m, t: m.in_band_kwh[t] - m.deep_kwh[t] <= m.shallow_kwh_max
    )
    return m.wear_deep_eur_per_kwh_stored * pe.quicksum(m.deep_taken_kwh[t] for t in m.T)


def deep_taken(m: Any, t: int) -> Any:
    """What leaves the deep part was taken by a cycle that goes deeper than the stated depth."""
    if t == 0:
        return m.deep_taken_kwh[t] + m.deep_kwh[t] >= m.deep_kwh_start
    return m.deep_taken_kwh[t] + m.deep_kwh[t] - m.deep_kwh[t - 1] >= 0.0


def way_back_into_the_band(m: Any) -> Any:
    """Energy outside the band costs by the hour, so that it is brought back soon."""
    return PERIOD_H * WAY_BACK_EUR_PER_KWH_H * pe.quicksum(m.below_kwh[t] + m.above_kwh[t] for t in m.T)


def worth_of_what_was_drained(m: Any) -> Any:
    """Energy worth less at the end of the horizon than at its start is a cost, more is a gain."""
    return m.terminal_eur_start - m.terminal_eur_per_kwh * m.energy_kwh[m.T.last()]


def parameters(items: Sequence[Storage]) -> Mapping[str, FloatArray]:
    """Derive what the prototype's Params stand for."""
    start = scalars_of(item.energy_kwh_start for item in items)
    least = scalars_of(item.energy_kwh_min for item in items)
    most = scalars_of(item.energy_kwh_max for item in items)
    terminal_eur_per_kwh = scalars_of(item.terminal_eur_per_kwh for item in items)
    return {
        "energy_kwh_start": start,
        "energy_kwh_min": least,
        "energy_kwh_end_min": end_least_kwh(least, (item.energy_kwh_end_min for item in items)),
        "energy_kwh_max": most,
        "below_kwh_max": np.maximum(0.0, least - start),
        "above_kwh_max": np.maximum(0.0, start - most),
        "efficiency_charge": scalars_of(item.efficiency_charge for item in items),
        "drain_kwh_per_kwh_discharged": 1.0 / scalars_of(item.efficiency_discharge for item in items),
        "wear_eur_per_kwh": scalars_of(item.wear_eur_per_kwh for item in items),
        "fee_eur_per_kwh_drawn": scalars_of(item.fee_eur_per_kwh_drawn for item in items),
        "terminal_eur_per_kwh": terminal_eur_per_kwh,
        "terminal_eur_start": terminal_eur_per_kwh * start,
        "charge_kw_max": np.maximum(0.0, table_of(item.power_kw_max for item in items)),
        "discharge_kw_max": np.maximum(0.0, -table_of(item.power_kw_min for item in items)),
        **forced_values(items),
        **_depth_values(items),
    }


def _depth_values(items: Sequence[Storage]) -> Mapping[str, FloatArray]:
    """Give DEPTH_SCALARS of items of one structure, nothing where their prototype has none."""
    depths = [(item, item.depth) for item in items if item.depth is not None]
    if not depths:
        return {}
    return {
        "deep_kwh_start": scalars_of(deep_kwh_at_start(d, item.energy_kwh_start) for item, d in depths),
        "deep_kwh_max": scalars_of(depth.deep_kwh for _item, depth in depths),
        "shallow_kwh_max": scalars_of(depth.energy_kwh_min + depth.shallow_kwh for _item, depth in depths),
        "wear_deep_eur_per_kwh_stored": scalars_of(
            item.wear_deep_eur_per_kwh * item.efficiency_discharge for item, _depth in depths
        ),
    }


BATTERY: Kind[Storage] = Kind(
    name="battery",
    build=build,
    parameters=parameters,
    structure=structure_of,
    states=("energy_kwh",),
    kept=Kept(
        balance="energy_balance",
        content=("in_band_kwh", "below_kwh", "above_kwh"),
        draws="charge_kw",
        feeds_in="discharge_kw",
    ),
    exclusive=("charge_kw", "discharge_kw"),
    binding={
        ("charge_kw", "upper"): BindingRule(name="power_kw_max", at_zero=False),
        ("discharge_kw", "upper"): BindingRule(name="power_kw_min", at_zero=False),
        ("in_band_kwh", "lower"): BindingRule(name="energy_kwh_min"),
        ("in_band_kwh", "upper"): BindingRule(name="energy_kwh_max"),
    },
    breaches={
        "below_kwh": BreachRule(name="energy_kwh_min", unit="kWh"),
        "above_kwh": BreachRule(name="energy_kwh_max", unit="kWh"),
        **FORCED_BREACHES,
    },
)
