"""The child process that runs one job: spawned, given one line, listened to by a thread, killed when late."""

import json
import signal
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from typing import IO

from energy.job import JobRequest

SECONDS_MAX = 60.0
JOIN_S = 1.0
"""Its end of the pipe is gone with it; this only bounds what cannot be."""
RESULT_BYTES_MAX = 4_000_000
"""A year of days of every kind and municipality is about 0.5 MB."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """How a job ended: a result, or the reason why there is none."""

    run_s: float
    result: str | None = None
    reason: str | None = None


class JobChild:
    """``python -m energy.jobs.worker`` with one job.

    Raises:
        OSError: it cannot be spawned.
    """

    def __init__(
        self, job: JobRequest, *, region: str, folder: str, seconds_max: float = SECONDS_MAX
    ) -> None:
        self._seconds_max = seconds_max
        self._begun_s = time.monotonic()
        self._line: bytes | None = None
        self._process = subprocess.Popen(  # noqa: S603 - our own
            [sys.executable, "-m", "energy.jobs.worker", region, folder],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,
        )
        order = json.dumps({"kind": job.kind, "parameters": dict(job.parameters)}).encode() + b"\n"
        self._thread = threading.Thread(target=self._talk, args=(order,), daemon=True)
        self._thread.start()

    @property
    def pid(self) -> int:
        """The child's process id."""
        return self._process.pid

    def poll(self) -> Ended | None:
        """Say how it ended, None while it runs; past its time it is killed. Never waits for its work."""
        run_s = time.monotonic() - self._begun_s
        if self._thread.is_alive() and run_s < self._seconds_max:
            return None
        late = self._thread.is_alive()
        code = self._end()
        if late:
            return Ended(run_s=run_s, reason=f"it ran over {self._seconds_max:g} s and was ended")
        return _ended(self._line, code, run_s)

    def close(self) -> None:
        """End it."""
        self._end()

    def _end(self) -> int:
        self._process.kill()
        try:
            code = self._process.wait(timeout=JOIN_S)
        except subprocess.TimeoutExpired:  # it hangs in the kernel, on a dying disk: nobody waits for it
            code = -signal.SIGKILL
        self._thread.join(timeout=JOIN_S)
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                try:
                    stream.close()
                except OSError:
                    continue
        return code

    def _talk(self, order: bytes) -> None:
        stdin, stdout = self._process.stdin, self._process.stdout
        if stdin is not None and stdout is not None:
            self._line = _exchange(stdin, stdout, order)


def _exchange(stdin: IO[bytes], stdout: IO[bytes], order: bytes) -> bytes | None:
    try:
        stdin.write(order)
        stdin.flush()
        return stdout.readline(RESULT_BYTES_MAX + 1)
    except (OSError, ValueError):
        return None  # it died: its exit code tells


def _ended(line: bytes | None, code: int, run_s: float) -> Ended:
    if line is not None and len(line) > RESULT_BYTES_MAX:
        limit = f"its result is over {RESULT_BYTES_MAX} bytes: ask for a shorter span or days"
        return Ended(run_s=run_s, reason=limit)
    if not line or not line.endswith(b"\n"):
        return Ended(run_s=run_s, reason=f"its process died (exit code {code})")
    try:
        answer = json.loads(line)
        if "failed" in answer:
            return Ended(run_s=run_s, reason=str(answer["failed"])[:2000])
        return Ended(run_s=run_s, result=json.dumps(answer["result"], allow_nan=False))
    except (ValueError, KeyError, TypeError) as error:
        return Ended(run_s=run_s, reason=f"its answer cannot be read ({error})")
