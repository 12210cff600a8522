"""Notices values that leap though they cannot: energy cannot change faster than power moves it.

What must agree with the asset: its store, its counters, its power on the way up, the water in a reservoir,
the temperature outside. Power falls at any rate (protection), so only its rise is held against the ramp, and
only where a machine keeps one: sun, wind and water rise as they like.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from energy.devices.nameplate import heat_kw_nameplate, power_kw_bounds
from energy.domain import Point, Quality
from energy.region.battery import Battery
from energy.region.heat_storage import HeatStorage
from energy.region.machine import Machine
from energy.region.model import Asset, Region
from energy.region.pumped_reservoir import PumpedReservoir
from energy.units import S_PER_H

MARGIN = 1.5
"""Sources exceed their rating by some percent, counters are read a little late: half as much again."""
SLACK_STEPS = 2.0
"""Rounding of two readings, each to a step of the register."""
STORE_SLACK_FRACTION = 0.002
"""Of a store's capacity: what content computed by its controller from voltages or levels jitters."""
RAMP_MARGIN = 2.0
POWER_SLACK_FRACTION = 0.05
"""Of the nameplate: overshoot of a controller, and what a meter rounds."""
VOLUME_FALL_FACTOR = 3.0
"""A town at its peak, or a hydrant, draws more than its pumps give: three times the pumps' flow."""
VOLUME_SLACK_FRACTION = 0.01
"""Of the reservoir: waves at the level sensor."""
TEMPERATURE_SLACK_K = 10.0
"""A sensor in the sun, a front, an hour's value that replaces the last."""
TEMPERATURE_K_PER_S_MAX = 0.1
FLOAT_SLACK_FRACTION = 2.0**-20
"""Of the value: what floats of 32 bits round (2**-24), with room."""
REFRESH_S_MAX = 900.0
"""A logger may refresh its counters each quarter hour, and show the whole wait's energy at once."""
READINGS_TO_ACCEPT = 3
"""A level that so many readings in a row agree on is the truth: a meter or a controller was changed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RateBound:
    """A value that falls and rises at limited rates, in its unit a second."""

    fall_per_s_max: float
    rise_per_s_max: float
    slack: float
    wait_s_max: float = 0.0
    """It may stand still so long and then change by all that time's worth."""

    def allows(self, before: float, after: float, *, span_s: float, slack: float) -> bool:
        """Tell whether a value can have become another within a span."""
        room = self.slack + slack
        rise = after - before
        return -self.fall_per_s_max * span_s - room <= rise <= self.rise_per_s_max * span_s + room


@dataclass(frozen=True, slots=True, kw_only=True)
class RiseBound:
    """A power whose magnitude rises at a limited rate; a start leaps to the least load."""

    ramp_kw_per_s: float
    least_kw: float
    slack_kw: float

    def allows(self, before: float, after: float, *, span_s: float, slack: float) -> bool:
        """Tell whether a power can have become another within a span."""
        highest_kw = max(abs(before), self.least_kw) + self.ramp_kw_per_s * span_s
        return abs(after) <= highest_kw + self.slack_kw + slack


Bound = RateBound | RiseBound


class _Track:
    """One point's last believed value, and the level that would replace it."""

    __slots__ = ("at_s", "bound", "changed_s", "level", "level_at_s", "level_count", "value", "wait_s_max")

    def __init__(self, bound: Bound) -> None:
        self.bound = bound
        self.wait_s_max = bound.wait_s_max if isinstance(bound, RateBound) else 0.0
        self.value: float | None = None
        self.at_s = 0.0
        self.changed_s = 0.0
        self.level: float | None = None
        self.level_at_s = 0.0
        self.level_count = 0

    def believes(self, value: float, at_s: float, *, step: float) -> bool:
        """Take a value over and tell whether it can be."""
        if value == self.value:  # nothing leapt; most values of most sweeps
            self.at_s, self.level, self.level_count = at_s, None, 0
            return True
        slack = SLACK_STEPS * step + FLOAT_SLACK_FRACTION * abs(value)
        before = self.value
        span_s = max(at_s - self.at_s, min(at_s - self.changed_s, self.wait_s_max))
        if before is None or self.bound.allows(before, value, span_s=span_s, slack=slack):
            self._take(value, at_s)
            return True
        level = self.level
        if level is None or not self.bound.allows(level, value, span_s=at_s - self.level_at_s, slack=slack):
            self.level_count = 0
        self.level, self.level_at_s = value, at_s
        self.level_count += 1
        if self.level_count >= READINGS_TO_ACCEPT:
            self._take(value, at_s)
            return True
        return False

    def _take(self, value: float, at_s: float) -> None:
        self.value, self.at_s, self.changed_s, self.level, self.level_count = value, at_s, at_s, None, 0


