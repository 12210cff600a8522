"""Values that repeat themselves: a meter that stands still, an hour or a day that was copied.

How long is too long each series says itself: a run counts as a fault once it is twice as long as any before.
So neither a hydro plant that runs flat for days nor a series in whole megawatts is taken for a dead meter.
"""

import math
from collections.abc import Mapping

import numpy as np

from energy.domain import FloatArray
from energy.forecast.calendar import BoolArray, IntArray
from energy.forecast.marks.fault import Span, stretches
from energy.forecast.series import Kind

STUCK_H: Mapping[Kind, float] = {
    "load": 3.0,
    "heat": 24.0,
    "pv": 3.0,
    "wind": 12.0,
    "hydro": 48.0,
    "ev_hub": 24.0,
    "temperature": 12.0,
}
"""No run shorter than this is called stuck, however lively the series; prices may stand as they like."""
ZERO_RESTS: frozenset[Kind] = frozenset({"pv", "wind", "hydro", "ev_hub"})
"""Kinds that may rest at zero."""
CALM_H = 120.0
"""Five days: no calm lasts so long, at hub height and in every quarter hour."""
OVER_LONGEST = 2.0
LEARN_DAYS = 14
"""So many days before a run tell how long runs of this series are."""
FULL_SHARE = 0.95
"""A source may stand long at its greatest power."""
STEPS_SHARE_MIN = 0.5
"""A series that changes in fewer of its steps holds its value by nature (a valve, a whole number)."""
HELD_H = 24.0
"""What such a series may hold at least."""
HOUR_CHANGES_MIN, DAY_CHANGES_MIN = 3, 12
"""A copy of an hour is told from chance by so many changes within it, a copy of a day by more."""
CHANCE_MAX = 0.004
"""Values that come back by chance more often than this are too coarse to tell a copy."""
CHANCE_MIN = 0.0003
RUN_MIN = 2
"""Shorter runs say nothing of how long a series holds its value."""
RESTING: frozenset[Kind] = frozenset({"pv", "hydro"})
REST_SHARE = 0.1
"""Of the greatest power so far: below it a turbine rests, and roofs in whole tens of kW lie under cloud."""


def stuck(values: FloatArray, kind: Kind, *, slots: int) -> list[Span]:
    """Find runs of one value that last longer than this series ever stood still."""
    least_h = STUCK_H.get(kind)
    if least_h is None or values.size < 2:
        return []
    same = np.concatenate([[False], values[1:] == values[:-1]])
    if kind in ZERO_RESTS:
        same &= values > 0.0
    found = stretches(same)
    found = found[found[:, 1] - found[:, 0] >= RUN_MIN]
    seen = _measured_before(values)
    changed = np.concatenate([[0], np.cumsum(~same & np.isfinite(values))])
    peak = np.fmax.accumulate(values)
    spans, longest = [], 0
    for second, end in found.tolist():
        first = second - 1  # the value that is repeated
        length = end - first
        lively = changed[first] >= STEPS_SHARE_MIN * seen[first]
        at_least = round(max(least_h, 0.0 if lively else HELD_H) * slots / 24)
        if kind in ZERO_RESTS and values[first] >= FULL_SHARE * peak[first]:
            at_least = max(at_least, slots)
        if kind in RESTING and values[first] <= REST_SHARE * peak[first]:
            continue
        limit = max(at_least, int(OVER_LONGEST * longest))
        if length <= limit:
            longest = max(longest, length)
        elif seen[first] >= LEARN_DAYS * slots:
            before = f"longer than {longest * 24 / slots:g} h" if longest else "did"
            why = f"stands still at {values[first]:g}; never {before} before"
            spans.append(Span(kind="stuck", first=first + 1, end=end, decided=first + limit + 1, why=why))
    return spans


def calm_too_long(values: FloatArray, *, slots: int) -> list[Span]:
    """Find zeros of a wind park that last longer than any calm."""
    limit = round(CALM_H * slots / 24)
    return [
        Span(
            kind="zero",
            first=first,
            end=end,
            decided=first + limit + 1,
            why=f"zero for more than {CALM_H:g} h: no calm lasts so long",
        )
        for first, end in stretches(values == 0.0).tolist()
        if end - first > limit and np.any(values[:first] > 0.0)
    ]


def repeated(values: FloatArray, *, slots: int) -> list[Span]:
    """Find copies of the hour and of the day before."""
    spans = []
    if slots > 24:
        spans += _copies(values, lag=slots // 24, least=HOUR_CHANGES_MIN, slots=slots, word="hour")
    return spans + _copies(values, lag=slots, least=DAY_CHANGES_MIN, slots=slots, word="day")


def _copies(values: FloatArray, *, lag: int, least: int, slots: int, word: str) -> list[Span]:
    if values.size <= lag:
        return []
    moved = np.concatenate([[False], values[1:] != values[:-1]]) & np.isfinite(values)
    same = np.concatenate([np.zeros(lag, dtype=np.bool_), values[lag:] == values[:-lag]])
    moves = np.concatenate([[0], np.cumsum(moved)])
    both = np.concatenate([[0], np.cumsum(moved & same)])
    found = stretches(same)
    found = found[
        (moves[found[:, 1]] - moves[found[:, 0]] >= least) & (found[:, 1] - found[:, 0] >= lag // 2)
    ]
    seen = _measured_before(values)
    spans, longest = [], 0
    for first, end in found.tolist():
        chance = both[first] / max(1, moves[first])
        if word == "hour" and chance > CHANCE_MAX:
            continue
        limit = max(least, int(OVER_LONGEST * longest) + 1)
        if word == "day":
            limit = max(limit, _beyond_chance(chance, int(moves[first])))
        # passed where the run has changed often enough and is a whole hour, or half a day, long
        told = int(np.searchsorted(moves, moves[first] + limit))
        told = max(told, first + (lag if word == "hour" else lag // 2))
        if told > end:
            longest = max(longest, int(moves[end] - moves[first]))
        elif seen[first] >= LEARN_DAYS * slots:
            why = f"the {word} before once more, value by value"
            spans.append(Span(kind="repeated", first=first, end=end, decided=told, why=why))
    return spans


def _beyond_chance(chance: float, moves: int) -> int:
    """Give how many values alike in a row no series has by chance, not once in a thousand.

    Four times as many, since neighbours in time are alike in being alike.
    """
    share = min(max(chance, CHANCE_MIN), 0.9)
    return math.ceil(4.0 * math.log(1000.0 * max(moves, 1)) / -math.log(share))


def _measured_before(values: FloatArray) -> IntArray:
    return np.concatenate([[0], np.cumsum(np.isfinite(values))]).astype(np.int64)


def gaps(values: FloatArray) -> list[Span]:
    """List what is missing between the first and the last value; it is left out anyway."""
    missing: BoolArray = ~np.isfinite(values)
    known = np.flatnonzero(~missing)
    if known.size == 0:
        return []
    return [
        Span(kind="gap", first=first, end=end, decided=first + 1, why="nothing was measured")
        for first, end in stretches(missing).tolist()
        if known[0] < first
    ]
