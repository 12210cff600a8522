"""One parcel on its way to the server: delivered whole, or bisected to the lines that it does not take."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, assert_never

from energy.historian.influx.client import Answer, Away, Denied, Refused, Taken, TooLarge
from energy.historian.influx.spool_queue import Refusal, SpoolQueue

LINES_PER_REQUEST = 5_000
"""What InfluxData recommends (Optimize writes to InfluxDB: 5,000 lines or 10 MB, whichever is first)."""
BYTES_PER_REQUEST = 1_000_000
"""Lines before compression: also uncompressed below what a proxy takes by default (nginx: 1 MB)."""
BYTES_PER_REQUEST_LEAST = 20_000


class Writes(Protocol):
    """What takes lines to a server."""

    def send(self, lines: str) -> Answer:
        """Send lines and say what became of them."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """What one look at the spool came to.

    ``lines`` were settled, 0 where nothing waited or nothing went; ``trouble`` says why not.
    """

    lines: int
    trouble: Denied | Away | None = None


class Delivery:
    """Takes parcels from the spool to the server; forgets them only after the server's answer.

    A point is what its measurement, tags and time say. A parcel that is sent again, after an answer that was
    lost or a process that died, writes the same points again and changes nothing: so each is there once.

    Args:
        queue: the spool.
        writer: the way to the server.
        give_up: asked between two requests; True leaves the parcel for another time.
    """

    def __init__(self, queue: SpoolQueue, writer: Writes, *, give_up: Callable[[], bool]) -> None:
        self._queue = queue
        self._writer = writer
        self._give_up = give_up
        self._bytes_max = BYTES_PER_REQUEST

    def once(self) -> Sent:
        """Deliver the oldest parcel, if there is one; raises where the spool does."""
        parcel = self._queue.take(lines_max=LINES_PER_REQUEST, bytes_max=self._bytes_max)
        if parcel is None:
            return Sent(lines=0)
        refused: list[Refusal] = []
        trouble = self._send(parcel.body, refused)
        if trouble is not None:
            return Sent(lines=0, trouble=trouble)
        self._queue.settle(parcel, refused)
        return Sent(lines=parcel.lines_count)

    def _send(self, body: str, refused: list[Refusal]) -> Denied | Away | None:
        """Send lines; those at fault are added to ``refused``. Gives what kept the rest from arriving."""
        if self._give_up():
            return Away(reason="the delivery was stopped")
        answer = self._writer.send(body)
        match answer:
            case Taken():
                return None
            case Denied() | Away():
                return answer
            case Refused() | TooLarge():
                if isinstance(answer, TooLarge):
                    self._bytes_max = max(BYTES_PER_REQUEST_LEAST, min(self._bytes_max, len(body) // 2))
                lines = body.split("\n")
                if len(lines) == 1:
                    refused.append(Refusal(line=body, reason=answer.reason))
                    return None
                middle = len(lines) // 2
                trouble = self._send("\n".join(lines[:middle]), refused)
                return trouble if trouble is not None else self._send("\n".join(lines[middle:]), refused)
            case _:
                assert_never(answer)
