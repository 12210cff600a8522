"""Whether the device's own countdown guards what it was told: it must run, and it must fall."""

from datetime import datetime

from energy.devices.codec import step_of
from energy.devices.line import Line
from energy.devices.register_map import Write
from energy.domain import Point, Quality

COUNTDOWN_SLACK_S = 1.0
"""A countdown in whole seconds may show the second that has just begun."""


def timer_fault(line: Line, write: Write) -> str | None:
    """Say what is wrong with the device's countdown; one that it does not have is not missed."""
    if line.content.point(Point.REVERSION_S) is None:
        return None
    left_s, quality = line.shown_of(Point.REVERSION_S)
    if quality is Quality.NOT_IMPLEMENTED:
        return None
    if left_s is None:
        return f"its timer is {quality.value}"
    limit_s = write.reversion_s
    if left_s <= 0.0:
        return "its timer does not run: it would keep the value if the controller were lost"
    if isinstance(limit_s, float) and left_s > limit_s + COUNTDOWN_SLACK_S:
        return f"its timer shows {left_s:g} s, more than the {limit_s:g} s that it was set to"
    return None


def running_s(line: Line) -> float | None:
    """Give what a countdown that runs shows, None where none runs or nobody knows."""
    left_s, _ = line.shown_of(Point.REVERSION_S)
    return left_s if left_s is not None and left_s > 0.0 else None


def stuck_timer(line: Line, at: datetime) -> str | None:
    """Say that the countdown has not fallen since it was looked at after the last write."""
    countdown = line.content.point(Point.REVERSION_S)
    left_s, _ = line.shown_of(Point.REVERSION_S)
    if countdown is None or left_s is None:
        return None
    multiplier = line.multiplier(countdown)
    if multiplier is None:
        return None  # its resolution is unknown, and with it whether it moved
    resolution_s = abs(step_of(countdown, multiplier))
    if not line.economy.is_stuck(left_s, at, resolution_s=resolution_s):
        return None
    return f"its timer stands still at {left_s:g} s: it would keep the value if the controller were lost"
