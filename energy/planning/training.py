"""One night's training: each asset in turn learns, is judged, and takes the place of what was, or not.

What stands here only reads the record and writes the store of models. It may be ended at any moment: an asset
that was being trained is tried again the next night, those that had their turn keep what they got.
"""

import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

import numpy as np

from energy.errors import RecordBroken, StoreUnavailable
from energy.forecast.frame import frame_of
from energy.forecast.learned.acceptance import (
    BELOW,
    Asks,
    Judgement,
    Losses,
    current_at,
    held_days,
    losses,
    verdict,
)
from energy.forecast.learned.effort import LIVE
from energy.forecast.learned.model import Model, periods_known, train
from energy.forecast.learned.model_file import StoredModel, forecaster_digest
from energy.forecast.series import History, SeriesSpec
from energy.planning.inputs import Inputs, Record
from energy.planning.model_store import VARIANTS, ModelStore, Variant, series_of, variant_of
from energy.planning.past import TRAINING_WINDOW, Expected, expected_assets, series_spec
from energy.planning.training_record import Night, Score, TrainingRecord
from energy.region.model import Region

TURN_DAYS = 7
"""Where nights are simulated, a seventh of the assets learns in each, so that a run takes no longer."""
FAILURES = (ArithmeticError, ValueError, LookupError, RecordBroken, MemoryError, np.linalg.LinAlgError)
"""What may go wrong with one asset's past; the others still have their turn."""
BEGUN = "begun and not ended: the training was killed, or the power failed"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Lesson:
    """What one asset and variant learns from."""

    spec: SeriesSpec
    variant: Variant
    history: History
    known_at: datetime
    days: int


def night_of(region: Region, at: datetime) -> date:
    """Give the date of the night that a moment belongs to: it begins at the hour of training."""
    local = at.astimezone(region.zone)
    return local.date() - timedelta(days=int(local.time() < region.control.trained_at))


def due_assets(region: Region, store: ModelStore, at: datetime) -> tuple[Expected, ...]:
    """List the assets that were not trained in this night."""
    tonight = night_of(region, at)
    return tuple(
        asset
        for asset in expected_assets(region)
        if not any(_had_turn(region, store.record(asset.id, variant), tonight) for variant in VARIANTS)
    )


def due_by_hand(region: Region, store: ModelStore, at: datetime) -> tuple[Expected, ...]:
    """List what a person who asks may train: also what had too short a past at another moment of this night.

    By itself a night tries each asset once; who asks later in the night, or names a moment at which more was
    measured, must not be told that nothing is due.
    """
    tonight = night_of(region, at)
    return tuple(
        asset
        for asset in expected_assets(region)
        if not any(
            _had_turn(region, _without_short(store.record(asset.id, variant), at), tonight)
            for variant in VARIANTS
        )
    )


def _without_short(record: TrainingRecord, at: datetime) -> TrainingRecord:
    nights = [night for night in record.nights if night.verdict != "too_short" or night.known_at == at]
    return record.model_copy(update={"nights": nights})


def turn_of(region: Region, store: ModelStore, at: datetime) -> tuple[Expected, ...]:
    """Of the assets that are due, list those without a model, and a seventh of the others."""
    turn = night_of(region, at).toordinal() % TURN_DAYS
    places = {asset.id: place for place, asset in enumerate(expected_assets(region))}
    return tuple(
        asset
        for asset in due_assets(region, store, at)
        if places[asset.id] % TURN_DAYS == turn
        or all(store.stamp(asset.id, variant) is None for variant in VARIANTS)
    )


def _had_turn(region: Region, record: TrainingRecord, tonight: date) -> bool:
    """Look for this very night: a clock that was ahead for a while must not leave nights out afterwards.

    What another version of this program trained counts for nothing: its models cannot be used.
    """
    return any(
        night_of(region, night.known_at) == tonight
        for night in record.nights
        if night.verdict != "rolled_back" and night.learned_by in {"", forecaster_digest()}
    )


