"""Whatever was measured, a band is in order and within what the asset can do."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from energy.forecast.ladder import forecast
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
