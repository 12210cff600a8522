"""A worker of the local pool: ``python -m energy.optimize.coordination.worker``.

Reads pieces on standard input, writes answers on standard output. A thread of its own does nothing but
read: at the end of the input, when the planner has ended in whatever way, it ends the process at once, also
in the middle of a solve.
"""

import os
import queue
import sys
import threading
from typing import BinaryIO

from energy.optimize.coordination.piece import solve_piece
from energy.optimize.coordination.wire import decode_piece, encode_answer, read_message, write_message
from energy.own_child import go_first, take_standard_output

NICENESS = 5
"""The control loop goes first."""
PIECES_MAX = 4
"""A planner hands one piece over at a time."""


def main() -> int:
    """Run until the input ends."""
    os.nice(NICENESS)
    go_first()
    answers = take_standard_output()
    pieces: queue.Queue[bytes] = queue.Queue(maxsize=PIECES_MAX)
    threading.Thread(target=_listen, args=(sys.stdin.buffer, pieces), daemon=True).start()
    while True:
        piece, seconds_max = decode_piece(pieces.get())
        write_message(answers, encode_answer(solve_piece(piece, seconds_max)))


def _listen(stream: BinaryIO, pieces: "queue.Queue[bytes]") -> None:
    while (message := read_message(stream)) is not None:
        pieces.put(message)
    os._exit(0)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (BrokenPipeError, KeyboardInterrupt):
        os._exit(0)
