"""One network's balance of heat, hydrogen or water over a step, every switching inside the step included.

Machines make, demand takes, the store takes up or gives the difference within its power and its content, a
backup covers what is still lacking. What then lacks is counted as unserved, what nobody can take as dumped.
When the store is full, protection stops every machine until there is room again. Made plus backup plus
unserved equals demanded plus dumped plus what the store gained and lost.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from energy.physics.finite import duration, finite
from energy.physics.machine import EPSILON_S, Curve, MachineState, Phase, advance, phase_of
from energy.physics.own_control import OwnControl
from energy.physics.stored import Flow, reached_s, stored_kwh, turning_s
from energy.units import S_PER_H

EPSILON_KWH = 1e-9
"""Less than this above empty is empty, less than this below full is full."""
EPSILON_KW = 1e-9
"""A smaller surplus is rounding."""


class Pool(NamedTuple):
    """All stores of a network seen as one; without any, every number is 0."""

    energy_kwh_min: float
    energy_kwh_max: float
    energy_kwh_release: float
    flow_kw_max: float
    loss_per_s: float


class Maker(NamedTuple):
    """A machine that feeds the network, and what it does when nobody commands it."""

    curve: Curve
    own: OwnControl


class Delivery(NamedTuple):
    """What one consumer was given; energies count since commissioning."""

    flow_kw: float = 0.0
    energy_kwh: float = 0.0
    energy_kwh_unserved: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class CarrierState:
    """State of a network; flows are those at the end of the last step, energies count since commissioning.

    ``flow_kw`` is the store's, positive charges. ``is_full`` lasts from the moment the store was full until
    there is room again.
    """

    energy_kwh: float
    machines: tuple[MachineState, ...]
    deliveries: tuple[Delivery, ...]
    is_full: bool = False
    flow_kw: float = 0.0
    backup_kw: float = 0.0
    unserved_kw: float = 0.0
    dumped_kw: float = 0.0
    energy_kwh_demanded: float = 0.0
    energy_kwh_backup: float = 0.0
    energy_kwh_unserved: float = 0.0
    energy_kwh_dumped: float = 0.0
    energy_kwh_lost: float = 0.0


class _Piece(NamedTuple):
    """A time over which every flow is a straight line, and the store keeps to one side of every level."""

    span_s: float
    lack: Flow
    """What machines do not cover, negative where they give too much."""
    stored: Flow
    energy_kwh: float
    """In store at the end."""


def step_carrier(
    pool: Pool,
    makers: Sequence[Maker],
    state: CarrierState,
    *,
    demands_kw: Sequence[float],
    backup_kw_max: float,
    wanted_kw: Sequence[float | None],
    dt_s: float,
) -> CarrierState:
    """Step a network; a wanted power is a magnitude, None leaves a machine to its own control.

    Raises:
        ValueError: a value is not finite or the step is negative.
    """
    for demand_kw in demands_kw:
        finite(demand_kw, "demand_kw")
    demand_kw = sum(demands_kw)
    left_s = duration(dt_s)
    before = state
    while left_s > 0.0:
        phases = _phases(makers, state, wanted_kw)
        lack = _lack(makers, phases, demand_kw)
        if _overflows(pool, state, phases, lack):
            state = replace(state, is_full=True)
            continue
        piece = _piece(pool, makers, phases, state, lack=lack, backup_kw_max=backup_kw_max, left_s=left_s)
        state = _after(pool, makers, phases, state, piece=piece, backup_kw_max=backup_kw_max)
        left_s -= piece.span_s
    return _delivered(before, state, demands_kw=demands_kw, demand_kw=demand_kw, dt_s=dt_s)


def _phases(makers: Sequence[Maker], state: CarrierState, wanted_kw: Sequence[float | None]) -> list[Phase]:
    phases: list[Phase] = []
    for maker, machine, asked_kw in zip(makers, state.machines, wanted_kw, strict=True):
        if asked_kw is None:
            is_asked = maker.own.asks(state.energy_kwh, asked=machine.is_asked)
            power_kw = maker.own.power_kw if is_asked else 0.0
            phase = phase_of(maker.curve, machine, wanted_kw=power_kw, is_blocked=state.is_full)
        else:
            phase = phase_of(maker.curve, machine, wanted_kw=asked_kw, is_blocked=state.is_full)
            is_asked = phase.state.is_running
        if phase.state.is_asked is not is_asked:
            phase = phase._replace(state=replace(phase.state, is_asked=is_asked))
        phases.append(phase)
    return phases


def _lack(makers: Sequence[Maker], phases: Sequence[Phase], demand_kw: float) -> Flow:
    output_kw = slope_kw_per_s = 0.0
    for maker, phase in zip(makers, phases, strict=True):
        if phase.state.is_running:
            output_kw += maker.curve.output_kw(phase.state)
            slope_kw_per_s += maker.curve.output_kw_per_kw_of(phase) * phase.slope_kw_per_s
    return Flow(demand_kw - output_kw, -slope_kw_per_s)


def _overflows(pool: Pool, state: CarrierState, phases: Sequence[Phase], lack: Flow) -> bool:
    """Tell whether the store is full and machines would fill it further."""
    if state.is_full or state.energy_kwh < pool.energy_kwh_max - EPSILON_KWH or pool.energy_kwh_max <= 0.0:
        return False
    grows = lack.start_kw < -EPSILON_KW or (lack.start_kw <= EPSILON_KW and lack.slope_kw_per_s < 0.0)
    return grows and any(phase.state.is_running for phase in phases)


def _piece(
    pool: Pool,
    makers: Sequence[Maker],
    phases: Sequence[Phase],
    state: CarrierState,
    *,
    lack: Flow,
    backup_kw_max: float,
    left_s: float,
) -> _Piece:
    span_s = min(left_s, min((phase.lasts_s for phase in phases), default=math.inf))
    if lack.slope_kw_per_s != 0.0:
        for level_kw in (
            0.0,
            pool.flow_kw_max,
            -pool.flow_kw_max,
            backup_kw_max,
            pool.flow_kw_max + backup_kw_max,
        ):
            passed_s = (level_kw - lack.start_kw) / lack.slope_kw_per_s
            if EPSILON_S < passed_s < span_s:
                span_s = passed_s
    energy_kwh = state.energy_kwh
    middle_kw = lack.at_kw(0.5 * span_s)
    if middle_kw >= 0.0 and energy_kwh <= pool.energy_kwh_min + EPSILON_KWH:
        return _Piece(span_s, lack, Flow(0.0, 0.0), energy_kwh)
    if abs(middle_kw) > pool.flow_kw_max:
        stored = Flow(math.copysign(pool.flow_kw_max, -middle_kw), 0.0)
    else:
        stored = Flow(-lack.start_kw, -lack.slope_kw_per_s)
    turned_s = turning_s(energy_kwh, stored, loss_per_s=pool.loss_per_s)
    if EPSILON_S < turned_s < span_s:
        span_s = turned_s
    return _until_level(
        pool, _levels(pool, makers, phases, state), state, lack=lack, stored=stored, span_s=span_s
    )


def _levels(pool: Pool, makers: Sequence[Maker], phases: Sequence[Phase], state: CarrierState) -> list[float]:
    """Give the contents at which something switches."""
    levels_kwh = [pool.energy_kwh_min, pool.energy_kwh_max]
    if state.is_full:
        levels_kwh.append(pool.energy_kwh_release)
    for maker, phase in zip(makers, phases, strict=True):
        levels_kwh.append(maker.own.stop_kwh if phase.state.is_asked else maker.own.start_kwh)
    return levels_kwh


def _until_level(
    pool: Pool, levels_kwh: Sequence[float], state: CarrierState, *, lack: Flow, stored: Flow, span_s: float
) -> _Piece:
    """Cut a piece where the content, which only rises or only falls in it, comes to a level."""
    begin_kwh = state.energy_kwh
    end_kwh = stored_kwh(begin_kwh, stored, loss_per_s=pool.loss_per_s, time_s=span_s)
    if end_kwh > begin_kwh:
        goal_kwh = min((one for one in levels_kwh if begin_kwh + EPSILON_KWH < one <= end_kwh), default=None)
    else:
        goal_kwh = max((one for one in levels_kwh if end_kwh <= one < begin_kwh - EPSILON_KWH), default=None)
    if goal_kwh is None:
        return _Piece(span_s, lack, stored, end_kwh)
    span_s = reached_s(begin_kwh, stored, loss_per_s=pool.loss_per_s, time_s=span_s, goal_kwh=goal_kwh)
    return _Piece(span_s, lack, stored, goal_kwh)


def _after(
    pool: Pool,
    makers: Sequence[Maker],
    phases: Sequence[Phase],
    state: CarrierState,
    *,
    piece: _Piece,
    backup_kw_max: float,
) -> CarrierState:
    span_s, lack, stored = piece.span_s, piece.lack, piece.stored
    rest = Flow(lack.start_kw + stored.start_kw, lack.slope_kw_per_s + stored.slope_kw_per_s)
    rest_kwh, rest_kw = rest.energy_kwh(span_s), rest.at_kw(span_s)
    most_kwh = backup_kw_max * span_s / S_PER_H
    flowed_kwh = stored.energy_kwh(span_s)
    lost_kwh = flowed_kwh - (piece.energy_kwh - state.energy_kwh) if pool.loss_per_s > 0.0 else 0.0
    still_full = state.is_full and piece.energy_kwh > pool.energy_kwh_release
    return CarrierState(
        energy_kwh=piece.energy_kwh,
        machines=tuple(
            advance(maker.curve, phase, dt_s=span_s) for maker, phase in zip(makers, phases, strict=True)
        ),
        deliveries=state.deliveries,
        is_full=still_full,
        flow_kw=stored.at_kw(span_s),
        backup_kw=min(max(0.0, rest_kw), backup_kw_max),
        unserved_kw=max(0.0, rest_kw - backup_kw_max),
        dumped_kw=max(0.0, -rest_kw),
        energy_kwh_demanded=state.energy_kwh_demanded,
        energy_kwh_backup=state.energy_kwh_backup + min(max(0.0, rest_kwh), most_kwh),
        energy_kwh_unserved=state.energy_kwh_unserved + max(0.0, rest_kwh - most_kwh),
        energy_kwh_dumped=state.energy_kwh_dumped + max(0.0, -rest_kwh),
        energy_kwh_lost=state.energy_kwh_lost + lost_kwh,
    )


def _delivered(
    before: CarrierState, after: CarrierState, *, demands_kw: Sequence[float], demand_kw: float, dt_s: float
) -> CarrierState:
    """Share what is unserved among the consumers as they demanded."""
    dt_h = dt_s / S_PER_H
    demanded_kwh = demand_kw * dt_h
    unserved_kwh = after.energy_kwh_unserved - before.energy_kwh_unserved
    lacking = unserved_kwh / demanded_kwh if demanded_kwh > 0.0 else 0.0
    lacking_now = after.unserved_kw / demand_kw if demand_kw > 0.0 else 0.0
    deliveries = tuple(
        Delivery(
            flow_kw=one_kw * (1.0 - lacking_now),
            energy_kwh=was.energy_kwh + one_kw * dt_h * (1.0 - lacking),
            energy_kwh_unserved=was.energy_kwh_unserved + one_kw * dt_h * lacking,
        )
        for was, one_kw in zip(before.deliveries, demands_kw, strict=True)
    )
    return replace(
        after, deliveries=deliveries, energy_kwh_demanded=before.energy_kwh_demanded + demanded_kwh
    )


def at_rest(
    pool: Pool, state: CarrierState, *, demands_kw: Sequence[float], backup_kw_max: float
) -> CarrierState:
    """Show the flows of a network whose machines stand, before its first step."""
    demand_kw = sum(finite(demand_kw, "demand_kw") for demand_kw in demands_kw)
    has_some = state.energy_kwh > pool.energy_kwh_min
    flow_kw = -min(demand_kw, pool.flow_kw_max) if has_some else 0.0
    backup_kw = min(demand_kw + flow_kw, backup_kw_max)
    unserved_kw = demand_kw + flow_kw - backup_kw
    lacking = unserved_kw / demand_kw if demand_kw > 0.0 else 0.0
    deliveries = tuple(Delivery(flow_kw=one_kw * (1.0 - lacking)) for one_kw in demands_kw)
    return replace(
        state, deliveries=deliveries, flow_kw=flow_kw, backup_kw=backup_kw, unserved_kw=unserved_kw
    )
