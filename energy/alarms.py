"""What is wrong, derived from what is known; nothing here remembers.

An alarm keeps the moment it began for as long as it lasts: the alarms of the tick before are an input.
"""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime

from energy.domain import (
    Alarm,
    Image,
    Limited,
    Outcome,
    Point,
    Quality,
    Rejected,
    Rung,
    Severity,
    Unreachable,
)

QUALITY_CODES = {
    Quality.COMM_ERROR: ("device_silent", Severity.ALARM),
    Quality.IMPLAUSIBLE: ("reading_implausible", Severity.WARNING),
    Quality.STALE: ("reading_stale", Severity.WARNING),
    Quality.NOT_IMPLEMENTED: ("reading_missing", Severity.WARNING),
}
RUNG_CODES = {
    Rung.SHIFTED: ("plan_shifted", Severity.WARNING),
    Rung.RULES: ("rules_in_force", Severity.ALARM),
    Rung.SAFE_STATE: ("safe_states_in_force", Severity.ALARM),
}


def raise_alarm(code: str, severity: Severity, *, target_id: str, at: datetime, detail: str) -> Alarm:
    """Make an alarm that begins now."""
    return Alarm(code=code, severity=severity, target_id=target_id, since=at, detail=detail)


def alarms_of_readings(image: Image, *, may_be_missing: Collection[tuple[str, Point]] = ()) -> list[Alarm]:
    """One alarm an asset and cause, with the points concerned; ``may_be_missing`` may be not implemented.

    A device that answers but for some registers is not silent: those are missing.
    """
    heard = {
        asset_id
        for (asset_id, _), reading in image.readings.items()
        if reading.quality is not Quality.COMM_ERROR
    }
    concerned: dict[tuple[str, Quality], list[Point]] = {}
    for (asset_id, point), reading in image.readings.items():
        if reading.quality is Quality.NOT_IMPLEMENTED and (asset_id, point) in may_be_missing:
            continue
        if reading.quality is not Quality.GOOD:
            is_part = reading.quality is Quality.COMM_ERROR and asset_id in heard
            cause = Quality.NOT_IMPLEMENTED if is_part else reading.quality
            concerned.setdefault((asset_id, cause), []).append(point)
    found: list[Alarm] = []
    for (asset_id, quality), points in concerned.items():
        code, severity = QUALITY_CODES[quality]
        detail = ", ".join(sorted(points))
        found.append(raise_alarm(code, severity, target_id=asset_id, at=image.at, detail=detail))
    return found


def alarms_of_devices(image: Image, *, age_s_max: float) -> list[Alarm]:
    """What devices say of themselves: switched to local operation, or in fault, with its flags in hex."""
    found: list[Alarm] = []
    for asset_id, point in image.readings:
        if point not in {Point.REMOTE, Point.FAULT_FLAGS}:
            continue
        value = image.value(asset_id, point, age_s_max=age_s_max)
        if point is Point.REMOTE and value == 0.0:
            code, detail = "device_local", "the device obeys its own panel: nothing is sent"
        elif point is Point.FAULT_FLAGS and value is not None and value != 0.0:
            code, detail = "device_fault", f"fault flags {int(value):#06x}"
        else:
            continue
        found.append(raise_alarm(code, Severity.WARNING, target_id=asset_id, at=image.at, detail=detail))
    return found


def alarms_of_outcomes(outcomes: Iterable[Outcome], at: datetime) -> list[Alarm]:
    """A setpoint that did not arrive as asked; who may still show it in time is given that time."""
    found: list[Alarm] = []
    for outcome in outcomes:
        target_id = outcome.setpoint.asset_id
        match outcome:
            case Limited(is_settling=True):
                continue
            case Limited():
                code, severity = "setpoint_limited", Severity.WARNING
            case Rejected():
                code, severity = "setpoint_rejected", Severity.ALARM
            case Unreachable():
                code, severity = "setpoint_unreachable", Severity.ALARM
            case _:
                continue
        found.append(raise_alarm(code, severity, target_id=target_id, at=at, detail=outcome.reason))
    return found


def alarms_of_rung(rung: Rung, *, region_id: str, at: datetime, detail: str) -> list[Alarm]:
    """A step down the way down is something a person should know."""
    if rung not in RUNG_CODES:
        return []
    code, severity = RUNG_CODES[rung]
    return [raise_alarm(code, severity, target_id=region_id, at=at, detail=detail)]


def with_beginnings(alarms: Sequence[Alarm], before: Sequence[Alarm]) -> tuple[Alarm, ...]:
    """Carry over when each alarm began, and put the gravest first."""
    began = {(alarm.code, alarm.target_id): alarm.since for alarm in before}
    order = [Severity.ALARM, Severity.WARNING, Severity.INFO]
    carried = [
        Alarm(
            code=alarm.code,
            severity=alarm.severity,
            target_id=alarm.target_id,
            since=began.get((alarm.code, alarm.target_id), alarm.since),
            detail=alarm.detail,
        )
        for alarm in alarms
    ]
    return tuple(
        sorted(carried, key=lambda alarm: (order.index(alarm.severity), alarm.code, alarm.target_id))
    )
