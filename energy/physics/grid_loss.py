"""Grid losses: a fraction of what the loads draw."""

from energy.physics.finite import finite
from energy.physics.meter import MeterState, step_constant
from energy.region.grid_loss import GridLoss


def step_grid_loss(asset: GridLoss, state: MeterState, *, load_kw: float, dt_s: float) -> MeterState:
    """Lose a fraction of the loads' total power over the step.

    Raises:
        ValueError: a value is not finite or the step is negative.
    """
    lost_kw = asset.fraction_of_load * max(0.0, finite(load_kw, "load_kw"))
    return step_constant(state, power_kw=lost_kw, dt_s=dt_s)
