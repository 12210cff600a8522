"""What a leaking store holds under a flow that changes linearly: dE/dt = flow - loss * E, solved exactly."""

import math
from typing import NamedTuple

from energy.units import S_PER_H

SMALL = 1e-4
"""Below this exponent the closed form cancels; its series (to the third term) is exact to 1e-13."""
HALVINGS = 60
"""Bisections of a step: a thousandth of a nanosecond of an hour."""


class Flow(NamedTuple):
    """A flow into a store, positive, or out of it, negative."""

    start_kw: float
    slope_kw_per_s: float

    def at_kw(self, time_s: float) -> float:
        """Give the flow at a moment."""
        return self.start_kw + self.slope_kw_per_s * time_s

    def energy_kwh(self, time_s: float) -> float:
        """Give what has flowed by a moment."""
        return (self.start_kw + 0.5 * self.slope_kw_per_s * time_s) * time_s / S_PER_H


def stored_kwh(energy_kwh: float, flow: Flow, *, loss_per_s: float, time_s: float) -> float:
    """Give the content after a time, without any bound."""
    if loss_per_s == 0.0:
        return energy_kwh + flow.energy_kwh(time_s)
    exponent = loss_per_s * time_s
    kept_s = -math.expm1(-exponent) / loss_per_s
    if exponent < SMALL:
        rising_s2 = time_s * time_s * (0.5 - exponent / 6.0 + exponent * exponent / 24.0)
    else:
        rising_s2 = (time_s - kept_s) / loss_per_s
    moved_kws = flow.start_kw * kept_s + flow.slope_kw_per_s * rising_s2
    return energy_kwh * math.exp(-exponent) + moved_kws / S_PER_H


def turning_s(energy_kwh: float, flow: Flow, *, loss_per_s: float) -> float:
    """Give the moment at which the content turns from rising to falling or back; infinite where never."""
    net_kw = flow.start_kw - loss_per_s * energy_kwh * S_PER_H
    if flow.slope_kw_per_s == 0.0 or net_kw == 0.0 or (net_kw > 0.0) == (flow.slope_kw_per_s > 0.0):
        return math.inf
    if loss_per_s == 0.0:
        return -net_kw / flow.slope_kw_per_s
    return math.log1p(-net_kw * loss_per_s / flow.slope_kw_per_s) / loss_per_s


def reached_s(energy_kwh: float, flow: Flow, *, loss_per_s: float, time_s: float, goal_kwh: float) -> float:
    """Give the moment, up to ``time_s``, at which a content that only rises or only falls passes a goal."""
    rises = goal_kwh > energy_kwh
    early_s, late_s = 0.0, time_s
    for _ in range(HALVINGS):
        middle_s = 0.5 * (early_s + late_s)
        passed = stored_kwh(energy_kwh, flow, loss_per_s=loss_per_s, time_s=middle_s) >= goal_kwh
        if passed == rises:
            late_s = middle_s
        else:
            early_s = middle_s
    return late_s
