"""Free ports for a simulated region: a range that nothing listens on now."""

import os
import socket
from contextlib import ExitStack

LOWEST, HIGHEST = 20_000, 32_000
"""Below the ports that Linux hands out for outgoing connections."""


def free_range(count: int) -> int:
    """Give the first of ``count`` consecutive free ports on loopback."""
    begin = LOWEST + os.getpid() * 37 % (HIGHEST - LOWEST)  # two test runs on one machine start apart
    for first in [*range(begin, HIGHEST, count + 3), *range(LOWEST, begin, count + 3)]:
        try:
            with ExitStack() as stack:
                for port in range(first, first + count):
                    stack.enter_context(socket.socket()).bind(("127.0.0.1", port))
        except OSError:
            continue
        return first
    raise AssertionError("no free range of ports on loopback")
