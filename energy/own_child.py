"""What child processes of ours have in common: one thread each, and a standard output for answers alone.

Imports nothing heavy: a child sets its limits first.
"""

import os
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

SINGLE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
"""For the environment: the same input gives the same numbers, and the control loop keeps its core."""
FIRST_TO_GO = "1000"


def take_standard_output() -> BinaryIO:
    """Keep standard output for answers: whatever a library prints goes to standard error."""
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    return answers


def go_first() -> None:
    """Where the machine has no memory left, let Linux end this process before the controller."""
    with suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text(FIRST_TO_GO, encoding="ascii")
