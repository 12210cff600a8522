"""What one tick decides on, and what it decides: values only, so that it can be decided again."""

from dataclasses import dataclass

from energy.conduct import Following
from energy.domain import Alarm, Decision, Image, Limit, Outcome, Plan, Request, Rung


@dataclass(frozen=True, slots=True, kw_only=True)
class TickInput:
    """The complete input of ``decide`` besides the region.

    ``plan`` is the plan to follow now, None when even the rules could not give one, or when nothing but safe
    states may go out. ``overrides`` are people's open requests with their power resolved.
    ``exchange_mean_kw`` is the
    grid point's mean since the quarter hour began, None when its beginning was not measured. ``outcomes`` and
    ``alarms`` are those of the tick before.
    """

    image: Image
    tick_s: float
    plan: Plan | None
    rung: Rung
    limits: tuple[Limit, ...]
    overrides: tuple[Request, ...]
    exchange_mean_kw: float | None
    outcomes: tuple[Outcome, ...]
    alarms: tuple[Alarm, ...]
    unread: tuple[str, ...]
    """Assets whose device was not read since the start: what bound stands there is not known."""
    uncommissioned: tuple[str, ...]
    """Assets whose point-to-point test is not recorded: nothing is sent to them."""
    behind: tuple[Following, ...]
    """Which assets did not follow what they held a tick ago, and until when they may."""
    notes: tuple[str, ...]
    """What the shell noticed (planner down, store unavailable) as ``code: detail`` or
    ``code@target: detail``: they become alarms, but for those that only the planners' page shows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TickOutput:
    """One decision for each asset that can be commanded, whether it follows, and what is wrong."""

    decisions: tuple[Decision, ...]
    alarms: tuple[Alarm, ...]
    following: tuple[Following, ...] = ()

    @property
    def behind(self) -> tuple[Following, ...]:
        """Those that do not follow, or not yet: the next tick's input."""
        return tuple(item for item in self.following if item.is_behind)
