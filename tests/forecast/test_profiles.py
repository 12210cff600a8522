"""What an asset is expected to do before anything of it was measured."""

import warnings
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest
from demandlib import bdew

from energy.forecast.calendar import Calendar, calendar_of
from energy.forecast.profiles.charging import charging
from energy.forecast.profiles.climate import HOURS_PER_YEAR
from energy.forecast.profiles.heat import LOST_SHARE, heat_load, heat_peak
from energy.forecast.profiles.standard_load import TOWN, StandardName, standard_load, standard_peak
from energy.forecast.profiles.water import water_drawn

BERLIN = ZoneInfo("Europe/Berlin")
HOLIDAYS_OF_BAVARIA_2023 = [
    date(2023, month, day)
    for month, day in [
        *((1, 1), (1, 6), (4, 7), (4, 10), (5, 1), (5, 18), (5, 29), (6, 8)),
        *((10, 3), (11, 1), (12, 25), (12, 26)),
    ]
]
BDEW: tuple[StandardName, ...] = ("h25", "g25", "l25", "p25", "s25")


def _calendar(start: datetime, days: int, *, step_s: int = 900) -> Calendar:
    periods = days * 86_400 // step_s
    return calendar_of(start, periods, step_s=step_s, zone=BERLIN, holidays_of="DE-BY")


@pytest.fixture(scope="module")
def year_2023() -> Calendar:
    return _calendar(datetime(2022, 12, 31, 23, tzinfo=UTC), 365)


@pytest.mark.parametrize("name", BDEW)
def test_standard_profiles_are_those_of_demandlib_over_both_clock_changes_and_holidays(
    name: StandardName, year_2023: Calendar
) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # pandas 3 deprecates what demandlib 0.2.2 does
        index = pd.date_range("2023-01-01", periods=35_040, freq="15min", tz="Europe/Berlin")
        days_off = dict.fromkeys(HOLIDAYS_OF_BAVARIA_2023, "")
        theirs = getattr(bdew, name.upper())(index, holidays=days_off).to_numpy() / 1e6
    ours = standard_load(year_2023, BERLIN, {name: 1.0})
    eves = np.isin(year_2023.day_of_year[year_2023.day], [358, 365])
    assert ours[~eves] == pytest.approx(theirs[~eves], rel=1e-12)


@pytest.mark.parametrize("name", [*BDEW, "even"])
def test_a_year_of_a_standard_profile_has_its_energy(name: StandardName, year_2023: Calendar) -> None:
    assert standard_load(year_2023, BERLIN, {name: 1.0}).sum() / 4.0 == pytest.approx(1.0, abs=0.003)


def test_a_workday_off_is_a_sunday_and_christmas_eve_a_saturday(year_2023: Calendar) -> None:
    commerce = standard_load(year_2023, BERLIN, {"g25": 1.0}).reshape(-1)
    by_day = [commerce[year_2023.day == day].sum() for day in range(365)]
    epiphany, eve = 5, 357  # Friday 6 January, Sunday 24 December
    assert by_day[epiphany] == by_day[0], "1 January was a Sunday"
    assert by_day[eve] == by_day[eve - 7], "a Sunday stays one"
    assert by_day[364] == by_day[350], "31 December 2023 was a Sunday too"
    leap = _calendar(datetime(2024, 11, 30, 23, tzinfo=UTC), 31)
    commerce = standard_load(leap, BERLIN, {"g25": 1.0})
    assert commerce[leap.day == 23].sum() == commerce[leap.day == 20].sum(), "Tuesday 24 December"


