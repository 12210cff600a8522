"""Weather beside an asset's past: what was known ahead, to the last bit, and never later."""

import dataclasses
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from energy.historian.memory_record import MemoryRecord
from energy.periods import HORIZON_PERIODS, PERIOD, local_day, period_start, periods_between
from energy.planning.past import Expected, expected_assets
from energy.planning.weather_columns import AHEAD_PERIODS, WeatherColumns
from energy.planning.weather_quarters import quarter_hours
from energy.region.loader import load_region
from energy.region.model import Region
from energy.region.weather import CsvPlace, CsvWeather
from energy.weather import WeatherForecast

NOW = datetime(2020, 6, 10, 9, 7, tzinfo=UTC)
START = period_start(NOW) - timedelta(days=20)


def region_with_weather(*places: CsvPlace) -> Region:
    named = list(places) or [CsvPlace(id="region", file="w.csv")]
    return dataclasses.replace(load_region("musterstadt"), weather=CsvWeather(source="csv", places=named))


def issue(
    issued: datetime,
    value: float,
    *,
    hours: int = 72,
    source: str = "csv/region",
    delay: timedelta = timedelta(minutes=30),
) -> WeatherForecast:
    return WeatherForecast(
        source=source,
        issued_at=issued,
        known_at=issued + delay,
        start=issued,
        step_s=3600,
        latitude=50.0,
        longitude=11.0,
        values={"temperature_c": np.full(hours, value), "ghi_w_per_m2": np.full(hours, 10.0 * value)},
    )


def record_of(*forecasts: WeatherForecast) -> MemoryRecord:
    record = MemoryRecord()
    for forecast in forecasts:
        record.write_weather(forecast)
    return record


def every_six_hours(until: datetime, *, days: int = 25) -> list[WeatherForecast]:
    """Each issue's value is its number: which one a column stands on can be read off it."""
    first = until.replace(hour=0, minute=0) - timedelta(days=days)
    moments = [first + timedelta(hours=6 * number) for number in range(4 * days + 4)]
    return [issue(moment, float(number % 50)) for number, moment in enumerate(moments) if moment <= until]


def load_of(region: Region) -> Expected:
    return next(asset for asset in expected_assets(region) if asset.kind == "load")


def columns(record: MemoryRecord, region: Region, known_at: datetime = NOW) -> dict[str, np.ndarray]:
    asked = WeatherColumns(region, record)
    return asked.columns(load_of(region), start=START, known_at=known_at)


def test_a_past_day_stands_on_what_was_known_when_it_was_nominated() -> None:
    region = region_with_weather()
    issues = every_six_hours(NOW)
    found = columns(record_of(*issues), region)["temperature_c"]
    assert found.size == periods_between(START, period_start(NOW)) + AHEAD_PERIODS
    for back in (1, 5, 12):
        day = NOW.astimezone(region.zone).date() - timedelta(days=back)
        first, last = local_day(day, region.zone)
        gate = datetime.combine(day - timedelta(days=1), region.market.nominated_at, tzinfo=region.zone)
        expected = [item for item in issues if item.known_at <= gate][-1].values["temperature_c"][0]
        own = found[periods_between(START, first) : periods_between(START, last)]
        assert own.tolist() == [expected] * own.size


def test_the_coming_days_stand_on_the_newest_that_is_known() -> None:
    issues = every_six_hours(NOW)
    ahead = columns(record_of(*issues), region_with_weather())["temperature_c"]
    known = [item for item in issues if item.known_at <= NOW][-1]
    now = periods_between(START, period_start(NOW))
    assert set(ahead[now : now + HORIZON_PERIODS]) == {known.values["temperature_c"][0]}


def test_nothing_that_becomes_known_later_changes_a_bit() -> None:
    region = region_with_weather()
    issues = every_six_hours(NOW + timedelta(days=3))
    before = [item for item in issues if item.known_at <= NOW]
    later = [issue(NOW - timedelta(hours=h), 49.5, delay=timedelta(hours=h, seconds=1)) for h in range(30)]
    alone, among = columns(record_of(*before), region), columns(record_of(*issues, *later), region)
    assert list(alone) == list(among)
    for name, array in alone.items():
        assert array.tobytes() == among[name].tobytes()


def test_what_was_kept_is_what_a_fresh_look_gives() -> None:
    region, record = region_with_weather(), record_of(*every_six_hours(NOW + timedelta(days=3)))
    kept = WeatherColumns(region, record)
    for hours in (0, 1, 30, 47, 2):
        known_at = NOW + timedelta(hours=hours)
        one = kept.columns(load_of(region), start=START, known_at=known_at)
        other = columns(record, region, known_at)
        assert [one[name].tobytes() for name in one] == [other[name].tobytes() for name in other]


@pytest.mark.parametrize(
    ("forecasts", "says"),
    [
        ([], "weather_missing"),
        ([issue(NOW - timedelta(hours=13), 1.0)], "weather_late"),
        ([issue(NOW - timedelta(hours=1), 1.0, hours=20)], "reaches only to"),
    ],
    ids=["missing", "late", "short"],
)
def test_without_usable_weather_there_is_no_column_and_a_note(
    forecasts: list[WeatherForecast], says: str
) -> None:
    asked = WeatherColumns(region_with_weather(), record_of(*forecasts))
    assert asked.columns(load_of(region_with_weather()), start=START, known_at=NOW) == {}
    assert says in asked.notes(NOW)[0]
    assert asked.newest(NOW) == []