class Training:
    """Trains a region's assets on what was known at a moment.

    ``unjudged_first`` keeps an asset's first model without judging it: for runs in simulated time.
    """

    def __init__(
        self, region: Region, *, record: Record, store: ModelStore, unjudged_first: bool = False
    ) -> None:
        self._region = region
        self._inputs = Inputs(region, record)
        self._store = store
        self._unjudged_first = unjudged_first

    def run(self, asset: Expected, *, known_at: datetime) -> None:
        """Train one asset, with and without the columns that are known ahead.

        What goes wrong with this asset is written down and ends here, so that the others have their turn.

        Raises:
            StoreUnavailable: the record cannot be read, or the models' folder cannot be written.
        """
        spec = series_spec(self._region, asset)
        try:
            history = self._inputs.history(asset, known_at=known_at, window=TRAINING_WINDOW)
        except FAILURES as error:
            failed = _begun(known_at, days=0)
            must_win = self._store.record(asset.id, "plain").must_win
            why = f"its past cannot be used: {type(error).__name__}: {error}"
            self._store.note(asset.id, "plain", replace_reason(failed, why), must_win=must_win)
            return
        for seen in _variants(history):
            lesson = _Lesson(
                spec=spec,
                variant=variant_of(seen),
                history=seen,
                known_at=known_at,
                days=_days(seen, known_at),
            )
            self._learn(lesson)

    def _learn(self, lesson: _Lesson) -> None:
        must_win = self._store.record(lesson.spec.asset_id, lesson.variant).must_win
        began_s = time.perf_counter()
        begun = _begun(lesson.known_at, days=lesson.days)
        self._note(lesson, begun, must_win=must_win)
        try:
            night = self._night(lesson, must_win=must_win)
        except StoreUnavailable as error:
            with suppress(StoreUnavailable):  # small as it is, there may be room for the reason
                self._note(lesson, replace_reason(begun, f"not kept: {error}"), must_win=must_win)
            raise
        except FAILURES as error:
            night = replace_reason(begun, f"{type(error).__name__}: {error}")
        night = night.model_copy(update={"seconds": round(time.perf_counter() - began_s, 3)})
        self._note(lesson, night, must_win=must_win and night.verdict not in {"first", "accepted", "retired"})

    def _night(self, lesson: _Lesson, *, must_win: bool) -> Night:
        begun = _begun(lesson.known_at, days=lesson.days)
        night = begun.model_copy(update={"verdict": "too_short", "reason": ""})
        held = held_days(lesson.days)
        current, trouble = self._current(lesson)
        if held == 0 or (self._unjudged_first and current is None):
            if current is not None:
                return night
            model = train(lesson.spec, lesson.history, lesson.known_at, effort=LIVE)
            if model is None:
                return night
            self._keep(lesson, model, twin=None)
            why = "kept unjudged: too few days to hold any back" if held == 0 else "kept unjudged"
            return night.model_copy(update={"verdict": "first", "reason": why})
        earlier = lesson.known_at - timedelta(days=held)
        candidate = train(lesson.spec, lesson.history, earlier, effort=LIVE)
        if candidate is None:
            return night
        judged = _judged(lesson, candidate, current, first_at=earlier, must_win=must_win)
        if judged.outcome in {"first", "accepted"}:
            model = train(lesson.spec, lesson.history, lesson.known_at, effort=LIVE)
            if model is None:
                return night
            self._keep(lesson, model, twin=candidate)
        elif judged.outcome == "retired":
            self._store.retire(lesson.spec.asset_id, lesson.variant)
        return night.model_copy(
            update={
                "verdict": judged.outcome,
                "days_judged": judged.days_judged,
                "scores": {
                    name: Score(mae_kw=mae, pinball_kw=pinball)
                    for name, (mae, pinball) in judged.scores.items()
                },
                "reason": trouble,
            }
        )

    def _current(self, lesson: _Lesson) -> tuple[StoredModel | None, str]:
        """Read the model at work, if it can still be asked; else say why not."""
        try:
            stored = self._store.read(lesson.spec, lesson.variant)
        except (RecordBroken, StoreUnavailable) as error:
            return None, f"the model at work cannot be used: {str(error)[:300]}"
        if stored is not None and not stored.model.fits(lesson.spec, lesson.history):
            return None, "the model at work was learned from other columns"
        return stored, ""

    def _keep(self, lesson: _Lesson, model: Model, *, twin: Model | None) -> None:
        stored = StoredModel(
            series=series_of(lesson.spec),
            region_digest=self._region.digest,
            trained_at=lesson.known_at,
            days=lesson.days,
            model=model,
            twin=twin,
        )
        self._store.keep(stored, lesson.variant)

    def _note(self, lesson: _Lesson, night: Night, *, must_win: bool) -> None:
        self._store.note(lesson.spec.asset_id, lesson.variant, night, must_win=must_win)


def _begun(known_at: datetime, *, days: int) -> Night:
    return Night(known_at=known_at, verdict="failed", days=days, reason=BEGUN, learned_by=forecaster_digest())


def replace_reason(night: Night, reason: str) -> Night:
    """Give the same night with another reason."""
    return night.model_copy(update={"reason": reason[:500]})


def _variants(history: History) -> Iterator[History]:
    """Give what there is, and what remains of it when nothing comes in ahead."""
    yield history
    if history.known_ahead:
        stays = history.prior is not None and history.prior.name == "profile"
        yield replace(history, known_ahead={}, prior=history.prior if stays else None)


def _judged(
    lesson: _Lesson, candidate: Model, current: StoredModel | None, *, first_at: datetime, must_win: bool
) -> Judgement:
    known = min(periods_known(lesson.history, lesson.known_at), lesson.history.value.size)
    first = periods_known(lesson.history, first_at)
    frame = frame_of(lesson.spec, lesson.history, known=known, periods=known)

    def of(asks: Asks) -> Losses:
        return losses(frame, known=known, first=first, asks=asks)

    at_work = None if current is None else of(current_at(frame, current.model, current.twin))
    return verdict(of(lambda _gate: candidate), at_work, of(lambda _gate: BELOW), must_win=must_win)


def _days(history: History, known_at: datetime) -> int:
    """Whole days from the first measured value to the moment."""
    known = np.flatnonzero(np.isfinite(history.value))
    if known.size == 0:
        return 0
    return max(0, (periods_known(history, known_at) - int(known[0])) * history.step_s // 86_400)
