"""Whether a model that was just learned may take the place of the one at work, on days that neither has seen.

Three are judged on the same held-back days, each day from gates as they were: the candidate, which learned
without these days; the model at work; and the rung below, which needs no learning. The model at work has
seen those of the days that lie before its own ``known_at``: there its twin answers for it, which learned at
the same time without its last days. So an old model is judged with its age, and no model by what it knows by
heart.

The loss is the pinball loss and the mean error of the expected value; both decide. Days are compared in
pairs, since the errors of one day go together: a difference counts as noise within one standard error of the
daily differences, or within ``NOISE_SHARE`` where days are too alike to tell.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np

from energy.domain import QUANTILES, FloatArray
from energy.forecast.calendar import BoolArray, IntArray
from energy.forecast.frame import Frame
from energy.forecast.gates import LiveGates
from energy.forecast.ladder import quantiles_of
from energy.forecast.learned.model import TRAINING_DAYS_MIN, Model

HELD_DAYS = 14
"""Two weeks hold each weekday twice; a change of habits is half over before it is judged."""
JUDGED_DAYS_MIN = 3
NOISE_SHARE = 0.03
RETIRE_SHARE = 0.05
"""A model at work goes only if it is worse than the rung below by this, and by two standard errors."""
RETIRE_ERRORS = 2.0
AHEAD_SLOT_SHARE = 0.5
"""Noon: the gate of the day-ahead forecast, as a share of the local day."""
NEAR_SLOT_SHARES = (0.25, 0.75)
"""Morning and evening: the gates of the near forecasts."""
NEAR_H = 8.0
BELOW: Literal["below"] = "below"
Asks = Callable[[int], Model | Literal["below"] | None]
"""Who answers at a gate (periods known): a model, the rung below, or nobody who has not seen the day."""
Outcome = Literal["first", "accepted", "kept_old", "no_better", "retired"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Losses:
    """What each held-back day cost, shape (days,), in the history's unit; NaN where nothing was measured."""

    pinball: FloatArray
    mae: FloatArray

    def over(self, days: BoolArray) -> tuple[float, float]:
        """Give the mean error and the mean pinball loss over chosen days (a mask)."""
        return float(self.mae[days].mean()), float(self.pinball[days].mean())


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Judgement:
    """How a comparison ended; ``scores`` gives MAE and pinball by ``candidate``, ``current``, ``below``."""

    outcome: Outcome
    days_judged: int
    scores: dict[str, tuple[float, float]]


def held_days(days: int) -> int:
    """Say how many of a history's days are held back; 0 where it is too short to be judged on any.

    >>> held_days(730), held_days(30), held_days(22)
    (14, 9, 0)
    """
    spare = min(HELD_DAYS, days - TRAINING_DAYS_MIN)
    return spare if spare >= JUDGED_DAYS_MIN else 0


def losses(frame: Frame, *, known: int, first: int, asks: Asks) -> Losses:
    """Ask for each local day from ``first`` to ``known`` (periods) at its gates, and compare."""
    calendar = frame.calendar
    begin, end = int(calendar.day[min(first, known - 1)]), int(calendar.day[known - 1])
    pinball, mae = [], []
    for day in range(begin, end + 1):
        truth, quantiles = _day(frame, day, known=known, first=first, asks=asks)
        gap = truth - quantiles
        share = np.asarray(QUANTILES)[:, None]
        both = np.isfinite(gap[2])
        loss = np.maximum(share * gap, (share - 1.0) * gap)[:, both]
        pinball.append(float(loss.mean()) if both.any() else np.nan)
        mae.append(float(np.abs(gap[2, both]).mean()) if both.any() else np.nan)
    return Losses(pinball=np.array(pinball), mae=np.array(mae))


def current_at(frame: Frame, model: Model, twin: Model | None) -> Asks:
    """Let the model at work answer at gates that it had not seen, its twin at those before."""
    learned, twin_learned = _periods(frame, model), None if twin is None else _periods(frame, twin)

    def ask(gate: int) -> Model | Literal["below"] | None:
        if learned <= gate:
            return model
        return twin if twin_learned is not None and twin_learned <= gate else None

    return ask


