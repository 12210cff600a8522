"""The daily offtake of hydrogen, quarter hour by quarter hour."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np

from energy.domain import FloatArray
from energy.periods import PERIOD, PERIOD_S
from energy.physics.hydrogen_storage import offtake_of
from energy.region.hydrogen_storage import HydrogenStorage


def offtake_kw(asset: HydrogenStorage, *, zone: ZoneInfo, start: datetime, periods: int) -> FloatArray:
    """Give the mean power of the offtake in each period, shape (periods,)."""
    begin_s = start.timestamp() + PERIOD_S * np.arange(periods)
    mean_kw = np.zeros(periods)
    day = start.astimezone(zone).date()
    last = (start + periods * PERIOD).astimezone(zone).date()
    while day <= last:
        from_s, until_s, power_kw = offtake_of(asset, day=day, zone=zone)
        covered_s = np.minimum(begin_s + PERIOD_S, until_s) - np.maximum(begin_s, from_s)
        mean_kw += power_kw * np.maximum(0.0, covered_s) / PERIOD_S
        day += timedelta(days=1)
    return mean_kw
