"""A large consumer under a bound: what is held back is caught up in time (shift) or lost (shed)."""

from dataclasses import dataclass

from energy.physics.deferrable import DeferrableState, Patience, step_deferrable
from energy.physics.finite import clamp, duration, finite
from energy.physics.ramp import stretches
from energy.region.flexible_load import FlexibleLoad
from energy.units import S_PER_H, kwh_from_kw


@dataclass(frozen=True, slots=True, kw_only=True)
class ShedState:
    """State of a load that can do without; ``bound_kw`` is how far the bound has moved so far.

    What was wanted (``energy_kwh_arrived``) equals drawn plus unserved.
    """

    power_kw: float = 0.0
    bound_kw: float
    energy_kwh_drawn: float = 0.0
    energy_kwh_arrived: float = 0.0
    energy_kwh_unserved: float = 0.0

    @property
    def energy_kwh_fed_in(self) -> float:
        """It only draws."""
        return 0.0

    @property
    def energy_kwh_backlog(self) -> float:
        """Nothing waits: what is held back is lost."""
        return 0.0

    @property
    def energy_kwh_urgent(self) -> float:
        """Nothing waits."""
        return 0.0


def step_shift(
    asset: FlexibleLoad, state: DeferrableState, *, demand_kw: float, power_kw_max: float, dt_s: float
) -> DeferrableState:
    """Let demand arrive at a constant rate and serve it up to a bound, within ``shift_h``.

    Raises:
        ValueError: a value is not finite or the step is negative.
    """
    patience = Patience(
        wait_s=asset.shift_h * S_PER_H,
        power_kw_max=asset.power_kw_max,
        ramp_kw_per_s=asset.ramp_kw_per_s,
    )
    return step_deferrable(patience, state, arriving_kw=demand_kw, power_kw_max=power_kw_max, dt_s=dt_s)


def step_shed(
    asset: FlexibleLoad, state: ShedState, *, demand_kw: float, power_kw_max: float, dt_s: float
) -> ShedState:
    """Draw what is wanted up to a bound, which takes hold and lets go at the ramp.

    Raises:
        ValueError: a value is not finite or the step is negative.
    """
    demand_kw = clamp(finite(demand_kw, "demand_kw"), 0.0, asset.power_kw_max)
    goal_kw = clamp(finite(power_kw_max, "power_kw_max"), 0.0, asset.power_kw_max)
    left_s = duration(dt_s)
    bound_kw = state.bound_kw
    if goal_kw < bound_kw and left_s > 0.0:
        bound_kw = max(goal_kw, min(bound_kw, demand_kw))
    drawn_kwh = 0.0
    for stretch in stretches(bound_kw, goal_kw, ramp_kw_per_s=asset.ramp_kw_per_s, dt_s=left_s):
        drawn_kwh += _below(demand_kw, *stretch) / S_PER_H
        bound_kw = stretch.end_kw
    wanted_kwh = kwh_from_kw(demand_kw, dt_s)
    return ShedState(
        power_kw=min(demand_kw, bound_kw),
        bound_kw=bound_kw,
        energy_kwh_drawn=state.energy_kwh_drawn + drawn_kwh,
        energy_kwh_arrived=state.energy_kwh_arrived + wanted_kwh,
        energy_kwh_unserved=state.energy_kwh_unserved + max(0.0, wanted_kwh - drawn_kwh),
    )


def _below(demand_kw: float, duration_s: float, start_kw: float, end_kw: float) -> float:
    """Give the integral, in kWs, of the smaller of a demand and a bound that moves in a straight line."""
    low_kw, high_kw = min(start_kw, end_kw), max(start_kw, end_kw)
    if demand_kw >= high_kw:
        return 0.5 * (low_kw + high_kw) * duration_s
    if demand_kw <= low_kw:
        return demand_kw * duration_s
    under_s = duration_s * (demand_kw - low_kw) / (high_kw - low_kw)
    return 0.5 * (low_kw + demand_kw) * under_s + demand_kw * (duration_s - under_s)
