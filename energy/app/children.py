"""Child processes of a demo: our own commands, on a leash, with a place for what they print."""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Sequence
from queue import Empty, Queue
from typing import IO

from energy.errors import Retryable

READY_S = 60.0
"""How long a child may take to say that it is ready."""
STOP_S = 10.0
"""How long a child may take to end after it was asked to; a controller hands its assets back meanwhile."""


class Child:
    """One process; ``ready`` waits for its first line of JSON on standard output."""

    def __init__(self, name: str, arguments: Sequence[str]) -> None:
        self.name = name
        leash = [sys.executable, "-m", "energy.app.leash", str(os.getpid())]
        command = [*leash, sys.executable, "-m", "energy", *arguments]
        self._process = subprocess.Popen(  # noqa: S603 (our own commands)
            command, stdout=subprocess.PIPE, text=True, start_new_session=True
        )
        self._lines: Queue[str | None] = Queue(maxsize=1000)
        threading.Thread(target=_listen, args=(self._process.stdout, self._lines), daemon=True).start()

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid

    @property
    def exit_code(self) -> int | None:
        """None while it runs; negative is the signal that ended it."""
        return self._process.poll()

    def ready(self) -> dict[str, object]:
        """Wait for its first line of JSON.

        Raises:
            ChildFailed: it ended before, or says nothing in time.
        """
        try:
            line = self._lines.get(timeout=READY_S)
        except Empty:
            self.stop()
            raise ChildFailed(f"{self.name} was not ready within {READY_S:.0f} s", exit_code=None) from None
        if line is None:
            code = self._process.wait()
            raise ChildFailed(f"{self.name} ended before it was ready (exit code {code})", exit_code=code)
        answer: dict[str, object] = json.loads(line)
        return answer

    def stop(self) -> None:
        """Ask it to end, wait, then kill."""
        if self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(timeout=STOP_S)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        if self._process.stdout is not None:
            self._process.stdout.close()


class ChildFailed(Retryable):
    """A process of the demo did not come up; ``exit_code`` 2 means that its input was wrong."""

    def __init__(self, message: str, *, exit_code: int | None) -> None:
        super().__init__(message)
        self.exit_code = exit_code


def _listen(stream: IO[str] | None, lines: "Queue[str | None]") -> None:
    if stream is None:
        return
    try:
        for line in stream:
            if line.startswith("{"):
                lines.put(line)
    except ValueError:
        pass  # closed by stop()
    lines.put(None)
