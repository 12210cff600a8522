"""What machines share: they run or stand, with a least load, a cost of starting, least times up and down.

The rows for the times are those of Rajan and Takriti (Minimum up/down polytopes of the unit commitment
problem with start-up costs, IBM Research Report RC23628, 2005), which describe the times alone without any
gap between the linear program and whole numbers.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pyomo.environ as pe

from energy.domain import FloatArray
from energy.optimize.kinds.forced_power import FORCED, add_forced_power, is_forced, series_of
from energy.optimize.kinds.kind import Piece, new_prototype, scalars_of, table_of
from energy.optimize.network_items import Machine

PERIODS_SPAN = 512
"""Above the longest least time that a region can state (48 h, 192 periods)."""
SCALARS = ("running_before", "standing_before", "power_kw_least", "power_kw_rated", "start_eur")
TIME_ROWS = ("start_of_a_run", "least_time_up", "least_time_down")
"""Rows that only say when a machine may switch."""
SERIES = ("on_min", "on_max", "load_kw_max")


RAMP_SCALARS = ("ramp_kw", "least_less_ramp_kw", "load_kw_first_min")
RAMP_SERIES = ("trip_kw",)


def structure_of(item: Machine) -> int:
    """Pack what the rows depend on: least times, a ramp that can bind, a limit that demands power."""
    times = item.uptime_periods * PERIODS_SPAN + item.downtime_periods
    standby_kw = getattr(item, "power_kw_standby", 0.0)
    forced = is_forced(item.power_kw_min - standby_kw, item.power_kw_max - standby_kw)
    return (times * 2 + int(item.ramp_kw is not None)) * 2 + int(forced)


def without_times(structure: int) -> int:
    """Give the structure of a machine without rows for least times."""
    return structure % 4


def times_of(structure: int) -> tuple[Piece, ...]:
    """Give the rows for the two least times as pieces: they know no more than when it runs and starts."""
    uptime_periods, downtime_periods = divmod(structure // 4, PERIODS_SPAN)
    return (build_time_up, uptime_periods), (build_time_down, downtime_periods)


def build_time_up(periods: int, uptime_periods: int) -> Any:
    """State the rows for the least time up."""
    m = new_prototype(periods)
    m.uptime_periods = uptime_periods
    m.on, m.start = pe.Var(m.T), pe.Var(m.T)
    m.least_time_up = pe.Constraint(m.T, rule=least_time_up)
    return m


def build_time_down(periods: int, downtime_periods: int) -> Any:
    """State the rows for the least time down."""
    m = new_prototype(periods, scalars=("standing_before",))
    m.downtime_periods = downtime_periods
    m.on, m.start = pe.Var(m.T), pe.Var(m.T)
    m.least_time_down = pe.Constraint(m.T, rule=least_time_down)
    return m


def new_machine(
    periods: int, structure: int, *, scalars: tuple[str, ...], series: tuple[str, ...] = ()
) -> Any:
    """Start a machine's prototype with its decisions; ``power_kw`` is the caller's to state."""
    rest, forced = divmod(structure, 2)
    times, ramped = divmod(rest, 2)
    m = new_prototype(
        periods,
        scalars=SCALARS + scalars + (RAMP_SCALARS if ramped else ()),
        series=SERIES + series + (RAMP_SERIES if ramped else ()) + series_of(forced),
    )
    m.uptime_periods, m.downtime_periods = divmod(times, PERIODS_SPAN)
    m.on = pe.Var(m.T, bounds=lambda m, t: (m.on_min[t], m.on_max[t]))
    m.start = pe.Var(m.T, bounds=(0.0, 1.0))
    m.load_kw = pe.Var(
        m.T,
        bounds=lambda m, t: (m.load_kw_first_min if ramped and t == 0 else 0.0, m.load_kw_max[t]),
    )
    m.running = pe.Expression(m.T, rule=lambda m, t: m.on[t])
    m.least_load = pe.Constraint(m.T, rule=least_load)
    m.rated_load = pe.Constraint(m.T, rule=rated_load)
    m.start_of_a_run = pe.Constraint(m.T, rule=start_of_a_run)
    if times:
        m.least_time_up = pe.Constraint(m.T, rule=least_time_up)
        m.least_time_down = pe.Constraint(m.T, rule=least_time_down)
    if ramped:
        m.ramp_up = pe.Constraint(m.T, rule=ramp_up)
        m.ramp_down = pe.Constraint(m.T, rule=ramp_down)
    m.cost_starts = pe.Objective(expr=m.start_eur * pe.quicksum(m.start[t] for t in m.T))
    return m


def add_breach(m: Any, structure: int) -> None:
    """Add what a limit demands, once ``power_kw`` is stated."""
    if structure % 2 == FORCED:
        m.cost_breach = pe.Objective(expr=add_forced_power(m))


def least_load(m: Any, t: int) -> Any:
    """While it runs it carries at least its least load."""
    return m.load_kw[t] - m.power_kw_least * m.on[t] >= 0.0


def rated_load(m: Any, t: int) -> Any:
    """It carries at most its rated load, and none while it stands."""
    return m.load_kw[t] - m.power_kw_rated * m.on[t] <= 0.0


def ramp_up(m: Any, t: int) -> Any:
    """Running on, its load rises by the ramp at most; a run starts at the least load."""
    if t == 0:
        return pe.Constraint.Skip
    before = m.load_kw[t - 1] + m.ramp_kw * m.on[t - 1]
    return m.load_kw[t] - before - m.power_kw_least * m.start[t] <= 0.0


def ramp_down(m: Any, t: int) -> Any:
    """Running on, its load falls by the ramp at most; a run stops from the least load, unless it must trip.

    A stop is on(t-1) - on(t) + start(t) (Morales-España, Latorre and Ramos, Tight and compact MILP
    formulation for the thermal unit commitment problem, 2013, doi:10.1109/TPWRS.2013.2251373).
    """
    if t == 0:
        return pe.Constraint.Skip
    stopping = m.power_kw_least * m.on[t - 1] + m.power_kw_least * m.start[t]
    return m.load_kw[t - 1] - m.load_kw[t] - stopping + m.least_less_ramp_kw * m.on[t] <= m.trip_kw[t]


def start_of_a_run(m: Any, t: int) -> Any:
    """To run after standing is a start."""
    if t == 0:
        return m.start[t] - m.on[t] >= -m.running_before
    return m.start[t] - m.on[t] + m.on[t - 1] >= 0.0


def least_time_up(m: Any, t: int) -> Any:
    """Started within the least time up, it still runs."""
    first = max(0, t - m.uptime_periods + 1)
    return pe.quicksum(m.start[s] for s in range(first, t + 1)) - m.on[t] <= 0.0


def least_time_down(m: Any, t: int) -> Any:
    """Started within the least time down after a period, it stood in that period."""
    before = t - m.downtime_periods
    if before < -1:
        return pe.Constraint.Skip
    starts = pe.quicksum(m.start[s] for s in range(before + 1, t + 1))
    if before == -1:
        return starts <= m.standing_before
    return starts + m.on[before] <= 1.0


def commitment_parameters(items: Sequence[Machine], *, load_kw_max: FloatArray) -> dict[str, FloatArray]:
    """Derive what the shared Params stand for."""
    running_before = scalars_of(item.running_before for item in items)
    values = {
        "running_before": running_before,
        "standing_before": 1.0 - running_before,
        "power_kw_least": scalars_of(item.power_kw_least for item in items),
        "power_kw_rated": scalars_of(item.power_kw_rated for item in items),
        "start_eur": scalars_of(item.start_eur for item in items),
        "on_min": table_of(item.running_share_min for item in items),
        "on_max": table_of(item.running_share_max for item in items),
        "load_kw_max": _reachable_kw(items, load_kw_max),
    }
    if items[0].ramp_kw is not None:
        values |= _ramp_parameters(items)
    if structure_of(items[0]) % 2 == FORCED:
        values["power_kw_min"] = table_of(item.power_kw_min for item in items)
        values["power_kw_max"] = table_of(item.power_kw_max for item in items)
    return values


def _reachable_kw(items: Sequence[Machine], load_kw_max: FloatArray) -> FloatArray:
    """Narrow the greatest loads by what can be reached in the first period."""
    most_kw: FloatArray = load_kw_max.copy()
    most_kw[:, 0] = np.minimum(most_kw[:, 0], scalars_of(item.load_kw_first_max for item in items))
    return most_kw


def _ramp_parameters(items: Sequence[Machine]) -> dict[str, FloatArray]:
    """Derive the ramps' Params. Where a machine must stand it may trip, from whatever load."""
    ramp_kw = scalars_of(math.inf if item.ramp_kw is None else item.ramp_kw for item in items)
    rated_kw = scalars_of(item.power_kw_rated for item in items)
    may_run = table_of(item.running_share_max for item in items)
    return {
        "ramp_kw": ramp_kw,
        "least_less_ramp_kw": scalars_of(item.power_kw_least for item in items) - ramp_kw,
        "load_kw_first_min": scalars_of(item.load_kw_first_min for item in items),
        "trip_kw": np.where(may_run > 0.0, 0.0, rated_kw[:, None]),
    }


def line_through(
    items: Sequence[Machine], least_and_rated: Iterable[tuple[float, float]]
) -> Mapping[str, FloatArray]:
    """Give the straight lines between least load and rated power: ``on`` while running, ``load`` a kW.

    Shape (assets,) each.
    """
    least, rated = np.array(list(least_and_rated), dtype=np.float64).T
    power_kw_least = scalars_of(item.power_kw_least for item in items)
    slope = (rated - least) / (scalars_of(item.power_kw_rated for item in items) - power_kw_least)
    return {"on": least - slope * power_kw_least, "load": slope}
