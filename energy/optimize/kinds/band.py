"""The band of what a store holds, and what it must hold when the horizon ends."""

from typing import Any


def band(m: Any, t: int) -> Any:
    """Between its least and its greatest content; at the end at least what was asked for."""
    return (m.energy_kwh_end_min if t == m.T.last() else m.energy_kwh_min), m.energy_kwh_max


def end_least_kwh(energy_kwh_min: float, energy_kwh_end_min: float | None) -> float:
    """Give the least content at the end: no more than usual where nothing was asked for."""
    return energy_kwh_min if energy_kwh_end_min is None else energy_kwh_end_min
