"""Whether a power arrived where it was told to go, by what was seen of it on its way; pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from energy.commissioning import Course, Verdict, in_words
from energy.domain import Point, Quality, Reading
from energy.region.model import Asset

ARRIVED_LOOKS = 2
"""So many looks in a row must agree: a power that only passes by is none that arrived."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """What became of one move; ``now_kw`` is the power as we read it last."""

    verdict: Verdict
    words: tuple[str, ...]
    now_kw: float | None = None
    values: Mapping[str, object] = field(default_factory=dict)


def arrived(
    asset: Asset,
    courses: Sequence[Course],
    *,
    before_kw: float,
    setpoint_kw: float,
    now_kw: float | None,
    elapsed_s: float,
) -> Moved:
    """Judge a move by the courses that its power took, oldest first."""
    path = f"from {before_kw:,.1f} kW to {setpoint_kw:,.1f} kW told"
    if now_kw is None or not courses:
        return Moved(verdict=Verdict.FAILED, words=(f"{path}: its power could not be read",))
    at, verdict = in_words(Point.POWER_KW, now_kw, kind=asset.kind), Verdict.FAILED
    is_bound = asset.dispatch_point in {Point.POWER_KW_MIN, Point.POWER_KW_MAX}
    if is_decided(courses) and courses[-1] is Course.ARRIVED:
        verdict, words = Verdict.PASSED, f"read back; after {elapsed_s:,.0f} s we read: {at}"
    elif is_decided(courses):
        words = f"IT WENT THE WRONG WAY, its power: {at}. The sign in the register map is wrong"
    elif courses[-1] is Course.BEYOND and is_bound:
        verdict = Verdict.INCOMPLETE
        words = f"its power: {at}, less than it was allowed: test again in steadier weather"
    else:
        words = f"it did not follow within {elapsed_s:,.0f} s, its power: {at}"
    return Moved(verdict=verdict, words=(f"{path}: {words}",), now_kw=now_kw)


def is_decided(courses: Sequence[Course]) -> bool:
    """Tell whether the last looks agree that it arrived, or that it goes the wrong way."""
    last = set(courses[-ARRIVED_LOOKS:])
    return len(courses) >= ARRIVED_LOOKS and last in ({Course.ARRIVED}, {Course.WRONG_WAY})


def power_kw_of(readings: Mapping[Point, Reading]) -> float | None:
    """Give the power that was read, None where it cannot be believed."""
    reading = readings.get(Point.POWER_KW)
    return None if reading is None or reading.quality is not Quality.GOOD else reading.value
