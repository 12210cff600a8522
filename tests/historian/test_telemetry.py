"""What every store of telemetry promises, whichever keeps it."""

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from energy.domain import Point, Quality
from energy.errors import BadInput
from energy.historian.limits import LATE_S_MAX, POINTS_PER_QUERY_MAX
from energy.periods import PERIOD, local_day
from tests.historian.telemetry_stores import (
    POWER,
    STORES,
    T0,
    Kept,
    Place,
    mean,
    reading,
    seconds,
    ticks,
)


@pytest.fixture(params=sorted(STORES))
def kept(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Kept]:
    place = Place(tmp_path, lambda: request.getfixturevalue("influx_server").database())
    with STORES[request.param](place) as store:
        yield store


def test_latest_is_the_newest_reading_of_each_point_whatever_its_quality(kept: Kept) -> None:
    silent = reading(T0 + seconds(5), None, quality=Quality.COMM_ERROR)
    kept.writer.write_readings([reading(T0, 1.0), reading(T0, 7.0, point=Point.ENERGY_KWH)])
    kept.writer.write_readings([silent])
    kept.writer.write_readings([reading(T0 + seconds(2), 3.0)])
    latest = kept.ask().latest()
    assert latest["wind", POWER] == silent
    assert latest["wind", Point.ENERGY_KWH].value == 7.0
    assert len(latest) == 2


def test_late_data_do_not_hide_the_present_but_a_clock_that_went_back_does(kept: Kept) -> None:
    kept.writer.write_readings([reading(T0, 1.0)])
    kept.writer.write_readings([reading(T0 - seconds(LATE_S_MAX), 2.0)])
    assert kept.ask().latest()["wind", POWER].value == 1.0
    went_back = reading(T0 - seconds(LATE_S_MAX + 1), 3.0)
    kept.writer.write_readings([went_back])
    assert kept.ask().latest()["wind", POWER] == went_back
    on = reading(T0 - seconds(LATE_S_MAX - 4), 4.0)
    kept.writer.write_readings([on])
    assert kept.ask().latest()["wind", POWER] == on


def test_a_mean_is_weighted_by_time(kept: Kept) -> None:
    kept.writer.write_readings([reading(T0, 0.0), reading(T0 + seconds(60), 10.0)])
    kept.writer.write_readings([reading(at, 40.0) for at in ticks(T0 + seconds(120), T0 + PERIOD)])
    value, coverage = mean(kept, T0)
    assert value == pytest.approx((60 * 10.0 + 840 * 40.0) / 900)
    assert coverage == 1.0


def test_a_mean_appears_only_once_its_period_is_over_and_known(kept: Kept) -> None:
    for at in ticks(T0, T0 + PERIOD):
        assert np.isnan(mean(kept, T0)[0])
        kept.writer.write_readings([reading(at, 5.0)])
    assert np.isnan(mean(kept, T0, known_at=T0 + PERIOD - seconds(1))[0])
    assert mean(kept, T0, known_at=T0 + PERIOD) == (5.0, 1.0)


def test_a_gap_shows_in_the_coverage_not_in_the_value(kept: Kept) -> None:
    kept.writer.write_readings([reading(at, 4.0) for at in ticks(T0, T0 + seconds(300))])
    kept.writer.write_readings(
        [reading(at, None, quality=Quality.COMM_ERROR) for at in ticks(T0 + seconds(360), T0 + seconds(660))]
    )
    kept.writer.write_readings([reading(at, 4.0) for at in ticks(T0 + seconds(720), T0 + PERIOD)])
    value, coverage = mean(kept, T0)
    assert value == pytest.approx(4.0)
    assert coverage == pytest.approx((300 + 120 + 180) / 900)


def test_a_silent_series_still_gets_its_mean_when_others_show_that_the_period_is_over(kept: Kept) -> None:
    kept.writer.write_readings([reading(T0, 3.0), reading(T0 + seconds(60), 3.0)])
    kept.writer.write_readings([reading(T0 + PERIOD, 1.0, asset_id="pv")])
    assert mean(kept, T0) == (pytest.approx(3.0), pytest.approx(60 / 900))


