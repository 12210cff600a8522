"""Whether devices do what they hold: the power must follow the setpoint within its tolerance, one tick later.

An asset that does not follow is an alarm; from the next tick on nothing is built on it until it follows
again.
"""

from energy.alarms import raise_alarm
from energy.controller.flexible import Flexible
from energy.domain import Alarm, Image, Point, Severity
from energy.region.machine import Machine

NOT_FOLLOWED = "setpoint_not_followed"
TOLERANCE = 0.05
"""Of the nameplate: meters, ramps and a reading that is up to one tick old."""


def alarm_unless_following(asset: Flexible, image: Image, *, age_s_max: float) -> Alarm | None:
    """Compare the measured power with what the device holds; unknown on either side says nothing."""
    point = asset.dispatch_point
    if point is None:
        return None
    held_kw = image.value(asset.id, point, age_s_max=age_s_max)
    measured_kw = image.value(asset.id, Point.POWER_KW, age_s_max=age_s_max)
    if held_kw is None or measured_kw is None:
        return None
    low, high = asset.power_kw_nameplate
    slack_kw = TOLERANCE * max(abs(low), abs(high))
    if isinstance(asset, Machine):
        slack_kw += asset.power_kw_least  # between standing and its least load it is on its way
    match point:
        case Point.POWER_KW_MIN:
            off_kw = max(0.0, held_kw - measured_kw)
        case Point.POWER_KW_MAX:
            off_kw = max(0.0, measured_kw - held_kw)
        case _:
            off_kw = abs(measured_kw - held_kw)
    if off_kw <= slack_kw:
        return None
    return raise_alarm(
        NOT_FOLLOWED,
        Severity.WARNING,
        target_id=asset.id,
        at=image.at,
        detail=f"holds {held_kw:.0f} kW, measures {measured_kw:.0f} kW",
    )
