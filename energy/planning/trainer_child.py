"""The night's trainer as a child of the planner: begun when assets are due, never waited for.

It ends when the planner does, however that ends: its input is a pipe that nobody writes to.
"""

import subprocess
import sys
import time
from contextlib import suppress
from datetime import datetime

from energy.periods import format_utc
from energy.planning.model_store import ModelStore
from energy.planning.trainer import SECONDS_MAX
from energy.planning.training import due_assets
from energy.region.model import Region

GRACE_S = 60.0
"""A trainer ends itself after its time; one that cannot (it is stopped, its disk hangs) is killed then."""
FAILURES_TOLD = 2
"""In a row: one may be a training by hand that holds the folder."""


class TrainerChild:
    """Spawns ``python -m energy.planning.trainer``; ``arguments`` are the worker's own."""

    def __init__(
        self,
        region: Region,
        store: ModelStore,
        arguments: tuple[str, str, str],
        *,
        seconds_max: float = SECONDS_MAX + GRACE_S,
    ) -> None:
        self._region = region
        self._store = store
        self._arguments = arguments
        self._seconds_max = seconds_max
        self._child: subprocess.Popen[bytes] | None = None
        self._begun_s = 0.0
        self._failures = 0
        self._ended = ""

    @property
    def pid(self) -> int | None:
        """The child's process id while it runs."""
        return self._child.pid if self._child is not None and self._child.poll() is None else None

    def begin_if_due(self, at: datetime) -> None:
        """Begin a night's training unless one runs or nothing is due; a failure to begin is no failure."""
        if self.pid is not None and time.monotonic() - self._begun_s < self._seconds_max:
            return
        self._look_back()
        self.close()
        if not due_assets(self._region, self._store, at):
            return
        command = [sys.executable, "-m", "energy.planning.trainer", *self._arguments, format_utc(at)]
        with suppress(OSError):  # no process to be had now: the next plan tries again
            self._child = subprocess.Popen(  # noqa: S603 - our own
                command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, start_new_session=True
            )
            self._begun_s = time.monotonic()

    def notes(self) -> tuple[str, ...]:
        """Tell of trainings that ended before the night was done, once that is no accident any more."""
        if self._failures < FAILURES_TOLD:
            return ()
        ended = f"{self._failures} trainings in a row ended early, the last one {self._ended}"
        mend = "see the log; try energiewaage models REGION --train"
        return (f"training_failed: {ended}; the models stay as they are. Mend: {mend}",)

    def _look_back(self) -> None:
        """Count how the one before ended."""
        if self._child is None:
            return
        code = self._child.poll()
        self._failures = 0 if code == 0 else self._failures + 1
        self._ended = f"after {self._seconds_max:.0f} s, killed" if code is None else f"with exit code {code}"

    def close(self) -> None:
        """End it and forget it."""
        child, self._child = self._child, None
        if child is None:
            return
        child.kill()
        child.wait()
        if child.stdin is not None:
            child.stdin.close()
