"""Free ports for a simulated region: a range that nothing listens on now."""

import socket


def free_range(count: int) -> int:
    """Give the first of ``count`` consecutive free ports on loopback."""
    for first in range(21000, 60000, count + 3):
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
