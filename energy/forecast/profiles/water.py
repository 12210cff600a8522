"""When a town usually draws its drinking water.

There is no published standard for this. The shape is our assumption of a town's households: a third of the
mean at night, a peak in the morning, a lower one in the evening, all of it later at weekends. It serves
until the reservoir's own draw is measured.
"""

from functools import lru_cache

import numpy as np

from energy.domain import FloatArray
from energy.forecast.calendar import CALENDARS_KEPT, SATURDAY, Calendar
from energy.forecast.profiles.climate import HOURS_PER_YEAR

PUMPED_SHARE = 0.45
"""Of the pumps' rated power, the year's mean where nothing is said. An assumption: they are built to lift the
peak day's water, one and a half times the mean day's, in two thirds of a day."""
_HOURS = (0.0, 3.0, 5.0, 7.5, 10.0, 14.0, 16.0, 19.0, 21.0, 23.0, 24.0)
_SHARES = (0.55, 0.33, 0.55, 1.6, 1.3, 1.05, 1.05, 1.45, 1.15, 0.75, 0.55)
_WEEKEND_LATER_H = 1.5


@lru_cache(maxsize=CALENDARS_KEPT)
def water_drawn(calendar: Calendar) -> FloatArray:
    """Give the mean power that the water of each period asks for per kWh a year, shape (periods,)."""
    hour = (np.arange(calendar.slots) + 0.5) * 24.0 / calendar.slots
    workday = np.interp(hour, _HOURS, _SHARES)
    weekend = np.interp((hour - _WEEKEND_LATER_H) % 24.0, _HOURS, _SHARES)
    table = np.array([workday / workday.mean(), weekend / weekend.mean()])
    off = (calendar.day_class >= SATURDAY).astype(np.int64)[calendar.day]
    total: FloatArray = table[off, calendar.slot] / HOURS_PER_YEAR
    total.setflags(write=False)
    return total
