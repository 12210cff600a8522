"""Day-ahead prices as they were known: nothing unpublished leaks, and there is always an answer."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from energy.domain import FloatArray
from energy.forecast.calendar import calendar_of
from energy.market.day_ahead import PRICE_EUR_PER_MWH_UNKNOWN, DayAheadPrices
from energy.periods import HORIZON_PERIODS, PERIOD, local_day, period_starts, periods_between
from energy.ports import Prices, PriceSource
from energy.region.history import RegionHistory, Series
from energy.region.loader import load_region
from energy.region.model import Region

START = datetime(2020, 1, 5, 23, tzinfo=UTC)
PERIODS = 361 * 96


@dataclass(frozen=True)
class Book:
    """A price history made up by a test."""

    values: FloatArray
    start: datetime = START

    def price_eur_per_mwh(self) -> Series:
        return Series(start=self.start, values=self.values)


@pytest.fixture(scope="module")
def region() -> Region:
    return load_region("musterstadt")


def _ask(region: Region, values: FloatArray, known_at: datetime) -> Prices:
    source: PriceSource = DayAheadPrices(region, Book(values))
    return source.prices(start=known_at, periods=HORIZON_PERIODS, known_at=known_at)


COUNTED = np.arange(PERIODS, dtype=np.float64)


def test_published_prices_of_the_shipped_region_come_in_eur_per_kwh(region: Region) -> None:
    history = RegionHistory(region)
    at = datetime(2020, 6, 3, 8, tzinfo=UTC)
    prices = DayAheadPrices(region, history).prices(start=at, periods=4, known_at=at)
    assert prices.indicative == [False] * 4
    assert prices.price_eur_per_kwh == pytest.approx(history.price_eur_per_mwh().window(at, 4) / 1000.0)


@pytest.mark.parametrize(
    ("known_at", "last_known_local_day"),
    [
        (datetime(2020, 6, 3, 10, 59, tzinfo=UTC), date(2020, 6, 3)),
        (datetime(2020, 6, 3, 11, 0, tzinfo=UTC), date(2020, 6, 4)),
        (datetime(2020, 1, 15, 11, 59, tzinfo=UTC), date(2020, 1, 15)),
        (datetime(2020, 1, 15, 12, 0, tzinfo=UTC), date(2020, 1, 16)),
        (datetime(2020, 3, 28, 12, 0, tzinfo=UTC), date(2020, 3, 29)),
        (datetime(2020, 10, 24, 11, 0, tzinfo=UTC), date(2020, 10, 25)),
        (datetime(2020, 6, 3, 22, 30, tzinfo=UTC), date(2020, 6, 4)),
    ],
)
def test_tomorrow_is_known_from_thirteen_local_time_on(
    region: Region, known_at: datetime, last_known_local_day: date
) -> None:
    until = local_day(last_known_local_day, region.zone)[1]
    prices = _ask(region, COUNTED, known_at)
    moments = period_starts(known_at, HORIZON_PERIODS)
    assert prices.indicative == [moment >= until for moment in moments]
    assert DayAheadPrices(region, Book(COUNTED)).published_until(known_at) == until


@settings(deadline=None, max_examples=40)
@given(
    minutes=st.integers(0, PERIODS * 15 - 1),
    seed=st.integers(0, 2**32 - 1),
    gaps=st.lists(st.integers(0, PERIODS - 1), max_size=20),
)
def test_nothing_unpublished_leaks(region: Region, minutes: int, seed: int, gaps: list[int]) -> None:
    known_at = START + timedelta(minutes=minutes)
    values = np.sin(COUNTED / 50.0) * 80.0
    values[gaps] = np.nan
    unpublished = periods_between(START, DayAheadPrices(region, Book(values)).published_until(known_at))
    changed = values.copy()
    changed[unpublished:] = np.random.default_rng(seed).uniform(-500.0, 4000.0, changed[unpublished:].size)
    before, after = _ask(region, values, known_at), _ask(region, changed, known_at)
    assert np.array_equal(before.price_eur_per_kwh, after.price_eur_per_kwh)
    assert before.indicative == after.indicative
    assert np.isfinite(before.price_eur_per_kwh).all()
    assert before.price_eur_per_kwh.shape == (HORIZON_PERIODS,)


def _by_type(region: Region, level: tuple[float, float, float], *, course: float = 10.0) -> FloatArray:
    """Make prices that only depend on the type of the day and the clock: workday, Saturday, Sunday."""
    calendar = calendar_of(START, PERIODS, step_s=900, zone=region.zone, holidays_of=region.holidays)
    day_type = np.clip(calendar.day_class - 4, 0, 2)[calendar.day]
    return np.asarray(level)[day_type] + course * np.sin(2.0 * np.pi * calendar.slot / 96.0)


@pytest.mark.parametrize(
    ("known_at", "wanted", "level"),
    [
        (datetime(2020, 6, 5, 8, tzinfo=UTC), datetime(2020, 6, 8, 10, tzinfo=UTC), 100.0),
        (datetime(2020, 6, 5, 8, tzinfo=UTC), datetime(2020, 6, 6, 10, tzinfo=UTC), 50.0),
        (datetime(2020, 5, 20, 8, tzinfo=UTC), datetime(2020, 5, 21, 10, tzinfo=UTC), -20.0),
    ],
    ids=["a Monday from Friday", "a Saturday", "Ascension Day is a Sunday"],
)
def test_days_are_forecast_by_their_type_and_may_be_negative(
    region: Region, known_at: datetime, wanted: datetime, level: float
) -> None:
    source = DayAheadPrices(region, Book(_by_type(region, (100.0, 50.0, -20.0), course=0.0)))
    prices = source.prices(start=wanted, periods=1, known_at=known_at)
    assert prices.indicative == [True]
    assert prices.price_eur_per_kwh[0] == pytest.approx(level / 1000.0)


def test_what_the_last_days_were_off_is_carried_on_and_fades(region: Region) -> None:
    values = _by_type(region, (100.0, 60.0, 40.0))
    known_at = datetime(2020, 6, 3, 8, tzinfo=UTC)
    usual = _ask(region, values, known_at).price_eur_per_kwh * 1000.0
    end = periods_between(START, DayAheadPrices(region, Book(values)).published_until(known_at))
    values[end - 96 : end] += 30.0
    risen = _ask(region, values, known_at).price_eur_per_kwh * 1000.0
    first = periods_between(known_at, START + end * PERIOD)
    more = (risen - usual)[first:]
    assert 20.0 < more[0] < 40.0
    assert np.all(np.diff(more) < 1e-9)
    assert 0.0 < more[-1] < 12.0


def test_a_file_of_a_few_days_answers_with_the_last_price_of_the_same_clock_time(region: Region) -> None:
    tuesday = datetime(2020, 1, 7, 8, tzinfo=UTC)
    saturday_noon = datetime(2020, 1, 11, 11, tzinfo=UTC)
    source = DayAheadPrices(region, Book(COUNTED[: 2 * 96]))
    prices = source.prices(start=saturday_noon, periods=1, known_at=tuesday)
    expected = periods_between(START, datetime(2020, 1, 7, 11, tzinfo=UTC)) / 1000.0
    assert prices.price_eur_per_kwh[0] == pytest.approx(expected)


def test_the_hour_that_spring_leaves_out_is_known_from_other_sundays(region: Region) -> None:
    """Sunday 2020-03-29 has no 02:15; the Sunday after has."""
    wanted = datetime(2020, 4, 5, 0, 15, tzinfo=UTC)
    values = _by_type(region, (100.0, 60.0, 40.0))
    prices = DayAheadPrices(region, Book(values)).prices(
        start=wanted, periods=1, known_at=wanted - timedelta(days=3)
    )
    expected = 40.0 + 10.0 * np.sin(2.0 * np.pi * 9 / 96.0)
    assert prices.price_eur_per_kwh[0] * 1000.0 == pytest.approx(expected, abs=0.5)


def test_both_hours_of_the_autumn_change_have_prices(region: Region) -> None:
    start, end = local_day(date(2020, 10, 25), region.zone)
    values = _by_type(region, (100.0, 60.0, 40.0))
    prices = DayAheadPrices(region, Book(values)).prices(
        start=start, periods=periods_between(start, end), known_at=start - timedelta(days=2)
    )
    assert len(prices.indicative) == 100
    assert all(prices.indicative)
    first_and_second_two = prices.price_eur_per_kwh[[8, 12]]
    assert first_and_second_two[0] == pytest.approx(first_and_second_two[1], abs=1e-4)


def test_the_forecast_beats_the_last_price_of_the_same_clock_time(region: Region) -> None:
    """On the shipped prices, every ninth day, as asked at noon for tomorrow."""
    series = RegionHistory(region).price_eur_per_mwh()
    source = DayAheadPrices(region, RegionHistory(region))
    ours, simple = [], []
    for days in range(60, 355, 9):
        start, end = local_day(date(2020, 1, 6) + timedelta(days=days), region.zone)
        truth = series.window(start, periods_between(start, end)) / 1000.0
        noon = start - timedelta(hours=12)
        prices = source.prices(start=start, periods=truth.size, known_at=noon)
        assert all(prices.indicative)
        ours.append(np.abs(prices.price_eur_per_kwh - truth))
        back = 1 if start.astimezone(region.zone).weekday() in {1, 2, 3, 4} else 7
        before = series.window(start - timedelta(days=back), truth.size) / 1000.0
        simple.append(np.abs(before - truth))
    assert np.nanmean(np.concatenate(ours)) < 0.85 * np.nanmean(np.concatenate(simple))


def test_a_gap_in_the_file_is_filled_from_the_same_clock_time_and_marked(region: Region) -> None:
    at = datetime(2020, 6, 4, 10, tzinfo=UTC)
    values = COUNTED.copy()
    gap = periods_between(START, at)
    values[gap] = np.nan
    prices = DayAheadPrices(region, Book(values)).prices(start=at, periods=2, known_at=at)
    assert prices.indicative == [True, False]
    assert prices.price_eur_per_kwh[0] == pytest.approx((gap - 96) / 1000.0)


@pytest.mark.parametrize("years", [-3, 4])
def test_a_time_outside_the_file_still_has_indicative_prices(region: Region, years: int) -> None:
    at = datetime(2020 + years, 6, 3, 8, tzinfo=UTC)
    prices = _ask(region, COUNTED, at)
    assert all(prices.indicative)
    if years < 0:
        assert prices.price_eur_per_kwh == pytest.approx(PRICE_EUR_PER_MWH_UNKNOWN / 1000.0)
    else:
        assert (prices.price_eur_per_kwh * 1000.0 >= PERIODS - 42 * 96).all()


def test_a_file_without_any_price_still_answers(region: Region) -> None:
    prices = _ask(region, np.full(PERIODS, np.nan), datetime(2020, 6, 3, 8, tzinfo=UTC))
    assert prices.price_eur_per_kwh == pytest.approx(PRICE_EUR_PER_MWH_UNKNOWN / 1000.0)


def test_a_start_inside_a_period_is_taken_to_its_start(region: Region) -> None:
    at = datetime(2020, 6, 3, 8, 7, tzinfo=UTC)
    prices = DayAheadPrices(region, Book(COUNTED)).prices(start=at, periods=1, known_at=at)
    assert prices.start == datetime(2020, 6, 3, 8, tzinfo=UTC)
    assert prices.start + PERIOD > at
