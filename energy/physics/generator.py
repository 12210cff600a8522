"""PV, wind and hydro: what nature gives, cut at a bound, approached at the plant's ramp.

Nature may take power away at any rate; what comes back, or is curtailed by command, follows the ramp.
"""

from dataclasses import dataclass

from energy.physics.finite import clamp, duration, finite
from energy.physics.ramp import stretches
from energy.region.generator import Generator
from energy.units import kwh_from_kw


@dataclass(frozen=True, slots=True, kw_only=True)
class GeneratorState:
    """State of a source; powers are negative or 0, energies count since commissioning."""

    power_kw: float = 0.0
    power_kw_available: float = 0.0
    energy_kwh_drawn: float = 0.0
    energy_kwh_fed_in: float = 0.0


def step_generator(
    asset: Generator, state: GeneratorState, *, available_kw: float, power_kw_min: float, dt_s: float
) -> GeneratorState:
    """Feed in towards what is available, never beyond the bound once the ramp has reached it.

    ``available_kw`` and ``power_kw_min`` are in our sign, so negative or 0; both hold over the whole step.

    Raises:
        ValueError: a value is not finite or the step is negative.
    """
    available_kw = clamp(finite(available_kw, "available_kw"), -asset.power_kw_rated, 0.0)
    bound_kw = clamp(finite(power_kw_min, "power_kw_min"), -asset.power_kw_rated, 0.0)
    power_kw = max(state.power_kw, available_kw)
    target_kw = max(bound_kw, available_kw)
    if power_kw == target_kw:
        fed_in_kwh = -kwh_from_kw(power_kw, duration(dt_s))
    else:
        way = stretches(power_kw, target_kw, ramp_kw_per_s=asset.ramp_kw_per_s, dt_s=duration(dt_s))
        fed_in_kwh = -sum(stretch.energy_kwh for stretch in way)
        power_kw = way[-1].end_kw if way else power_kw
    return GeneratorState(
        power_kw=power_kw,
        power_kw_available=available_kw,
        energy_kwh_drawn=state.energy_kwh_drawn,
        energy_kwh_fed_in=state.energy_kwh_fed_in + max(0.0, fed_in_kwh),
    )
