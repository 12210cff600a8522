"""Runs the dashboard under uvicorn and ends its streams when it is told to stop."""

import errno
import socket
import sys
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import uvicorn

from dashboard.app import Dashboard, create_dashboard
from energy.region.model import Region

GRACE_S = 3
"""How long open answers may finish after a stop."""
BACKLOG = 128


class Server(uvicorn.Server):
    """A uvicorn server that tells the open streams to end before it waits for them."""

    def __init__(self, dashboard: Dashboard, *, host: str, port: int) -> None:
        config = uvicorn.Config(
            dashboard.asgi,
            host=host,
            port=port,
            access_log=False,
            log_level="warning",
            server_header=False,
            timeout_graceful_shutdown=GRACE_S,
            lifespan="off",
        )
        super().__init__(config)
        self._dashboard = dashboard

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stop serving."""
        self._dashboard.streams.closing.set()
        await super().shutdown(sockets)
        self._dashboard.close()


def serve(region: Region, folder: Path, *, host: str, port: int, wall_now: Callable[[], datetime]) -> bool:
    """Serve until interrupted; False when the port could not be had."""
    try:
        listening = listen(host, port)
    except OSError as error:
        print(trouble(host, port, error), file=sys.stderr)
        return False
    with listening:
        server = Server(create_dashboard(region, folder, wall_now=wall_now), host=host, port=port)
        print(f"http://{bracketed(host)}:{listening.getsockname()[1]}/", flush=True)
        try:
            server.run(sockets=[listening])
        except KeyboardInterrupt:
            return True
    return True


def listen(host: str, port: int) -> socket.socket:
    """Bind the port first, so that a port in use is one clear message.

    Raises:
        OSError: it cannot be had.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((host, port))
        listening.listen(BACKLOG)
    except OSError:
        listening.close()
        raise
    return listening


def trouble(host: str, port: int, error: OSError) -> str:
    """Say why the port could not be had, and what to do."""
    place = f"{bracketed(host)}:{port}"
    if error.errno == errno.EADDRINUSE:
        return f"{place} is in use by another process. Mend: choose another --port or stop that process"
    if error.errno == errno.EACCES:
        return f"{place} may not be used by this user. Mend: choose a --port of 1024 or more"
    return f"{place} cannot be listened on: {error.strerror}. Mend: check --host and --port"


def bracketed(host: str) -> str:
    """Write a host as an address line needs it."""
    return f"[{host}]" if ":" in host else host
