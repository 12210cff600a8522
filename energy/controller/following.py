"""Whether devices do what they hold: the power must follow the setpoint within its tolerance, one tick later.

An asset that does not follow is an alarm; from the next tick on nothing is built on it until it follows
again. A machine that is being started or stopped gets its time: so long it is known not to follow yet.
"""

from collections.abc import Sequence
from datetime import timedelta

from energy.alarms import raise_alarm
from energy.controller.flexible import Flexible
from energy.domain import Alarm, Image, Point, Severity
from energy.region.machine import Machine

NOT_FOLLOWED = "setpoint_not_followed"
SWITCHING = "asset_switching"
SWITCHING_MAX = timedelta(minutes=10)
"""Engines are up to temperature within it, electrolysers purged, and both ramped down."""
TOLERANCE = 0.05
"""Of the nameplate: meters, ramps and a reading that is up to one tick old."""


def is_switching(machine: Machine, image: Image, *, age_s_max: float) -> bool:
    """Tell whether a machine stands though it holds a command to run, or the other way round."""
    point = machine.dispatch_point
    held_kw = None if point is None else image.value(machine.id, point, age_s_max=age_s_max)
    measured_kw = image.value(machine.id, Point.POWER_KW, age_s_max=age_s_max)
    if held_kw is None or measured_kw is None:
        return False
    half_kw = 0.5 * machine.power_kw_least
    return (abs(held_kw) >= half_kw) != (abs(measured_kw) >= half_kw)


def alarm_unless_following(
    asset: Flexible, image: Image, *, age_s_max: float, before: Sequence[Alarm]
) -> Alarm | None:
    """Compare the measured power with what the device holds; unknown on either side says nothing.

    ``before`` are the alarms of the tick before: they know since when a machine has been switching.
    """
    point = asset.dispatch_point
    if point is None:
        return None
    held_kw = image.value(asset.id, point, age_s_max=age_s_max)
    measured_kw = image.value(asset.id, Point.POWER_KW, age_s_max=age_s_max)
    if held_kw is None or measured_kw is None:
        return None
    low, high = asset.power_kw_nameplate
    match point:
        case Point.POWER_KW_MIN:
            off_kw = max(0.0, held_kw - measured_kw)
        case Point.POWER_KW_MAX:
            off_kw = max(0.0, measured_kw - held_kw)
        case _:
            off_kw = abs(measured_kw - held_kw)
    detail = f"holds {held_kw:.0f} kW, measures {measured_kw:.0f} kW"
    if isinstance(asset, Machine) and is_switching(asset, image, age_s_max=age_s_max):
        if not _switches_too_long(asset, image, before):
            return raise_alarm(SWITCHING, Severity.INFO, target_id=asset.id, at=image.at, detail=detail)
    elif off_kw <= TOLERANCE * max(abs(low), abs(high)):
        return None
    return raise_alarm(NOT_FOLLOWED, Severity.WARNING, target_id=asset.id, at=image.at, detail=detail)


def _switches_too_long(machine: Machine, image: Image, before: Sequence[Alarm]) -> bool:
    """Once it took too long it stays an alarm until it follows."""
    for alarm in before:
        if alarm.target_id == machine.id and alarm.code == SWITCHING:
            return image.at - alarm.since > SWITCHING_MAX
        if alarm.target_id == machine.id and alarm.code == NOT_FOLLOWED:
            return True
    return False
