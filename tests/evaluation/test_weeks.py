"""Which weeks are judged."""

import itertools
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from energy.errors import BadInput
from energy.evaluation.weeks import days_of, weeks_of, window_from

BERLIN = ZoneInfo("Europe/Berlin")
YEAR = (datetime(2019, 12, 31, 23, tzinfo=UTC), datetime(2020, 12, 31, 23, tzinfo=UTC))


def test_the_same_seed_gives_the_same_weeks() -> None:
    once = weeks_of(YEAR, zone=BERLIN, weeks=8, seed=1)
    assert once == weeks_of(YEAR, zone=BERLIN, weeks=8, seed=1)
    assert once != weeks_of(YEAR, zone=BERLIN, weeks=8, seed=2)


def test_weeks_begin_on_a_monday_at_midnight_and_lie_one_in_each_slice_of_the_year() -> None:
    weeks = weeks_of(YEAR, zone=BERLIN, weeks=8, seed=1)
    for week in weeks:
        local = week.start.astimezone(BERLIN)
        assert (local.weekday(), local.hour, local.minute) == (0, 0, 0)
        assert YEAR[0] < week.start < week.end <= YEAR[1]
    assert all(one.end <= other.start for one, other in itertools.pairwise(weeks))
    seasons = {(week.start.month % 12) // 3 for week in weeks}
    assert len(seasons) == 4


def test_the_first_week_can_be_named_and_the_others_stay() -> None:
    chosen = weeks_of(YEAR, zone=BERLIN, weeks=4, seed=1)
    named = weeks_of(YEAR, zone=BERLIN, weeks=4, seed=1, first=datetime(2020, 2, 5, 12, tzinfo=UTC))
    assert named[0].start == datetime(2020, 2, 4, 23, tzinfo=UTC)
    assert named[1:] == chosen[1:]


def test_a_week_outside_the_history_is_refused() -> None:
    with pytest.raises(BadInput, match="the history reaches"):
        weeks_of(YEAR, zone=BERLIN, weeks=1, seed=1, first=datetime(2021, 2, 5, tzinfo=UTC))


def test_more_weeks_than_the_history_holds_are_refused() -> None:
    with pytest.raises(BadInput, match="no whole week"):
        weeks_of(YEAR, zone=BERLIN, weeks=50, seed=1)


@pytest.mark.parametrize(("day", "periods"), [("2020-03-23", 668), ("2020-06-08", 672), ("2020-10-19", 676)])
def test_a_week_with_a_clock_change_keeps_all_its_quarter_hours(day: str, periods: int) -> None:
    window = window_from(datetime.fromisoformat(day).date(), days=7, zone=BERLIN)
    assert window.periods == periods
    assert sum(one.periods for one in days_of(window, BERLIN)) == periods