def test_only_good_readings_count(kept: Kept) -> None:
    for at in ticks(T0, T0 + PERIOD):
        kept.writer.write_readings([reading(at, 2.0)])
        kept.writer.write_readings([reading(at + seconds(20), 900.0, quality=Quality.IMPLAUSIBLE)])
        kept.writer.write_readings([reading(at + seconds(30), float("nan"))])
    assert mean(kept, T0) == (pytest.approx(2.0), 1.0)


def test_a_good_reading_is_not_replaced_by_a_worse_one_of_the_same_moment(kept: Kept) -> None:
    for at in ticks(T0, T0 + PERIOD):
        kept.writer.write_readings([reading(at, 2.0)])
        kept.writer.write_readings([reading(at, 2.0, quality=Quality.STALE)])
    assert mean(kept, T0) == (pytest.approx(2.0), 1.0)


def test_late_readings_change_the_period_they_belong_to(kept: Kept) -> None:
    moments = ticks(T0, T0 + 3 * PERIOD)
    late = [at for at in moments if T0 + seconds(240) < at <= T0 + seconds(1500)]
    kept.writer.write_readings([reading(at, 6.0) for at in moments if at not in late])
    assert mean(kept, T0)[1] == pytest.approx(240 / 900)
    kept.writer.write_readings([reading(at, 12.0) for at in reversed(late)])
    assert mean(kept, T0) == (pytest.approx((240 * 6.0 + 660 * 12.0) / 900), pytest.approx(1.0))
    assert mean(kept, T0 + PERIOD) == (pytest.approx((600 * 12.0 + 300 * 6.0) / 900), pytest.approx(1.0))
    assert mean(kept, T0 + 2 * PERIOD) == (pytest.approx(6.0), pytest.approx(1.0))


def test_a_correction_of_the_same_moment_counts(kept: Kept) -> None:
    kept.writer.write_readings([reading(at, 6.0) for at in ticks(T0, T0 + PERIOD)])
    kept.writer.write_readings([reading(T0 + seconds(60), 15.0)])
    assert mean(kept, T0)[0] == pytest.approx((60 * 15.0 + 840 * 6.0) / 900)


@pytest.mark.parametrize(("day", "periods"), [(date(2020, 3, 29), 92), (date(2020, 10, 25), 100)])
def test_no_mean_is_lost_over_a_clock_change(kept: Kept, day: date, periods: int) -> None:
    start, end = local_day(day, ZoneInfo("Europe/Berlin"))
    kept.writer.write_readings([reading(at, 1.0) for at in ticks(start, end)])
    means = kept.ask().means("wind", POWER, start=start, end=end, known_at=end)
    assert means.value.shape == (periods,)
    assert np.allclose(means.value, 1.0)
    assert np.allclose(means.coverage, 1.0)


def test_energies_come_from_registers_at_the_boundaries(kept: Kept) -> None:
    for at in ticks(T0 - seconds(30), T0 + 2 * PERIOD + seconds(30)):
        hours = (at - T0) / timedelta(hours=1)
        drawn = reading(at, 100.0 + 12.0 * hours, point=Point.ENERGY_KWH_DRAWN)
        kept.writer.write_readings([drawn, reading(at, 50.0 + 2.0 * hours, point=Point.ENERGY_KWH_FED_IN)])
    end = T0 + 2 * PERIOD
    energy = kept.ask().energy_means("wind", start=T0 - PERIOD, end=end + PERIOD, known_at=end)
    assert energy.value[1:3] == pytest.approx([10.0, 10.0])
    assert np.isnan(energy.value[[0, 3]]).all()
    assert energy.coverage.tolist() == [0.0, 1.0, 1.0, 0.0]


