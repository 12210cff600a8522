"""A feeder: whatever the assets behind it together draw or feed in."""

from energy.physics.meter import MeterState, step_meter


def step_feeder(state: MeterState, *, members_kw: float, members_kwh: float) -> MeterState:
    """Take the members' total power at the end of the step and their net energy over it.

    Raises:
        ValueError: a value is not finite.
    """
    return step_meter(state, power_kw=members_kw, energy_kwh=members_kwh)
