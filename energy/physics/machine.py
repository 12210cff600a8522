"""A machine that runs or stands: it switches in no time, and moves at its ramp while it runs.

Powers here are magnitudes at the metering point. A start jumps to the least load, a stop falls from it;
output and fuel go along straight lines of the power while it runs. Once started it runs at least its minimum
up time, once stopped it stands at least its minimum down time; it sees to that itself. Only protection stops
it earlier.
"""

import math
from dataclasses import dataclass
from typing import NamedTuple

from energy.physics.finite import clamp, finite
from energy.region.machine import Machine
from energy.units import S_PER_H

EPSILON_S = 1e-6
"""Two moments closer than this are one; it keeps rounding from cutting steps for ever."""
STANDING_S_AT_START = 48.0 * S_PER_H
"""How long a machine has stood when a simulation begins: the longest minimum down time."""


class Curve(NamedTuple):
    """What a machine does at each power: straight lines through what they are at 0 and per kW.

    Above ``power_kw_bend`` each kW gives ``output_kw_per_kw_bent`` more (or less, below 0) than beneath it.
    """

    power_kw_least: float
    power_kw_rated: float
    power_kw_standing: float
    """What it draws while it stands."""
    ramp_kw_per_s: float
    uptime_s_min: float
    downtime_s_min: float
    output_kw_at_0: float
    output_kw_per_kw: float
    fuel_kw_at_0: float = 0.0
    fuel_kw_per_kw: float = 0.0
    power_kw_bend: float = math.inf
    output_kw_per_kw_bent: float = 0.0

    def output_kw(self, state: "MachineState") -> float:
        """What it gives: heat, hydrogen, water."""
        return self.output_kw_at(state.level_kw) if state.is_running else 0.0

    def output_kw_at(self, power_kw: float) -> float:
        """What it gives at a power while it runs."""
        bent_kw = self.output_kw_per_kw_bent * max(0.0, power_kw - self.power_kw_bend)
        return self.output_kw_at_0 + self.output_kw_per_kw * power_kw + bent_kw

    def output_kw_per_kw_of(self, phase: "Phase") -> float:
        """What each kW more gives in a phase, which never crosses the bend."""
        middle_kw = 0.5 * (phase.state.level_kw + phase.goal_kw)
        bent = self.output_kw_per_kw_bent if middle_kw > self.power_kw_bend else 0.0
        return self.output_kw_per_kw + bent

    def power_kw_for(self, output_kw: float) -> float:
        """The power between least and rated that comes nearest to an output; 0 where none is wanted."""
        if output_kw <= 0.0:
            return 0.0
        if self.output_kw_per_kw <= 0.0:
            return self.power_kw_rated
        power_kw = (output_kw - self.output_kw_at_0) / self.output_kw_per_kw
        slope = self.output_kw_per_kw + self.output_kw_per_kw_bent
        if power_kw > self.power_kw_bend:
            beyond_kw = output_kw - self.output_kw_at(self.power_kw_bend)
            power_kw = self.power_kw_bend + beyond_kw / slope if slope > 0.0 else self.power_kw_rated
        return clamp(power_kw, self.power_kw_least, self.power_kw_rated)


@dataclass(frozen=True, slots=True, kw_only=True)
class MachineState:
    """State of a machine; ``level_kw`` is its power as a magnitude, energies count since commissioning.

    ``is_asked`` is whether its own control asks it to run; while somebody else commands it, that follows
    what it does.
    """

    level_kw: float = 0.0
    is_running: bool = False
    is_asked: bool = False
    running_s: float = 0.0
    standing_s: float = STANDING_S_AT_START
    starts: int = 0
    energy_kwh: float = 0.0
    output_kwh: float = 0.0
    fuel_kwh: float = 0.0


class Phase(NamedTuple):
    """A time over which a machine neither switches nor changes its slope."""

    state: MachineState
    goal_kw: float
    slope_kw_per_s: float
    lasts_s: float


def line(*, at_least: float, at_rated: float, asset: Machine) -> tuple[float, float]:
    """Give the straight line through two points: its value at 0 kW, and its slope per kW."""
    slope = (at_rated - at_least) / (asset.power_kw_rated - asset.power_kw_least)
    return at_least - slope * asset.power_kw_least, slope


