"""Which model is asked, and with which history, when weather comes or goes."""

from dataclasses import replace
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from energy.forecast.learned.model import Model, train
from energy.forecast.series import History, Prior, SeriesSpec
from energy.planning.models_at_hand import with_model

START = datetime(2020, 1, 1, tzinfo=UTC)
DAYS = 40
SPEC = SeriesSpec(asset_id="town", kind="load", zone=ZoneInfo("Europe/Berlin"), rated_kw=1000.0)
LEVEL_KW = 400.0 + 100.0 * np.sin(2.0 * np.pi * np.arange(96 * DAYS) / 96.0)
PLAIN = History(start=START, value=LEVEL_KW)
WITH_WEATHER = replace(PLAIN, known_ahead={"temperature_c": np.cos(np.arange(96 * DAYS + 192.0))})


class OneModel:
    """Holds one model, and gives it to the history that it fits."""

    def __init__(self, model: Model) -> None:
        self._model = model

    def model_for(self, spec: SeriesSpec, history: History) -> Model | None:
        return self._model if self._model.fits(spec, history) else None

    def notes(self) -> tuple[str, ...]:
        return ()


@pytest.fixture(scope="module")
def plain() -> Model:
    model = train(SPEC, PLAIN, datetime(2020, 2, 10, tzinfo=UTC))
    assert model is not None
    return model


def test_on_the_first_day_of_weather_the_model_without_it_is_asked(plain: Model) -> None:
    model, history = with_model(OneModel(plain), SPEC, WITH_WEATHER)
    assert model is plain
    assert not history.known_ahead


def test_physics_that_stands_on_the_weather_keeps_it(plain: Model) -> None:
    prior = Prior(name="physical", expected=np.ones(96 * DAYS + 192))
    model, history = with_model(OneModel(plain), SPEC, replace(WITH_WEATHER, prior=prior))
    assert model is None
    assert history.known_ahead


def test_without_weather_the_history_stays_as_it_is(plain: Model) -> None:
    model, history = with_model(OneModel(plain), SPEC, PLAIN)
    assert (model, history) == (plain, PLAIN)
