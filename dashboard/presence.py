"""Whether anybody is there: a number may only look alive while its controller is."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from energy.domain import Status

SILENT_S_MIN = 10.0
"""A controller is never called silent earlier: a plan change or a busy machine may hold one tick up."""
SILENT_TICKS = 3.0
"""Missed ticks after which it is called silent."""


class Presence(StrEnum):
    """What is known of the controller, each with a look and words of its own."""

    LIVE = "live"
    SILENT = "silent"
    UNHEARD = "unheard"
    """There is a record, but no status in it."""
    UNRECORDED = "unrecorded"
    """The record cannot be read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """The last status, and for how many seconds on the wall nothing came after it."""

    status: Status
    silence_s: float


def silent_after_s(tick_s: float, speed: float) -> float:
    """Say after how many seconds on the wall a controller counts as silent.

    >>> silent_after_s(5.0, 1.0), silent_after_s(5.0, 60.0)
    (15.0, 10.0)
    """
    tick_wall_s = tick_s / speed if speed > 0.0 else tick_s
    return max(SILENT_S_MIN, SILENT_TICKS * tick_wall_s)


def presence_of(heard: Heard | None, *, tick_s: float) -> Presence:
    """Judge a readable record."""
    if heard is None:
        return Presence.UNHEARD
    limit_s = silent_after_s(tick_s, heard.status.speed)
    return Presence.LIVE if heard.silence_s <= limit_s else Presence.SILENT


def controller_now(heard: Heard, presence: Presence) -> datetime:
    """Say what time it is for the controller; while it is silent its clock is carried on."""
    if presence is Presence.LIVE:
        return heard.status.at
    speed = heard.status.speed if heard.status.speed > 0.0 else 1.0
    return heard.status.at + timedelta(seconds=heard.silence_s * speed)