def test_the_end_that_no_forecast_reaches_is_missing_and_noted() -> None:
    short = issue(NOW.replace(minute=0), 4.0, hours=42, delay=timedelta(minutes=1))
    asked = WeatherColumns(region_with_weather(), record_of(short))
    found = asked.columns(load_of(region_with_weather()), start=START, known_at=NOW)["temperature_c"]
    ahead = found[periods_between(START, period_start(NOW)) :]
    assert np.isfinite(ahead).tolist() == [True] * 42 * 4 + [False] * (AHEAD_PERIODS - 42 * 4)
    assert "weather_short" in asked.notes(NOW)[0]
    assert asked.newest(NOW) == [short]


def test_a_region_without_weather_has_no_column_and_no_note() -> None:
    region = load_region("musterstadt")
    asked = WeatherColumns(region, record_of(issue(NOW - timedelta(hours=1), 1.0)))
    assert asked.columns(load_of(region), start=START, known_at=NOW) == {}
    assert not asked.notes(NOW)


def test_an_asset_takes_the_nearest_place() -> None:
    far = CsvPlace(id="far", file="f.csv", latitude=40.0, longitude=0.0)
    near = CsvPlace(id="near", file="n.csv")
    record = record_of(
        issue(NOW - timedelta(hours=1), 1.0, source="csv/far"),
        issue(NOW - timedelta(hours=1), 2.0, source="csv/near"),
    )
    found = columns(record, region_with_weather(far, near))["temperature_c"]
    assert found[periods_between(START, period_start(NOW))] == 2.0


@pytest.mark.parametrize("day", [datetime(2020, 3, 30, 9, tzinfo=UTC), datetime(2020, 10, 26, 9, tzinfo=UTC)])
def test_the_hours_of_the_clock_change_have_their_weather(day: datetime) -> None:
    region = region_with_weather()
    record = record_of(*every_six_hours(day))
    found = WeatherColumns(region, record).columns(
        load_of(region), start=day - timedelta(days=5), known_at=day
    )["temperature_c"]
    assert np.isfinite(found[: -(AHEAD_PERIODS - HORIZON_PERIODS)]).all()


def sunny(values: dict[str, list[float]]) -> WeatherForecast:
    return dataclasses.replace(
        issue(datetime(2020, 6, 1, tzinfo=UTC), 0.0),
        values={name: np.array(list_) for name, list_ in values.items()},
    )


def test_each_hour_keeps_its_mean_in_quarter_hours() -> None:
    rng = np.random.default_rng(5)
    hours = 48
    values = {
        "temperature_c": rng.normal(10.0, 5.0, hours).tolist(),
        "wind_speed_10m_m_per_s": rng.uniform(0.0, 12.0, hours).tolist(),
        "wind_direction_degrees": rng.uniform(0.0, 360.0, hours).tolist(),
        "cloud_cover_fraction": rng.uniform(0.0, 1.0, hours).tolist(),
        "ghi_w_per_m2": rng.uniform(0.0, 800.0, hours).tolist(),
        "dni_w_per_m2": rng.uniform(0.0, 800.0, hours).tolist(),
        "dhi_w_per_m2": rng.uniform(0.0, 300.0, hours).tolist(),
        "precipitation_mm_per_h": rng.uniform(0.0, 3.0, hours).tolist(),
    }
    _, quarters = quarter_hours(sunny(values))
    for name, hourly in values.items():
        assert np.allclose(quarters[name].reshape(-1, 4).mean(axis=1), hourly, atol=1e-9), name
        if name != "temperature_c":
            assert quarters[name].min() >= 0.0, name


def test_radiation_rises_within_the_hours_of_the_morning() -> None:
    _, quarters = quarter_hours(sunny({"ghi_w_per_m2": [300.0] * 24}))
    morning = quarters["ghi_w_per_m2"][6 * 4 : 7 * 4]
    assert np.all(np.diff(morning) > 0.0)


def test_a_missing_hour_stays_missing_and_takes_no_neighbour_with_it() -> None:
    values = [1.0, 2.0, np.nan, 4.0, 5.0]
    _, quarters = quarter_hours(sunny({"temperature_c": values, "ghi_w_per_m2": values}))
    for array in quarters.values():
        assert np.isnan(array).reshape(-1, 4).all(axis=1).tolist() == [False, False, True, False, False]
        assert np.isfinite(array).sum() == 16


def test_quarter_hours_come_as_they_are() -> None:
    fine = dataclasses.replace(issue(NOW, 3.0), step_s=900)
    start, values = quarter_hours(fine)
    assert (start, values) == (fine.start, fine.values)
    assert start + PERIOD > start
    with pytest.raises(ValueError, match="no quarter hours"):
        quarter_hours(dataclasses.replace(fine, step_s=600))
