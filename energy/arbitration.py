"""Who may: bounds nested from the highest level down.

A lower level's wish is honoured inside what the higher ones leave. Where bounds contradict, the higher level
wins and the violation is reported with its size.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from energy.domain import Level, Limit

ORDER: tuple[Level, ...] = (
    Level.PROTECTION,
    Level.GRID_OPERATOR,
    Level.DIRECT_MARKETER,
    Level.OPERATOR,
    Level.CORRECTION,
    Level.PLAN,
    Level.DEVICE_RULE,
)
"""Highest first."""
DUTIES = frozenset({Level.PROTECTION, Level.GRID_OPERATOR})
"""Whose bounds must be kept whatever it costs."""
SAME_KW = 1.0
"""A register's resolution: closer than this is the same value."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """What one level says about one asset: a bound on either side, a wish, or both; None says nothing."""

    level: Level
    reason: str
    power_kw_min: float | None = None
    power_kw_max: float | None = None
    wanted_kw: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Violation:
    """A bound that a higher level did not leave room for."""

    level: Level
    reason: str
    size_kw: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """The bounds that hold, and the wish of the highest level that has one (not yet clamped)."""

    power_kw_min: float
    power_kw_max: float
    wanted_kw: float | None
    level: Level | None
    reason: str
    limited_by: str | None
    violations: tuple[Violation, ...]


def usable(limit: Limit) -> bool:
    """Tell whether a limit says something that can be kept: finite, and not crossing itself."""
    low, high = limit.power_kw_min, limit.power_kw_max
    finite = all(value is None or math.isfinite(value) for value in (low, high))
    return finite and (low is None or high is None or low <= high)


def claim_of_limit(limit: Limit) -> Claim:
    """Turn a limit in force into its claim."""
    return Claim(
        level=limit.level,
        reason=limit.reason,
        power_kw_min=limit.power_kw_min,
        power_kw_max=limit.power_kw_max,
    )


def arbitrate(nameplate_kw: tuple[float, float], claims: Sequence[Claim]) -> Verdict:
    """Nest the claims into the nameplate, highest level first.

    A claim with a value that is not finite is a fault of its source: it bounds nothing and wants nothing,
    but is reported as a violation of infinite size, since unknown is not unlimited and a person must look.

    Args:
        nameplate_kw: least and greatest power that the asset is built for, finite, in our sign.
        claims: in any order; among equal levels the given order decides.
    """
    low, high = nameplate_kw
    wanted: Claim | None = None
    limited_by: str | None = None
    violations: list[Violation] = []
    for claim in sorted(claims, key=lambda item: ORDER.index(item.level)):
        if not _is_finite(claim):
            violations.append(Violation(level=claim.level, reason=claim.reason, size_kw=math.inf))
            continue
        low_next, high_next, size_kw = _narrow((low, high), claim)
        if size_kw > 0.0:
            violations.append(Violation(level=claim.level, reason=claim.reason, size_kw=size_kw))
        if (low_next, high_next) != (low, high):
            limited_by = claim.reason
        low, high = low_next, high_next
        if wanted is None and claim.wanted_kw is not None:
            wanted = claim
    return Verdict(
        power_kw_min=low,
        power_kw_max=high,
        wanted_kw=wanted.wanted_kw if wanted is not None else None,
        level=wanted.level if wanted is not None else None,
        reason=wanted.reason if wanted is not None else "nothing is wanted",
        limited_by=limited_by,
        violations=tuple(violations),
    )


def is_duty(nameplate_kw: tuple[float, float], claims: Sequence[Claim], power_kw: float) -> bool:
    """Tell whether a bound of protection or of the grid operator leaves no room beyond a power.

    >>> bound = Claim(level=Level.GRID_OPERATOR, reason="less wind", power_kw_min=-30.0)
    >>> [is_duty((-100.0, 0.0), [bound], power_kw) for power_kw in (-30.0, -10.0)]
    [True, False]
    """
    duties = [claim for claim in claims if claim.level in DUTIES]
    if not duties:
        return False
    (lowest_kw, highest_kw), bounds = nameplate_kw, arbitrate(nameplate_kw, duties)
    is_at_min = bounds.power_kw_min > lowest_kw and power_kw <= bounds.power_kw_min + SAME_KW
    return is_at_min or (bounds.power_kw_max < highest_kw and power_kw >= bounds.power_kw_max - SAME_KW)


def _is_finite(claim: Claim) -> bool:
    values = (claim.power_kw_min, claim.power_kw_max, claim.wanted_kw)
    return all(value is None or math.isfinite(value) for value in values)


def _narrow(bounds_kw: tuple[float, float], claim: Claim) -> tuple[float, float, float]:
    """Intersect; an empty intersection becomes the nearest point of the outer bounds, with the distance."""
    low, high = bounds_kw
    floor, ceiling = claim.power_kw_min, claim.power_kw_max
    if floor is not None and ceiling is not None and floor > ceiling:
        return low, high, floor - ceiling  # contradicts itself: bounds nothing, a person must look
    low_claimed = low if floor is None else floor
    high_claimed = high if ceiling is None else ceiling
    low_next = min(max(low, low_claimed), high)
    high_next = max(min(high, high_claimed), low)
    return low_next, high_next, max(0.0, low_claimed - high, low - high_claimed)
