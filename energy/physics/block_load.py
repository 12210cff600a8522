"""A load in blocks: a run begins when a whole one was asked for and its bound lets it, and goes to its end.

A run draws ``power_kw_max`` for ``block_h``; it switches in no time. A bound below that power lets none begin
and ends one in progress: what it had left waits again. A block that has not begun in time to end ``shift_h``
after the quarter hour in which its last kWh was asked for leaves unserved.
"""

from dataclasses import dataclass, replace

from energy.periods import PERIOD_S
from energy.physics.finite import duration, finite
from energy.region.flexible_load import FlexibleLoad
from energy.units import S_PER_H

EPSILON_KWH = 1e-9
"""A block short of this much is whole."""
EPSILON_S = 1e-6
"""Two moments closer than this are one."""
ROUNDING = 1e-3
"""A bound comes through a register: short of the power by no more than this share it still lets it run."""
URGENT_S = S_PER_H
"""Urgent is what must begin within the next hour."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BlockState:
    """State of a load in blocks; energies count since commissioning.

    ``elapsed_s`` is its own clock, whose multiples of 900 s are quarter hours. ``begin_by_s`` holds for each
    whole block that waits when it must begin at the latest; ``part_kwh`` is less than one.
    What arrived equals drawn plus unserved plus backlog.
    """

    is_running: bool = False
    running_s: float = 0.0
    left_kwh: float = 0.0
    """What the run in progress has still to draw."""
    power_kw: float = 0.0
    elapsed_s: float = 0.0
    begin_by_s: tuple[float, ...] = ()
    part_kwh: float = 0.0
    waiting_kwh: float = 0.0
    """Whole blocks that wait."""
    urgent_kwh: float = 0.0
    energy_kwh_drawn: float = 0.0
    energy_kwh_arrived: float = 0.0
    energy_kwh_unserved: float = 0.0
    blocks_broken: int = 0

    @property
    def energy_kwh_fed_in(self) -> float:
        """It only draws."""
        return 0.0

    @property
    def energy_kwh_backlog(self) -> float:
        """What is still wanted, what the run in progress has left included."""
        return self.waiting_kwh + self.part_kwh + self.left_kwh

    @property
    def energy_kwh_urgent(self) -> float:
        """The blocks that must begin within the next hour."""
        return self.urgent_kwh


def step_block(
    asset: FlexibleLoad, state: BlockState, *, demand_kw: float, power_kw_max: float, dt_s: float
) -> BlockState:
    """Let demand arrive at a constant rate and draw it in runs as far as the bound lets them begin.

    Raises:
        ValueError: a value is not finite or the step is negative.
    """
    demand_kw = max(0.0, finite(demand_kw, "demand_kw"))
    may_run = finite(power_kw_max, "power_kw_max") >= (1.0 - ROUNDING) * asset.power_kw_max
    left_s = duration(dt_s)
    while True:
        state = _switched(asset, state, may_run=may_run)
        if left_s <= EPSILON_S:
            break
        span_s = min(left_s, _until_event_s(asset, state, demand_kw))
        state = _moved(asset, state, demand_kw=demand_kw, span_s=span_s)
        left_s -= span_s
    soon_s = state.elapsed_s + URGENT_S
    return replace(
        state,
        waiting_kwh=asset.block_kwh * len(state.begin_by_s),
        urgent_kwh=asset.block_kwh * sum(begin_by_s <= soon_s for begin_by_s in state.begin_by_s),
    )


def _switched(asset: FlexibleLoad, state: BlockState, *, may_run: bool) -> BlockState:
    """End what is over, begin what waits, let go what is too late."""
    if state.is_running and not may_run:
        state = replace(
            _standing(state),
            part_kwh=state.part_kwh + state.left_kwh,
            blocks_broken=state.blocks_broken + 1,
        )
    if state.is_running and state.running_s >= asset.block_h * S_PER_H - EPSILON_S:
        state = replace(_standing(state), energy_kwh_drawn=state.energy_kwh_drawn + state.left_kwh)
    if state.part_kwh >= asset.block_kwh - EPSILON_KWH:
        quarter_end_s = ((state.elapsed_s - EPSILON_S) // PERIOD_S + 1.0) * PERIOD_S
        begin_by_s = quarter_end_s + (asset.shift_h - asset.block_h) * S_PER_H
        part_kwh = max(0.0, state.part_kwh - asset.block_kwh)
        state = replace(state, part_kwh=part_kwh, begin_by_s=(*state.begin_by_s, begin_by_s))
    if may_run and not state.is_running and state.begin_by_s:
        state = replace(
            state,
            is_running=True,
            power_kw=asset.power_kw_max,
            left_kwh=asset.block_kwh,
            begin_by_s=state.begin_by_s[1:],
        )
    late = sum(begin_by_s <= state.elapsed_s + EPSILON_S for begin_by_s in state.begin_by_s)
    return replace(
        state,
        begin_by_s=state.begin_by_s[late:],
        energy_kwh_unserved=state.energy_kwh_unserved + asset.block_kwh * late,
    )


def _standing(state: BlockState) -> BlockState:
    return replace(state, is_running=False, running_s=0.0, left_kwh=0.0, power_kw=0.0)


def _until_event_s(asset: FlexibleLoad, state: BlockState, demand_kw: float) -> float:
    """Give the time until a run ends, a block is whole, or one is too late; never nothing."""
    times_s = [float(PERIOD_S)]
    if state.is_running:
        times_s.append(asset.block_h * S_PER_H - state.running_s)
    if demand_kw > 0.0:
        times_s.append((asset.block_kwh - state.part_kwh) / demand_kw * S_PER_H)
    if state.begin_by_s:
        times_s.append(state.begin_by_s[0] - state.elapsed_s)
    return max(EPSILON_S, min(times_s))


def _moved(asset: FlexibleLoad, state: BlockState, *, demand_kw: float, span_s: float) -> BlockState:
    arrived_kwh = demand_kw * span_s / S_PER_H
    drawn_kwh = min(state.left_kwh, asset.power_kw_max * span_s / S_PER_H) if state.is_running else 0.0
    return replace(
        state,
        running_s=state.running_s + span_s if state.is_running else 0.0,
        left_kwh=state.left_kwh - drawn_kwh,
        elapsed_s=state.elapsed_s + span_s,
        part_kwh=state.part_kwh + arrived_kwh,
        energy_kwh_drawn=state.energy_kwh_drawn + drawn_kwh,
        energy_kwh_arrived=state.energy_kwh_arrived + arrived_kwh,
    )
