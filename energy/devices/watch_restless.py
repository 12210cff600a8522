"""Doubts what was impossible again and again, even while it looks right.

Between two leaps of a broken sensor or cable its value can be: who believed it then would send the device
back and forth.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from energy.domain import Point

QUIET_S = 300.0
"""Impossible twice within it, a value is believed again only after so long without: a loose cable shows
itself in minutes, and a device that rests so long costs little."""


@dataclass(slots=True, kw_only=True)
class _Unrest:
    """When a value last was impossible, and until when it is not believed."""

    last_s: float
    is_over: bool = False
    quiet_from_s: float = 0.0


class RestlessWatch:
    """The unrest of one line; a line that shows none costs nothing."""

    def __init__(self) -> None:
        self._unrest: dict[Point, _Unrest] = {}

    def judge(self, impossible: Collection[Point], *, at_s: float) -> Iterator[Point]:
        """Give the points that must not be believed though they can be.

        Args:
            impossible: the points whose values of this sweep cannot be.
            at_s: its moment, Unix seconds.
        """
        for point in impossible:
            unrest = self._unrest.setdefault(point, _Unrest(last_s=at_s))
            if unrest.is_over or unrest.quiet_from_s > at_s:
                unrest.quiet_from_s = at_s + QUIET_S
            unrest.last_s, unrest.is_over = at_s, False
        for point, unrest in list(self._unrest.items()):
            if point in impossible:
                continue
            unrest.is_over = True
            if at_s - unrest.last_s >= QUIET_S:
                del self._unrest[point]
            elif at_s < unrest.quiet_from_s:
                yield point
