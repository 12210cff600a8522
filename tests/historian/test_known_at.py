"""What did we know then: plans, forecasts, prices, weather and outcomes as of a moment, in every record."""

import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from energy.historian.limits import WEATHER_KEPT_DAYS
from energy.historian.memory_record import MemoryRecord
from energy.historian.sqlite_record import SqliteRecord
from energy.periods import PERIOD
from energy.ports import PlanAnswer
from energy.weather import WeatherForecast
from tests.dashboard.day import status
from tests.historian.test_record import Kept, forecast, kept, plan

__all__ = ["kept"]
T0 = datetime(2020, 6, 1, 10, tzinfo=UTC)
PERIODS = 4
Record = MemoryRecord | SqliteRecord
MINUTES = st.integers(min_value=0, max_value=60)
EXAMPLES = 25


def at(minute: int) -> datetime:
    return T0 + timedelta(minutes=minute)


def weather(issued: int, known: int, mark: float = 1.0, source: str = "icon") -> WeatherForecast:
    return WeatherForecast(
        source=source,
        issued_at=at(issued),
        known_at=at(known),
        start=T0,
        step_s=3600,
        latitude=50.1,
        longitude=11.9,
        values={"temperature_c": np.array([mark, np.nan]), "wind_speed_m_per_s": np.array([3.0, 1 / 3])},
    )


def in_both(check: Callable[[Record], None]) -> None:
    """Every example gets fresh records."""
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        check(MemoryRecord())
        check(stack.enter_context(SqliteRecord(Path(folder))))


def test_a_weather_forecast_comes_back_as_it_was(kept: Kept) -> None:
    kept.writer.write_weather(weather(0, 30))
    found = kept.ask().weather_at("icon", at(30))
    assert found is not None
    assert (found.issued_at, found.known_at, found.start, found.step_s) == (at(0), at(30), T0, 3600)
    assert (found.latitude, found.longitude, found.steps) == (50.1, 11.9, 2)
    np.testing.assert_array_equal(found.values["temperature_c"], [1.0, np.nan])
    assert found.values["wind_speed_m_per_s"].tolist() == [3.0, 1 / 3]
    assert kept.ask().weather_at("icon", at(29)) is None
    assert kept.ask().weather_at("arome", at(30)) is None


def test_an_old_weather_forecast_that_comes_late_does_not_hide_a_newer_one(kept: Kept) -> None:
    kept.writer.write_weather(weather(10, 20, mark=2.0))
    kept.writer.write_weather(weather(5, 40, mark=1.0))
    found = kept.ask().weather_at("icon", at(50))
    assert found is not None
    assert found.values["temperature_c"][0] == 2.0


def test_weather_goes_when_its_time_is_over(tmp_path: Path) -> None:
    with SqliteRecord(tmp_path) as record:
        record.write_weather(weather(0, 0))
        record.write_status(status(T0 + timedelta(days=WEATHER_KEPT_DAYS, seconds=-1)))
        record.commit()
        assert record.weather_at("icon", at(60)) is not None
        record.write_status(status(T0 + timedelta(days=WEATHER_KEPT_DAYS, minutes=2)))
        record.commit()
        assert record.weather_at("icon", at(60)) is None


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"values": {"temperature": np.zeros(2)}}, "temperature name no unit"),
        ({"values": {"a_c": np.zeros(2), "b_c": np.zeros(3)}}, "one length"),
        ({"known": -1}, "before it was issued"),
        ({"latitude": 91.0}, "no place on earth"),
        ({"latitude": float("nan")}, "no place on earth"),
        ({"step_s": 0}, "at least 1 s"),
        ({"source": ""}, "1 to 60 characters"),
    ],
)
def test_weather_that_contradicts_itself_is_refused(change: dict[str, object], says: str) -> None:
    good = weather(0, 0)
    fields = {name: getattr(good, name) for name in WeatherForecast.__slots__}
    if "known" in change:
        change = {"known_at": at(-1)}
    with pytest.raises(ValueError, match=says):
        WeatherForecast(**{**fields, **change})


@settings(max_examples=EXAMPLES, deadline=None)
@given(st.lists(st.tuples(MINUTES, MINUTES), max_size=8), MINUTES)
def test_weather_known_at_a_moment_is_the_newest_issued_of_what_had_come(
    given_runs: list[tuple[int, int]], now: int
) -> None:
    runs = [(min(pair), max(pair)) for pair in given_runs]
    known = [(issued, came, number) for number, (issued, came) in enumerate(runs) if came <= now]

    def check(record: Record) -> None:
        for number, (issued, came) in enumerate(runs):
            record.write_weather(weather(issued, came, mark=float(number)))
        found = record.weather_at("icon", at(now))
        assert (found is None) == (not known)
        if found is not None:
            assert found.values["temperature_c"][0] == float(max(known)[2])

    in_both(check)


@settings(max_examples=EXAMPLES, deadline=None)
@given(
    st.lists(st.tuples(MINUTES, st.integers(0, PERIODS - 1), st.integers(1, PERIODS)), max_size=8),
    MINUTES,
)
def test_a_price_known_at_a_moment_is_the_last_revision_published_by_then(
    revisions: list[tuple[int, int, int]], now: int
) -> None:
    expected = [np.nan] * PERIODS
    order = sorted(enumerate(revisions), key=lambda item: (item[1][0], item[0]))
    for number, (published, first, length) in order:
        if published <= now:
            for place in range(first, min(PERIODS, first + length)):
                expected[place] = float(number)

    def check(record: Record) -> None:
        for number, (published, first, length) in enumerate(revisions):
            size = min(PERIODS, first + length) - first
            record.write_prices(
                published_at=at(published),
                start=T0 + first * PERIOD,
                price_eur_per_kwh=np.full(size, float(number)),
            )
        found = record.published_prices(start=T0, end=T0 + PERIODS * PERIOD, known_at=at(now))
        np.testing.assert_array_equal(found, expected)

    in_both(check)


@settings(max_examples=EXAMPLES, deadline=None)
@given(st.lists(MINUTES, max_size=8), MINUTES)
def test_plan_and_forecasts_of_a_moment_are_the_latest_issued_by_then(issues: list[int], now: int) -> None:
    known = [(issued, number) for number, issued in enumerate(issues) if issued <= now]

    def check(record: Record) -> None:
        for number, issued in enumerate(issues):
            answer = PlanAnswer(
                plan=plan(at(issued), plan_id=str(number)),
                forecasts=(forecast(at(issued)),),
                notes=(str(number),),
            )
            record.write_plan(answer)
        found = record.plan_at(at(now))
        assert (found is None) == (not known)
        assert list(record.notes_at(at(now))) == ([str(max(known)[1])] if known else [])
        if found is not None:
            assert found.plan_id == str(max(known)[1])
            assert [item.issued_at for item in record.forecasts_at(at(now))] == [at(max(known)[0])]
        earlier = [item.plan_id for item in record.plans_between(T0, at(now))]
        assert earlier == [str(number) for issued, number in sorted(known) if issued < now]

    in_both(check)
