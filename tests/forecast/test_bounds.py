"""Whatever was measured, a band is in order and within what the asset can do."""

import math
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from energy.forecast.ladder import forecast
from energy.forecast.learned.model import train
from energy.forecast.series import History, Kind, SeriesSpec

START = datetime(2021, 3, 20, tzinfo=UTC)
"""The clocks change within the history."""
DAYS = 14
RATED_KW = 300.0
BOUNDED: tuple[Kind, ...] = ("pv", "wind", "hydro", "ev_hub", "heat", "load")


@settings(deadline=None, max_examples=60)
@given(
    kind=st.sampled_from(BOUNDED),
    seed=st.integers(0, 10_000),
    power=st.sampled_from([0.3, 1.0, 6.0]),
    missing=st.floats(0.0, 1.0),
    quarter=st.integers(0, 95),
)
def test_a_band_is_ordered_finite_and_between_zero_and_the_rated_power(
    kind: Kind, seed: int, power: float, missing: float, quarter: int
) -> None:
    rng = np.random.default_rng(seed)
    value = RATED_KW * rng.random(DAYS * 96) ** power
    value[rng.random(value.size) < missing] = np.nan
    sign = -1 if kind in ("pv", "wind", "hydro") else 1
    spec = SeriesSpec(asset_id="any", kind=kind, zone=ZoneInfo("Europe/Berlin"), sign=sign, rated_kw=RATED_KW)
    at = START + timedelta(days=DAYS - 1, minutes=15 * quarter)
    band = sign * forecast(spec, None, History(start=START, value=value), issued_at=at, start=at).quantiles_kw
    band = np.sort(band, axis=0)
    assert np.isfinite(band).all()
    assert (np.diff(band, axis=0) >= 0.0).all()
    assert band.min() >= 0.0
    assert band.max() <= RATED_KW


@settings(deadline=None, max_examples=30)
@given(seed=st.integers(0, 10_000), spread=st.sampled_from([1.0, 50.0, 500.0]))
def test_a_price_band_is_ordered_and_finite_and_may_be_negative(seed: int, spread: float) -> None:
    value = np.random.default_rng(seed).normal(0.0, spread, size=DAYS * 96)
    spec = SeriesSpec(asset_id="price", kind="price", zone=ZoneInfo("Europe/Berlin"))
    at = START + timedelta(days=DAYS - 1)
    band = forecast(spec, None, History(start=START, value=value), issued_at=at, start=at).quantiles_kw
    assert np.isfinite(band).all()
    assert (np.diff(band, axis=0) >= 0.0).all()
    assert band[0].min() < 0.0


def test_a_rung_that_answers_with_no_number_gives_way_to_the_one_below() -> None:
    hour = np.arange(40 * 96) % 96 / 4.0
    value = 200.0 + 50.0 * np.sin(hour / 24.0 * 2.0 * np.pi)
    spec = SeriesSpec(asset_id="town", kind="load", zone=ZoneInfo("Europe/Berlin"), rated_kw=RATED_KW)
    history = History(start=START, value=value)
    at = START + timedelta(days=40)
    model = train(spec, history, at)
    assert model is not None
    assert forecast(spec, model, history, issued_at=at, start=at).model == "learned"
    for broken in (
        replace(model, ridge=replace(model.ridge, offset=math.nan)),
        replace(model, band=replace(model.band, quantiles=np.full_like(model.band.quantiles, math.nan))),
    ):
        made = forecast(spec, broken, history, issued_at=at, start=at)
        assert made.model == "seasonal"
        assert np.isfinite(made.quantiles_kw).all()
