"""What is safe: the last check before a setpoint leaves, from one asset's own state.

Order matters. Refuse what is not a number first (a plain clamp turns NaN into full power), then ramp from
what the device holds, then the hard limits last, because a limit that just shrank must win over the ramp.
"""

import math
from dataclasses import dataclass

from energy.region.battery import Battery
from energy.region.ev_hub import EvHub
from energy.region.flexible_load import FlexibleLoad
from energy.region.generator import Generator
from energy.region.machine import Machine
from energy.region.pumped_reservoir import PumpedReservoir
from energy.units import S_PER_H


@dataclass(frozen=True, slots=True, kw_only=True)
class Gated:
    """What may leave, and which rule changed it (None when nothing did)."""

    power_kw: float
    rule: str | None


def gate(
    wanted_kw: float | None,
    *,
    bounds_kw: tuple[float, float],
    held_kw: float | None,
    ramp_kw: float,
    safe_kw: float,
) -> Gated:
    """Let a wish through as far as it is safe.

    Args:
        wanted_kw: None or a non-finite value is refused: the safe state goes out instead.
        bounds_kw: the hard limits, finite, least first.
        held_kw: what the device holds now; None when unknown, then no ramp is possible.
        ramp_kw: the largest change allowed in one tick, positive.
        safe_kw: the named safe state of the asset.
    """
    low, high = bounds_kw
    if wanted_kw is None or not math.isfinite(wanted_kw):
        return Gated(power_kw=_clamp(safe_kw, low, high), rule="refused: not a number")
    value, rule = wanted_kw, None
    if held_kw is not None and math.isfinite(held_kw):
        ramped = _clamp(value, held_kw - ramp_kw, held_kw + ramp_kw)
        if ramped != value:
            value, rule = ramped, "ramp"
    limited = _clamp(value, low, high)
    if limited != value:
        value, rule = limited, "hard limit"
    return Gated(power_kw=value, rule=rule)


def battery_bounds_kw(
    battery: Battery, energy_kwh: float | None, *, horizon_s: float
) -> tuple[float, float] | None:
    """Give the powers that keep the stored energy in its band over the horizon.

    A battery outside its band may only move back towards it. Returns None where the stored energy is
    unknown: then nothing but the safe state is allowed.

    Args:
        battery: the asset.
        energy_kwh: measured stored energy.
        horizon_s: how long a setpoint may stay in force, positive.
    """
    if energy_kwh is None or not math.isfinite(energy_kwh):
        return None
    hours = horizon_s / S_PER_H
    room_kwh = max(0.0, battery.energy_kwh_max - energy_kwh)
    stock_kwh = max(0.0, energy_kwh - battery.energy_kwh_kept)
    charge_kw = min(battery.power_kw_charge_max, room_kwh / battery.efficiency_charge / hours)
    discharge_kw = min(battery.power_kw_discharge_max, stock_kwh * battery.efficiency_discharge / hours)
    return -discharge_kw, charge_kw


def ramp_kw_of(
    asset: Battery | EvHub | FlexibleLoad | Generator | PumpedReservoir | Machine, *, tick_s: float
) -> float:
    """Give the largest change of the asset's setpoint in one tick, kW."""
    return asset.ramp_kw_per_s * tick_s


def _clamp(value: float, low: float, high: float) -> float:
    return max(low, min(high, value))
