"""Every device that can be commanded as one row: its last setpoint and its score, worst first. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from dashboard.assets import AssetRow
from energy.conduct import Conduct, FollowingState, Score
from energy.domain import Alarm, Applied, Authority, Limited, Point

NEVER_ASKED = Score()
NOT_JUDGED = 2.0
"""Behind every fraction: a device that was never asked, or cannot be judged, is not among the worst."""
REMOTE_MIN = 0.5
"""The point ``remote`` is 1 or 0."""
NOT_COMMISSIONED = "not_commissioned"


class Access(StrEnum):
    """Whether setpoints can reach the device at all."""

    READY = "ready"
    OBSERVED = "observed"
    """The authority is observe: nothing is ever sent."""
    NOT_COMMISSIONED = "not_commissioned"
    LOCAL = "local"
    LOCAL_UNKNOWN = "local_unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceRow:
    """One device; ``conduct`` is None before the first tick that decided for it."""

    row: AssetRow
    access: Access
    conduct: Conduct | None
    day: Score
    week: Score
    """Seconds of the last 24 hours, and of the last 7 days."""

    @property
    def held_kw(self) -> float | None:
        """What the device was found to hold after the last write; None where that is not known."""
        outcome = self.row.outcome
        return outcome.read_back_kw if isinstance(outcome, Applied | Limited) else None

    @property
    def state(self) -> FollowingState:
        """Whether its power follows."""
        return FollowingState.UNKNOWN if self.conduct is None else self.conduct.following.state

    @property
    def rank(self) -> tuple[float, float, str]:
        """The worst device has the least rank: by its day, then by its week."""
        fractions = [self.day.followed_fraction, self.week.followed_fraction]
        day, week = (NOT_JUDGED if fraction is None else fraction for fraction in fractions)
        return day, week, self.row.asset.id


def devices_of(
    rows: Sequence[AssetRow],
    *,
    conduct: Mapping[str, Conduct],
    day: Mapping[str, Score],
    week: Mapping[str, Score],
    alarms: Sequence[Alarm],
) -> tuple[DeviceRow, ...]:
    """List the devices that can be commanded, worst first."""
    untested = {alarm.target_id for alarm in alarms if alarm.code == NOT_COMMISSIONED}
    devices = [
        DeviceRow(
            row=row,
            access=_access(row, untested=row.asset.id in untested),
            conduct=conduct.get(row.asset.id),
            day=day.get(row.asset.id, NEVER_ASKED),
            week=week.get(row.asset.id, NEVER_ASKED),
        )
        for row in rows
        if row.dispatchable
    ]
    return tuple(sorted(devices, key=lambda device: device.rank))


def _access(row: AssetRow, *, untested: bool) -> Access:
    if untested:
        return Access.NOT_COMMISSIONED
    if row.authority is Authority.OBSERVE:
        return Access.OBSERVED
    remote = row.values.get(Point.REMOTE)
    if remote is None or remote.quality == "not_implemented":
        return Access.READY
    if remote.live is None:
        return Access.LOCAL_UNKNOWN
    return Access.READY if remote.live >= REMOTE_MIN else Access.LOCAL
