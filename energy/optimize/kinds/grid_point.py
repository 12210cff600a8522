"""The grid point: import and export at their prices, soft limits, the peak above what is billed."""

from typing import Any

import pyomo.environ as pe

from energy.optimize.kinds.kind import BindingRule, BreachRule, Kind, new_prototype
from energy.optimize.problem import BREACH_EUR_PER_KWH, Exchange
from energy.periods import PERIOD_H

SERIES = ("import_eur_per_kwh", "export_eur_per_kwh", "power_kw_min", "power_kw_max")


def build(periods: int, _structure: int) -> Any:
    """State the prototype."""
    m = new_prototype(periods, scalars=("billed_peak_kw", "capacity_charge_eur_per_kw"), series=SERIES)
    m.import_kw = pe.Var(m.T, bounds=(0.0, None))
    m.export_kw = pe.Var(m.T, bounds=(0.0, None))
    m.above_kw = pe.Var(m.T, bounds=(0.0, None))
    m.below_kw = pe.Var(m.T, bounds=(0.0, None))
    m.new_peak_kw = pe.Var(bounds=(0.0, None))
    m.power_kw = pe.Expression(m.T, rule=lambda m, t: m.import_kw[t] - m.export_kw[t])
    m.import_limit = pe.Constraint(m.T, rule=import_limit)
    m.export_limit = pe.Constraint(m.T, rule=export_limit)
    m.billed_peak = pe.Constraint(m.T, rule=billed_peak)
    m.cost_energy_import = pe.Objective(
        expr=PERIOD_H * pe.quicksum(m.import_eur_per_kwh[t] * m.import_kw[t] for t in m.T)
    )
    m.cost_energy_export = pe.Objective(
        expr=-PERIOD_H * pe.quicksum(m.export_eur_per_kwh[t] * m.export_kw[t] for t in m.T)
    )
    m.cost_capacity = pe.Objective(expr=m.capacity_charge_eur_per_kw * m.new_peak_kw)
    m.cost_breach = pe.Objective(
        expr=PERIOD_H * BREACH_EUR_PER_KWH * pe.quicksum(m.above_kw[t] + m.below_kw[t] for t in m.T)
    )
    return m


def import_limit(m: Any, t: int) -> Any:
    """The exchange stays at or under the import limit, or is above it."""
    return m.power_kw[t] - m.above_kw[t] <= m.power_kw_max[t]


def export_limit(m: Any, t: int) -> Any:
    """The exchange stays at or over the export limit, or is below it."""
    return m.power_kw[t] + m.below_kw[t] >= m.power_kw_min[t]


def billed_peak(m: Any, t: int) -> Any:
    """Import above the peak billed so far is a new peak, paid once for the year."""
    return m.import_kw[t] - m.new_peak_kw <= m.billed_peak_kw


GRID_POINT: Kind[Exchange] = Kind(
    name="grid_point",
    build=build,
    parameters=lambda item: {
        "import_eur_per_kwh": item.import_eur_per_kwh,
        "export_eur_per_kwh": item.export_eur_per_kwh,
        "power_kw_min": item.power_kw_min,
        "power_kw_max": item.power_kw_max,
        "billed_peak_kw": item.billed_peak_kw,
        "capacity_charge_eur_per_kw": item.capacity_charge_eur_per_kw,
    },
    balance_sign=-1.0,
    netted=("import_kw", "export_kw"),
    binding={
        ("import_limit", "row"): BindingRule(name="power_kw_max"),
        ("export_limit", "row"): BindingRule(name="power_kw_min"),
        ("billed_peak", "row"): BindingRule(name="billed_peak_kw"),
    },
    breaches={
        "above_kw": BreachRule(name="power_kw_max", unit="kW"),
        "below_kw": BreachRule(name="power_kw_min", unit="kW"),
    },
)
