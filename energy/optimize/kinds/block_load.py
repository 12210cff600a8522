"""A load in blocks: a run once begun goes on to its end; wishes are settled by whole blocks.

Tasks that may not be interrupted are stated by their begins alone (Sousa and Wolsey, A time indexed
formulation of non-preemptive single machine scheduling problems, 1992, doi:10.1007/BF01585174).
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pyomo.environ as pe

from energy.domain import FloatArray
from energy.optimize.items import BlockLoad
from energy.optimize.kinds.forced_power import (
    FORCED,
    FORCED_BREACHES,
    FORCED_SERIES,
    add_forced_power,
    forced_structure_of,
    forced_values,
    series_of,
)
from energy.optimize.kinds.kind import (
    BindingRule,
    BreachRule,
    Kind,
    new_prototype,
    scalars_of,
    table_of,
)
from energy.periods import PERIOD_H

SCALARS = ("block_kw", "block_kwh", "unserved_eur_per_kwh", "fee_eur_per_h_running", "carried_eur")
SERIES = ("begin_share_max", "begun_kwh_min", "begun_kwh_max", "carried_kw", "carried_share", "open_kwh")


def structure_of(item: BlockLoad) -> int:
    """Pack what the rows depend on: how long a run is, and whether a limit demands power."""
    return (item.block_periods - 1) * 2 + forced_structure_of(item)


def build(periods: int, structure: int) -> Any:
    """State the prototype."""
    further_periods, forced = divmod(structure, 2)
    m = new_prototype(periods, scalars=SCALARS, series=SERIES + series_of(forced))
    m.block_periods = further_periods + 1
    m.begin = pe.Var(m.T, bounds=lambda m, t: (0.0, m.begin_share_max[t]))
    m.unserved_kwh = pe.Var(m.T, bounds=(0.0, None))
    m.begun_kwh = pe.Var(m.T, bounds=not_before_arrival_and_in_time_to_end)
    m.running = pe.Expression(m.T, rule=lambda m, t: running(m, t) + m.carried_share[t])
    m.power_kw = pe.Expression(m.T, rule=lambda m, t: m.block_kw * running(m, t) + m.carried_kw[t])
    m.forced_kw = pe.Expression(m.T, rule=lambda m, t: m.block_kw * running(m, t))
    m.energy_kwh_backlog = pe.Expression(m.T, rule=still_wanted)
    m.power_kw_unserved = pe.Expression(m.T, rule=lambda m, t: m.unserved_kwh[t] * (1.0 / PERIOD_H))
    m.one_run_at_a_time = pe.Constraint(m.T, rule=lambda m, t: running(m, t) <= 1.0)
    m.wishes_begun = pe.Constraint(m.T, rule=wishes_begun)
    if forced == FORCED:
        m.cost_breach = pe.Objective(expr=add_forced_power(m))
    m.cost_fees = pe.Objective(
        expr=m.carried_eur + PERIOD_H * m.fee_eur_per_h_running * pe.quicksum(running(m, t) for t in m.T)
    )
    m.cost_unserved = pe.Objective(expr=m.unserved_eur_per_kwh * pe.quicksum(m.unserved_kwh[t] for t in m.T))
    return m


def running(m: Any, t: int) -> Any:
    """A run goes on for its length after its begin; what runs since before the first period comes on top."""
    return pe.quicksum(m.begin[s] for s in range(max(0, t - m.block_periods + 1), t + 1))


def not_before_arrival_and_in_time_to_end(m: Any, t: int) -> Any:
    """No block begins before all of it was asked for, and each in time to end when it is due."""
    return m.begun_kwh_min[t], m.begun_kwh_max[t]


def wishes_begun(m: Any, t: int) -> Any:
    """A block's wishes are settled by its run or by leaving them unserved."""
    before = 0.0 if t == 0 else m.begun_kwh[t - 1]
    return m.begun_kwh[t] - before - m.block_kwh * m.begin[t] - m.unserved_kwh[t] == 0.0


def still_wanted(m: Any, t: int) -> Any:
    """What waits to be begun, and what runs in progress have still to draw."""
    left = pe.quicksum(
        (1.0 - (t - s + 1) / m.block_periods) * m.block_kwh * m.begin[s]
        for s in range(max(0, t - m.block_periods + 2), t + 1)
    )
    return m.open_kwh[t] - m.begun_kwh[t] + left


def parameters(items: Sequence[BlockLoad]) -> Mapping[str, FloatArray]:
    """Derive what the prototype's Params stand for."""
    block_kw = scalars_of(item.block_kw for item in items)
    fee_eur_per_kwh = scalars_of(item.fee_eur_per_kwh_drawn for item in items)
    carried_kw = table_of(item.carried_kw for item in items)
    forced = forced_values(items)
    return {
        "block_kw": block_kw,
        "block_kwh": scalars_of(item.block_kwh for item in items),
        "unserved_eur_per_kwh": scalars_of(item.unserved_eur_per_kwh for item in items),
        "fee_eur_per_h_running": fee_eur_per_kwh * block_kw,
        "carried_eur": PERIOD_H * fee_eur_per_kwh * carried_kw.sum(axis=1),
        "begin_share_max": table_of(item.begin_share_max for item in items),
        "begun_kwh_min": table_of(item.begun_kwh_min for item in items),
        "begun_kwh_max": table_of(item.begun_kwh_max for item in items),
        "carried_kw": carried_kw,
        "carried_share": (carried_kw > 0.0).astype(np.float64),
        "open_kwh": table_of(item.arrived_kwh for item in items) - PERIOD_H * carried_kw.cumsum(axis=1),
        **{name: forced[name] - carried_kw for name in FORCED_SERIES if name in forced},
    }


BLOCK_LOAD: Kind[BlockLoad] = Kind(
    name="block_load",
    build=build,
    parameters=parameters,
    structure=structure_of,
    binary=("begin",),
    states=("energy_kwh_backlog", "power_kw_unserved", "running"),
    binding={
        ("begun_kwh", "lower"): BindingRule(name="energy_kwh_due", at_zero=False),
        ("begun_kwh", "upper"): BindingRule(name="energy_kwh_arrived", at_zero=False),
    },
    breaches={"unserved_kwh": BreachRule(name="unserved", unit="kWh", total=True), **FORCED_BREACHES},
)
