"""The band of what a store holds, and what it must hold when the horizon ends."""

from collections.abc import Iterable
from typing import Any

import numpy as np

from energy.domain import FloatArray


def band(m: Any, t: int) -> Any:
    """Between its least and its greatest content; at the end at least what was asked for."""
    return (m.energy_kwh_end_min if t == m.T.last() else m.energy_kwh_min), m.energy_kwh_max


def end_least_kwh(energy_kwh_min: FloatArray, energy_kwh_end_min: Iterable[float | None]) -> FloatArray:
    """Give the least content at the end, shape (assets,): no more than usual where nothing was asked for."""
    asked = np.array([np.nan if least is None else least for least in energy_kwh_end_min], dtype=np.float64)
    least: FloatArray = np.where(np.isnan(asked), energy_kwh_min, asked)
    return least