def test_an_asset_with_one_register_balances_too(kept: Kept) -> None:
    for at, energy_kwh in ((T0, 5.0), (T0 + PERIOD, 6.0)):
        missing = reading(at, None, point=Point.ENERGY_KWH_FED_IN, quality=Quality.NOT_IMPLEMENTED)
        kept.writer.write_readings([reading(at, energy_kwh, point=Point.ENERGY_KWH_DRAWN), missing])
    energy = kept.ask().energy_means("wind", start=T0, end=T0 + PERIOD, known_at=T0 + PERIOD)
    assert energy.value.tolist() == [4.0]


def test_a_register_that_is_set_back_or_not_read_gives_no_energy(kept: Kept) -> None:
    readings = [
        (T0, 900.0),
        (T0 + PERIOD, 3.0),
        (T0 + 2 * PERIOD, 4.0),
        (T0 + 3 * PERIOD + seconds(200), 5.0),
    ]
    for at, energy_kwh in readings:
        kept.writer.write_readings([reading(at, energy_kwh, point=Point.ENERGY_KWH_DRAWN)])
    energy = kept.ask().energy_means("wind", start=T0, end=T0 + 3 * PERIOD, known_at=T0 + 9 * PERIOD)
    assert np.isnan(energy.value).tolist() == [True, False, True]


def test_late_register_readings_complete_a_boundary(kept: Kept) -> None:
    kept.writer.write_readings([reading(T0, 1.0, point=Point.ENERGY_KWH_DRAWN)])
    kept.writer.write_readings([reading(T0 + PERIOD + seconds(40), 3.0, point=Point.ENERGY_KWH_DRAWN)])
    kept.writer.write_readings([reading(T0 + PERIOD - seconds(20), 2.0, point=Point.ENERGY_KWH_DRAWN)])
    energy = kept.ask().energy_means("wind", start=T0, end=T0 + PERIOD, known_at=T0 + PERIOD)
    assert energy.value == pytest.approx([4 * (1.0 + 20 / 60)])


def test_imported_history_is_there_at_once_and_yields_to_measurements(kept: Kept) -> None:
    kept.writer.import_means("wind", POWER, T0 - 2 * PERIOD, np.array([7.0, np.nan, 9.0]))
    kept.writer.write_readings([reading(at, 1.0) for at in ticks(T0, T0 + PERIOD)])
    kept.writer.import_means("wind", POWER, T0, np.array([8.0]))
    means = kept.ask().means("wind", POWER, start=T0 - 2 * PERIOD, end=T0 + PERIOD, known_at=T0 + PERIOD)
    assert means.value.tolist() == [7.0, 1.0, 1.0]
    assert means.coverage == pytest.approx([1.0, 120 / 900, 1.0])


def test_one_measurement_that_reaches_back_leaves_imported_history_alone(kept: Kept) -> None:
    kept.writer.import_means("wind", POWER, T0 - PERIOD, np.array([7.0]))
    kept.writer.write_readings([reading(at, 1.0) for at in ticks(T0, T0 + PERIOD)])
    assert mean(kept, T0 - PERIOD) == (7.0, 1.0)


def test_an_unknown_asset_has_no_values(kept: Kept) -> None:
    means = kept.ask().means("nobody", POWER, start=T0, end=T0 + 4 * PERIOD, known_at=T0)
    assert np.isnan(means.value).all()
    assert not means.coverage.any()
    energy = kept.ask().energy_means("nobody", start=T0, end=T0 + PERIOD, known_at=T0)
    assert np.isnan(energy.value).all()


def test_a_question_that_is_too_big_is_refused(kept: Kept) -> None:
    with pytest.raises(BadInput, match="at most"):
        kept.ask().means("wind", POWER, start=T0, end=T0 + (POINTS_PER_QUERY_MAX + 1) * PERIOD, known_at=T0)
    with pytest.raises(BadInput, match="before the start"):
        kept.ask().means("wind", POWER, start=T0, end=T0 - PERIOD, known_at=T0)
