"""How much room the record has: when a reserve is given free, when it is made again, what people are told.

The reserve is a file that only takes up room. On a full disk it is removed, and the ledger lives on what it
held; the shell measures and acts (``energy.app.disk_space``).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

RESERVE_BYTES_MAX = 256_000_000
"""Half a day and more of the ledger of 78 assets at 5 s; docs/record.md has the figures."""
RESERVE_FRACTION = 0.05
"""Of the file system, where that is less."""
LOW_BYTES_MAX = 2_000_000_000
"""Several days of a record at 5 s: time for a person to come."""
LOW_FRACTION = 0.10
RELEASE_BYTES_MAX = 32_000_000
"""With less a log may not find room to be copied into its database."""
RELEASE_FRACTION = 0.01
REMAKE_AFTER = timedelta(minutes=5)
"""A reserve that was given free is not made again at once, so that it does not come and go every tick."""
COURSE_EVERY = timedelta(minutes=10)
COURSE_PLACES = 7
"""What was free over the last hour says how fast the room goes."""
_S_PER_H = 3600.0


class Level(StrEnum):
    """How the data folder's disk stands."""

    PLENTY = "plenty"
    LOW = "low"
    FULL = "full"
    """The reserve is in use, or there never was room for one."""


class Step(StrEnum):
    """What to do with the reserve."""

    KEEP = "keep"
    RELEASE = "release"
    MAKE = "make"


@dataclass(frozen=True, slots=True, kw_only=True)
class SpaceLimits:
    """The limits on one file system, bytes."""

    reserve_bytes: int
    low_bytes: int
    release_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """What was measured: ``free_bytes`` is what may still be written beside a reserve that is held."""

    at: datetime
    free_bytes: int
    is_held: bool


def limits_of(total_bytes: int, *, reserve_bytes_max: int = RESERVE_BYTES_MAX) -> SpaceLimits:
    """Give the limits on a file system of that size."""
    return SpaceLimits(
        reserve_bytes=min(reserve_bytes_max, int(RESERVE_FRACTION * total_bytes)),
        low_bytes=min(LOW_BYTES_MAX, int(LOW_FRACTION * total_bytes)),
        release_bytes=min(RELEASE_BYTES_MAX, int(RELEASE_FRACTION * total_bytes)),
    )


def level_of(room: Room, limits: SpaceLimits) -> Level:
    """Judge the room that there is."""
    if not room.is_held or room.free_bytes < limits.release_bytes:
        return Level.FULL
    return Level.LOW if room.free_bytes < limits.low_bytes else Level.PLENTY


def step_of(room: Room, limits: SpaceLimits, *, released_at: datetime | None) -> Step:
    """Say what to do with the reserve; made again only where it leaves twice what would release it.

    A clock that went back does not keep it from being made.
    """
    if room.is_held:
        return Step.RELEASE if room.free_bytes < limits.release_bytes else Step.KEEP
    if released_at is not None and timedelta() <= room.at - released_at < REMAKE_AFTER:
        return Step.KEEP
    enough = room.free_bytes >= limits.reserve_bytes + 2 * limits.release_bytes
    return Step.MAKE if enough else Step.KEEP


def course_with(course: Sequence[Room], room: Room) -> tuple[Room, ...]:
    """Keep what was free over the last hour; begin anew when the reserve or the clock jumped."""
    if course and (course[-1].is_held != room.is_held or room.at < course[-1].at):
        return (room,)
    if course and room.at - course[-1].at < COURSE_EVERY:
        return tuple(course)
    return (*course, room)[-COURSE_PLACES:]


def hours_left(course: Sequence[Room], room: Room, limits: SpaceLimits) -> float | None:
    """Say how long the room lasts at the growth of the last hour; None where that is not known.

    With a reserve held: until it is given free. Without: until nothing more can be written.
    """
    if not course or room.at - course[0].at < COURSE_EVERY:
        return None
    gone_bytes = course[0].free_bytes - room.free_bytes
    if gone_bytes <= 0:
        return None
    bytes_per_h = gone_bytes / ((room.at - course[0].at).total_seconds() / _S_PER_H)
    usable_bytes = room.free_bytes - (limits.release_bytes if room.is_held else 0)
    return max(0, usable_bytes) / bytes_per_h


def note_of(level: Level, room: Room, *, hours: float | None, folder: str) -> list[str]:
    """Say it for people, as a note of the shell."""
    if level is Level.PLENTY:
        return []
    lasts = "" if hours is None else f", about {hours:.0f} h at the growth of the last hour"
    left = f"{room.free_bytes / 1e6:.0f} MB left on the disk of {folder}{lasts}"
    if level is Level.LOW:
        return [f"disk_low: {left}. Mend: free space there"]
    meaning = "the reserve is in use, one image a minute is recorded, control goes on while there is room"
    return [f"disk_full: {left}; {meaning}. Mend: free space there"]
