"""A battery: power follows its setpoint at the ramp until the store is full or empty.

Charging adds ``efficiency_charge`` of what is drawn; discharging takes the energy fed in over
``efficiency_discharge`` from the store. At a bound the power drops to 0 at once.
"""

from dataclasses import dataclass

from energy.physics.finite import clamp, duration, finite
from energy.physics.ramp import Stretch, seconds_until, stretches
from energy.region.battery import Battery


@dataclass(frozen=True, slots=True, kw_only=True)
class BatteryState:
    """State of a battery; ``energy_kwh`` is in store, the two registers count at the metering point."""

    power_kw: float = 0.0
    energy_kwh: float
    energy_kwh_drawn: float = 0.0
    energy_kwh_fed_in: float = 0.0


def step_battery(asset: Battery, state: BatteryState, *, wanted_kw: float, dt_s: float) -> BatteryState:
    """Follow a power over the step as far as the store allows.

    Raises:
        ValueError: a value is not finite or the step is negative.
    """
    target_kw = clamp(
        finite(wanted_kw, "wanted_kw"), -asset.power_kw_discharge_max, asset.power_kw_charge_max
    )
    left_s = duration(dt_s)
    while left_s > 0.0:
        power_kw = 0.0 if room_kwh(asset, state.energy_kwh, sign=state.power_kw) <= 0.0 else state.power_kw
        blocked = room_kwh(asset, state.energy_kwh, sign=target_kw) <= 0.0 and power_kw * target_kw >= 0.0
        goal_kw = 0.0 if blocked else target_kw
        for stretch in stretches(power_kw, goal_kw, ramp_kw_per_s=asset.ramp_kw_per_s, dt_s=left_s):
            moved = _possible(asset, state.energy_kwh, stretch)
            state = _after(asset, state, moved, stopped=moved is not stretch)
            left_s -= moved.duration_s
            if moved is not stretch:
                break
        else:
            break
    return state


def room_kwh(asset: Battery, energy_kwh: float, *, sign: float) -> float:
    """Give the energy at the metering point until charging (sign above 0) or discharging must stop."""
    if sign > 0.0:
        return (asset.energy_kwh_max - energy_kwh) / asset.efficiency_charge
    if sign < 0.0:
        return (energy_kwh - asset.energy_kwh_min) * asset.efficiency_discharge
    return float("inf")


def _possible(asset: Battery, energy_kwh: float, stretch: Stretch) -> Stretch:
    """Give the stretch itself, or its beginning up to the moment when the store stops it."""
    wanted_kwh = stretch.energy_kwh
    limit_kwh = room_kwh(asset, energy_kwh, sign=wanted_kwh)
    if abs(wanted_kwh) <= limit_kwh:
        return stretch
    return stretch.until(seconds_until(stretch, max(0.0, limit_kwh)))


def _after(asset: Battery, state: BatteryState, moved: Stretch, *, stopped: bool) -> BatteryState:
    moved_kwh = moved.energy_kwh
    drawn_kwh, fed_in_kwh = max(0.0, moved_kwh), max(0.0, -moved_kwh)
    energy_kwh = (
        state.energy_kwh + drawn_kwh * asset.efficiency_charge - fed_in_kwh / asset.efficiency_discharge
    )
    if (
        stopped and moved.duration_s > 0.0
    ):  # it ran into the bound: stand on it, not a rounding error beside it
        energy_kwh = asset.energy_kwh_max if moved_kwh > 0.0 else asset.energy_kwh_min
    return BatteryState(
        power_kw=0.0 if stopped else moved.end_kw,
        energy_kwh=energy_kwh,
        energy_kwh_drawn=state.energy_kwh_drawn + drawn_kwh,
        energy_kwh_fed_in=state.energy_kwh_fed_in + fed_in_kwh,
    )
