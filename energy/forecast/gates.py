"""When forecasts are made: for each period, how much was known."""

from dataclasses import dataclass
from datetime import time
from typing import Protocol

import numpy as np

from energy.forecast.calendar import Calendar, IntArray

_GOLDEN = 0.6180339887498949
"""Fractional part of the golden ratio: its multiples fill 0 to 1 evenly without repeating."""


class Gates(Protocol):
    """Gives the gate that a period is forecast at.

    ``near`` is True where forecasts begin at the gate, so that the last measured value counts most.
    """

    @property
    def near(self) -> bool:
        """Whether the first period forecast is the one after the gate."""
        ...

    def gate_of(self, calendar: Calendar, index: IntArray) -> IntArray:
        """Give for each period how many are known at its gate; 0 where no gate is that early."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveGates:
    """Every quarter hour a forecast: all leads up to the horizon, the near ones more often."""

    horizon_h: float = 48.0

    @property
    def near(self) -> bool:
        """The next quarter hour is forecast too."""
        return True

    def gate_of(self, calendar: Calendar, index: IntArray) -> IntArray:
        """Draw one lead for each period, by its number, so that the same history gives the same draw."""
        horizon = self.horizon_h * 3600.0 / calendar.step_s
        drawn = np.mod(index * _GOLDEN, 1.0) ** 2
        gate: IntArray = np.maximum(index - np.floor(drawn * horizon).astype(np.int64), 0)
        return gate


@dataclass(frozen=True, slots=True, kw_only=True)
class DayAheadGate:
    """One forecast a day for the whole next local day, at a local time of the day before."""

    at: time
    published: bool = False
    """True where values up to the next midnight are already out at the gate (day-ahead prices)."""

    @property
    def near(self) -> bool:
        """Half a day lies between the gate and the first period, but for what is published ahead."""
        return False

    def gate_of(self, calendar: Calendar, index: IntArray) -> IntArray:
        """Give the periods that ended by the gate on the local day before."""
        if self.published:
            gate = calendar.index_of[calendar.day[index], 0]
            return np.where(gate > 0, gate, 0)
        slot = (self.at.hour * 3600 + self.at.minute * 60) // calendar.step_s
        day = calendar.day[index] - 1
        gate = calendar.index_of[np.maximum(day, 0), slot]
        return np.where((day >= 0) & (gate > 0), gate, 0)