def verdict(candidate: Losses, current: Losses | None, below: Losses, *, must_win: bool) -> Judgement:
    """Decide by the days on which all were asked; see the module.

    Args:
        candidate: the model that was just learned.
        current: the model at work; None where there is none that can be compared.
        below: the rung below.
        must_win: the candidate must beat the model at work beyond noise.
    """
    days = np.isfinite(candidate.mae) & np.isfinite(below.mae)
    compared = current
    if current is not None:
        common = days & np.isfinite(current.mae)
        if np.count_nonzero(common) >= JUDGED_DAYS_MIN:
            days = common
        else:
            compared = None
    count = int(np.count_nonzero(days))
    if count == 0:
        return Judgement(outcome="kept_old" if current else "no_better", days_judged=0, scores={})
    parts = {"candidate": candidate, "current": compared, "below": below}
    scores = {name: part.over(days) for name, part in parts.items() if part is not None}
    outcome: Outcome
    if compared is None:
        outcome = "first" if _beats(candidate, below, days, count=0.0) else "no_better"
        if current is not None:
            outcome = "accepted" if outcome == "first" else "kept_old"
    elif _accepted(candidate, compared, below, days, must_win=must_win):
        outcome = "accepted"
    else:
        outcome = "retired" if _outlived(compared, below, days) else "kept_old"
    return Judgement(outcome=outcome, days_judged=count, scores=scores)


def _accepted(candidate: Losses, current: Losses, below: Losses, days: BoolArray, *, must_win: bool) -> bool:
    if not _not_worse(candidate, below, days):
        return False
    return _beats(candidate, current, days, count=1.0) if must_win else _not_worse(candidate, current, days)


def _not_worse(ours: Losses, theirs: Losses, days: BoolArray) -> bool:
    return all(
        gap <= max(NOISE_SHARE * mean, error)
        for gap, error, mean in (_gap(*pair, days) for pair in _pairs(ours, theirs))
    )


def _beats(ours: Losses, theirs: Losses, days: BoolArray, *, count: float) -> bool:
    """Better in pinball by ``count`` standard errors, and no worse in the expected value."""
    gap, error, mean = _gap(ours.pinball, theirs.pinball, days)
    return gap < -count * max(NOISE_SHARE * mean, error) and _not_worse(ours, theirs, days)


def _outlived(current: Losses, below: Losses, days: BoolArray) -> bool:
    gap, error, mean = _gap(current.pinball, below.pinball, days)
    return gap > max(RETIRE_SHARE * mean, RETIRE_ERRORS * error)


def _pairs(ours: Losses, theirs: Losses) -> tuple[tuple[FloatArray, FloatArray], ...]:
    return (ours.pinball, theirs.pinball), (ours.mae, theirs.mae)


def _gap(ours: FloatArray, theirs: FloatArray, days: BoolArray) -> tuple[float, float, float]:
    """Mean difference (ours minus theirs), its standard error, and the mean of theirs."""
    gap = ours[days] - theirs[days]
    error = float(gap.std(ddof=1) / np.sqrt(gap.size)) if gap.size > 1 else 0.0
    return float(gap.mean()), error, float(theirs[days].mean())


def _day(frame: Frame, day: int, *, known: int, first: int, asks: Asks) -> tuple[FloatArray, FloatArray]:
    """Measured magnitudes and expected quantiles of one day's forecasts, in a row; NaN where one fails."""
    nothing = np.full(1, np.nan), np.full((len(QUANTILES), 1), np.nan)
    truths, expected = [], []
    for asked, at in _questions(frame, day):
        index = asked[asked < known]
        if at < first or index.size == 0:
            continue
        gate = np.full(index.size, at, dtype=np.int64)
        asked_of = asks(at)
        model = asked_of if isinstance(asked_of, Model) else None
        found = quantiles_of(model, frame, index, gate, gates=LiveGates())
        if asked_of is None or found is None:
            return nothing
        truths.append(frame.value[index] * frame.capacity[index])
        expected.append(found[1])
    if not truths:
        return nothing
    return np.concatenate(truths), np.concatenate(expected, axis=1)


def _questions(frame: Frame, day: int) -> list[tuple[IntArray, int]]:
    """Give the periods asked for and the gate: the whole day at noon before, some hours twice a day."""
    calendar = frame.calendar
    whole = np.flatnonzero(calendar.day == day)
    asked = []
    ahead = int(calendar.index_of[max(day - 1, 0), int(AHEAD_SLOT_SHARE * calendar.slots)])
    if ahead > 0:
        asked.append((whole, ahead))
    near = round(NEAR_H * 3600.0 / calendar.step_s)
    for share in NEAR_SLOT_SHARES:
        gate = int(calendar.index_of[day, int(share * calendar.slots)])
        if gate > 0:
            asked.append((np.arange(gate, gate + near, dtype=np.int64), gate))
    return asked


def _periods(frame: Frame, model: Model) -> int:
    """Say how many periods of the frame a model had seen."""
    return int((model.known_at - frame.start).total_seconds() // frame.calendar.step_s)
