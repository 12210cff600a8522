"""The charts of heat, hydrogen and machines: magnitudes, and unknown where a part was not measured."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.testing import assert_allclose

from dashboard.charts import charts_of
from dashboard.series import ChartInput, Window
from energy.domain import Point
from energy.ports import Means
from tests.dashboard.day import DAY_START, NOW
from tests.dashboard.valley import POINTS, course, forecasts, plan, valley

MEASURED = 56
"""Quarter hours of this morning."""
REGION = valley()


@pytest.fixture
def given():
    window = Window.around(NOW, REGION)
    means = {
        (asset_id, POINTS[name]): Means(start=DAY_START, value=values, coverage=np.ones(MEASURED))
        for asset_id, series in course(REGION, MEASURED).items()
        for name, values in series.items()
        if name in POINTS
    }
    return ChartInput(
        window=window,
        now=NOW,
        means=means,
        forecasts=forecasts(REGION),
        plan=plan(REGION),
        price_eur_per_kwh=np.full(window.periods, 0.05),
    )


def test_heat_is_drawn_by_producer_in_magnitudes(given):
    first, second = charts_of(REGION, given).heat
    assert [line.kind for line in first.producers] == ["chp", "boiler"]
    assert [line.kind for line in second.producers] == ["chp", "boiler", "heat_pump"]
    for line in (*first.producers, *second.producers):
        assert np.all(line.measured_kw[:MEASURED] >= 0.0)
        assert np.all(line.planned_kw[MEASURED:] >= 0.0)
        assert np.isnan(line.measured_kw[MEASURED:]).all()
    assert np.all(first.demand_p05_kw[MEASURED:] <= first.demand_p95_kw[MEASURED:])
    assert first.content.energy_kwh_max == 60000.0


def test_a_producer_that_was_not_measured_is_unknown(given):
    means = {key: value for key, value in given.means.items() if key != ("boiler_a", Point.HEAT_KW)}
    boiler = charts_of(REGION, replace(given, means=means)).heat[0].producers[1]
    assert np.isnan(boiler.measured_kw).all()


def test_hydrogen_has_what_is_made_and_what_is_taken(given):
    (chart,) = charts_of(REGION, given).hydrogen
    assert chart.producers[0].measured_kw[0] == 4300.0
    assert set(np.unique(chart.offtake[0].measured_kw[:MEASURED])) == {0.0, 3333.0}


def test_a_machine_runs_where_its_mean_power_is_at_least_half_its_least_load(given):
    least_kw = REGION.asset("chp_a").power_kw_least
    values = np.full(MEASURED, -0.49 * least_kw)
    values[3] = -0.51 * least_kw
    coverage = np.ones(MEASURED)
    coverage[4] = 0.2
    means = {
        **given.means,
        ("chp_a", Point.POWER_KW): Means(start=DAY_START, value=values, coverage=coverage),
    }
    strip = charts_of(REGION, replace(given, means=means)).machines[0]
    assert strip.asset_id == "chp_a"
    assert_allclose(strip.measured_running_fraction[2:6], [0.0, 1.0, np.nan, 0.0])
    assert set(np.unique(strip.planned_running_fraction[MEASURED:])) == {0.0, 1.0}


def test_without_a_plan_nothing_is_planned(given):
    charts = charts_of(REGION, replace(given, plan=None))
    assert np.isnan(charts.machines[0].planned_running_fraction).all()
    assert np.isnan(charts.heat[0].producers[0].planned_kw).all()


def test_assets_that_are_steered_are_drawn_by_kind(given):
    charts = charts_of(REGION, given)
    assert list(charts.controllable) == [
        "chp",
        "heat_pump",
        "electrolyser",
        "pumped_reservoir",
        "flexible_load",
    ]
    assert np.all(charts.controllable["chp"].measured[:MEASURED] <= 0.0)
