"""PV, wind and run-of-river hydro: what nature gives, less what is curtailed."""

from collections.abc import Mapping, Sequence
from typing import Any

import pyomo.environ as pe

from energy.domain import FloatArray
from energy.optimize.items import Source
from energy.optimize.kinds.kind import BindingRule, Kind, new_prototype, scalars_of, table_of
from energy.periods import PERIOD_H


def build(periods: int, _structure: int) -> Any:
    """State the prototype."""
    series = ("available_kw", "curtailed_kw_min", "curtailed_kw_max")
    model = new_prototype(periods, scalars=("curtailment_eur_per_kwh",), series=series)
    model.curtailed_kw = pe.Var(model.T, bounds=curtailment_required_and_allowed)
    model.power_kw = pe.Expression(model.T, rule=feed_in)
    model.power_kw_curtailed = pe.Expression(model.T, rule=lambda m, t: m.curtailed_kw[t])
    model.cost_curtailment = pe.Objective(
        expr=PERIOD_H * model.curtailment_eur_per_kwh * pe.quicksum(model.curtailed_kw[t] for t in model.T)
    )
    return model


def curtailment_required_and_allowed(m: Any, t: int) -> Any:
    """Between what limits require and the whole yield (nothing where the source cannot be curtailed)."""
    return m.curtailed_kw_min[t], m.curtailed_kw_max[t]


def feed_in(m: Any, t: int) -> Any:
    """The yield less what is curtailed feeds in, so it is negative."""
    return m.curtailed_kw[t] - m.available_kw[t]


def parameters(items: Sequence[Source]) -> Mapping[str, FloatArray]:
    """Derive what the prototype's Params stand for."""
    return {
        "curtailment_eur_per_kwh": scalars_of(item.curtailment_eur_per_kwh for item in items),
        "available_kw": table_of(item.available_kw for item in items),
        "curtailed_kw_min": table_of(item.curtailed_kw_min for item in items),
        "curtailed_kw_max": table_of(item.curtailed_kw_max for item in items),
    }


GENERATOR: Kind[Source] = Kind(
    name="generator",
    build=build,
    parameters=parameters,
    states=("power_kw_curtailed",),
    binding={
        ("curtailed_kw", "lower"): BindingRule(name="power_kw_min", at_zero=False),
        ("curtailed_kw", "upper"): BindingRule(name="power_kw_max", at_zero=False),
    },
)
