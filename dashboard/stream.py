"""Server-sent events: what changed on the page, at most once a second."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

from dashboard.live import Live

EVERY_S = 1.0
PULSE_S = 5.0
"""At least this often something is sent, so that a viewer knows that silence means a lost stream."""
RETRY_MS = 2000
STREAMS_MAX = 100


@dataclass(slots=True)
class Streams:
    """How many viewers there are, and whether the server is closing."""

    open: int = 0
    closing: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def full(self) -> bool:
        """Whether another viewer would be one too many."""
        return self.open >= STREAMS_MAX


def event(name: str, data: object) -> str:
    r"""Write one event.

    >>> event("pulse", {})
    'event: pulse\ndata: {}\n\n'
    """
    return f"event: {name}\ndata: {json.dumps(data, ensure_ascii=False)}\n\n"


async def page_events(
    live: Live, language: str, streams: Streams, *, every_s: float = EVERY_S
) -> AsyncIterator[str]:
    """Yield the page's changes as events until the server closes.

    The first event carries every part of the page, later ones only those that changed.
    """
    streams.open += 1
    try:
        yield f"retry: {RETRY_MS}\n\n"
        shown: dict[str, str] = {}
        quiet_s = 0.0
        while not streams.closing.is_set():
            state = await live.state(language)
            changed = {name: html for name, html in state.fragments.items() if shown.get(name) != html}
            if changed:
                shown.update(changed)
                quiet_s = 0.0
                yield event(
                    "page",
                    {
                        "presence": state.presence,
                        "now": state.now,
                        "charts_key": state.charts_key,
                        "fragments": changed,
                    },
                )
            elif quiet_s >= PULSE_S:
                quiet_s = 0.0
                yield event("pulse", {})
            await _wait(streams.closing, every_s)
            quiet_s += every_s
    finally:
        streams.open -= 1


async def _wait(closing: asyncio.Event, seconds: float) -> None:
    try:
        await asyncio.wait_for(closing.wait(), seconds)
    except TimeoutError:
        return
