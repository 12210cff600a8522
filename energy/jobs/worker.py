"""One job's process: ``python -m energy.jobs.worker REGION FOLDER``, one line in, one line out.

Low priority, one thread, bounded memory and processor time: an orphan ends by itself. It only reads.
"""

import json
import os
import resource
import sys
from pathlib import Path

from energy.own_child import SINGLE_THREAD, go_first, take_standard_output

NICE = 10
MEMORY_BYTES_MAX = 3_000_000_000
"""Address space, of which libraries reserve about 1 GB without using it."""
CPU_S_MAX = 90


def main(arguments: list[str]) -> int:
    """Run one job; gives the exit code."""
    region_name, folder = arguments
    answers = take_standard_output()
    os.nice(NICE)
    go_first()
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES_MAX, MEMORY_BYTES_MAX))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_S_MAX, CPU_S_MAX))
    os.environ.update(SINGLE_THREAD)
    from energy.errors import EnergiewaageError  # noqa: PLC0415 (after the limits are set)
    from energy.jobs.kinds import run_job  # noqa: PLC0415 (after the limits are set)

    order = json.loads(sys.stdin.buffer.readline())
    answer: dict[str, object]
    try:
        answer = {"result": run_job(order["kind"], order["parameters"], region_name, Path(folder))}
    except EnergiewaageError as error:
        answer = {"failed": str(error)}
    except MemoryError:
        answer = {"failed": f"it needs more memory than {MEMORY_BYTES_MAX} bytes; ask for a shorter span"}
    answers.write(json.dumps(answer, allow_nan=False).encode() + b"\n")
    answers.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
