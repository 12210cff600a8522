"""The night's trainer as a child of the planner: begun when assets are due, never waited for.

It ends when the planner does, however that ends: its input is a pipe that nobody writes to.
"""

import subprocess
import sys
from contextlib import suppress
from datetime import datetime

from energy.periods import format_utc
from energy.planning.model_store import ModelStore
from energy.planning.training import due_assets
from energy.region.model import Region


class TrainerChild:
    """Spawns ``python -m energy.planning.trainer``; ``arguments`` are the worker's own."""

    def __init__(self, region: Region, store: ModelStore, arguments: tuple[str, str, str]) -> None:
        self._region = region
        self._store = store
        self._arguments = arguments
        self._child: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int | None:
        """The child's process id while it runs."""
        return self._child.pid if self._child is not None and self._child.poll() is None else None

    def begin_if_due(self, at: datetime) -> None:
        """Begin a night's training unless one runs or nothing is due; a failure to begin is no failure."""
        if self.pid is not None or not due_assets(self._region, self._store, at):
            return
        self.close()
        command = [sys.executable, "-m", "energy.planning.trainer", *self._arguments, format_utc(at)]
        with suppress(OSError):  # no process to be had now: the next plan tries again
            self._child = subprocess.Popen(  # noqa: S603 - our own
                command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, start_new_session=True
            )

    def close(self) -> None:
        """End it and forget it."""
        child, self._child = self._child, None
        if child is None:
            return
        child.kill()
        child.wait()
        if child.stdin is not None:
            child.stdin.close()
