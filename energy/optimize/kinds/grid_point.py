"""The grid point: import and export at their prices, soft limits, the peak above what is billed."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pyomo.environ as pe

from energy.domain import FloatArray
from energy.optimize.items import Exchange
from energy.optimize.kinds.kind import (
    BindingRule,
    BreachRule,
    Kind,
    new_prototype,
    scalars_of,
    table_of,
)
from energy.optimize.penalties import BREACH_EUR_PER_KWH
from energy.periods import PERIOD_H

SCALARS = (
    "billed_peak_kw",
    "capacity_charge_eur_per_kw",
    "import_weight_eur_per_kwh",
    "export_weight_eur_per_kwh",
)
SERIES = (
    "import_eur_per_kwh",
    "export_eur_per_kwh",
    "co2_weight_eur_per_kwh",
    "power_kw_min",
    "power_kw_max",
)
NOMINATED_SERIES = ("nominated_kw", "imbalance_eur_per_kwh", "nomination_weight_eur_per_kwh")
OPEN, NOMINATED = 0, 1
"""Keys of the two structures: with NOMINATED a deviation from what is nominated has its price."""


def build(periods: int, structure: int) -> Any:
    """State the prototype."""
    series = SERIES + (NOMINATED_SERIES if structure == NOMINATED else ())
    m = new_prototype(periods, scalars=SCALARS, series=series)
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
    m.cost_wish_co2 = pe.Objective(
        expr=PERIOD_H * pe.quicksum(m.co2_weight_eur_per_kwh[t] * m.import_kw[t] for t in m.T)
    )
    m.cost_wish_autarky = pe.Objective(expr=autarky(m))
    if structure == NOMINATED:
        add_deviation(m)
    return m


def autarky(m: Any) -> Any:
    """Weigh what crosses the region's border, each way at its own weight."""
    imported, exported = pe.quicksum(m.import_kw.values()), pe.quicksum(m.export_kw.values())
    return (
        PERIOD_H * m.import_weight_eur_per_kwh * imported + PERIOD_H * m.export_weight_eur_per_kwh * exported
    )


def add_deviation(m: Any) -> None:
    """Add the deviation from what is nominated, its cost and its weight."""
    m.more_kw = pe.Var(m.T, bounds=(0.0, None))
    m.less_kw = pe.Var(m.T, bounds=(0.0, None))
    m.deviation = pe.Constraint(m.T, rule=deviation)
    m.cost_imbalance = pe.Objective(expr=weighed_deviation(m, m.imbalance_eur_per_kwh))
    m.cost_wish_nomination = pe.Objective(expr=weighed_deviation(m, m.nomination_weight_eur_per_kwh))


def weighed_deviation(m: Any, eur_per_kwh: Any) -> Any:
    """Weigh each kWh off the nomination, whichever way it goes."""
    return PERIOD_H * pe.quicksum(eur_per_kwh[t] * m.more_kw[t] + eur_per_kwh[t] * m.less_kw[t] for t in m.T)


def deviation(m: Any, t: int) -> Any:
    """The exchange is what was nominated, or more, or less."""
    return m.power_kw[t] - m.more_kw[t] + m.less_kw[t] == m.nominated_kw[t]


def import_limit(m: Any, t: int) -> Any:
    """The exchange stays at or under the import limit, or is above it."""
    return m.power_kw[t] - m.above_kw[t] <= m.power_kw_max[t]


def export_limit(m: Any, t: int) -> Any:
    """The exchange stays at or over the export limit, or is below it."""
    return m.power_kw[t] + m.below_kw[t] >= m.power_kw_min[t]


def billed_peak(m: Any, t: int) -> Any:
    """Import above the peak billed so far is a new peak, paid once for the year."""
    return m.import_kw[t] - m.new_peak_kw <= m.billed_peak_kw


def parameters(items: Sequence[Exchange]) -> Mapping[str, FloatArray]:
    """Derive what the prototype's Params stand for."""
    values = {
        "import_eur_per_kwh": table_of(item.import_eur_per_kwh for item in items),
        "export_eur_per_kwh": table_of(item.export_eur_per_kwh for item in items),
        "power_kw_min": table_of(item.power_kw_min for item in items),
        "power_kw_max": table_of(item.power_kw_max for item in items),
        "billed_peak_kw": scalars_of(item.billed_peak_kw for item in items),
        "capacity_charge_eur_per_kw": scalars_of(item.capacity_charge_eur_per_kw for item in items),
        "co2_weight_eur_per_kwh": table_of(item.co2_weight_eur_per_kwh for item in items),
        "import_weight_eur_per_kwh": scalars_of(item.import_weight_eur_per_kwh for item in items),
        "export_weight_eur_per_kwh": scalars_of(item.export_weight_eur_per_kwh for item in items),
    }
    if structure_of(items[0]) == NOMINATED:
        nominated_kw = table_of(item.nominated_kw for item in items)
        imbalance_eur_per_kwh = scalars_of(item.imbalance_eur_per_kwh for item in items)[:, None]
        weight_eur_per_kwh = scalars_of(item.nomination_weight_eur_per_kwh for item in items)[:, None]
        nominated = np.isfinite(nominated_kw)
        values["nominated_kw"] = np.where(nominated, nominated_kw, 0.0)
        values["imbalance_eur_per_kwh"] = np.where(nominated, imbalance_eur_per_kwh, 0.0)
        values["nomination_weight_eur_per_kwh"] = np.where(nominated, weight_eur_per_kwh, 0.0)
    return values


def structure_of(item: Exchange) -> int:
    """Tell which prototype the exchange needs."""
    weight_eur_per_kwh = item.imbalance_eur_per_kwh + item.nomination_weight_eur_per_kwh
    priced = weight_eur_per_kwh > 0.0 and bool(np.isfinite(item.nominated_kw).any())
    return NOMINATED if priced else OPEN


GRID_POINT: Kind[Exchange] = Kind(
    name="grid_point",
    build=build,
    parameters=parameters,
    structure=structure_of,
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
