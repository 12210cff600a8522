"""What proves a sign while a test holds a power: the witness's words, and the device's own counters; pure.

Our own reading proves nothing here: a register map that turns the power and the setpoint alike agrees with
itself while the device does the opposite.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from energy.commissioning import SIGN_TOLERANCES, Verdict, agrees, in_words
from energy.domain import Point, Quality, Reading
from energy.units import S_PER_H

COUNTERS = (Point.ENERGY_KWH, Point.ENERGY_KWH_DRAWN, Point.ENERGY_KWH_FED_IN)
THE_OTHER_WAY = (
    "THE SIGN IS THE OTHER WAY ROUND: change `sign` of the power and of what is written in the register map"
)
TREND_FRACTION = 0.1
"""Of the energy that the power comes to: a counter that moved by less was moved by something else."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trend:
    """What the counters say of the direction of a power that was held; None where none of them moved."""

    agrees: bool | None
    words: str
    moved_kwh: Mapping[str, float]


def witnessed(
    shown_kw: float | None,
    read_kw: Sequence[float],
    *,
    told_kw: float,
    tolerance_kw: float,
    kind: str,
    told_beforehand: bool = False,
) -> tuple[Verdict, str]:
    """Judge what the witness saw on the device's own display while a value was held.

    Args:
        shown_kw: the display's direction and magnitude in our sign; None where nobody said it.
        read_kw: what we read just before and just after; nothing where it could not be believed.
        told_kw: what the device was told.
        tolerance_kw: how far they may lie apart.
        kind: of the asset, for the words.
        told_beforehand: the direction was said before the test began; the protocol says so.
    """
    if shown_kw is None:
        return Verdict.INCOMPLETE, "nobody said what the device's own display shows: its sign is not proven"
    shown = f"the display shows: {in_words(Point.POWER_KW, shown_kw, kind=kind)}"
    if told_beforehand:
        shown = f"{shown} (TOLD BEFOREHAND with --moved, not read off while the value stood)"
    known_kw = read_kw or (told_kw,)
    if not agrees(shown_kw, known_kw, tolerance=tolerance_kw):
        ours = in_words(Point.POWER_KW, known_kw[-1], kind=kind)
        whose = "we read" if read_kw else "we told it"
        words = f"{whose}: {ours}, {shown}; further apart than {tolerance_kw:,.3g} kW"
        if agrees(-shown_kw, known_kw, tolerance=tolerance_kw):
            words += f"; {THE_OTHER_WAY}"
        return Verdict.FAILED, words
    if not read_kw:
        return Verdict.INCOMPLETE, f"{shown}, but what we read of it meanwhile could not be believed"
    least_kw = SIGN_TOLERANCES * tolerance_kw
    if abs(shown_kw) <= least_kw:
        return Verdict.INCOMPLETE, f"{shown}; only more than {least_kw:,.3g} kW proves a sign"
    return Verdict.PASSED, f"the witness sees the same: {shown}"


def trend_of(
    before: Mapping[Point, Reading],
    after: Mapping[Point, Reading],
    *,
    power_kw: float,
    steps_kwh: Mapping[Point, float],
) -> Trend:
    """Judge by the device's own counters which way a power went that was held between two looks.

    What is in store must rise with a power that draws and fall with one that feeds in; of two counters the
    one of the power's direction must move. A counter that moved by no more than its step says nothing.

    Args:
        before: the first look.
        after: the second.
        power_kw: what was read of the power in between, in our sign.
        steps_kwh: what one step of a counter's register is worth.
    """
    moved_kwh = dict(_moved(before, after, power_kw, steps_kwh))
    store_kwh = moved_kwh.get(Point.ENERGY_KWH)
    right, wrong = (
        (Point.ENERGY_KWH_DRAWN, Point.ENERGY_KWH_FED_IN)
        if power_kw > 0.0
        else (Point.ENERGY_KWH_FED_IN, Point.ENERGY_KWH_DRAWN)
    )
    says: list[bool] = []
    if store_kwh is not None:
        says.append((store_kwh > 0.0) is (power_kw > 0.0))
    if moved_kwh.get(right, 0.0) > 0.0 or moved_kwh.get(wrong, 0.0) > 0.0:
        says.append(moved_kwh.get(right, 0.0) > 0.0)
    seen = ", ".join(
        f"{point.value} {'+' if kwh > 0.0 else '-'}{abs(kwh):,.3g}" for point, kwh in moved_kwh.items()
    )
    by_name = {point.value: kwh for point, kwh in moved_kwh.items()}
    if not says:
        return Trend(agrees=None, words="no counter of its own moved enough to tell", moved_kwh=by_name)
    if all(says):
        return Trend(agrees=True, words=f"its own counters agree ({seen})", moved_kwh=by_name)
    words = (
        f"ITS OWN COUNTERS SAY THE OPPOSITE ({seen}): the register map has the wrong sign, of the power "
        "and of what is written, or the counters' registers are"
    )
    return Trend(agrees=False, words=words, moved_kwh=by_name)


def _moved(
    before: Mapping[Point, Reading],
    after: Mapping[Point, Reading],
    power_kw: float,
    steps_kwh: Mapping[Point, float],
) -> list[tuple[Point, float]]:
    """Give the counters that moved by more than their step and a share of what the power comes to, kWh."""
    moved = []
    for point in COUNTERS:
        first, last = before.get(point), after.get(point)
        if first is None or last is None or first.value is None or last.value is None:
            continue
        if first.quality is not Quality.GOOD or last.quality is not Quality.GOOD:
            continue
        passed_s = (last.measured_at - first.measured_at).total_seconds()
        least_kwh = max(steps_kwh.get(point, 0.0), TREND_FRACTION * abs(power_kw) * passed_s / S_PER_H)
        if abs(last.value - first.value) > least_kwh:
            moved.append((point, last.value - first.value))
    return moved
