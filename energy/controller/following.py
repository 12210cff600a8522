"""Whether devices do what they hold: the power must follow within its tolerance and time.

The time is what the asset's ramp needs for the way, and a settling time on top. An asset that does not follow
is an alarm; from the next tick on nothing is built on it until it follows again. A machine that is being
started or stopped gets its time: so long it is known not to follow yet.
"""

import math
from dataclasses import dataclass
from datetime import datetime, timedelta

from energy.alarms import raise_alarm
from energy.conduct import Following, FollowingState
from energy.controller.flexible import Flexible, reading_age_s_max
from energy.controller.sending import is_local
from energy.controller.tick_input import TickInput
from energy.domain import Alarm, Image, Point, Quality, Severity
from energy.region.battery import Battery
from energy.region.machine import Machine
from energy.region.model import Region

NOT_FOLLOWED = "setpoint_not_followed"
SWITCHING = "asset_switching"
SWITCHING_MAX = timedelta(minutes=10)
"""Engines are up to temperature within it, electrolysers purged, and both ramped down."""
TOLERANCE = 0.05
"""Of the nameplate: meters, ramps and a reading that is up to one tick old."""
SETTLING_S = 10.0
"""Beyond the ramp: a device takes a command up within seconds, and two readings 5 s apart have to show it."""
WAYS_MAX = 3.0
"""Setpoints that move on give more time, but never more than this many ways over the whole nameplate."""
STORE_END = 0.01
"""Of the capacity: this close to its limits a store's own management takes less than it is told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Seen:
    """What one comparison stands on."""

    held_kw: float
    measured_kw: float
    tolerance_kw: float

    @property
    def detail(self) -> str:
        """Both powers, for people who look into it."""
        return f"holds {self.held_kw:.0f} kW, measures {self.measured_kw:.0f} kW"


def is_switching(machine: Machine, image: Image, *, age_s_max: float) -> bool:
    """Tell whether a machine stands though it holds a command to run, or the other way round."""
    point = machine.dispatch_point
    held_kw = None if point is None else image.value(machine.id, point, age_s_max=age_s_max)
    measured_kw = image.value(machine.id, Point.POWER_KW, age_s_max=age_s_max)
    if held_kw is None or measured_kw is None:
        return False
    half_kw = 0.5 * machine.power_kw_least
    return (abs(held_kw) >= half_kw) != (abs(measured_kw) >= half_kw)


def following_of(region: Region, tick: TickInput, asset: Flexible) -> Following:
    """Compare the measured power with what the device holds.

    What was behind a tick ago is part of the input: it knows since when, and until when it may be.
    """
    age_s_max = reading_age_s_max(region, tick.tick_s)
    tolerance_kw = TOLERANCE * max(abs(bound) for bound in asset.power_kw_nameplate)
    point = asset.dispatch_point
    held_kw = None if point is None else tick.image.value(asset.id, point, age_s_max=age_s_max)
    measured_kw = tick.image.value(asset.id, Point.POWER_KW, age_s_max=age_s_max)
    unknown = None
    if is_local(tick.image, asset.id, age_s_max=age_s_max):
        unknown = "it is switched to local operation"
    elif held_kw is None:
        unknown = _why_not_held(tick.image, asset)
    elif measured_kw is None:
        unknown = "its power is not known"
    if unknown is not None or held_kw is None or measured_kw is None:
        return Following(
            asset_id=asset.id,
            state=FollowingState.UNKNOWN,
            held_kw=held_kw,
            measured_kw=measured_kw,
            tolerance_kw=tolerance_kw,
            since=None,
            due_at=None,
            reason=unknown or "",
        )
    seen = _Seen(held_kw=held_kw, measured_kw=measured_kw, tolerance_kw=tolerance_kw)
    if isinstance(asset, Machine) and is_switching(asset, tick.image, age_s_max=age_s_max):
        return _behind(tick, asset, seen, allowed=SWITCHING_MAX, reason="it starts or stops")
    off_kw = off_setpoint_kw(point, held_kw, measured_kw)
    if off_kw <= tolerance_kw:
        return _followed(asset, seen, "")
    if (why := _explained(tick, asset, seen, age_s_max=age_s_max)) is not None:
        return _followed(asset, seen, why)
    allowed = _way(asset, off_kw)
    return _behind(tick, asset, seen, allowed=allowed, reason="")


def _why_not_held(image: Image, asset: Flexible) -> str:
    point = asset.dispatch_point
    reading = None if point is None else image.readings.get((asset.id, point))
    if reading is not None and reading.quality is Quality.NOT_IMPLEMENTED:
        return "no setpoint is in force"
    return "what it holds is not known"


def off_setpoint_kw(point: Point | None, held_kw: float, measured_kw: float) -> float:
    """Say by how much a power misses what is held: a bound may be kept with room, a power is to be met."""
    match point:
        case Point.POWER_KW_MIN:
            return max(0.0, held_kw - measured_kw)
        case Point.POWER_KW_MAX:
            return max(0.0, measured_kw - held_kw)
        case _:
            return abs(measured_kw - held_kw)


def alarm_unless_following(following: Following, at: datetime) -> Alarm | None:
    """Make the alarm of an asset that does not follow, or the hint of a machine that is switching."""
    if following.held_kw is None or following.measured_kw is None:
        return None
    detail = f"holds {following.held_kw:.0f} kW, measures {following.measured_kw:.0f} kW"
    if following.state is FollowingState.NOT_FOLLOWED:
        return raise_alarm(NOT_FOLLOWED, Severity.WARNING, target_id=following.asset_id, at=at, detail=detail)
    if following.state is FollowingState.SETTLING and following.reason:
        return raise_alarm(SWITCHING, Severity.INFO, target_id=following.asset_id, at=at, detail=detail)
    return None


def _explained(tick: TickInput, asset: Flexible, seen: _Seen, *, age_s_max: float) -> str | None:
    """Say what excuses a battery that takes or gives less than it holds: it is full, or empty."""
    if not isinstance(asset, Battery):
        return None
    energy_kwh = tick.image.value(asset.id, Point.ENERGY_KWH, age_s_max=age_s_max)
    if energy_kwh is None:
        return None
    margin_kwh = STORE_END * asset.energy_kwh_capacity
    low, high = -seen.tolerance_kw, seen.tolerance_kw
    if energy_kwh >= asset.energy_kwh_max - margin_kwh and low <= seen.measured_kw <= seen.held_kw:
        return "it is full"
    if energy_kwh <= asset.energy_kwh_min + margin_kwh and seen.held_kw <= seen.measured_kw <= high:
        return "it is empty"
    return None


def _followed(asset: Flexible, seen: _Seen, reason: str) -> Following:
    return Following(
        asset_id=asset.id,
        state=FollowingState.FOLLOWED,
        held_kw=seen.held_kw,
        measured_kw=seen.measured_kw,
        tolerance_kw=seen.tolerance_kw,
        since=None,
        due_at=None,
        reason=reason,
    )


def _behind(tick: TickInput, asset: Flexible, seen: _Seen, *, allowed: timedelta, reason: str) -> Following:
    """Settling until its time is over; what was late stays late until it follows, however its setpoint moves.

    A setpoint that moved on gives the time for the new way, up to WAYS_MAX ways since it fell behind.
    """
    at = tick.image.at
    before = next((item for item in tick.behind if item.asset_id == asset.id), None)
    if before is None or before.since is None or before.due_at is None:
        since = _held_since(tick, asset)
        due_at = since + allowed
    else:
        since, due_at = before.since, before.due_at
        moved = before.held_kw is None or abs(before.held_kw - seen.held_kw) > seen.tolerance_kw
        if moved:
            due_at = min(at + allowed, since + max(allowed, WAYS_MAX * _way(asset, math.inf)))
    late = at > due_at or (before is not None and before.state is FollowingState.NOT_FOLLOWED)
    return Following(
        asset_id=asset.id,
        state=FollowingState.NOT_FOLLOWED if late else FollowingState.SETTLING,
        held_kw=seen.held_kw,
        measured_kw=seen.measured_kw,
        tolerance_kw=seen.tolerance_kw,
        since=since,
        due_at=due_at,
        reason=reason,
    )


def _way(asset: Flexible, off_kw: float) -> timedelta:
    """The time that the asset needs for so much: at most for its whole nameplate, whatever was measured."""
    low, high = asset.power_kw_nameplate
    return timedelta(seconds=SETTLING_S + min(off_kw, high - low) / asset.ramp_kw_per_s)


def _held_since(tick: TickInput, asset: Flexible) -> datetime:
    """The last command stands since it was sent; where none was, the difference is as old as its reading."""
    sent = [outcome.at for outcome in tick.outcomes if outcome.setpoint.asset_id == asset.id]
    oldest = tick.image.at - timedelta(seconds=tick.tick_s)
    return max(oldest, sent[-1]) if sent else tick.image.at
