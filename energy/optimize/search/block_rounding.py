"""Whole numbers for loads in blocks: when their runs begin, by an exact dynamic program at given costs."""

import numpy as np

from energy.domain import FloatArray
from energy.optimize.items import BlockLoad
from energy.optimize.search.rounding import FORBIDDEN_EUR


def begins_of(item: BlockLoad, begin_eur: FloatArray, *, unserved_eur: float) -> FloatArray:
    """Give the cheapest begins, 0 or 1 in each period, shape (periods,).

    The state is how many blocks have begun or were left before a period in which nothing runs. A block is
    left unserved, for ``unserved_eur``, no sooner than it must: until then it may still be begun.
    """
    periods = begin_eur.size
    least = np.round(item.begun_kwh_min / item.block_kwh).astype(np.int64)
    most = np.round(item.begun_kwh_max / item.block_kwh).astype(np.int64)
    count = np.arange(int(most.max(initial=0)) + 1)
    to_go = np.zeros((periods + 1, count.size))
    begins = np.zeros((periods, count.size), dtype=np.bool_)
    for period in reversed(range(periods)):
        after = np.maximum(count, least[period])
        waiting_eur = unserved_eur * (after - count) + to_go[period + 1][after]
        end = min(period + item.block_periods, periods)
        begun = np.minimum(count + 1, count[-1])
        after = np.maximum(begun, least[end - 1])
        running_eur = begin_eur[period] + unserved_eur * (after - begun) + to_go[end][after]
        may = (count + 1 <= most[period]) & (item.begin_share_max[period] > 0.0)
        running_eur = np.where(may, running_eur, FORBIDDEN_EUR)
        begins[period] = running_eur < waiting_eur
        to_go[period] = np.minimum(waiting_eur, running_eur)
    found = np.zeros(periods)
    period, state = 0, 0
    while period < periods:
        if begins[period, state]:
            found[period] = 1.0
            period = min(period + item.block_periods, periods)
            state += 1
        else:
            period += 1
        state = max(state, int(least[period - 1]))
    return found
