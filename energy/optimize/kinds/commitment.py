"""What machines share: they run or stand, with a least load, a cost of starting, least times up and down.

The rows for the times are those of Rajan and Takriti (Minimum up/down polytopes of the unit commitment
problem with start-up costs, IBM Research Report RC23628, 2005), which describe the times alone without any
gap between the linear program and whole numbers.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pyomo.environ as pe

from energy.domain import FloatArray
from energy.optimize.kinds.forced_power import FORCED, add_forced_power, is_forced, series_of
from energy.optimize.kinds.kind import new_prototype, scalars_of, table_of
from energy.optimize.network_items import Machine

PERIODS_SPAN = 512
"""Above the longest least time that a region can state (48 h, 192 periods)."""
SCALARS = ("running_before", "standing_before", "power_kw_least", "power_kw_rated", "start_eur")
SERIES = ("on_min", "on_max", "load_kw_max")


def structure_of(item: Machine) -> int:
    """Pack what the rows depend on: the two least times, and whether a limit demands power."""
    times = item.uptime_periods * PERIODS_SPAN + item.downtime_periods
    standby_kw = getattr(item, "power_kw_standby", 0.0)
    return times * 2 + int(is_forced(item.power_kw_min - standby_kw, item.power_kw_max - standby_kw))


def new_machine(
    periods: int, structure: int, *, scalars: tuple[str, ...], series: tuple[str, ...] = ()
) -> Any:
    """Start a machine's prototype with its decisions; ``power_kw`` is the caller's to state."""
    times, forced = divmod(structure, 2)
    m = new_prototype(
        periods,
        scalars=SCALARS + scalars,
        series=SERIES + series + series_of(forced),
    )
    m.uptime_periods, m.downtime_periods = divmod(times, PERIODS_SPAN)
    m.on = pe.Var(m.T, bounds=lambda m, t: (m.on_min[t], m.on_max[t]))
    m.start = pe.Var(m.T, bounds=(0.0, 1.0))
    m.load_kw = pe.Var(m.T, bounds=lambda m, t: (0.0, m.load_kw_max[t]))
    m.running = pe.Expression(m.T, rule=lambda m, t: m.on[t])
    m.least_load = pe.Constraint(m.T, rule=least_load)
    m.rated_load = pe.Constraint(m.T, rule=rated_load)
    m.start_of_a_run = pe.Constraint(m.T, rule=start_of_a_run)
    m.least_time_up = pe.Constraint(m.T, rule=least_time_up)
    m.least_time_down = pe.Constraint(m.T, rule=least_time_down)
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
        "load_kw_max": load_kw_max,
    }
    if structure_of(items[0]) % 2 == FORCED:
        values["power_kw_min"] = table_of(item.power_kw_min for item in items)
        values["power_kw_max"] = table_of(item.power_kw_max for item in items)
    return values


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