class JumpWatch:
    """The leaps of one line."""

    def __init__(self, region: Region, asset: Asset) -> None:
        self._tracks = [(point, _Track(bound)) for point, bound in bounds_of(region, asset).items()]

    def judge(
        self, values: Mapping[Point, float], *, at_s: float, steps: Mapping[Point, float]
    ) -> dict[Point, Quality]:
        """Give the points that leapt though they cannot."""
        doubts: dict[Point, Quality] = {}
        for point, track in self._tracks:
            value = values.get(point)
            if value is not None and not track.believes(value, at_s, step=steps.get(point, 0.0)):
                doubts[point] = Quality.IMPLAUSIBLE
        return doubts


def bounds_of(region: Region, asset: Asset) -> dict[Point, Bound]:
    """Give how fast an asset's values can change, where that is known."""
    lowest_kw, highest_kw = power_kw_bounds(region, asset)
    plate_kw = max(abs(lowest_kw), abs(highest_kw))
    bounds: dict[Point, Bound] = {Point.TEMPERATURE_C: _TEMPERATURE}
    counted_kw = plate_kw if plate_kw > 0.0 else heat_kw_nameplate(asset)
    if counted_kw is not None:
        counter = RateBound(
            fall_per_s_max=0.0,
            rise_per_s_max=MARGIN * counted_kw / S_PER_H,
            slack=0.0,
            wait_s_max=REFRESH_S_MAX,
        )
        bounds[Point.ENERGY_KWH_DRAWN] = bounds[Point.ENERGY_KWH_FED_IN] = counter
    match asset:
        case Battery():
            bounds[Point.ENERGY_KWH] = _store(
                plate_kw / asset.efficiency_discharge, asset.energy_kwh_capacity
            )
        case HeatStorage():
            lost_kw = asset.loss_fraction_per_h * asset.energy_kwh_capacity
            bounds[Point.ENERGY_KWH] = _store(asset.heat_kw_max + lost_kw, asset.energy_kwh_capacity)
        case PumpedReservoir():
            bounds[Point.VOLUME_M3] = _volume(asset)
        case _:
            pass
    if isinstance(asset, Battery | Machine | PumpedReservoir):
        bounds[Point.POWER_KW] = RiseBound(
            ramp_kw_per_s=RAMP_MARGIN * asset.ramp_kw_per_s,
            least_kw=asset.power_kw_least if isinstance(asset, Machine) else 0.0,
            slack_kw=POWER_SLACK_FRACTION * plate_kw,
        )
    return bounds


_TEMPERATURE = RateBound(
    fall_per_s_max=TEMPERATURE_K_PER_S_MAX,
    rise_per_s_max=TEMPERATURE_K_PER_S_MAX,
    slack=TEMPERATURE_SLACK_K,
)


def _store(flow_kw_max: float, energy_kwh_capacity: float) -> RateBound:
    rate = MARGIN * flow_kw_max / S_PER_H
    return RateBound(
        fall_per_s_max=rate, rise_per_s_max=rate, slack=STORE_SLACK_FRACTION * energy_kwh_capacity
    )


def _volume(asset: PumpedReservoir) -> RateBound:
    flow_m3_per_s = asset.power_kw_rated / asset.pump_kwh_per_m3 / S_PER_H
    return RateBound(
        fall_per_s_max=VOLUME_FALL_FACTOR * flow_m3_per_s,
        rise_per_s_max=MARGIN * flow_m3_per_s,
        slack=VOLUME_SLACK_FRACTION * asset.volume_m3_max,
    )
