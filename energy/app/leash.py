"""Starts a command that ends when its parent does: ``python -m energy.app.leash COMMAND...``.

A demo that is killed leaves no plant behind to hold its ports. Linux only, like the demo.
"""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1
"""prctl(2): the signal sent to this process when its parent ends; it survives execve(2)."""


def main(command: list[str], *, parent: int) -> int:
    """Tie this process to its parent and become the command; returns only if the parent has gone."""
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() == parent:
        os.execv(command[0], command)  # noqa: S606 (the command is our own, made by the demo)
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[2:], parent=int(sys.argv[1])))
