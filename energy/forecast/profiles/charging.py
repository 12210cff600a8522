"""When vehicles usually arrive at a charging hub and ask for energy.

There is no published standard for this. The shape is our assumption, drawn from when trips by car end (survey
"Mobilität in Deutschland" 2017): a hump at the start of work, a wider one after it, at weekends one in the
afternoon, and fewer trips on Sundays. It serves until a hub's own arrivals are measured.
"""

from functools import lru_cache

import numpy as np

from energy.domain import FloatArray
from energy.forecast.calendar import CALENDARS_KEPT, SATURDAY, Calendar
from energy.forecast.profiles.climate import HOURS_PER_YEAR

FULL_LOAD_H = 1000.0
"""Hours a year at its connection that a hub's energy is taken for, where nothing is said: about an eighth of
the time, an assumption."""
_EVEN_SHARE = 0.1
_HUMPS: tuple[tuple[float, tuple[tuple[float, float, float], ...]], ...] = (
    (1.1, ((8.0, 1.3, 0.35), (17.5, 2.5, 0.65))),
    (0.95, ((13.5, 3.5, 1.0),)),
    (0.7, ((15.0, 3.5, 1.0),)),
)
"""For workdays, Saturdays, Sundays and holidays: the day's level, and humps by hour, width and share."""


@lru_cache(maxsize=CALENDARS_KEPT)
def charging(calendar: Calendar) -> FloatArray:
    """Give the mean power asked for in each period per kWh a year, shape (periods,), read-only."""
    day_type = np.clip(calendar.day_class - (SATURDAY - 1), 0, 2)[calendar.day]
    total: FloatArray = _table(calendar.slots)[day_type, calendar.slot] / HOURS_PER_YEAR
    total.setflags(write=False)
    return total


def _table(slots: int) -> FloatArray:
    """Give shares of the year's mean, shape (types of day, slots); a week of them has the mean 1."""
    hour = (np.arange(slots) + 0.5) * 24.0 / slots
    rows = []
    for level, humps in _HUMPS:
        row = np.full(slots, _EVEN_SHARE)
        for middle, width, share in humps:
            away = (hour - middle + 12.0) % 24.0 - 12.0
            hump = np.exp(-0.5 * (away / width) ** 2)
            row += (1.0 - _EVEN_SHARE) * share * hump / hump.mean()
        rows.append(level * row)
    table = np.array(rows)
    week = (5.0 * table[0] + table[1] + table[2]).mean() / 7.0
    shares: FloatArray = table / week
    return shares
