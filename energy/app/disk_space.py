"""Watches the room in the data folder, and holds a reserve there that is given free when the disk is full."""

import errno
import os
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import structlog

from energy.errors import StoreUnavailable
from energy.space import (
    RESERVE_BYTES_MAX,
    Level,
    Room,
    SpaceLimits,
    Step,
    course_with,
    hours_left,
    level_of,
    limits_of,
    note_of,
    step_of,
)

FILE_NAME = "reserve.bin"
_BLOCK_BYTES = 512
"""The unit of ``st_blocks``."""
log = structlog.get_logger(__name__)


class DiskSpace:
    """The room in one data folder, looked at once a tick; implements ``recorder.Space``.

    Args:
        folder: the data folder; it exists.
        reserve_bytes_max: the reserve is never larger; 0 holds none.
    """

    def __init__(self, folder: Path, *, reserve_bytes_max: int = RESERVE_BYTES_MAX) -> None:
        self._folder = folder
        self._file = folder / FILE_NAME
        self._reserve_bytes_max = reserve_bytes_max
        self._is_held = reserve_bytes_max == 0
        self._released_at: datetime | None = None
        self._at: datetime | None = None
        self._course: Sequence[Room] = ()
        self._level = Level.PLENTY

    @property
    def is_short(self) -> bool:
        """Tell whether only what control and people need is to be recorded."""
        return self._level is Level.FULL

    def look(self, at: datetime) -> list[str]:
        """Measure, give the reserve free or make it again, and say what people must know."""
        self._at = at
        try:
            room, limits = self._measured(at)
            step = step_of(room, limits, released_at=self._released_at)
            if step is Step.RELEASE:
                self._give_free()
            elif step is Step.MAKE:
                self._make(limits.reserve_bytes)
            if step is not Step.KEEP:
                room, limits = self._measured(at)
        except OSError as error:
            return [f"disk_low: {self._folder}: its room cannot be measured: {error.strerror}"]
        self._course = course_with(self._course, room)
        self._take(level_of(room, limits), room)
        hours = hours_left(self._course, room, limits)
        return note_of(self._level, room, hours=hours, folder=str(self._folder))

    def release_for(self, error: StoreUnavailable) -> bool:
        """Give the reserve free where that may help against a failed write; tell whether it did."""
        if not (error.may_be_full and self._file.exists()):
            return False
        try:
            self._give_free()
        except OSError:
            return False
        self._level = Level.FULL
        return True

    def _measured(self, at: datetime) -> tuple[Room, SpaceLimits]:
        found = os.statvfs(self._folder)
        limits = limits_of(found.f_blocks * found.f_frsize, reserve_bytes_max=self._reserve_bytes_max)
        if limits.reserve_bytes > 0:
            self._is_held = self._taken_bytes() >= limits.reserve_bytes
        return Room(at=at, free_bytes=found.f_bavail * found.f_frsize, is_held=self._is_held), limits

    def _taken_bytes(self) -> int:
        """Give what the reserve takes up; 0 where a person, or an earlier life, gave it free."""
        try:
            found = self._file.stat()
        except FileNotFoundError:
            return 0
        return min(found.st_size, found.st_blocks * _BLOCK_BYTES)

    def _give_free(self) -> None:
        self._file.unlink(missing_ok=True)
        self._is_held, self._released_at = False, self._at

    def _make(self, size_bytes: int) -> None:
        """Take up the room for good: blocks, not only a length; where others were faster there is none."""
        self._is_held = True
        if size_bytes == 0:
            return
        file = os.open(self._file, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            os.posix_fallocate(file, 0, size_bytes)
        except OSError as error:
            self._give_free()
            if error.errno != errno.ENOSPC:
                raise
        finally:
            os.close(file)

    def _take(self, level: Level, room: Room) -> None:
        if level is not self._level:
            log.warning("room on the disk", level=str(level), free_mb=round(room.free_bytes / 1e6))
        self._level = level
