"""Once at noon the other rungs say what they would have expected."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np

from energy.forecast.ladder import Request, forecast_many
from energy.forecast.series import History, Prior, SeriesSpec
from energy.periods import PERIOD
from energy.planning.shadows import is_noon, shadows_of

ZONE = ZoneInfo("Europe/Berlin")
NOON = datetime(2020, 6, 15, 10, tzinfo=UTC)
DAYS = 40


def asked_with(prior: Prior | None) -> Request:
    count = DAYS * 96
    hour = np.arange(count) % 96 / 4.0
    noise = np.random.default_rng(1).normal(0.0, 5.0, count)
    return Request(
        spec=SeriesSpec(asset_id="load", kind="load", rated_kw=500.0, zone=ZONE),
        model=None,
        history=History(
            start=NOON - count * PERIOD,
            value=200.0 + 50.0 * np.sin(hour / 24.0 * 2.0 * np.pi) + noise,
            prior=prior,
        ),
        issued_at=NOON - timedelta(minutes=2),
        start=NOON,
    )


def test_noon_comes_once_a_local_day() -> None:
    assert is_noon(NOON, ZONE, done_on=None)
    assert is_noon(NOON, ZONE, done_on=date(2020, 6, 14))
    assert not is_noon(NOON, ZONE, done_on=date(2020, 6, 15))
    assert not is_noon(NOON - PERIOD, ZONE, done_on=None)
    assert not is_noon(NOON + 4 * PERIOD, ZONE, done_on=None)


def test_a_rung_over_a_prior_has_the_seasonal_one_for_a_rival() -> None:
    asked = [asked_with(Prior(name="profile", expected=np.full(DAYS * 96 + 192, 210.0)))]
    own = forecast_many(asked)
    assert own[0].model == "profile"
    assert [shadow.model for shadow in shadows_of(asked, own)] == ["seasonal"]


def test_the_lowest_rung_that_there_is_has_no_rival() -> None:
    asked = [asked_with(None)]
    own = forecast_many(asked)
    assert own[0].model == "seasonal"
    assert shadows_of(asked, own) == ()