@pytest.mark.parametrize(
    ("first", "changed", "periods"),
    [((2023, 3, 18), 8, 92), ((2023, 10, 21), 8, 100)],
    ids=["spring", "autumn"],
)
def test_the_sunday_of_a_clock_change_keeps_its_clock_times(
    first: tuple[int, int, int], changed: int, periods: int
) -> None:
    calendar = _calendar(datetime(*first, tzinfo=BERLIN).astimezone(UTC), 10)
    commerce = standard_load(calendar, BERLIN, {"g25": 1.0})
    usual = {slot: commerce[calendar.index_of[1, slot]] for slot in range(96)}
    sunday = np.flatnonzero(calendar.day == changed)
    assert sunday.size == periods
    assert all(commerce[place] == usual[int(calendar.slot[place])] for place in sunday)


def test_hours_are_the_means_of_their_quarter_hours() -> None:
    start = datetime(2023, 5, 1, tzinfo=UTC)
    quarters = standard_load(_calendar(start, 7), BERLIN, TOWN)
    hours = standard_load(_calendar(start, 7, step_s=3600), BERLIN, TOWN)
    assert hours == pytest.approx(quarters.reshape(-1, 4).mean(axis=1))


def test_the_peak_that_scales_a_mixture_is_its_year_s(year_2023: Calendar) -> None:
    assert standard_peak(TOWN) == pytest.approx(standard_load(year_2023, BERLIN, TOWN).max(), rel=0.02)


def test_heat_follows_the_temperature_and_without_one_the_season(year_2023: Calendar) -> None:
    usual = heat_load(year_2023, None)
    assert usual.sum() / 4.0 == pytest.approx(1.0, abs=0.01)
    january, july = usual[: 31 * 96].mean(), usual[181 * 96 : 212 * 96].mean()
    assert january > 4.0 * july
    assert july > LOST_SHARE / HOURS_PER_YEAR, "hot water and losses stay"
    cold = heat_load(year_2023, np.full(10 * 96, -10.0))
    assert cold[9 * 96] > usual[9 * 96]
    assert cold[20 * 96] == usual[20 * 96], "beyond what is known it is the season's"
    assert cold[: 10 * 96].max() < heat_peak()


def test_heat_takes_a_cold_snap_in_over_four_days() -> None:
    calendar = _calendar(datetime(2023, 1, 9, 23, tzinfo=UTC), 8)
    snap = np.where(np.arange(8 * 96) < 3 * 96, 10.0, -5.0)
    by_day = heat_load(calendar, snap).reshape(8, 96).mean(axis=1)
    assert by_day[2] < by_day[3] < by_day[4] < by_day[5] < by_day[6]
    assert by_day[7] == pytest.approx(by_day[6])


def test_a_temperature_that_is_missing_is_the_day_s_usual(year_2023: Calendar) -> None:
    nothing = np.full(year_2023.day.size, np.nan)
    assert heat_load(year_2023, nothing) == pytest.approx(heat_load(year_2023, None))


def test_heat_above_forty_degrees_is_a_number() -> None:
    calendar = _calendar(datetime(2023, 7, 9, 22, tzinfo=UTC), 5)
    assert np.isfinite(heat_load(calendar, np.full(5 * 96, 45.0))).all()


def test_arrivals_and_water_keep_their_energy_and_their_days(year_2023: Calendar) -> None:
    for unit in (charging(year_2023), water_drawn(year_2023)):
        assert unit.sum() / 4.0 == pytest.approx(1.0, abs=0.02)
        assert unit.min() > 0.0
    arrivals = charging(year_2023)
    days = [float(arrivals[year_2023.day == day].sum()) for day in range(7)]
    sunday, monday, saturday = days[0], days[1], days[6]
    assert sunday < saturday < monday
    night = arrivals[year_2023.slot == 3 * 4].mean()
    assert arrivals[year_2023.slot == 17 * 4].mean() > 5.0 * night


def test_a_shape_is_worked_out_once_for_all_who_ask(year_2023: Calendar) -> None:
    first = standard_load(year_2023, BERLIN, TOWN)
    assert standard_load(year_2023, BERLIN, dict(TOWN)) is first
    assert not first.flags.writeable
    assert timedelta(days=365).total_seconds() / 900 == first.size
