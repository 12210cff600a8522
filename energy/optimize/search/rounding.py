"""Whole numbers for machines: from a profile of wishes to one that may really be run.

The linear program lets a machine run by a fraction. A dynamic program over (running or standing, periods
since the last switch) finds the cheapest profile of 0 and 1 that keeps the least times, exactly.
"""

from dataclasses import dataclass

import numpy as np

from energy.domain import FloatArray
from energy.optimize.network_items import Machine

FORBIDDEN_EUR = 1e15
"""More than any profile costs, yet small enough to add up without an overflow."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Wish:
    """What running costs in each period (negative where it pays), and what a start costs."""

    running_eur: FloatArray
    start_eur: float


def profile_of(item: Machine, wish: Wish) -> FloatArray:
    """Give the cheapest profile of 0 and 1 that keeps least times, outages and limits; shape (periods,).

    States are ages: running for 1 ... uptime periods, then standing for 1 ... downtime periods, the last of
    each standing for "that long or longer". What is still to be kept from before the first period stands in
    ``running_share_min`` and ``_max``, so the machine begins with the greatest age.
    """
    up, down, periods = item.uptime_periods, item.downtime_periods, wish.running_eur.size
    size = up + down
    cost = np.full(size, FORBIDDEN_EUR)
    cost[up - 1 if item.running_before else size - 1] = 0.0
    came_from = np.zeros((periods, size), dtype=np.int64)
    states = np.arange(size)
    for period in range(periods):
        source = np.maximum(states - 1, 0)
        following = cost[source]
        # The oldest age of each side is also reached from itself; the youngest only by a switch.
        for oldest, youngest, switch_from, switch_eur in (
            (up - 1, 0, size - 1, wish.start_eur),
            (size - 1, up, up - 1, 0.0),
        ):
            if oldest == youngest:
                stay, switched = cost[oldest], cost[switch_from] + switch_eur
                following[oldest] = min(stay, switched)
                source[oldest] = oldest if stay <= switched else switch_from
                continue
            if cost[oldest] <= following[oldest]:
                following[oldest], source[oldest] = cost[oldest], oldest
            following[youngest], source[youngest] = cost[switch_from] + switch_eur, switch_from
        running = wish.running_eur[period] + (FORBIDDEN_EUR if item.running_share_max[period] < 1.0 else 0.0)
        standing = FORBIDDEN_EUR if item.running_share_min[period] > 0.0 else 0.0
        following[:up] += running
        following[up:] += standing
        cost = np.minimum(following, FORBIDDEN_EUR)
        came_from[period] = source
    state = int(np.argmin(cost))
    profile = np.zeros(periods)
    for period in reversed(range(periods)):
        profile[period] = 1.0 if state < up else 0.0
        state = int(came_from[period, state])
    return profile
