"""The fallback's rule for a load in blocks: a run begins as soon as one waits and may run to its end."""

import numpy as np

from energy.domain import AssetPlan
from energy.optimize.items import BlockLoad
from energy.periods import PERIOD_H

WHOLE_KWH = 1e-6
"""A block short of this much is whole."""


def block_plan(item: BlockLoad) -> AssetPlan:
    """Plan a load in blocks; what could not begin in time is left unserved."""
    periods = item.begin_share_max.size
    power_kw, running = item.carried_kw.copy(), (item.carried_kw > 0.0).astype(np.float64)
    unserved_kwh = np.zeros(periods)
    begun_kwh, free_from = 0.0, 0
    for period in range(periods):
        waits = begun_kwh + item.block_kwh <= item.begun_kwh_max[period] + WHOLE_KWH
        if waits and period >= free_from and item.begin_share_max[period] > 0.0:
            free_from = period + item.block_periods
            power_kw[period:free_from] += item.block_kw
            running[period:free_from] = 1.0
            begun_kwh += item.block_kwh
        unserved_kwh[period] = max(0.0, float(item.begun_kwh_min[period]) - begun_kwh)
        begun_kwh += unserved_kwh[period]
    backlog_kwh = item.arrived_kwh - np.cumsum(PERIOD_H * power_kw + unserved_kwh)
    states = {
        "energy_kwh_backlog": backlog_kwh,
        "power_kw_unserved": unserved_kwh / PERIOD_H,
        "running": running,
    }
    return AssetPlan(power_kw=power_kw, states=states)
