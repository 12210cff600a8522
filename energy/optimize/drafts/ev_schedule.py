"""When the energy that vehicles wish for arrives, and when it is due at the latest."""

import numpy as np

from energy.domain import FloatArray
from energy.periods import PERIOD_H

URGENT_H = 1.0
"""Urgent means due within the next hour (domain.Point.ENERGY_KWH_URGENT)."""


def arrived_energy_kwh(backlog_kwh: float, demand_kw: FloatArray) -> FloatArray:
    """Give the wishes that have arrived by the end of each period, the backlog included; shape (periods,)."""
    arrived: FloatArray = backlog_kwh + np.cumsum(demand_kw) * PERIOD_H
    return arrived


def due_energy_kwh(
    *, backlog_kwh: float, urgent_kwh: float, demand_kw: FloatArray, dwell_h: float
) -> FloatArray:
    """Give the energy that must be settled by the end of each period, cumulative; shape (periods,).

    Departures are unknown to us one by one, so they are taken as evenly spread: the urgent part over the
    next hour, the rest of the backlog from then until ``dwell_h``. What arrives in a period is due
    ``dwell_h`` after the period's start, rounded down to whole periods.

    >>> due_energy_kwh(backlog_kwh=8.0, urgent_kwh=4.0, demand_kw=np.zeros(8), dwell_h=2.0).tolist()
    [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0]
    >>> due_energy_kwh(backlog_kwh=0.0, urgent_kwh=0.0, demand_kw=np.full(6, 4.0), dwell_h=1.0).tolist()
    [0.0, 0.0, 0.0, 1.0, 2.0, 3.0]
    """
    elapsed_h = PERIOD_H * np.arange(1, demand_kw.size + 1)
    urgent = urgent_kwh * np.clip(elapsed_h / URGENT_H, 0.0, 1.0)
    later_h = dwell_h - URGENT_H
    share = np.clip((elapsed_h - URGENT_H) / later_h, 0.0, 1.0) if later_h > 0.0 else elapsed_h >= URGENT_H
    rest = (backlog_kwh - urgent_kwh) * share
    delay = max(0, int(dwell_h // PERIOD_H) - 1)
    arrivals = np.zeros(demand_kw.size)
    arrivals[delay:] = np.cumsum(demand_kw)[: max(0, demand_kw.size - delay)] * PERIOD_H
    due: FloatArray = urgent + rest + arrivals
    return due
