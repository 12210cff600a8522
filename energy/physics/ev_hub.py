"""A charging hub: vehicles bring wishes for energy and leave with or without it.

The vehicles that arrive in one quarter hour leave together ``dwell_h`` after its end, so that each stays at
least ``dwell_h``.
"""

from energy.physics.deferrable import DeferrableState, Patience, step_deferrable
from energy.region.ev_hub import EvHub
from energy.units import S_PER_H


def step_ev_hub(
    asset: EvHub, state: DeferrableState, *, arriving_kw: float, power_kw_max: float, dt_s: float
) -> DeferrableState:
    """Let wishes arrive at a constant rate and serve them up to a bound.

    Raises:
        ValueError: a value is not finite or the step is negative.
    """
    patience = Patience(
        wait_s=asset.dwell_h * S_PER_H,
        power_kw_max=asset.power_kw_max,
        ramp_kw_per_s=asset.ramp_kw_per_s,
    )
    return step_deferrable(patience, state, arriving_kw=arriving_kw, power_kw_max=power_kw_max, dt_s=dt_s)
