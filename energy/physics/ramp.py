"""The way of a power to its target at a limited rate, as straight stretches that never cross zero."""

import math
from typing import NamedTuple

from energy.units import S_PER_H


class Stretch(NamedTuple):
    """A time over which power changes linearly and keeps its sign."""

    duration_s: float
    start_kw: float
    end_kw: float

    @property
    def energy_kwh(self) -> float:
        """The energy of the stretch, with the sign of its power."""
        return 0.5 * (self.start_kw + self.end_kw) * self.duration_s / S_PER_H

    @property
    def slope_kw_per_s(self) -> float:
        """How fast the power rises."""
        return (self.end_kw - self.start_kw) / self.duration_s

    def until(self, duration_s: float) -> "Stretch":
        """Give the beginning of the stretch."""
        return Stretch(duration_s, self.start_kw, self.start_kw + self.slope_kw_per_s * duration_s)


def stretches(power_kw: float, target_kw: float, *, ramp_kw_per_s: float, dt_s: float) -> list[Stretch]:
    """Split the way from a power to its target into stretches whose durations add up to ``dt_s``.

    >>> for stretch in stretches(-10.0, 10.0, ramp_kw_per_s=5.0, dt_s=5.0):
    ...     print(tuple(stretch))
    (2.0, -10.0, 0.0)
    (2.0, 0.0, 10.0)
    (1.0, 10.0, 10.0)
    """
    way: list[Stretch] = []
    left_s = dt_s
    for goal_kw in (0.0, target_kw) if power_kw * target_kw < 0.0 else (target_kw,):
        if power_kw == goal_kw or left_s <= 0.0:
            continue
        needed_s = abs(goal_kw - power_kw) / ramp_kw_per_s
        if needed_s <= left_s:
            span_s, end_kw = needed_s, goal_kw
        else:
            span_s, end_kw = left_s, power_kw + math.copysign(ramp_kw_per_s * left_s, goal_kw - power_kw)
        if span_s > 0.0:
            way.append(Stretch(span_s, power_kw, end_kw))
        power_kw = end_kw
        left_s -= span_s
    if left_s > 0.0:
        way.append(Stretch(left_s, power_kw, power_kw))
    return way


def seconds_until(stretch: Stretch, energy_kwh: float) -> float:
    """Give the time after which a stretch has moved an energy (a magnitude, at most the stretch's own)."""
    start_kw, end_kw = abs(stretch.start_kw), abs(stretch.end_kw)
    slope_kw_per_s = (end_kw - start_kw) / stretch.duration_s
    energy_kws = energy_kwh * S_PER_H
    root_kw = math.sqrt(max(0.0, start_kw * start_kw + 2.0 * slope_kw_per_s * energy_kws))
    divisor_kw = start_kw + root_kw
    if divisor_kw <= 0.0:
        return 0.0
    return min(stretch.duration_s, 2.0 * energy_kws / divisor_kw)
