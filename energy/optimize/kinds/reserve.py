"""The headroom that is needed: kept by others, or short at a price."""

from collections.abc import Mapping, Sequence
from typing import Any

import pyomo.environ as pe

from energy.domain import FloatArray
from energy.optimize.items import ReserveNeed
from energy.optimize.kinds.kind import BreachRule, Carrier, Kind, new_prototype, scalars_of, table_of
from energy.periods import PERIOD_H

BALANCES = (("reserve_up_kw", Carrier.RESERVE_UP), ("reserve_down_kw", Carrier.RESERVE_DOWN))
"""What keeps headroom enters these, what needs it enters them against it."""


def build(periods: int, ahead: int) -> Any:
    """State the prototype; nothing is needed from the period ``ahead`` on."""
    m = new_prototype(periods, scalars=("shortfall_eur_per_kwh",), series=("needed_up_kw", "needed_down_kw"))
    m.A = pe.RangeSet(0, ahead - 1)
    m.short_up_kw = pe.Var(m.A, bounds=(0.0, None))
    m.short_down_kw = pe.Var(m.A, bounds=(0.0, None))
    m.power_kw = pe.Expression(m.T, rule=lambda _m, _t: 0.0)
    m.reserve_up_kw = pe.Expression(
        m.T, rule=lambda m, t: m.short_up_kw[t] - m.needed_up_kw[t] if t in m.A else 0.0
    )
    m.reserve_down_kw = pe.Expression(
        m.T, rule=lambda m, t: m.short_down_kw[t] - m.needed_down_kw[t] if t in m.A else 0.0
    )
    short = pe.quicksum(m.short_up_kw[t] + m.short_down_kw[t] for t in m.A)
    m.cost_reserve = pe.Objective(expr=PERIOD_H * m.shortfall_eur_per_kwh * short)
    return m


def parameters(items: Sequence[ReserveNeed]) -> Mapping[str, FloatArray]:
    """Derive what the prototype's Params stand for."""
    return {
        "shortfall_eur_per_kwh": scalars_of(item.shortfall_eur_per_kwh for item in items),
        "needed_up_kw": table_of(item.up_kw for item in items),
        "needed_down_kw": table_of(item.down_kw for item in items),
    }


RESERVE: Kind[ReserveNeed] = Kind(
    name="reserve",
    build=build,
    parameters=parameters,
    structure=lambda item: item.ahead,
    balances=BALANCES,
    states=("reserve_up_kw", "reserve_down_kw"),
    breaches={
        "short_up_kw": BreachRule(name="reserve_up", unit="kW"),
        "short_down_kw": BreachRule(name="reserve_down", unit="kW"),
    },
)
