"""Scores count as their definitions say."""

import numpy as np
import pytest

from energy.forecast.judging.baselines import day_before_known, persistence, rivals_of
from energy.forecast.judging.scores import coverage, error_scores, pinball, reliability, scores_of
from energy.forecast.judging.skill import skill_scores

TRUTH = np.array([1.0, 2.0])
BAND = np.array([[0.0, 2.5], [0.5, 2.6], [1.5, 3.0], [2.0, 3.5], [3.0, 4.0]])


def test_scores_count_as_their_definitions_say() -> None:
    assert coverage(TRUTH, BAND) == {"p05_p95": 0.5, "p25_p75": 0.5}
    assert error_scores(TRUTH, BAND[2]) == {"mae": 0.75, "mape": 0.5}
    by_hand = [0.05, 0.475, 0.125, 0.45, 0.25, 0.5, 0.25, 0.375, 0.1, 0.1]
    assert pinball(TRUTH, BAND) == pytest.approx(np.mean(by_hand))
    assert scores_of(TRUTH, BAND)["sharpness"] == pytest.approx({"p05_p95": 2.25, "p25_p75": 1.2})


def test_a_series_through_zero_has_no_relative_error() -> None:
    assert error_scores(np.array([0.0, 2.0]), np.array([1.0, 1.0])) == {"mae": 1.0, "mape": None}


def test_a_certain_zero_at_night_says_nothing_about_a_band() -> None:
    truth = np.array([0.0, 0.0, 5.0, 9.0])
    band = np.zeros((5, 4))
    band[4, 2:] = 6.0
    score = scores_of(truth, band)
    assert score["n_certain"] == 2
    assert score["coverage"] == {"p05_p95": 0.5, "p25_p75": 0.0}
    assert score["coverage_all"] == {"p05_p95": 0.75, "p25_p75": 0.5}
    assert coverage(truth[:2], band[:, :2]) == {"p05_p95": None, "p25_p75": None}


def test_a_band_without_width_that_misses_counts_as_a_miss() -> None:
    assert coverage(np.array([0.0, 1.0]), np.zeros((5, 2))) == {"p05_p95": 0.0, "p25_p75": 0.0}


def test_a_rare_glimmer_at_night_is_no_share_of_an_hour() -> None:
    truth, band = np.zeros(365), np.zeros((5, 365))
    truth[:3] = 0.1
    assert coverage(truth, band)["p05_p95"] is None
    truth[:40] = 0.1
    assert coverage(truth, band)["p05_p95"] == 0.0


def test_reliability_shows_each_quantile_its_own_number() -> None:
    truth = np.arange(1000.0)
    band = np.repeat(np.quantile(truth, [0.05, 0.25, 0.5, 0.75, 0.95])[:, None], 1000, axis=1)
    expected = {"p05": 0.05, "p25": 0.25, "p50": 0.5, "p75": 0.75, "p95": 0.95}
    assert reliability(truth, band) == pytest.approx(expected, abs=0.001)


def test_skill_compares_like_for_like_and_knows_chance() -> None:
    rng = np.random.default_rng(1)
    day = np.repeat(np.arange(60), 24)
    rival = rng.uniform(1.0, 2.0, size=day.size)
    holes = np.where(day < 20, np.nan, rival)
    half = skill_scores(0.5 * rival, holes, day)
    assert half["skill"] == pytest.approx(0.5)
    assert half["n"] == 40 * 24
    assert half["skill_p05_p95"] == pytest.approx([0.5, 0.5])
    even = skill_scores(rival[::-1], rival, day)["skill_p05_p95"]
    assert isinstance(even, list)
    assert even[0] < 0.0 < even[1]


def test_few_days_and_a_perfect_rival_have_no_interval() -> None:
    day = np.repeat(np.arange(10), 24)
    ones = np.ones(day.size)
    assert skill_scores(ones, ones, day)["skill_p05_p95"] is None
    assert skill_scores(ones, 0.0 * ones, day)["skill"] is None
    assert skill_scores(ones, np.nan * ones, day) == {
        "skill": None,
        "skill_p05_p95": None,
        "mae_ours": None,
        "n": 0,
    }


def test_rivals_know_what_we_know() -> None:
    truth = np.arange(240.0)
    index, known = np.array([100, 120, 150]), np.array([100, 100, 100])
    assert day_before_known(truth, index, known, slots=24).tolist() == [76.0, 96.0, 78.0]
    assert persistence(truth, known, slots=24).tolist() == [99.0, 99.0, 99.0]
    assert np.isnan(persistence(np.full(240, np.nan), known, slots=24)).all()
    within = rivals_of(truth, index, known, step_s=3600, operator=None, intraday=True)
    assert within["d1"].tolist() == [76.0, 96.0, 78.0]
    assert within["d2"].tolist() == [52.0, 72.0, 78.0]
    ahead = rivals_of(truth, index, known, step_s=3600, operator=truth + 1.0, intraday=False)
    assert ahead["d1"].tolist() == [76.0, 96.0, 126.0]
    assert ahead["operator"].tolist() == [101.0, 121.0, 151.0]
