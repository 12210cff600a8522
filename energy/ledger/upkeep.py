"""Keeps the ledger small while it grows: seals, removes what is old, and notes its head elsewhere.

The loop calls ``step`` after each tick. Whatever takes long runs beside it in a thread that only reads the
ledger; what writes the ledger is the loop's own thread, in steps of some milliseconds.
"""

import os
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Self

import structlog

from energy.errors import RecordBroken, StoreUnavailable
from energy.ledger.background import Background
from energy.ledger.chain import Head
from energy.ledger.sealing import SealingLimits, seal
from energy.ledger.segment import Block, Segment, folder_of, sha256_of
from energy.ledger.writer import Ledger
from energy.periods import parse_utc

RETENTION_DEFAULT = timedelta(days=730)
"""Two years. Whether a law asks for more of a controller's decisions is not known to us."""
HEAD_EVERY = timedelta(hours=1)
RETRY = timedelta(minutes=10)
"""After a failure, such as a full disk."""
FAILED = "ledger_upkeep_failed"
NOT_NOTED = "ledger_head_not_noted"
log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class UpkeepRules:
    """How long entries are kept, of which kinds for ever, and where heads are noted."""

    sealing: SealingLimits = field(default_factory=SealingLimits)
    retention: timedelta = RETENTION_DEFAULT
    lasting_kinds: Collection[str] = ()
    """What is carried forward when its segment is removed."""
    heads: Path | None = None
    """A file, best on another machine, that gets a line each hour."""
    head_every: timedelta = HEAD_EVERY
    inline: bool = False
    """In lockstep nothing runs beside the loop: the same run always gives the same chain."""


class Upkeep:
    """One step at a time; what fails becomes a note and is tried again later.

    Args:
        ledger: the caller closes it.
        rules: what is to be kept, and how long.
        is_short: tells that the disk is full; nothing is sealed then, since a segment's file would take the
            room that the next entries need.
    """

    def __init__(
        self, ledger: Ledger, rules: UpkeepRules, *, is_short: Callable[[], bool] = lambda: False
    ) -> None:
        self._ledger = ledger
        self._rules = rules
        self._is_short = is_short
        self._stopped = False
        self._sealing: Background[tuple[Segment, Sequence[Block]] | None] | None = None
        self._noting: Background[None] | None = None
        self._digest: Background[str] | None = None
        self._noted_at: datetime | None = None
        self._wait_until: datetime | None = None
        self._failure: str | None = None
        self._not_noted: str | None = None
        try:
            ledger.sweep()
        except OSError as error:
            self._fails(error)

    def notes(self, at: datetime) -> Sequence[str]:
        """Say what has failed and not mended itself yet, for the alarms."""
        del at
        return [note for note in (self._failure, self._not_noted) if note is not None]

    def step(self, at: datetime) -> None:
        """Do the next small thing, if there is one."""
        if self._wait_until is not None and self._wait_until - RETRY <= at < self._wait_until:
            return
        try:
            self._note_head(at)
            if self._next(at):
                self._goes_well()
            self._wait_until = None
        except Exception as error:  # noqa: BLE001 - whatever upkeep meets, control goes on and says so
            self._fails(error)
            self._wait_until = at + RETRY

    def close(self) -> None:
        """Stop what runs beside; it goes on after the next start."""
        self._stopped = True
        if self._sealing is not None:
            self._sealing.wait()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _fails(self, error: Exception) -> None:
        """Note a failure; the log is told when it begins or becomes another one."""
        failure = f"{FAILED}: {error}"
        if failure != self._failure:
            with suppress(OSError):  # where the log fills the same disk
                log.error("ledger upkeep fails", why=str(error))
        self._failure = failure

    def _goes_well(self) -> None:
        if self._failure is not None:
            with suppress(OSError):
                log.info("ledger upkeep goes on")
        self._failure = None

    def _next(self, at: datetime) -> bool:
        """Do one thing; tell whether one was done."""
        if self._sealing is not None:
            return self._enter(at)
        if self._ledger.forget_sealed(self._rules.sealing.forgotten_per_step):
            return True
        span = None if self._is_short() else self._ledger.due(at, self._rules.sealing)
        if span is None:
            return self._remove(at)
        file = self._ledger.path
        self._sealing = Background(
            lambda: seal(file, span, stopped=lambda: self._stopped or self._is_short()),
            inline=self._rules.inline,
        )
        return self._rules.inline and self._enter(at)

    def _enter(self, at: datetime) -> bool:
        if self._sealing is None or self._sealing.running:
            return False
        work, self._sealing = self._sealing, None
        sealed = work.result()
        if sealed is not None:
            self._ledger.enter_segment(*sealed, at)
        return True

    def _remove(self, at: datetime) -> bool:
        """Remove the oldest segment if it is old by the clock and by the newest one: a clock may err."""
        oldest, newest = self._ledger.oldest_segment(), self._ledger.newest_segment()
        if oldest is None or newest is None:
            return False
        now = min(at, parse_utc(newest.last_at))
        if parse_utc(oldest.last_at) >= now - self._rules.retention:
            return False
        if not self._is_as_sealed(oldest):
            return False
        lasting = self._ledger.lasting_in(oldest, self._rules.lasting_kinds)
        self._ledger.enter_removal(oldest, lasting, at)
        self._ledger.delete_removed(oldest)
        return True

    def _is_as_sealed(self, segment: Segment) -> bool:
        """Hash a file before what it holds is carried on; False while that takes its time beside the loop.

        Raises:
            RecordBroken: it is not what was sealed. It stays, as evidence.
        """
        path = folder_of(self._ledger.path) / segment.file_name
        if self._digest is None:
            self._digest = Background(lambda: sha256_of(path), inline=self._rules.inline)
        if self._digest.running:
            return False
        work, self._digest = self._digest, None
        if work.result() != segment.sha256:
            mend = "keep it as evidence, run 'energiewaage ledger verify' and compare with a backup"
            raise RecordBroken(f"{path} is not what was sealed, so it is not removed. Mend: {mend}")
        return True

    def _note_head(self, at: datetime) -> None:
        file = self._rules.heads
        if file is None:
            return
        if self._noting is not None and not self._noting.running:
            work, self._noting = self._noting, None
            self._not_noted = _failure_of(work, file)
        late = self._noted_at is None or not timedelta(0) <= at - self._noted_at < self._rules.head_every
        if not late:
            return
        if self._noting is not None:
            self._not_noted = f"{NOT_NOTED}: {file} has not answered since {self._noted_at:%H:%M} UTC"
            return
        try:
            head = self._ledger.head_line()
        except (StoreUnavailable, RecordBroken):
            return
        if head is not None:
            self._noted_at = at
            self._noting = Background(lambda: note_head(file, head), inline=self._rules.inline)


def note_head(file: Path, head: Head) -> None:
    """Append a head to a file and flush it; raises OSError."""
    with file.open("a", encoding="ascii") as lines:
        lines.write(f"{head}\n")
        lines.flush()
        os.fsync(lines.fileno())


def _failure_of(work: Background[None], file: Path) -> str | None:
    try:
        work.result()
    except OSError as error:
        return f"{NOT_NOTED}: {file}: {error.strerror}"
    return None
