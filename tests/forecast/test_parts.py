"""The parts that a forecast is made of."""

from dataclasses import replace
from datetime import UTC, datetime, time
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from sklearn.ensemble import HistGradientBoostingRegressor

from energy.forecast.calendar import SUNDAY, calendar_of
from energy.forecast.gates import DayAheadGate, LiveGates
from energy.forecast.learned.band import Errors, Place, band_of, spread
from energy.forecast.learned.effort import FULL
from energy.forecast.learned.trees import (
    DEPTH_MAX,
    L2,
    SAMPLES_LEAF_MIN,
    coded,
    evaluate,
    fit_trees,
)
from energy.forecast.sun import sine_of_elevation

BERLIN = ZoneInfo("Europe/Berlin")
SMALL = replace(FULL, trees_max=30, samples_a_tree=1, draws=1)
LARGER = replace(FULL, trees_max=60, samples_a_tree=1)


def test_a_clock_change_makes_days_of_92_and_100_quarter_hours() -> None:
    spring = calendar_of(
        datetime(2020, 3, 27, 23, tzinfo=UTC), 4 * 96, step_s=900, zone=BERLIN, holidays_of=""
    )
    autumn = calendar_of(
        datetime(2020, 10, 23, 22, tzinfo=UTC), 4 * 96, step_s=900, zone=BERLIN, holidays_of=""
    )
    assert np.bincount(spring.day)[:3].tolist() == [96, 92, 96]
    assert np.bincount(autumn.day)[:3].tolist() == [96, 100, 96]
    assert (spring.index_of[1] >= 0).all()


def test_the_same_wall_clock_time_is_found_across_a_clock_change() -> None:
    calendar = calendar_of(
        datetime(2020, 3, 27, 23, tzinfo=UTC), 3 * 96, step_s=900, zone=BERLIN, holidays_of=""
    )
    noon = calendar.index_of[:3, 48]
    assert np.diff(calendar.at_s[noon]).tolist() == [23 * 3600, 24 * 3600]


def test_holidays_follow_the_state() -> None:
    def classes(code: str) -> list[int]:
        start = datetime(2020, 1, 5, 23, tzinfo=UTC)
        calendar = calendar_of(start, 96, step_s=900, zone=BERLIN, holidays_of=code)
        return [int(day_class) for day_class in calendar.day_class]

    assert classes("DE-BY") == [SUNDAY]
    assert classes("DE-HH") == [0]
    assert classes("") == [0]


def test_a_country_shares_its_holidays_over_its_states() -> None:
    start = datetime(2020, 1, 5, 23, tzinfo=UTC)
    calendar = calendar_of(start, 96, step_s=900, zone=BERLIN, holidays_of="DE")
    assert calendar.holiday_share[0] == pytest.approx(3 / 16)


def test_the_friday_after_ascension_day_is_a_bridge() -> None:
    start = datetime(2020, 5, 20, 22, tzinfo=UTC)
    calendar = calendar_of(start, 3 * 96, step_s=900, zone=BERLIN, holidays_of="DE-BY")
    assert calendar.bridge.tolist() == [0.0, 1.0, 0.0]


def test_the_sun_stands_where_almanacs_say() -> None:
    moments = np.array([datetime(2020, 6, 20, 11, 20, tzinfo=UTC).timestamp()])
    sine = sine_of_elevation(moments, latitude=50.0, longitude=10.45)
    assert np.degrees(np.arcsin(sine[0])) == pytest.approx(63.4, abs=0.3)


def test_trees_evaluate_as_the_library_does() -> None:
    rng = np.random.default_rng(1)
    rows = rng.integers(0, 40, size=(800, 4)).astype(np.float64)
    rows[rng.random(rows.shape) < 0.1] = np.nan
    target = np.nan_to_num(rows[:, 0]) ** 2 + np.isnan(rows[:, 1]) + rng.normal(size=800)
    library = HistGradientBoostingRegressor(
        max_iter=30,
        learning_rate=SMALL.learning_rate,
        max_depth=DEPTH_MAX,
        max_leaf_nodes=SMALL.leaves_max,
        min_samples_leaf=SAMPLES_LEAF_MIN,
        l2_regularization=L2,
        max_features=0.5,
        early_stopping=False,
        random_state=0,
    )
    theirs = library.fit(rows, target).predict(rows)
    ours = evaluate(fit_trees(coded(rows), target, np.ones(800), SMALL), rows)
    assert np.allclose(ours, theirs, rtol=1e-6)


def test_two_draws_are_averaged() -> None:
    rng = np.random.default_rng(1)
    rows = rng.normal(size=(800, 6))
    target = rows[:, 0] + rows[:, 1] ** 2 + rng.normal(size=800)
    weight = np.ones(800)
    one = evaluate(fit_trees(coded(rows), target, weight, SMALL), rows)
    both = evaluate(fit_trees(coded(rows), target, weight, replace(SMALL, draws=2)), rows)
    three = evaluate(fit_trees(coded(rows), target, weight, replace(SMALL, draws=3)), rows)
    assert not np.allclose(one, both)
    assert np.std(three - both) < np.std(both - one)


def test_trees_split_between_values_that_they_have_not_seen() -> None:
    rows = np.linspace(0.0, 1.0, 2000)[:, None]
    trees = fit_trees(coded(rows), (rows[:, 0] > 0.5).astype(np.float64), np.ones(2000), LARGER)
    assert evaluate(trees, np.array([[-9.0], [9.0]])) == pytest.approx([0.0, 1.0], abs=0.05)


def test_day_ahead_gates_stand_at_local_noon_of_the_day_before() -> None:
    calendar = calendar_of(
        datetime(2020, 3, 27, 23, tzinfo=UTC), 3 * 96, step_s=900, zone=BERLIN, holidays_of=""
    )
    index = np.flatnonzero(calendar.day == 1)
    gate = DayAheadGate(at=time(12)).gate_of(calendar, index)
    assert np.unique(gate).tolist() == [48]


def test_live_gates_reach_over_the_horizon_and_never_past_the_period() -> None:
    calendar = calendar_of(datetime(2020, 1, 1, tzinfo=UTC), 960, step_s=900, zone=BERLIN, holidays_of="")
    index = np.arange(300, 960)
    lead = index - LiveGates().gate_of(calendar, index)
    assert lead.min() >= 0
    assert 180 < lead.max() < 192
    assert (lead < 16).mean() > 0.2


def test_a_band_covers_new_errors_as_often_as_it_says() -> None:
    rng = np.random.default_rng(5)

    def drawn(size: int) -> tuple[np.ndarray, Place]:
        hour = rng.integers(0, 24, size)
        zero = np.zeros(size, dtype=np.int64)
        place = Place(hour=hour, lead=zero, level=rng.normal(size=size), day_off=zero)
        return rng.normal(size=size) * (1.0 + (hour > 12)), place

    errors, place = drawn(6000)
    band = band_of(Errors(deviation=errors, place=place, days=60), centred=True)
    fresh, where = drawn(6000)
    edges = spread(band, where)
    inside = (fresh >= edges[0]) & (fresh <= edges[4])
    assert inside.mean() == pytest.approx(0.9, abs=0.02)
    assert inside[where.hour > 15].mean() == pytest.approx(0.9, abs=0.03)
    assert (np.diff(edges, axis=0) >= 0.0).all()
