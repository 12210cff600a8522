"""A region that has measured nothing yet: what is forecast for it, asset by asset."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from energy.domain import Forecast
from energy.evaluation.week_record import WeekRecord
from energy.forecast.ladder import Request, forecast_many
from energy.periods import HORIZON_PERIODS
from energy.planning.inputs import Inputs
from energy.planning.past import WINDOW, expected_assets, series_spec
from energy.region.history import RegionHistory
from energy.region.load import Load
from energy.region.loader import load_region
from energy.region.model import Region

FIRST_DAY = datetime(2020, 11, 9, 11, tzinfo=UTC)
"""A Monday at noon."""
PROFILED = {"load", "heat_load", "ev_hub", "pumped_reservoir"}


@pytest.fixture(scope="module")
def region() -> Region:
    return load_region("fichtelgebirge")


def _forecasts(region: Region, at: datetime) -> dict[str, Forecast]:
    """Forecast every asset from an empty record."""
    inputs = Inputs(region, WeekRecord(at - WINDOW, at + timedelta(days=3)))
    requests = [
        Request(
            spec=series_spec(region, asset),
            model=None,
            history=inputs.history(asset, known_at=at),
            issued_at=at,
            start=at,
        )
        for asset in expected_assets(region)
    ]
    return {forecast.asset_id: forecast for forecast in forecast_many(requests)}


@pytest.fixture(scope="module")
def forecasts(region: Region) -> dict[str, Forecast]:
    return _forecasts(region, FIRST_DAY)


def test_each_kind_names_the_rung_that_it_stands_on(region: Region, forecasts: dict[str, Forecast]) -> None:
    for asset in expected_assets(region):
        if asset.kind in PROFILED:
            assert forecasts[asset.id].model == "profile", asset.id
        elif asset.kind in {"hydro", "flexible_load"}:
            assert forecasts[asset.id].model == "flat", asset.id


def test_every_forecast_is_possible(region: Region, forecasts: dict[str, Forecast]) -> None:
    for asset in expected_assets(region):
        quantiles = forecasts[asset.id].quantiles_kw
        assert quantiles.shape == (5, HORIZON_PERIODS)
        assert np.isfinite(quantiles).all()
        assert (np.diff(quantiles, axis=0) >= 0.0).all()
        greatest = series_spec(region, asset).rated_kw
        assert greatest is not None
        assert np.abs(quantiles).max() <= greatest


def test_loads_whose_year_is_known_are_nearer_than_a_mean_and_others_than_the_flat_rung(
    region: Region, forecasts: dict[str, Forecast]
) -> None:
    history = RegionHistory(region)
    loads = [asset for asset in region.assets if isinstance(asset, Load)]
    year = {load.id: np.nanmean(history.magnitude_kw(load.id).values) * 8766.0 for load in loads}
    stated = replace(
        region,
        assets=tuple(
            replace(asset, energy_kwh_per_year=float(year[asset.id])) if isinstance(asset, Load) else asset
            for asset in region.assets
        ),
    )
    known = _forecasts(stated, FIRST_DAY)
    truth = sum(history.magnitude_kw(load.id).window(FIRST_DAY, HORIZON_PERIODS) for load in loads)
    error = {
        "by its year": np.abs(sum(known[load.id].expected_kw for load in loads) - truth).sum(),
        "mean": np.abs(sum(year[load.id] / 8766.0 for load in loads) - truth).sum(),
        "by its rating": np.abs(sum(forecasts[load.id].expected_kw for load in loads) - truth).sum(),
        "flat": np.abs(sum(0.25 * load.power_kw_max for load in loads) - truth).sum(),
    }
    assert error["by its year"] < 0.8 * error["mean"], error
    assert error["by its rating"] < 0.7 * error["flat"], error


def test_a_load_that_states_its_energy_draws_it_in_a_year(region: Region) -> None:
    energy_kwh = 12_000_000.0
    stated = replace(
        region,
        assets=tuple(
            replace(asset, energy_kwh_per_year=energy_kwh) if asset.id == "load_granitstadt" else asset
            for asset in region.assets
        ),
    )
    weeks = [datetime(2020, month, 8, 11, tzinfo=UTC) for month in range(1, 13)]
    mean_kw = np.mean([_forecasts(stated, at)["load_granitstadt"].expected_kw.mean() for at in weeks[::3]])
    assert mean_kw == pytest.approx(energy_kwh / 8766.0, rel=0.15)


def test_the_first_winter_day_of_a_heat_network_is_far_above_its_first_summer_day(region: Region) -> None:
    winter = _forecasts(region, datetime(2020, 1, 20, 11, tzinfo=UTC))["heat_load_a"].expected_kw.mean()
    summer = _forecasts(region, datetime(2020, 7, 20, 10, tzinfo=UTC))["heat_load_a"].expected_kw.mean()
    assert winter > 3.0 * summer > 0.0
