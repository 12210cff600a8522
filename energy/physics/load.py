"""A load: it draws what people want, within its connection."""

from energy.physics.finite import clamp, finite
from energy.physics.meter import MeterState, step_constant
from energy.region.load import Load


def step_load(asset: Load, state: MeterState, *, power_kw: float, dt_s: float) -> MeterState:
    """Draw a power over the step.

    Raises:
        ValueError: a value is not finite or the step is negative.
    """
    drawn_kw = clamp(finite(power_kw, "power_kw"), 0.0, asset.power_kw_max)
    return step_constant(state, power_kw=drawn_kw, dt_s=dt_s)