def phase_of(curve: Curve, state: MachineState, *, wanted_kw: float, is_blocked: bool) -> Phase:
    """Switch as far as that is due now and give what follows, until its next own event.

    ``is_blocked`` is protection: the machine stops at once and does not start.

    Raises:
        ValueError: the wanted power is not finite.
    """
    finite(wanted_kw, "wanted_kw")
    stand = is_blocked or wanted_kw <= 0.0 or wanted_kw < 0.5 * curve.power_kw_least
    if state.is_running:
        if not stand:
            return _ramp(curve, state, clamp(wanted_kw, curve.power_kw_least, curve.power_kw_rated))
        if not is_blocked:
            if state.level_kw > curve.power_kw_least:
                return _ramp(curve, state, curve.power_kw_least)
            left_s = curve.uptime_s_min - state.running_s
            if left_s > EPSILON_S:
                return Phase(state, state.level_kw, 0.0, left_s)
        state = _switched(state, is_running=False, level_kw=curve.power_kw_standing)
    if stand:
        return Phase(state, state.level_kw, 0.0, math.inf)
    left_s = curve.downtime_s_min - state.standing_s
    if left_s > EPSILON_S:
        return Phase(state, state.level_kw, 0.0, left_s)
    state = _switched(state, is_running=True, level_kw=curve.power_kw_least)
    return _ramp(curve, state, clamp(wanted_kw, curve.power_kw_least, curve.power_kw_rated))


def advance(curve: Curve, phase: Phase, *, dt_s: float) -> MachineState:
    """Follow a phase for a time no longer than it lasts."""
    state = phase.state
    if phase.slope_kw_per_s == 0.0:
        end_kw = state.level_kw
    elif dt_s >= phase.lasts_s - EPSILON_S:
        end_kw = phase.goal_kw
    else:
        end_kw = state.level_kw + phase.slope_kw_per_s * dt_s
    energy_kwh = 0.5 * (state.level_kw + end_kw) * dt_s / S_PER_H
    if not state.is_running:
        return MachineState(
            level_kw=end_kw,
            is_asked=state.is_asked,
            standing_s=state.standing_s + dt_s,
            starts=state.starts,
            energy_kwh=state.energy_kwh + energy_kwh,
            output_kwh=state.output_kwh,
            fuel_kwh=state.fuel_kwh,
        )
    dt_h = dt_s / S_PER_H
    return MachineState(
        level_kw=end_kw,
        is_running=True,
        is_asked=state.is_asked,
        running_s=state.running_s + dt_s,
        standing_s=0.0,
        starts=state.starts,
        energy_kwh=state.energy_kwh + energy_kwh,
        output_kwh=state.output_kwh + curve.output_kw_at(0.5 * (state.level_kw + end_kw)) * dt_h,
        fuel_kwh=state.fuel_kwh + curve.fuel_kw_at_0 * dt_h + curve.fuel_kw_per_kw * energy_kwh,
    )


def _ramp(curve: Curve, state: MachineState, goal_kw: float) -> Phase:
    if (state.level_kw - curve.power_kw_bend) * (goal_kw - curve.power_kw_bend) < 0.0:
        goal_kw = curve.power_kw_bend
    way_kw = goal_kw - state.level_kw
    if way_kw == 0.0:
        return Phase(state, goal_kw, 0.0, math.inf)
    slope_kw_per_s = math.copysign(curve.ramp_kw_per_s, way_kw)
    return Phase(state, goal_kw, slope_kw_per_s, way_kw / slope_kw_per_s)


def _switched(state: MachineState, *, is_running: bool, level_kw: float) -> MachineState:
    return MachineState(
        level_kw=level_kw,
        is_running=is_running,
        is_asked=state.is_asked,
        running_s=0.0,
        standing_s=0.0,
        starts=state.starts + int(is_running),
        energy_kwh=state.energy_kwh,
        output_kwh=state.output_kwh,
        fuel_kwh=state.fuel_kwh,
    )
