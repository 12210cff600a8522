"""The outermost layer: refuses foreign hosts and gives every answer, errors too, its security headers."""

from collections.abc import Iterable

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from dashboard.problem import problem_response

LOOPBACK_HOSTS = frozenset({"127.0.0.1", "localhost", "[::1]"})
"""Names under which a browser may ask. A foreign page could point its own name at us (DNS rebinding)."""
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'self'; script-src 'self'; style-src 'self' 'unsafe-inline'; "
        "img-src 'self' data: blob:; connect-src 'self'; object-src 'none'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}


def host_name(host_header: str) -> str:
    """Take the port off a Host header.

    >>> host_name("127.0.0.1:8080"), host_name("[::1]:8080"), host_name("localhost")
    ('127.0.0.1', '[::1]', 'localhost')
    """
    if host_header.startswith("["):
        return host_header.partition("]")[0] + "]"
    return host_header.partition(":")[0].lower()


class Guard:
    """Wraps an application."""

    def __init__(self, app: ASGIApp, *, hosts: Iterable[str] = LOOPBACK_HOSTS) -> None:
        self._app = app
        self._hosts = frozenset(hosts)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers[name] = value
                headers.setdefault("Cache-Control", "no-store")
            await send(message)

        host = Headers(scope=scope).get("host", "")
        if host_name(host) not in self._hosts:
            detail = f"host {host[:100]!r} is not served here; use http://127.0.0.1 with this port"
            await problem_response(400, detail)(scope, receive, send_guarded)
            return
        await self._app(scope, receive, send_guarded)
