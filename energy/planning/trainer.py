"""The night's trainer: ``python -m energy.planning.trainer REGION FOLDER DIGEST KNOWN_AT``.

A process of its own, with low priority, one thread and little memory: no plan and no tick waits for it. It
ends when its input ends, which is when its parent does, and after its time; on Linux the kernel ends it with
its parent even where it was stopped and cannot look. It reads the record and writes the folder of models,
nothing else.
"""

import ctypes
import os
import resource
import signal
import sys
import threading
from pathlib import Path

from energy.own_child import SINGLE_THREAD

NICENESS = 15
"""Below everything that controls."""
ADDRESS_BYTES_MAX = 2_000_000_000
"""Room for addresses; two years of an asset take 0.8 GB of it, 0.35 GB in memory (docs/benchmarks.md)."""
SECONDS_MAX = 3600.0
"""A night of 60 assets takes a few minutes; what still runs after an hour hangs."""
PR_SET_PDEATHSIG = 1
"""prctl(2): the signal sent to this process when its parent ends."""
ENDED = 3
"""Exit code of a trainer that was told to end, or ran over its time."""


def main(arguments: list[str]) -> int:
    """Train every asset that is due; gives the exit code."""
    region_name, folder, digest, known_at = arguments
    _end_with_parent()
    os.environ.update(SINGLE_THREAD)
    os.nice(NICENESS)
    resource.setrlimit(resource.RLIMIT_AS, (ADDRESS_BYTES_MAX, ADDRESS_BYTES_MAX))
    threading.Thread(target=_end_with_input, daemon=True).start()
    limit = threading.Timer(SECONDS_MAX, os._exit, [ENDED])
    limit.daemon = True
    limit.start()
    from energy.planning.night import train_due  # noqa: PLC0415 (after the thread limits are set)

    return train_due(region_name, Path(folder), digest=digest, known_at=known_at)


def _end_with_parent() -> None:
    """Ask for the signal that ends even who was stopped; where there is no prctl, the input must do."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def _end_with_input() -> None:
    """Wait for the end of the input; the models that are finished stay, the one under way is dropped."""
    while os.read(0, 4096):
        continue
    os._exit(ENDED)  # a half-written file has no name yet


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
