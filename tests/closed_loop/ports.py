"""Free ports for a simulated region: a range that nothing listens on now."""

import os
import socket

LOWEST, HIGHEST = 20_000, 32_000
"""Below the ports that Linux hands out for outgoing connections."""


def free_range(count: int) -> int:
    """Give the first of ``count`` consecutive free ports on loopback."""
    begin = LOWEST + os.getpid() * 37 % (HIGHEST - LOWEST)  # two test runs on one machine start apart
    for first in [*range(begin, HIGHEST, count + 3), *range(LOWEST, begin, count + 3)]:
        held: list[socket.socket] = []
        try:
            held.extend(_bind(port) for port in range(first, first + count))
        except OSError:
            continue
        finally:
            for item in held:
                item.close()
        return first
    raise AssertionError("no free range of ports on loopback")


def _bind(port: int) -> socket.socket:
    item = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    item.bind(("127.0.0.1", port))
    return item
