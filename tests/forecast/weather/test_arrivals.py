"""Fetching beside the loop: backoff, a bounded queue, and what people are told."""

import threading
import time
from datetime import datetime, timedelta

import numpy as np
import pytest

from energy.errors import Retryable
from energy.forecast.weather.arrivals import WAITING_MAX, InLockstep, InThread, WeatherBoard
from energy.forecast.weather.rounds import Rounds
from energy.weather import WeatherForecast
from tests.forecast.weather.answers import NOON

HOUR = timedelta(hours=1)


def forecast(issued: datetime, source: str = "s") -> WeatherForecast:
    return WeatherForecast(
        source=source,
        issued_at=issued,
        known_at=issued,
        start=issued,
        step_s=3600,
        latitude=50.0,
        longitude=11.0,
        values={"temperature_c": np.ones(48)},
    )


class Source:
    """Issues every six hours; fails while it is told to."""

    def __init__(self) -> None:
        self.error: Exception | None = None
        self.asked = 0
        self.gate = threading.Event()
        self.gate.set()

    def fetch(self, at: datetime) -> WeatherForecast:
        self.asked += 1
        self.gate.wait(5.0)
        if self.error is not None:
            raise self.error
        return forecast(at.replace(hour=at.hour - at.hour % 6, minute=0, second=0))


class Tallied:
    """Remembers the last count."""

    def __init__(self) -> None:
        self.last: tuple[int, int, datetime | None] = (0, 0, None)

    def weather(self, *, fetched: int, failed: int, issued: datetime | None) -> None:
        self.last = fetched, failed, issued


def board(source: Source, tally: Tallied | None = None) -> WeatherBoard:
    rounds = Rounds({"s": source}, every_s=3600.0)
    return WeatherBoard(InLockstep(rounds), age_h_max=12.0, issued={"s": None}, tally=tally)


def test_a_source_is_asked_each_hour_and_an_issue_is_given_once() -> None:
    source = Source()
    told = board(source)
    given = [len(told.arrived(NOON + timedelta(minutes=minute))) for minute in range(0, 8 * 60, 10)]
    assert source.asked == 8
    assert sum(given) == 2


def test_what_the_record_has_is_not_recorded_again_after_a_restart() -> None:
    rounds = Rounds({"s": Source()}, every_s=3600.0)
    told = WeatherBoard(InLockstep(rounds), age_h_max=12.0, issued={"s": NOON})
    assert not told.arrived(NOON + HOUR)
    assert [item.issued_at for item in told.arrived(NOON + 6 * HOUR)] == [NOON + 6 * HOUR]


def test_a_clock_that_goes_back_asks_again() -> None:
    source = Source()
    told = board(source)
    told.arrived(NOON)
    told.arrived(NOON - timedelta(days=1))
    assert source.asked == 2


@pytest.mark.parametrize("error", [Retryable("nobody there"), ZeroDivisionError("a bug")])
def test_weather_goes_late_with_its_age_and_comes_back(error: Exception) -> None:
    source, tally = Source(), Tallied()
    told = board(source, tally)
    told.arrived(NOON)
    assert not told.notes(NOON)
    source.error = error
    codes = []
    for hour in range(1, 20):
        told.arrived(NOON + hour * HOUR)
        codes.append([note.partition(":")[0] for note in told.notes(NOON + hour * HOUR)])
    assert codes == [[]] * 2 + [["weather_unreachable"]] * 10 + [["weather_late"]] * 7
    note = told.notes(NOON + 19 * HOUR)[0]
    assert "s is 19 h old, at most 12 h" in note
    assert str(error) in note
    assert "Mend:" in note
    assert tally.last[1] == 19 or tally.last[1] > 5
    source.error = None
    told.arrived(NOON + 21 * HOUR)
    assert not told.notes(NOON + 21 * HOUR)
    assert tally.last[2] == NOON + 18 * HOUR


def test_a_source_that_fails_three_times_in_a_row_is_told_while_its_weather_is_still_young() -> None:
    source = Source()
    told = board(source)
    told.arrived(NOON)
    source.error = Retryable("w.csv: cannot be read")
    silent = []
    for minute in range(61, 90):
        told.arrived(NOON + timedelta(minutes=minute))
        silent.append(told.notes(NOON + timedelta(minutes=minute)))
    assert not silent[0]
    assert silent[-1][0].startswith("weather_unreachable: s: w.csv: cannot be read. Mend: ")
    source.error = None
    told.arrived(NOON + 3 * HOUR)
    assert not told.notes(NOON + 3 * HOUR)


def test_weather_that_never_came_is_missing_once_it_was_tried() -> None:
    source = Source()
    source.error = Retryable("nobody there")
    told = board(source)
    assert not told.notes(NOON)
    told.arrived(NOON)
    assert told.notes(NOON)[0].startswith("weather_missing: s: nobody there")


def test_failures_are_tried_again_ever_later_up_to_the_usual_pace() -> None:
    source = Source()
    source.error = Retryable("nobody there")
    told = board(source)
    asked_at: list[int] = []
    for second in range(0, 6 * 3600, 10):
        before = source.asked
        told.arrived(NOON + timedelta(seconds=second))
        if source.asked > before:
            asked_at.append(second)
    waits = np.diff(asked_at)
    assert 45 <= waits[0] <= 70
    assert max(waits) <= 3610
    assert len(asked_at) < 14


def test_the_loop_never_waits_for_a_source_that_hangs() -> None:
    source = Source()
    source.gate.clear()
    rounds = Rounds({"s": source}, every_s=3600.0)
    with InThread(rounds, now=lambda: NOON, idle_s=0.01) as arrivals:
        told = WeatherBoard(arrivals, age_h_max=12.0, issued={"s": None})
        begun_s = time.monotonic()
        assert not told.arrived(NOON)
        assert not told.notes(NOON)
        assert time.monotonic() - begun_s < 1.0
        source.gate.set()
        found: list[WeatherForecast] = []
        while not found and time.monotonic() - begun_s < 5.0:
            found = list(told.arrived(NOON))
            time.sleep(0.01)
    assert [item.issued_at for item in found] == [NOON]


def test_what_nobody_takes_is_bounded_and_the_newest_stays() -> None:
    class Restless:
        """A new issue each time."""

        def __init__(self) -> None:
            self.asked = 0

        def fetch(self, at: datetime) -> WeatherForecast:
            self.asked += 1
            return forecast(at + timedelta(minutes=self.asked))

    source = Restless()
    moments = iter(NOON + number * HOUR for number in range(10**6))
    with InThread(Rounds({"s": source}, every_s=300.0), now=lambda: next(moments), idle_s=0.001) as arrivals:
        until_s = time.monotonic() + 10.0
        while source.asked < WAITING_MAX + 20 and time.monotonic() < until_s:
            time.sleep(0.01)
        found = arrivals.take(NOON)
    assert len(found) <= WAITING_MAX
    assert found[-1].issued_at > found[0].issued_at
    assert source.asked >= WAITING_MAX + 20
