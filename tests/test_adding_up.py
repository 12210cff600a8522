"""Forecasts of municipalities and of the region add up; their bands say how sure a sum is."""

from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from energy.adding_up import ELSEWHERE, EXPECTED, Part, summed, totals_of
from energy.domain import FloatArray, Forecast
from energy.region.grid_loss import GridLoss
from energy.region.heat_load import HeatLoad
from energy.region.loader import load_region
from energy.region.model import Region
from energy.region.pv import Pv

NOW = datetime(2020, 6, 1, 10, tzinfo=UTC)
PERIODS = 8
PLAIN = [-2.0, -1.0, 0.0, 1.0, 2.0]


def forecast_of(asset_id: str, quantiles_kw: FloatArray, start: datetime = NOW) -> Forecast:
    return Forecast(
        asset_id=asset_id,
        issued_at=NOW,
        known_at=NOW,
        model="learned",
        start=start,
        quantiles_kw=quantiles_kw,
    )


def quantiles(seed: int, *, sign: int) -> FloatArray:
    drawn = np.random.default_rng(seed).uniform(0.0, 5000.0, (5, PERIODS))
    return np.sort(sign * drawn, axis=0)


@pytest.fixture(scope="module")
def region() -> Region:
    return load_region("fichtelgebirge")


def forecasts_of(region: Region, seed: int) -> list[Forecast]:
    return [
        forecast_of(asset.id, quantiles(seed + place, sign=-1 if isinstance(asset, Pv) else 1))
        for place, asset in enumerate(region.assets)
        if asset.kind in ("load", "pv", "wind", "hydro", "ev_hub", "flexible_load", "heat_load")
    ]


@given(seed=st.integers(0, 10_000))
def test_assets_municipalities_and_the_region_add_up(region: Region, seed: int) -> None:
    forecasts = forecasts_of(region, seed)
    totals = totals_of(region, forecasts)
    assert totals is not None
    places = np.sum([values[EXPECTED] for values in totals.municipalities_kw.values()], axis=0)
    np.testing.assert_array_equal(totals.region_kw[EXPECTED], places)
    expected = {item.asset_id: item.expected_kw for item in forecasts}
    electric = [asset for asset in region.assets if asset.id in expected and not isinstance(asset, HeatLoad)]
    assets_kw = np.sum([expected[asset.id] for asset in electric], axis=0)
    for losses in (asset for asset in region.assets if isinstance(asset, GridLoss)):
        loads_kw = np.sum([expected[load.id] for load in region.loads_of(losses)], axis=0)
        assets_kw = assets_kw + losses.fraction_of_load * loads_kw
    np.testing.assert_allclose(totals.region_kw[EXPECTED], assets_kw, rtol=1e-12, atol=1e-6)
    assert not {asset.id for asset in region.assets if isinstance(asset, HeatLoad)} & set(totals.asset_ids)
    for values in (*totals.municipalities_kw.values(), totals.region_kw):
        assert (np.diff(values, axis=0) >= -1e-9).all(), "quantiles never cross"


@given(
    count=st.integers(1, 12),
    seed=st.integers(0, 1000),
    alike=st.floats(0.0, 1.0),
    sign=st.sampled_from([-1, 1]),
)
def test_a_sum_s_band_is_within_the_sum_of_bands(count: int, seed: int, alike: float, sign: int) -> None:
    parts = [Part(kind="pv", quantiles_kw=quantiles(seed + place, sign=sign)) for place in range(count)]
    values = summed(parts, {"pv": alike})
    outer = np.sum([part.quantiles_kw for part in parts], axis=0)
    assert (values[4] <= outer[4] + 1e-6).all()
    assert (values[0] >= outer[0] - 1e-6).all()
    assert (sign * values >= -1e-6).all(), "what only feeds in never draws"


def test_alike_errors_add_and_unlike_errors_partly_cancel() -> None:
    part = Part(kind="wind", quantiles_kw=np.array([PLAIN]).T)
    four = [part] * 4
    assert summed(four, {"wind": 1.0})[4, 0] == pytest.approx(8.0)
    assert summed(four, {})[4, 0] == pytest.approx(4.0)
    mixed = [part, replace(part, kind="load")]
    assert summed(mixed, {"wind": 1.0, "load": 1.0})[0, 0] == pytest.approx(-(8.0**0.5))


def test_only_the_last_planning_counts_and_only_what_all_of_it_has(region: Region) -> None:
    loads = [asset.id for asset in region.assets if asset.kind == "load"]
    old = replace(forecast_of(loads[0], quantiles(1, sign=1)), issued_at=datetime(2020, 5, 31, tzinfo=UTC))
    totals = totals_of(region, [old, forecast_of(loads[1], quantiles(2, sign=1))])
    assert totals is not None
    assert totals.asset_ids == (loads[1],)
    assert totals_of(region, []) is None


def test_assets_of_no_municipality_stand_elsewhere(region: Region) -> None:
    first = next(asset for asset in region.assets if isinstance(asset, Pv))
    assets = tuple(replace(asset, municipality=None) if asset is first else asset for asset in region.assets)
    totals = totals_of(replace(region, assets=assets), [forecast_of(first.id, quantiles(3, sign=-1))])
    assert totals is not None
    assert list(totals.municipalities_kw) == [ELSEWHERE]
