"""Whether a device's heartbeat counter moves: one that stands still shows an old picture of itself."""

from datetime import datetime

from energy.devices.sweep import Beside


class Pulse:
    """The counter of one device.

    A counter that cannot be read counts as standing still; one that says "not implemented" says nothing.
    """

    def __init__(self, frozen_s: float) -> None:
        self._frozen_s = frozen_s
        self._beat: float | None = None
        self._since: datetime | None = None

    def is_stopped(self, beside: Beside, at: datetime) -> bool:
        """Take the counter over as it was seen at a moment; tell whether it has stood still too long."""
        if not beside.has_beat:
            self._beat = self._since = None
            return False
        moved = beside.beat is not None and beside.beat != self._beat
        if moved or self._since is None:
            self._beat, self._since = beside.beat, at
        return (at - self._since).total_seconds() >= self._frozen_s
