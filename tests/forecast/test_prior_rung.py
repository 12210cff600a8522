"""The rung of the prior serves on the first day, learns what it lacks, and sees nothing past its gate."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from energy.domain import FloatArray
from energy.forecast.ladder import forecast
from energy.forecast.physical.expected import PhysicalPriors
from energy.forecast.physical.plants import PvPlant
from energy.forecast.series import History, Kind, Prior, SeriesSpec

START = datetime(2021, 5, 1, tzinfo=UTC)
PLACE = (50.1, 11.6)
DAYS = 40


def spec_of(kind: Kind) -> SeriesSpec:
    feeds_in = kind in ("pv", "wind")
    return SeriesSpec(
        asset_id=kind,
        kind=kind,
        zone=ZoneInfo("Europe/Berlin"),
        sign=-1 if feeds_in else 1,
        rated_kw=100.0 if feeds_in else None,
        location=PLACE,
    )


def sunlight(days: int = DAYS) -> FloatArray:
    """A prior from a clear sky, dimmed day by day as a weather forecast would know."""
    plant = PvPlant(power_kwp=100.0, power_kw_limit=100.0, latitude=PLACE[0], longitude=PLACE[1])
    power = PhysicalPriors().expected_kw(plant, {}, start=START, periods=days * 96, step_s=900, known=0)
    assert power is not None
    share = np.random.default_rng(5).uniform(0.3, 1.3, days)
    return power * np.repeat(share, 96)


def profile(days: int = DAYS) -> FloatArray:
    hour = np.arange(days * 96) % 96 / 4.0
    return 50.0 + 20.0 * np.sin((hour - 8.0) / 12.0 * np.pi)


def told(kind: Kind, value: FloatArray, expected: FloatArray, *, days: int) -> tuple[str, FloatArray]:
    """The rung and quantiles of the two days after ``days`` days of history, as magnitudes."""
    history = History(
        start=START,
        value=value[: days * 96],
        prior=Prior(name="physical" if kind == "pv" else "profile", expected=expected),
    )
    at = START + timedelta(days=days)
    made = forecast(spec_of(kind), None, history, issued_at=at, start=at)
    return made.model, np.sort(np.abs(made.quantiles_kw), axis=0)


@pytest.mark.parametrize(("kind", "rung"), [("pv", "physical"), ("load", "profile")])
def test_a_new_asset_is_forecast_before_anything_was_measured(kind: Kind, rung: str) -> None:
    expected = sunlight() if kind == "pv" else profile()
    name, quantiles = told(kind, np.empty(0), expected, days=0)
    assert name == rung
    assert np.allclose(quantiles[2], expected[:192])
    lit = expected[:192] > 1.0
    assert np.all(quantiles[0][lit] < expected[:192][lit])
    assert np.all(quantiles[4][lit] > expected[:192][lit])
    if kind == "pv":
        assert np.all(quantiles[:, expected[:192] == 0.0][4] <= 100.0)
        assert np.all(quantiles[:, :6] == 0.0)


@pytest.mark.parametrize("factor", [0.7, 1.4])
@pytest.mark.parametrize("kind", ["pv", "load"])
def test_a_wrong_size_is_mended_within_two_weeks(kind: Kind, factor: float) -> None:
    expected = sunlight() if kind == "pv" else profile()
    truth = factor * expected
    _, quantiles = told(kind, truth, expected, days=14)
    ahead = truth[14 * 96 : 16 * 96]
    assert abs(quantiles[2].sum() / ahead.sum() - 1.0) < 0.05


def test_a_plant_that_grows_in_mid_life_is_followed_within_two_weeks() -> None:
    expected = sunlight(60)
    truth = expected * np.repeat(np.where(np.arange(60) < 40, 0.5, 0.8), 96)
    _, quantiles = told("pv", truth, expected, days=54)
    assert abs(quantiles[2].sum() / truth[54 * 96 : 56 * 96].sum() - 1.0) < 0.1


def test_a_shape_that_the_prior_does_not_know_is_learned() -> None:
    expected = profile()
    hour = np.arange(expected.size) % 96 / 4.0
    truth = expected * (1.0 + 0.3 * np.cos((hour - 20.0) / 12.0 * np.pi))
    _, quantiles = told("load", truth, expected, days=30)
    ahead = slice(30 * 96, 32 * 96)
    raw = float(np.abs(expected[ahead] - truth[ahead]).mean())
    assert float(np.abs(quantiles[2] - truth[ahead]).mean()) < 0.3 * raw


def test_one_wild_day_steers_little() -> None:
    expected = sunlight()
    truth = expected.copy()
    truth[20 * 96 : 21 * 96] *= 4.0
    _, quantiles = told("pv", truth, expected, days=22)
    assert abs(quantiles[2].sum() / expected[22 * 96 : 24 * 96].sum() - 1.0) < 0.2


def test_the_band_is_as_wide_as_the_errors_were() -> None:
    expected = sunlight()
    rng = np.random.default_rng(11)
    widths = []
    for size in (0.02, 0.3):
        truth = expected * np.repeat(1.0 + size * rng.normal(size=DAYS), 96)
        _, quantiles = told("pv", np.clip(truth, 0.0, 100.0), expected, days=35)
        widths.append(float((quantiles[4] - quantiles[0]).sum()))
    assert widths[0] < 0.5 * widths[1]


def test_what_comes_after_the_gate_changes_no_bit() -> None:
    expected = sunlight()
    truth = expected * 0.8
    at = START + timedelta(days=20)
    histories = [
        History(start=START, value=value, prior=Prior(name="physical", expected=expected))
        for value in (truth, np.where(np.arange(truth.size) < 20 * 96, truth, 77.0))
    ]
    one, other = (forecast(spec_of("pv"), None, given, issued_at=at, start=at) for given in histories)
    assert one.quantiles_kw.tobytes() == other.quantiles_kw.tobytes()
    longer = replace(
        histories[0],
        prior=Prior(name="physical", expected=np.where(np.arange(truth.size) < 22 * 96, expected, 99.0)),
    )
    late = forecast(spec_of("pv"), None, longer, issued_at=at, start=at)
    assert late.quantiles_kw.tobytes() == one.quantiles_kw.tobytes()


def test_a_prior_that_does_not_reach_over_the_horizon_falls_one_rung() -> None:
    expected = sunlight()
    short = np.where(np.arange(expected.size) < 31 * 96, expected, np.nan)
    assert told("pv", expected, short, days=30)[0] == "seasonal"
