"""The band stretches and shrinks with what the last weeks asked of it."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from energy.domain import FloatArray
from energy.forecast.learned.conformal import (
    STRETCH_MAX,
    Needed,
    Stretch,
    needed_of,
    stretch_of,
    stretched,
    together,
)

DAY_S = 86_400
QUARTERS = 96
UNIT = np.array([[-1.645], [-0.674], [0.0], [0.674], [1.645]])
"""Quantiles of a standard normal error."""


def asked(errors: FloatArray, *, first_day: int = 0) -> Needed:
    at_s = DAY_S * first_day + 900 * np.arange(errors.size, dtype=np.int64)
    return needed_of(at_s, errors, np.repeat(UNIT, errors.size, axis=1))


def covered(sizes: FloatArray) -> FloatArray:
    """Share of each day's errors inside the band when its errors have ``sizes`` (days,)."""
    rng = np.random.default_rng(2)
    # a day's errors hang together: half of each is the day's own
    own = np.repeat(rng.normal(size=(sizes.size, 8)), QUARTERS // 8, axis=1)
    errors = sizes[:, None] * (0.7 * own + 0.714 * rng.normal(size=(sizes.size, QUARTERS)))
    result = []
    for day in range(30, sizes.size):
        known = asked(errors[:day].ravel())
        edges = stretched(UNIT, stretch_of(known, now_s=day * DAY_S))[:, 0]
        result.append(float(np.mean((errors[day] >= edges[0]) & (errors[day] <= edges[4]))))
    return np.array(result)


def test_a_band_that_was_learned_right_stays_nearly_as_it_is() -> None:
    rng = np.random.default_rng(1)
    stretch = stretch_of(asked(rng.normal(size=60 * QUARTERS)), now_s=60 * DAY_S)
    assert stretch.outer == pytest.approx(1.0, abs=0.1)
    assert stretch.inner == pytest.approx(1.0, abs=0.1)


@pytest.mark.parametrize("size", [0.5, 1.0, 2.0])
def test_every_month_is_covered_whatever_the_size_of_the_errors(size: float) -> None:
    months = covered(np.full(30 + 12 * 30, size)).reshape(12, 30).mean(axis=1)
    assert months.min() > 0.83
    assert months.max() < 0.96
    assert months.mean() == pytest.approx(0.905, abs=0.015)


def test_after_a_wild_fortnight_the_band_is_itself_again_within_three_weeks() -> None:
    sizes = np.ones(100)
    sizes[50:64] = 3.0
    daily = covered(sizes)
    assert daily[64 - 30 + 21 :].mean() == pytest.approx(0.905, abs=0.03)


def test_a_wild_day_counts_once_however_wild_it_was() -> None:
    rng = np.random.default_rng(1)
    errors = rng.normal(size=60 * QUARTERS)
    bad, worse = errors.copy(), errors.copy()
    bad[-5 * QUARTERS : -4 * QUARTERS] *= 1e3
    worse[-5 * QUARTERS : -4 * QUARTERS] *= 1e6
    one, other = (stretch_of(asked(errors), now_s=60 * DAY_S) for errors in (bad, worse))
    assert other.outer == pytest.approx(one.outer, rel=0.05)


def test_without_young_errors_the_band_stays_as_it_was_learned() -> None:
    rng = np.random.default_rng(1)
    known = asked(5.0 * rng.normal(size=10 * QUARTERS))
    assert stretch_of(known, now_s=200 * DAY_S) == Stretch()
    assert stretch_of(known, now_s=0) != Stretch(outer=5.0, inner=5.0)


def test_few_errors_ask_for_caution() -> None:
    rng = np.random.default_rng(1)
    errors = rng.normal(size=60 * QUARTERS)
    many, few = (
        stretch_of(asked(errors[-days * QUARTERS :], first_day=60 - days), now_s=60 * DAY_S)
        for days in (60, 1)
    )
    assert few.outer > many.outer


@settings(deadline=None, max_examples=50)
@given(
    spread=st.lists(st.floats(-5.0, 5.0), min_size=5, max_size=5).map(sorted),
    outer=st.floats(0.0, STRETCH_MAX),
    inner=st.floats(0.0, STRETCH_MAX),
)
def test_stretched_quantiles_never_cross_and_leave_the_middle(
    spread: list[float], outer: float, inner: float
) -> None:
    made = stretched(np.array(spread)[:, None], Stretch(outer=outer, inner=inner))[:, 0]
    assert (np.diff(made) >= 0.0).all()
    assert made[2] == pytest.approx(spread[2])


def test_records_are_pooled() -> None:
    one, other = asked(np.ones(96)), asked(np.ones(48), first_day=1)
    assert together(one, other).outer.size == 144
