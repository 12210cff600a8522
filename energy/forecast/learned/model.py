"""The learned rung: a ridge regression, trees on what it leaves, and a band from held-back errors.

Both learn the deviation from the reference, for pairs of a period and a gate as they will be asked for.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped] # it ships no types

from energy.domain import FloatArray
from energy.forecast.calendar import BoolArray, IntArray
from energy.forecast.frame import Frame, frame_of
from energy.forecast.gates import Gates, LiveGates
from energy.forecast.learned.band import Band, Errors, band_of, place_of, spread
from energy.forecast.learned.conformal import Needed, needed_of
from energy.forecast.learned.effort import FULL, Effort
from energy.forecast.learned.features import DEVIATION_MAX, Rows, rows_of
from energy.forecast.learned.trees import Trees, coded, evaluate, fit_trees
from energy.forecast.prior import prior_deviation
from energy.forecast.seasonal import seasonal_deviation
from energy.forecast.series import SKEWED, History, SeriesSpec

TRAINING_DAYS_MAX = 1100
"""Three years: older habits teach little."""
TRAINING_DAYS_MIN = 21
HALF_LIFE_DAYS = 400.0
"""After this many days a sample counts half."""
HELD_BACK_SHARE = 0.25
HELD_BACK_DAYS_MAX = 70
DAYS_OF_FULL_TRUST = 150.0
"""A shorter history leaves weight with the seasonal rung, unless columns known ahead say more than it can."""
RIDGE = 0.001
"""Penalty as a share of the samples' weight: the errors of one day go together, so samples count for few."""
NEAR_EDGES_H = (0.0, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0)
"""So soon after the gate the last measured deviation may say more than what was learned; the last edge is
where it says nothing more, the others begin a class of leads."""
NEAR_SAMPLES_MIN = 40
NEAR_CLASSES = len(NEAR_EDGES_H) - 1
NEAR_MIDDLES_H = (0.0, 0.25, 0.6, 1.4, 2.9, 5.9, 8.0)
"""Where in each class its share holds; between them it goes straight."""
_NEAR_SHARES = (0.0, 0.2, 0.4, 0.6, 0.8, 0.9, 1.0)
_BETTER = 0.995
"""A step down in trust must win by half a percent: the full model is believed unless shown wrong."""
_WILD = 0.003
"""Share of the deviations at each end that is drawn in before fitting."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Ridge:
    """A linear model of standardised features; arrays have shape (features,).

    Its answers stay between ``low`` and ``high``, the range it learned from, however strange the day.
    """

    mean: FloatArray
    spread: FloatArray
    weight: FloatArray
    offset: float
    low: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Model:
    """What was learned of one series: plain numbers and arrays.

    ``ridge_share`` and ``trees_share`` (0 to 1) say how far each part proved itself on the held-back days;
    what the ridge lacks of 1 is left to the rung below: the mended prior, or the seasonal correction.
    ``near_shares``, shape (NEAR_CLASSES,), says by lead how far the last measured deviation simply lasts.
    ``needed`` says what the held-back errors asked of the band.
    """

    asset_id: str
    known_at: datetime
    step_s: int
    columns: tuple[str, ...]
    near: bool
    ridge: Ridge
    trees: Trees
    ridge_share: float
    trees_share: float
    near_shares: FloatArray
    band: Band
    needed: Needed

    def fits(self, spec: SeriesSpec, history: History) -> bool:
        """Tell whether the model was learned for this series and these columns."""
        return (
            self.asset_id == spec.asset_id
            and self.step_s == history.step_s
            and self.columns == (*_columns(history), *_prior_mark(history.prior))
        )


def train(
    spec: SeriesSpec,
    history: History,
    known_at: datetime,
    *,
    gates: Gates | None = None,
    effort: Effort = FULL,
) -> Model | None:
    """Learn from what was known at a moment; None where the history is too short to learn from.

    Args:
        spec: the series.
        history: at least TRAINING_DAYS_MIN days; values from ``known_at`` on are not looked at.
        known_at: only periods that ended by then count.
        gates: how far ahead the model will be asked; None means live use, every lead up to two days.
        effort: how large a model may become.
    """
    known = min(periods_known(history, known_at), history.value.size)
    frame = frame_of(spec, history, known=known, periods=known)
    return train_on(
        frame,
        known=known,
        gates=gates or LiveGates(),
        known_at=known_at,
        columns=_columns(history),
        effort=effort,
    )


def train_on(
    frame: Frame,
    *,
    known: int,
    gates: Gates,
    known_at: datetime,
    columns: tuple[str, ...],
    effort: Effort = FULL,
) -> Model | None:
    """Learn from the first ``known`` periods of a frame; see ``train``."""
    index, gate = _samples(frame, known=known, gates=gates, samples_max=effort.samples_max)
    measured = np.unique(frame.calendar.day[index])
    days = min((known - (int(index[0]) if index.size else known)) // frame.slots, measured.size)
    if days < TRAINING_DAYS_MIN:
        return None
    with threadpool_limits(limits=1):
        held_days = int(min(HELD_BACK_DAYS_MAX, max(7, days * HELD_BACK_SHARE)))
        first_held = known - (held_days + _empty_days(measured, held_days)) * frame.slots
        rows = rows_of(frame, index, gate, near=gates.near)
        every = _Lessons(
            linear=rows.linear,
            full=rows.full,
            target=_target(frame, index),
            weight=_weight(frame, index, known),
        )
        early, late = index < first_held, (index >= first_held) & (gate <= known)
        if not (early.any() and late.any()):
            return None
        earlier = every.only(early)
        ridge = _fit_ridge(earlier)
        trees = _fit_trees(earlier, ridge, effort)
        held = _Held(
            frame=frame,
            index=index[late],
            gate=gate[late],
            rows=_take(rows, late),
            trust=1.0 if frame.known_ahead else min(1.0, days / DAYS_OF_FULL_TRUST),
        )
        shares, expected = _shares(held, ridge, trees)
        near_shares = _near_shares(held, expected)
        expected = _near(near_shares, frame, held.index, held.gate, expected)
        place = place_of(frame, held.index, held.gate, expected)
        error = frame.anomaly[held.index] - expected
        errors = Errors(deviation=error, place=place, days=held_days)
        band = band_of(errors, centred=frame.spec.kind not in SKEWED)
        needed = needed_of(frame.calendar.at_s[held.index], error, spread(band, place))
        ridge = _fit_ridge(every)
        if shares[1] > 0.0:
            trees = _fit_trees(every, ridge, effort)
    return Model(
        asset_id=frame.spec.asset_id,
        known_at=known_at,
        step_s=frame.calendar.step_s,
        columns=(*columns, *_prior_mark(frame.prior)),
        near=gates.near,
        ridge=ridge,
        trees=trees,
        ridge_share=shares[0],
        trees_share=shares[1],
        near_shares=near_shares,
        band=band,
        needed=needed,
    )


def learned_deviation(model: Model, frame: Frame, index: IntArray, gate: IntArray) -> FloatArray:
    """Expect deviations from the reference, shape (samples,)."""
    rows = rows_of(frame, index, gate, near=model.near)
    seasonal = unlearned_deviation(frame, index, gate)
    grown = evaluate(model.trees, rows.full) if model.trees_share > 0.0 else np.zeros(index.size)
    ridge = _ridge(model.ridge, rows.linear)
    expected = _blend(model.ridge_share, model.trees_share, seasonal, ridge, grown)
    return _near(model.near_shares, frame, index, gate, expected)


def unlearned_deviation(frame: Frame, index: IntArray, gate: IntArray) -> FloatArray:
    """Expect deviations as the rung below does: the mended prior's, else the seasonal ones."""
    seasonal = seasonal_deviation(frame, index, gate)
    if frame.prior is None:
        return seasonal
    mended = prior_deviation(frame, index, gate)
    return np.where(np.isfinite(mended), mended, seasonal)


