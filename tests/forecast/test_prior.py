"""What physics or a profile expects is an input of the learned model, where it is there."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from energy.domain import FloatArray
from energy.forecast.ladder import forecast
from energy.forecast.learned.model import Model, train
from energy.forecast.series import History, Prior, SeriesSpec
from energy.forecast.sun import sine_of_elevation

START = datetime(2021, 5, 1, tzinfo=UTC)
DAYS = 34
PLANT = SeriesSpec(
    asset_id="roof",
    kind="pv",
    zone=ZoneInfo("Europe/Berlin"),
    sign=-1,
    rated_kw=1000.0,
    location=(50.1, 11.6),
)


def skies(days: int = DAYS) -> tuple[FloatArray, FloatArray]:
    """What a plant made under passing clouds, and what physics had expected: a fifth too much, a bit off."""
    rng = np.random.default_rng(11)
    moments = START.timestamp() + 900.0 * np.arange(days * 96) + 450.0
    sun = np.maximum(sine_of_elevation(moments, latitude=50.1, longitude=11.6), 0.0)
    clear = np.repeat(rng.uniform(0.15, 1.0, size=days * 8), 12)
    expected = 950.0 * sun * clear
    made = 0.8 * expected * rng.normal(1.0, 0.05, size=expected.size)
    return made, expected


def history(*, prior: FloatArray | None) -> History:
    made, _ = skies()
    return History(
        start=START, value=made, prior=None if prior is None else Prior(name="physical", expected=prior)
    )


def error(model: Model | None, given: History) -> float:
    """Mean error over the three days that were not learned from."""
    at = START + timedelta(days=DAYS - 3)
    made, _ = skies()
    errors = []
    for day in range(3):
        now = at + timedelta(days=day)
        expected = -forecast(PLANT, model, given, issued_at=now, start=now, periods=96).quantiles_kw[2]
        errors.append(np.abs(expected - made[(DAYS - 3 + day) * 96 :][:96]).mean())
    return float(np.mean(errors))


def test_thirty_days_with_a_prior_are_a_quarter_better_than_without() -> None:
    at = START + timedelta(days=DAYS - 3)
    with_prior, without = history(prior=skies()[1]), history(prior=None)
    helped, alone = train(PLANT, with_prior, at), train(PLANT, without, at)
    assert error(helped, with_prior) < 0.75 * error(alone, without)


def test_a_model_learned_beside_a_prior_fits_no_history_without_and_the_other_way_round() -> None:
    at = START + timedelta(days=DAYS - 3)
    with_prior, without = history(prior=skies()[1]), history(prior=None)
    helped, alone = train(PLANT, with_prior, at), train(PLANT, without, at)
    assert helped is not None
    assert alone is not None
    assert helped.fits(PLANT, with_prior)
    assert alone.fits(PLANT, without)
    assert not helped.fits(PLANT, without)
    assert not alone.fits(PLANT, with_prior)


@pytest.mark.parametrize("missing", [slice(0, 20 * 96), slice(None), slice(30 * 96, 31 * 96 + 48)])
def test_a_prior_with_holes_still_gives_a_finite_forecast(missing: slice) -> None:
    at = START + timedelta(days=DAYS - 3)
    expected = skies()[1].copy()
    expected[missing] = np.nan
    given = history(prior=expected)
    model = train(PLANT, given, at)
    assert model is not None
    made = forecast(PLANT, model, given, issued_at=at, start=at, periods=192)
    assert made.model == "learned"
    assert np.isfinite(made.quantiles_kw).all()


def test_a_prior_is_read_no_further_than_the_horizon_and_a_value_no_further_than_the_gate() -> None:
    at = START + timedelta(days=DAYS - 3)
    expected = skies()[1]
    given = history(prior=expected)
    model = train(PLANT, given, at)
    lied, beyond = given.value.copy(), expected.copy()
    lied[(DAYS - 3) * 96 :] = 1e6
    beyond[(DAYS - 2) * 96 :] = 1e6
    told = replace(given, value=lied, prior=Prior(name="physical", expected=beyond))
    one, other = (
        forecast(PLANT, model, of, issued_at=at, start=at, periods=96).quantiles_kw for of in (given, told)
    )
    assert one.tobytes() == other.tobytes()
