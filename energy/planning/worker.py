"""The planner's child process: ``python -m energy.planning.worker REGION FOLDER DIGEST``.

Reads one plan request a line on standard input, writes one answer a line on standard output, trains its
models after answering so that a plan never waits for training, and ends when its input ends. It only reads
the data folder.
"""

import os
import sys
from pathlib import Path
from typing import BinaryIO

SINGLE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
"""One thread each: the same input gives the same plan, and the control loop keeps its core."""


def main(arguments: list[str]) -> int:
    """Run until the input ends; gives the exit code."""
    region_name, folder, digest = arguments
    answers = _take_standard_output()
    os.environ.update(SINGLE_THREAD)
    from energy.planning.desk import open_desk  # noqa: PLC0415 (after the thread limits are set)

    desk = open_desk(region_name, Path(folder), digest=digest)
    for line in sys.stdin.buffer:
        answers.write(desk.answer(line))
        answers.flush()
        desk.watch_meters()
        desk.judge()
        desk.train_if_due()
    return 0


def _take_standard_output() -> BinaryIO:
    """Keep standard output for answers: whatever a library prints goes to standard error."""
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    return answers


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