def periods_known(history: History, at: datetime) -> int:
    """Count the periods from the history's start that had ended at a moment, measured or not."""
    return max(0, (at - history.start) // timedelta(seconds=history.step_s))


def _columns(history: History) -> tuple[str, ...]:
    return (*history.known_ahead, "|", *history.past)


def _prior_mark(prior: object | None) -> tuple[str, ...]:
    """What a model's columns end with if it was learned beside a prior."""
    return () if prior is None else ("| prior",)


def _samples(frame: Frame, *, known: int, gates: Gates, samples_max: int) -> tuple[IntArray, IntArray]:
    """Choose pairs of period and gate, oldest first: all that can be used, thinned evenly."""
    first = max(0, known - TRAINING_DAYS_MAX * frame.slots)
    index = np.arange(first, known, dtype=np.int64)
    index = index[np.isfinite(frame.anomaly[first:known])]
    stride = -(-index.size // samples_max)
    if stride > 1:
        turn = frame.calendar.slot[index] + frame.calendar.day[index]
        index = index[turn % stride == 0]
    gate = gates.gate_of(frame.calendar, index)
    usable = gate > first
    return index[usable], gate[usable]


def _empty_days(measured: IntArray, held_days: int) -> int:
    """Count the days without a value among the last that hold ``held_days`` with one.

    After a long gap the few days since would else be all that a model is judged on.
    """
    first = int(measured[max(0, measured.size - 1 - held_days)])
    return max(0, int(measured[-1]) - first - held_days)


def _target(frame: Frame, index: IntArray) -> FloatArray:
    target = frame.anomaly[index]
    low, high = np.quantile(target, [_WILD, 1.0 - _WILD])
    return np.clip(target, low, high)


def _weight(frame: Frame, index: IntArray, known: int) -> FloatArray:
    scale = frame.reference.scale[index]
    age_days = (known - index) / frame.slots
    weight: FloatArray = np.clip(scale / scale.mean(), 0.05, 3.0) * 0.5 ** (age_days / HALF_LIFE_DAYS)
    return weight


def _take(rows: Rows, where: BoolArray) -> Rows:
    return Rows(linear=rows.linear[where], full=rows.full[where])


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Lessons:
    """What a model is fitted to."""

    linear: FloatArray
    full: FloatArray
    target: FloatArray
    weight: FloatArray

    def only(self, where: BoolArray) -> "_Lessons":
        return _Lessons(
            linear=self.linear[where],
            full=self.full[where],
            target=self.target[where],
            weight=self.weight[where],
        )


def _fit_trees(lessons: _Lessons, ridge: Ridge, effort: Effort) -> Trees:
    left = lessons.target - _ridge(ridge, lessons.linear)
    # parts are cut anew for each fit: edges that had seen the held-back days cost one percent in Germany
    return fit_trees(coded(lessons.full), left, lessons.weight, effort)


def _fit_ridge(lessons: _Lessons) -> Ridge:
    linear, target, weight = lessons.linear, lessons.target, lessons.weight
    total = weight.sum()
    mean = (weight[:, None] * linear).sum(axis=0) / total
    spread = np.sqrt((weight[:, None] * (linear - mean) ** 2).sum(axis=0) / total)
    spread = np.where(spread > 1e-12, spread, 1.0)
    x = (linear - mean) / spread
    offset = float((weight * target).sum() / total)
    left = x.T @ (weight[:, None] * x) + RIDGE * total * np.eye(x.shape[1])
    right = x.T @ (weight * (target - offset))
    return Ridge(
        mean=mean,
        spread=spread,
        weight=np.linalg.solve(left, right),
        offset=offset,
        low=float(target.min()),
        high=float(target.max()),
    )


def _ridge(ridge: Ridge, linear: FloatArray) -> FloatArray:
    scaled = (linear - ridge.mean) / ridge.spread * ridge.weight
    result: FloatArray = np.clip(ridge.offset + scaled.sum(axis=1), ridge.low, ridge.high)
    return result


def _blend(
    ridge_share: float, trees_share: float, seasonal: FloatArray, ridge: FloatArray, trees: FloatArray
) -> FloatArray:
    return seasonal + ridge_share * (ridge - seasonal) + trees_share * trees


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Held:
    """The held-back samples: what they are judged on."""

    frame: Frame
    index: IntArray
    gate: IntArray
    rows: Rows
    trust: float


def _shares(held: _Held, ridge: Ridge, trees: Trees) -> tuple[tuple[float, float], FloatArray]:
    """Choose how far to trust each part by its mean error on the held-back days; give its expectation."""
    seasonal = unlearned_deviation(held.frame, held.index, held.gate)
    linear, grown = _ridge(ridge, held.rows.linear), evaluate(trees, held.rows.full)
    truth, scale = held.frame.anomaly[held.index], held.frame.reference.scale[held.index]
    best = (float("inf"), held.trust, held.trust)
    for ridge_share in (held.trust, 0.5 * held.trust, 0.0):
        for trees_share in (held.trust, 0.5 * held.trust, 0.0):
            expected = _blend(ridge_share, trees_share, seasonal, linear, grown)
            loss = float(np.mean(scale * np.abs(truth - expected)))
            if loss < best[0] * _BETTER:
                best = (loss, ridge_share, trees_share)
    return best[1:], _blend(best[1], best[2], seasonal, linear, grown)


def _near(
    shares: FloatArray, frame: Frame, index: IntArray, gate: IntArray, expected: FloatArray
) -> FloatArray:
    """Draw the first hours after the gate towards the last measured deviation, where there is one."""
    lead_h = (index - gate) * (frame.calendar.step_s / 3600.0)
    share = np.interp(lead_h, NEAR_MIDDLES_H, [*shares, 0.0])
    last = np.clip(frame.anomaly[np.maximum(gate - 1, 0)], -DEVIATION_MAX, DEVIATION_MAX)
    drawn: FloatArray = expected + share * (np.where(np.isfinite(last), last, expected) - expected)
    return drawn


def _near_shares(held: _Held, expected: FloatArray) -> FloatArray:
    """Choose for each class of near leads the share that the held-back days liked best; 0 where too few."""
    truth, scale = held.frame.anomaly[held.index], held.frame.reference.scale[held.index]
    lead_h = (held.index - held.gate) * (held.frame.calendar.step_s / 3600.0)
    lead = np.searchsorted(NEAR_EDGES_H, lead_h, side="right") - 1
    chosen = np.zeros(NEAR_CLASSES)
    for number in range(NEAR_CLASSES):
        here = lead == number
        if np.count_nonzero(here) < NEAR_SAMPLES_MIN:
            continue
        best = float("inf")
        for share in _NEAR_SHARES:
            drawn = _near(
                np.full(NEAR_CLASSES, share), held.frame, held.index[here], held.gate[here], expected[here]
            )
            loss = float(np.mean(scale[here] * np.abs(truth[here] - drawn)))
            if loss < best * _BETTER:
                best, chosen[number] = loss, share
    return chosen
