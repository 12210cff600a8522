"""The models that forecasts are made with: taken from the store as they appear, or none."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Protocol

from energy.errors import RecordBroken, StoreUnavailable
from energy.forecast.learned.model import Model
from energy.forecast.series import History, SeriesSpec
from energy.planning.model_store import VARIANTS, ModelStore, Stamp, Variant

TOLD = {"retired": "model_retired", "failed": "training_failed", "rolled_back": "model_put_back"}
"""Ends of a training that people are told of with every plan, until another night ends otherwise."""


class Models(Protocol):
    """Gives the model for what a history offers; None leaves the forecast to the rung below."""

    def model_for(self, spec: SeriesSpec, history: History) -> Model | None:
        """Give the model to ask."""
        ...

    def notes(self) -> tuple[str, ...]:
        """Say what is wrong with models, as ``code@asset: reason``."""
        ...


def with_model(models: Models, spec: SeriesSpec, history: History) -> tuple[Model | None, History]:
    """Give the model that fits a history, and the history that it is asked with.

    On its first day no model knows the weather yet: what was learned without it is better than nothing
    learned, unless physics stands on the weather.
    """
    model = models.model_for(spec, history)
    physical = history.prior is not None and history.prior.name == "physical"
    if model is not None or physical or not history.known_ahead:
        return model, history
    bare = replace(history, known_ahead={})
    plain = models.model_for(spec, bare)
    return (None, history) if plain is None else (plain, bare)


class LearnedHere:
    """Models kept in memory by who learned them."""

    def __init__(self) -> None:
        self._models: dict[str, Model] = {}

    def keep(self, model: Model) -> None:
        """Keep a model in the place of the one before."""
        self._models[model.asset_id] = model

    @property
    def models(self) -> Mapping[str, Model]:
        """All of them by asset."""
        return self._models

    def model_for(self, spec: SeriesSpec, history: History) -> Model | None:
        """Give the model of an asset."""
        del history
        return self._models.get(spec.asset_id)

    def notes(self) -> tuple[str, ...]:
        """Nothing can be wrong with what was never stored."""
        return ()


class StoredModels:
    """Models read from the store when their file has changed; what cannot be used is named, not used."""

    def __init__(self, store: ModelStore) -> None:
        self._store = store
        self._seen: dict[tuple[str, Variant], tuple[Stamp | None, Model | None]] = {}
        self._notes: dict[tuple[str, Variant], str] = {}

    def model_for(self, spec: SeriesSpec, history: History) -> Model | None:
        """Give the model that was learned from what this history offers, if there is one."""
        models = [self._current(spec, variant) for variant in VARIANTS]
        return next((model for model in models if model is not None and model.fits(spec, history)), None)

    def notes(self) -> tuple[str, ...]:
        """Say which models cannot be used, and which trainings ended badly."""
        return tuple(sorted({note for note in self._notes.values() if note}))

    def _current(self, spec: SeriesSpec, variant: Variant) -> Model | None:
        key = (spec.asset_id, variant)
        stamp = self._store.stamp(*key)
        if key in self._seen and self._seen[key][0] == stamp:
            return self._seen[key][1]
        model = None
        self._notes[key] = self._how_it_ended(*key)
        try:
            stored = self._store.read(spec, variant)
            model = stored.model if stored is not None else None
        except (RecordBroken, StoreUnavailable) as error:
            self._notes[key] = f"model_unusable@{spec.asset_id}: {error}"
        self._seen[key] = (stamp, model)
        return model

    def _how_it_ended(self, asset_id: str, variant: Variant) -> str:
        nights = self._store.record(asset_id, variant).nights
        code = TOLD.get(nights[0].verdict) if nights else None
        return f"{code}@{asset_id}: {nights[0].reason or variant}" if code is not None else ""
