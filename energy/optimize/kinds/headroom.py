"""What keeps headroom: a kind as it is, and beside its own rows those of what it could still give or take.

A store must have the power free, and the energy to hold it for ``hold_h`` from the end of the period on. What
holding it would do to a hydrogen store is left out: an hour of it is little of the store.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import pyomo.environ as pe

from energy.domain import FloatArray
from energy.optimize.items import Item, Storage
from energy.optimize.kinds.battery import BATTERY
from energy.optimize.kinds.electrolyser import ELECTROLYSER
from energy.optimize.kinds.kind import Kind, scalars_of
from energy.optimize.kinds.pumped_reservoir import PUMPED_RESERVOIR
from energy.optimize.kinds.reserve import BALANCES
from energy.optimize.network_items import Electrolysis, Reservoir

AHEAD_SPAN = 1024
"""Above the longest horizon of a plan."""
READOUTS = ("reserve_up_kw", "reserve_down_kw")


def keeping(
    kind: Kind[Any],
    add: Callable[[Any], None],
    scalars: Callable[[Any], Mapping[str, FloatArray]],
    names: tuple[str, ...] = (),
) -> Kind[Any]:
    """Give a kind that keeps headroom over its first periods; its structure says over how many."""

    def build(periods: int, structure: int) -> Any:
        own, ahead = divmod(structure, AHEAD_SPAN)
        m = kind.build(periods, own)
        m.A = pe.RangeSet(0, ahead - 1)
        for name in names:
            m.add_component(name, pe.Param(mutable=True, initialize=1.0))
        m.up_kw = pe.Var(m.A, bounds=(0.0, None))
        m.down_kw = pe.Var(m.A, bounds=(0.0, None))
        m.reserve_up_kw = pe.Expression(m.T, rule=lambda m, t: m.up_kw[t] if t in m.A else 0.0)
        m.reserve_down_kw = pe.Expression(m.T, rule=lambda m, t: m.down_kw[t] if t in m.A else 0.0)
        add(m)
        return m

    def parameters(items: Sequence[Any]) -> Mapping[str, FloatArray]:
        return {**kind.parameters(items), **scalars(items)}

    return replace(
        kind,
        name=f"{kind.name}_keeping_headroom",
        build=build,
        parameters=parameters,
        structure=lambda item: kind.structure(item) * AHEAD_SPAN + item.headroom.periods,
        base=lambda structure: kind.base(structure // AHEAD_SPAN) * AHEAD_SPAN + structure % AHEAD_SPAN,
        pieces=lambda structure: kind.pieces(structure // AHEAD_SPAN),
        balances=(*kind.balances, *BALANCES),
        states=(*kind.states, *READOUTS),
    )


def add_to_battery(m: Any) -> None:
    """Power that is free, and energy to give it, or room to take it, for a while."""
    m.free_up = pe.Constraint(
        m.A, rule=lambda m, t: m.up_kw[t] - m.charge_kw[t] + m.discharge_kw[t] <= m.discharge_kw_max[t]
    )
    m.free_down = pe.Constraint(
        m.A, rule=lambda m, t: m.down_kw[t] + m.charge_kw[t] - m.discharge_kw[t] <= m.charge_kw_max[t]
    )
    _add_energy(m)


def add_to_reservoir(m: Any) -> None:
    """Pumping that can stop while the water lasts, or begin while there is room."""
    m.free_up = pe.Constraint(m.A, rule=lambda m, t: m.up_kw[t] - m.pump_kw[t] <= 0.0)
    m.free_down = pe.Constraint(m.A, rule=lambda m, t: m.down_kw[t] + m.pump_kw[t] <= m.pump_kw_max[t])
    _add_energy(m)


def add_to_electrolyser(m: Any) -> None:
    """Load between its least and its rated, while it runs."""
    m.free_up = pe.Constraint(
        m.A, rule=lambda m, t: m.up_kw[t] - m.load_kw[t] + m.power_kw_least * m.on[t] <= 0.0
    )
    m.free_down = pe.Constraint(
        m.A, rule=lambda m, t: m.down_kw[t] + m.load_kw[t] - m.power_kw_rated * m.on[t] <= 0.0
    )


def _add_energy(m: Any) -> None:
    m.held_up = pe.Constraint(
        m.A, rule=lambda m, t: m.up_kwh_per_kw * m.up_kw[t] - m.in_band_kwh[t] <= -m.energy_kwh_min
    )
    m.held_down = pe.Constraint(
        m.A, rule=lambda m, t: m.down_kwh_per_kw * m.down_kw[t] + m.in_band_kwh[t] <= m.energy_kwh_max
    )


def _of_battery(items: Sequence[Storage]) -> Mapping[str, FloatArray]:
    hold_h = _hold_h(items)
    return {
        "up_kwh_per_kw": hold_h / scalars_of(item.efficiency_discharge for item in items),
        "down_kwh_per_kw": hold_h * scalars_of(item.efficiency_charge for item in items),
    }


def _of_reservoir(items: Sequence[Reservoir]) -> Mapping[str, FloatArray]:
    return {"up_kwh_per_kw": _hold_h(items), "down_kwh_per_kw": _hold_h(items)}


def _of_electrolyser(_items: Sequence[Electrolysis]) -> Mapping[str, FloatArray]:
    return {}


def _hold_h(items: Sequence[Item]) -> FloatArray:
    return scalars_of(item.headroom.hold_h for item in items if item.headroom is not None)


ENERGY = ("up_kwh_per_kw", "down_kwh_per_kw")
KEEPING: dict[type, Kind[Any]] = {
    Storage: keeping(BATTERY, add_to_battery, _of_battery, ENERGY),
    Reservoir: keeping(PUMPED_RESERVOIR, add_to_reservoir, _of_reservoir, ENERGY),
    Electrolysis: keeping(ELECTROLYSER, add_to_electrolyser, _of_electrolyser),
}
