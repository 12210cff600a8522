"""The net load's errors: what of them is each asset's, how wrong forecasts were, and other courses."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from energy.domain import FloatArray, Forecast, Plan
from energy.forecast.series import History
from energy.periods import PERIOD
from energy.planning.futures import EXPECTED_PROBABILITY, OUTER_PROBABILITY, futures_of
from energy.planning.net_errors import Measured, NetErrors, quantiles_by_lead
from energy.planning.net_load import net_band_kw, net_kw, parts_of, shared_out
from energy.region.model import Region
from energy.region.uncertainty import Uncertainty
from tests.controller.networks import region_in

NOW = datetime(2020, 6, 8, 12, tzinfo=UTC)
PERIODS = 192


@pytest.fixture(scope="module")
def region(tmp_path_factory: pytest.TempPathFactory) -> Region:
    return region_in(tmp_path_factory.mktemp("tal"))


def electric(region: Region) -> list[str]:
    kinds = ("load", "pv", "wind", "hydro")
    return [asset.id for asset in region.assets if asset.kind in kinds]


def forecast(asset_id: str, start: datetime, level_kw: float, half_kw: float) -> Forecast:
    steps = np.array([-1.0, -0.4, 0.0, 0.4, 1.0])[:, None]
    return Forecast(
        asset_id=asset_id,
        issued_at=start - timedelta(minutes=2),
        known_at=start - timedelta(minutes=2),
        model="learned",
        start=start,
        quantiles_kw=level_kw + half_kw * steps * np.ones(PERIODS),
    )


def forecasts(region: Region, start: datetime, half_kw: float = 50.0) -> list[Forecast]:
    return [forecast(name, start, 100.0, half_kw) for name in electric(region)]


class Recorded:
    """Gives the forecasts of every moment from a first one on, and counts how often it is asked."""

    def __init__(self, region: Region, first: datetime) -> None:
        self._region, self._first = region, first
        self.asked: list[datetime] = []

    def plan_at(self, moment: datetime) -> Plan | None:
        raise AssertionError(f"no plan is asked for, and not at {moment}")

    def forecasts_at(self, moment: datetime) -> Sequence[Forecast]:
        self.asked.append(moment)
        return forecasts(self._region, moment) if moment >= self._first else ()


def measured(region: Region, level_kw: FloatArray) -> dict[str, Measured]:
    start = NOW - level_kw.size * PERIOD
    return {name: Measured(sign=1, history=History(start=start, value=level_kw)) for name in electric(region)}


def test_the_parts_of_an_error_add_up_to_the_sums_and_stay_in_their_bands(region: Region) -> None:
    own = forecasts(region, NOW)
    parts = parts_of(region, own)
    for row in (0, 4):
        off = shared_out(parts, row)
        total = np.sum([parts[name].share * off[name] for name in off], axis=0)
        assert total == pytest.approx(net_band_kw(region, own)[row] - net_kw(region, own), abs=1e-9)
        for item in own:
            assert np.all(
                np.abs(off[item.asset_id]) <= np.abs(item.quantiles_kw[row] - item.expected_kw) + 1e-9
            )


def test_courses_lie_either_side_of_the_expected_one(region: Region) -> None:
    low, high = futures_of(region, forecasts(region, NOW), periods=PERIODS, share=1.0)
    total = 2 * OUTER_PROBABILITY + EXPECTED_PROBABILITY
    assert total == pytest.approx(1.0)
    for name in electric(region):
        assert np.all(low.expected_kw[name] < 100.0)
        assert np.all(high.expected_kw[name] > 100.0)


def test_no_share_of_the_error_is_the_expected_course(region: Region) -> None:
    for future in futures_of(region, forecasts(region, NOW), periods=PERIODS, share=0.0):
        for name in electric(region):
            assert np.array_equal(future.expected_kw[name], np.full(PERIODS, 100.0))


def test_errors_are_what_came_less_what_was_expected(region: Region) -> None:
    record = Recorded(region, NOW - timedelta(days=9))
    errors_kw = NetErrors(region, record).errors_kw(
        measured(region, np.full(96 * 9, 107.0)), known_at=NOW, periods=PERIODS
    )
    expected = net_kw(region, forecasts(region, NOW)) / 100.0 * 7.0
    known = np.isfinite(errors_kw)
    assert errors_kw.shape == (56, PERIODS)
    assert errors_kw[known] == pytest.approx(expected[0], abs=1e-6)
    assert not known[0].any()
    assert known[1, :12].all()
    assert not known[1, 12:].any()


def test_each_forecast_is_read_once_and_none_of_the_future(region: Region) -> None:
    record = Recorded(region, NOW - timedelta(days=9))
    errors, past = NetErrors(region, record), measured(region, np.full(96, 100.0))
    errors.errors_kw(past, known_at=NOW, periods=PERIODS)
    asked = len(record.asked)
    errors.errors_kw(past, known_at=NOW + timedelta(hours=2), periods=PERIODS)
    assert len(record.asked) == asked
    errors.errors_kw(past, known_at=NOW + timedelta(hours=3), periods=PERIODS)
    assert len(record.asked) == asked + 1
    assert max(record.asked) <= NOW + timedelta(hours=3)


def test_what_was_not_measured_is_no_error(region: Region) -> None:
    past = measured(region, np.full(96 * 9, np.nan))
    errors_kw = NetErrors(region, Recorded(region, NOW - timedelta(days=9))).errors_kw(
        past, known_at=NOW, periods=PERIODS
    )
    assert not np.isfinite(errors_kw).any()


def test_a_forecast_that_one_asset_was_missing_from_tells_no_error(region: Region) -> None:
    """Else the whole power of the asset would count as an error of the others."""
    past = measured(region, np.full(96 * 9, 100.0))
    added = electric(region)[0]
    whole = Recorded(region, NOW - timedelta(days=9))

    class Partly(Recorded):
        def forecasts_at(self, moment: datetime) -> Sequence[Forecast]:
            early = moment < NOW - timedelta(days=3)
            return [item for item in super().forecasts_at(moment) if not (early and item.asset_id == added)]

    partly = Partly(region, NOW - timedelta(days=9))
    every, some = (
        NetErrors(region, record).errors_kw(past, known_at=NOW, periods=PERIODS) for record in (whole, partly)
    )
    told = np.isfinite(some).any(axis=1)
    assert 0 < told.sum() < np.isfinite(every).any(axis=1).sum()
    assert some[np.isfinite(some)] == pytest.approx(0.0, abs=1e-6)


def test_few_errors_leave_it_to_the_band() -> None:
    band_kw = np.array([-20.0, -8.0, 0.0, 8.0, 40.0])[:, None] * np.ones(PERIODS)
    few = np.full((10, PERIODS), 300.0)
    up_kw, down_kw = quantiles_by_lead(few, band_kw, 0.95)
    assert up_kw == pytest.approx(np.full(PERIODS, 40.0))
    assert down_kw == pytest.approx(np.full(PERIODS, 20.0))


def test_known_errors_size_the_reserve_by_lead() -> None:
    errors_kw = np.full((40, PERIODS), np.nan)
    errors_kw[:, :4] = np.linspace(-10.0, 30.0, 40)[:, None]
    errors_kw[:, 4:12] = np.linspace(-20.0, 60.0, 40)[:, None]
    band_kw = np.array([-20.0, -8.0, 0.0, 8.0, 20.0])[:, None] * np.ones(PERIODS)
    up_kw, down_kw = quantiles_by_lead(errors_kw, band_kw, 0.9)
    assert up_kw[[0, 3, 4, 11]] == pytest.approx([26.0, 26.0, 52.0, 52.0], abs=1.5)
    assert down_kw[[0, 4]] == pytest.approx([6.0, 12.0], abs=1.5)
    assert up_kw[12] == pytest.approx(20.0 * 0.779, abs=0.01)


def test_the_dial_scales_the_reserve_and_its_price_follows_from_the_quantile(region: Region) -> None:
    def sized(share: float) -> FloatArray:
        dial = Uncertainty(mode="reserve", share=share, quantile=0.95, ahead_h=2.0)
        own = replace(
            region,
            control=replace(region.control, uncertainty=dial),
            market=replace(region.market, imbalance_eur_per_kwh=0.06),
        )
        reserve = NetErrors(own, Recorded(region, NOW)).reserve(
            forecasts(region, NOW), measured(region, np.full(96, 100.0)), known_at=NOW
        )
        assert reserve.shortfall_eur_per_kwh == pytest.approx(0.003)
        return reserve.up_kw

    assert sized(1.0).size == 8
    assert sized(0.5) == pytest.approx(0.5 * sized(1.0))
    assert np.array_equal(sized(0.0), np.zeros(8))
