"""What a meter holds: the power now and two energy registers that only count upwards."""

from dataclasses import dataclass

from energy.physics.finite import duration, finite
from energy.units import kwh_from_kw


@dataclass(frozen=True, slots=True, kw_only=True)
class MeterState:
    """State of an asset that is only measured; energies count since commissioning."""

    power_kw: float = 0.0
    energy_kwh_drawn: float = 0.0
    energy_kwh_fed_in: float = 0.0


def step_meter(state: MeterState, *, power_kw: float, energy_kwh: float) -> MeterState:
    """Count the net energy of a step and show the power at its end.

    Raises:
        ValueError: a value is not finite.
    """
    finite(power_kw, "power_kw")
    finite(energy_kwh, "energy_kwh")
    return MeterState(
        power_kw=power_kw,
        energy_kwh_drawn=state.energy_kwh_drawn + max(0.0, energy_kwh),
        energy_kwh_fed_in=state.energy_kwh_fed_in + max(0.0, -energy_kwh),
    )


def step_constant(state: MeterState, *, power_kw: float, dt_s: float) -> MeterState:
    """Hold a power over a step.

    Raises:
        ValueError: a value is not finite or the step is negative.
    """
    energy_kwh = kwh_from_kw(finite(power_kw, "power_kw"), duration(dt_s))
    return MeterState(
        power_kw=power_kw,
        energy_kwh_drawn=state.energy_kwh_drawn + (energy_kwh if energy_kwh > 0.0 else 0.0),
        energy_kwh_fed_in=state.energy_kwh_fed_in - (energy_kwh if energy_kwh < 0.0 else 0.0),
    )
