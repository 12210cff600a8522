"""What devices do that nobody commands: they switch by a store's level, with a gap against flapping.

Levels are fractions of the store's band, chosen for this simulation: the heat pump comes first, then the CHP,
and the boiler when the store is used up.
"""

from typing import NamedTuple

CHP_START = 0.3
CHP_STOP = 0.9
"""A wide gap: long runs, few starts; a tenth stays free for the heat pump and for stopping."""
HEAT_PUMP_START = 0.4
HEAT_PUMP_STOP = 0.8
"""Before the CHP, since a heat pump runs well at part load and has the lower temperature."""
PUMPS_START = 0.4
PUMPS_STOP = 0.9
"""Of the band above the fire-water reserve, which so is never needed."""
ELECTROLYSER_START = 0.8
ELECTROLYSER_STOP = 1.0
"""It runs flat until the store is full, and goes on before much of it is used."""
FULL_RELEASE = 0.95
"""Protection stops what fills a store that is full; nothing may fill it again above this."""


class OwnControl(NamedTuple):
    """Runs at a power from the moment the store falls to one content until it has risen to the other."""

    start_kwh: float
    stop_kwh: float
    power_kw: float

    def asks(self, energy_kwh: float, *, asked: bool) -> bool:
        """Tell whether it asks the machine to run."""
        if energy_kwh <= self.start_kwh:
            return True
        return asked and energy_kwh < self.stop_kwh


def between(low_kwh: float, high_kwh: float, *, fraction: float) -> float:
    """Give the content at a fraction of a band."""
    return low_kwh + fraction * (high_kwh - low_kwh)
