"""The charts: days of the local calendar, sums that stay unknown where a part is."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from numpy.testing import assert_allclose

from dashboard.charts import charts_of
from dashboard.series import ChartInput, Window
from energy.domain import Point
from energy.periods import period_start
from energy.ports import Means
from tests.dashboard.day import DAY_START, NOW, expected_kw, forecasts, plan


@pytest.fixture
def given(region):
    window = Window.around(NOW, region)
    periods = 56
    means = {
        (asset_id, Point.POWER_KW): Means(start=DAY_START, value=power, coverage=np.ones(periods))
        for asset_id, power in expected_kw(DAY_START, periods).items()
    }
    start = period_start(NOW)
    return ChartInput(
        window=window,
        now=NOW,
        means=means,
        forecasts=forecasts(start),
        plan=plan(start),
        price_eur_per_kwh=np.full(window.periods, 0.05),
    )


@pytest.mark.parametrize(
    ("moment", "periods", "ticks"),
    [
        (datetime(2020, 6, 17, 12, tzinfo=UTC), 192, 9),
        (datetime(2020, 3, 28, 12, tzinfo=UTC), 188, 9),
        (datetime(2020, 10, 25, 12, tzinfo=UTC), 196, 9),
    ],
)
def test_the_window_is_two_local_days_whatever_the_clock_does(region, moment, periods, ticks):
    window = Window.around(moment, region)
    assert window.periods == periods
    assert len(window.ticks(region)) == ticks
    assert window.start.astimezone(region.zone).hour == 0


def test_generation_is_a_magnitude_whose_band_stands_the_right_way_up(region, given):
    charts = charts_of(region, given)
    known = np.isfinite(charts.generation.p50)
    assert known.sum() == 192 - 56
    assert np.all(charts.generation.p05[known] <= charts.generation.p50[known])
    assert np.all(charts.generation.p50[known] <= charts.generation.p95[known])
    assert np.all(charts.generation.measured[:56] > 0.0)
    assert np.all(np.isnan(charts.generation.measured[56:]))


def test_losses_without_a_forecast_follow_the_loads(region, given):
    charts = charts_of(region, given)
    load = next(item for item in given.forecasts if item.asset_id == "load")
    assert_allclose(charts.consumption.p50[56:], 1.025 * load.expected_kw[:136])


def test_the_planned_exchange_is_the_sum_of_the_planned_assets(region, given):
    charts = charts_of(region, given)
    total = (
        charts.consumption.planned + charts.ev.planned + charts.storage.planned - charts.generation.planned
    )
    assert_allclose(charts.exchange.planned, total)


def test_a_sum_is_unknown_where_one_part_was_not_measured(region, given):
    hole = replace(given.means["wind_park", Point.POWER_KW], coverage=np.r_[np.ones(10), 0.3, np.ones(45)])
    charts = charts_of(region, replace(given, means={**given.means, ("wind_park", Point.POWER_KW): hole}))
    assert np.isnan(charts.generation.measured[10])
    assert np.isfinite(charts.generation.measured[[9, 11]]).all()


def test_without_a_plan_and_forecasts_there_is_nothing_to_draw_for_them(region, given):
    charts = charts_of(region, replace(given, plan=None, forecasts=()))
    for series in (charts.exchange.planned, charts.generation.p50, charts.marginal_price_eur_per_kwh):
        assert np.isnan(series).all()


def test_a_series_that_begins_before_the_window_is_cut(region, given):
    early = plan(DAY_START - timedelta(hours=6))
    charts = charts_of(region, replace(given, plan=early))
    assert_allclose(charts.exchange.planned[:168], early.assets["grid_point"].power_kw[24:])
    assert np.isnan(charts.exchange.planned[168:]).all()
