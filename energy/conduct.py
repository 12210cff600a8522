"""What a device does with what it is told: its last setpoint link by link, whether it followed, its score.

A setpoint is proven link by link: wanted, limited, sent, read back, measured. What cannot be judged is
unknown, never followed.
"""

from dataclasses import dataclass, fields
from datetime import datetime
from enum import StrEnum

from energy.domain import Level


class FollowingState(StrEnum):
    """Whether the measured power follows what the device holds."""

    FOLLOWED = "followed"
    SETTLING = "settling"
    """Off, but its ramp and its settling time are not over."""
    NOT_FOLLOWED = "not_followed"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Following:
    """One asset's power beside what its device holds.

    ``tolerance_kw`` is how far they may differ. ``since`` is the moment from which they have differed by
    more, ``due_at`` until when they may; both are None where they do not. ``reason`` is technical English:
    why it is unknown, or what explains a difference.
    """

    asset_id: str
    state: FollowingState
    held_kw: float | None
    measured_kw: float | None
    tolerance_kw: float
    since: datetime | None
    due_at: datetime | None
    reason: str

    @property
    def is_behind(self) -> bool:
        """Whether the power differs from what is held by more than the tolerance."""
        return self.state in {FollowingState.SETTLING, FollowingState.NOT_FOLLOWED}


@dataclass(frozen=True, slots=True, kw_only=True)
class Conduct:
    """The links that the controller adds for one asset at one tick; the outcome tells what was read back.

    ``wanted_kw`` is what ``level`` wanted, ``limited_by`` the rule that changed it (None: none did),
    ``sent_kw`` what went out (None: nothing did, for ``reason``). ``following`` judges what was held until
    then.
    """

    asset_id: str
    at: datetime
    wanted_kw: float | None
    level: Level | None
    limited_by: str | None
    sent_kw: float | None
    reason: str
    following: Following


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """For how many seconds a device was asked for something, by what became of it.

    A second counts once: the setpoint was refused, did not arrive, was held as something else (``limited``),
    or was held as asked; held as asked, its power followed, was settling, did not follow, or is unknown.
    """

    followed_s: float = 0.0
    settling_s: float = 0.0
    not_followed_s: float = 0.0
    unknown_s: float = 0.0
    limited_s: float = 0.0
    refused_s: float = 0.0
    unreachable_s: float = 0.0

    @property
    def held_s(self) -> float:
        """How long the device held what was asked."""
        return self.followed_s + self.settling_s + self.not_followed_s + self.unknown_s

    @property
    def asked_s(self) -> float:
        """How long anything was asked of it."""
        return self.held_s + self.limited_s + self.refused_s + self.unreachable_s

    @property
    def followed_fraction(self) -> float | None:
        """The share followed of what can be judged, settling and unknown aside; None where nothing can."""
        judged_s = self.asked_s - self.settling_s - self.unknown_s
        return self.followed_s / judged_s if judged_s > 0.0 else None

    def plus(self, other: "Score") -> "Score":
        """Add two spans of time."""
        return Score(
            **{field.name: getattr(self, field.name) + getattr(other, field.name) for field in fields(Score)}
        )


SCORE_FIELDS = tuple(field.name for field in fields(Score))
"""In the order of the class."""
