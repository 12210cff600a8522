"""The planner's child process: ``python -m energy.planning.worker REGION FOLDER DIGEST [in_turn] [ADDRESS]``.

Reads one plan request a line on standard input, writes one answer a line on standard output, begins the
night's training after answering so that a plan never waits for it, and ends when its input ends. It only
reads the data folder; its own child, the trainer, writes models there. With ``in_turn``, where time is
simulated, it trains by itself between two requests, so that the same seed gives the same models at the same
moments. At an ADDRESS a Dask scheduler takes the parts of large plans.
"""

import os
import sys
from pathlib import Path
from typing import BinaryIO

from energy.own_child import SINGLE_THREAD, take_standard_output

IN_TURN = "in_turn"


def main(arguments: list[str]) -> int:
    """Run until the input ends; gives the exit code."""
    region_name, folder, digest = arguments[:3]
    answers = take_standard_output()
    os.environ.update(SINGLE_THREAD)
    from energy.planning.desk import open_desk  # noqa: PLC0415 (after the thread limits are set)
    from energy.planning.schooling import open_schooling  # noqa: PLC0415 (after the thread limits are set)

    scheduler = next((word for word in arguments[3:] if word != IN_TURN), None)
    desk = open_desk(region_name, Path(folder), digest=digest, scheduler=scheduler)
    schooling = open_schooling(region_name, Path(folder), digest=digest, in_turn=IN_TURN in arguments)
    for line in sys.stdin.buffer:
        if not sent(answers, desk.answer(line)):
            break
        desk.watch_meters()
        desk.judge()
        if desk.asked_at is not None:
            schooling.begin_if_due(desk.asked_at)
            desk.tell(schooling.notes())
    schooling.close()
    return 0


def sent(answers: BinaryIO, answer: bytes) -> bool:
    """Send an answer; False where nobody is there any more to read it, as at the end of a run."""
    try:
        answers.write(answer)
        answers.flush()
    except BrokenPipeError:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, answers.fileno())  # what is still in the buffer must not fail at the very end
        os.close(nowhere)
        return False
    return True


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
