"""Exchanged meters and growing plants are followed within two weeks, on the measured year that is shipped."""

import csv
import gzip
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pytest

import energy.regions
from energy.domain import FloatArray
from energy.forecast.calendar import calendar_of
from energy.forecast.ladder import forecast
from energy.forecast.learned.effort import LIVE
from energy.forecast.learned.model import train
from energy.forecast.series import History, SeriesSpec
from energy.forecast.steps import levelled

MEASURED = Path(next(iter(energy.regions.__path__))) / "musterstadt" / "history" / "measured_2020.csv.gz"
START = datetime(2020, 1, 5, 23, tzinfo=UTC)
BERLIN = ZoneInfo("Europe/Berlin")
STEP_DAY = 190
"""A Monday in July: no holiday near."""
LOAD = SeriesSpec(asset_id="load", kind="load", zone=BERLIN, holidays="DE-BY")
PV = SeriesSpec(asset_id="pv", kind="pv", zone=BERLIN, location=(49.6, 6.1))


def measured(column: str) -> FloatArray:
    with gzip.open(MEASURED, "rt", encoding="utf-8") as lines:
        return np.array([float(row[column]) for row in csv.DictReader(lines)])


def stepped(value: FloatArray, factor: float, *, day: int = STEP_DAY) -> FloatArray:
    changed = value.copy()
    changed[day * 96 :] *= factor
    return changed


def grown(value: FloatArray, share_a_day: float) -> FloatArray:
    return value * (1.0 + share_a_day * np.maximum(0.0, np.arange(value.size) / 96 - STEP_DAY + 60))


def relative_error(spec: SeriesSpec, value: FloatArray, *, after_days: int) -> float:
    """Learn so long after the step and judge the ten days that follow, day ahead, by their own mean."""
    at = START + timedelta(days=STEP_DAY + after_days, hours=11)
    history = History(start=START, value=value)
    model = train(spec, history, at, effort=LIVE)
    errors, truths = [], []
    for day in range(10):
        issued = at + timedelta(days=day)
        start = issued + timedelta(hours=12)
        made = forecast(spec, model, history, issued_at=issued, start=start, periods=96)
        first = (start - START) // timedelta(minutes=15)
        truth = value[first : first + 96]
        errors.append(np.abs(made.expected_kw - truth).mean())
        truths.append(truth.mean())
    return float(np.sum(errors) / np.sum(truths))


@pytest.mark.parametrize("factor", [0.7, 1.3, 2.0])
def test_an_exchanged_meter_of_a_load_is_followed_within_two_weeks(factor: float) -> None:
    value = measured("load_kw")
    before = relative_error(LOAD, value, after_days=14)
    assert relative_error(LOAD, stepped(value, factor), after_days=14) < 1.1 * before


def test_a_step_is_followed_from_the_fifth_day_on() -> None:
    value = measured("load_kw")
    assert relative_error(LOAD, stepped(value, 1.3), after_days=5) < 1.2 * relative_error(
        LOAD, value, after_days=5
    )


@pytest.mark.parametrize("factor", [1.3, 2.0])
def test_pv_that_is_enlarged_is_followed_within_two_weeks(factor: float) -> None:
    value = measured("pv_kw")
    before = relative_error(PV, value, after_days=14)
    assert relative_error(PV, stepped(value, factor), after_days=14) < 1.1 * before


def test_pv_that_loses_a_third_is_followed_as_its_old_peaks_are_forgotten() -> None:
    value = measured("pv_kw")
    smaller = stepped(value, 0.7)
    soon, later = (
        relative_error(PV, smaller, after_days=days) / relative_error(PV, value, after_days=days)
        for days in (14, 31)
    )
    assert soon < 1.5
    assert later < 1.1


def test_pv_that_grows_by_a_hundredth_a_day_without_telling_is_followed() -> None:
    value = measured("pv_kw")
    before = relative_error(PV, value, after_days=14)
    assert relative_error(PV, grown(value, 0.01), after_days=14) < 1.1 * before


def test_a_wrong_unit_is_no_step() -> None:
    value = stepped(measured("load_kw"), 1000.0)
    calendar = calendar_of(START, value.size, step_s=900, zone=BERLIN, holidays_of="DE-BY")
    assert levelled(value, calendar).tobytes() == value.tobytes()


def test_no_step_is_seen_in_a_year_without_one() -> None:
    value = measured("load_kw")
    calendar = calendar_of(START, value.size, step_s=900, zone=BERLIN, holidays_of="DE-BY")
    assert levelled(value, calendar) is value


def test_two_steps_are_told_apart_and_missing_days_are_none() -> None:
    value = stepped(stepped(measured("load_kw"), 1.4), 0.6, day=STEP_DAY + 60)
    value[50 * 96 : 60 * 96] = np.nan
    calendar = calendar_of(START, value.size, step_s=900, zone=BERLIN, holidays_of="DE-BY")
    ratio = (levelled(value, calendar) / value)[:: 10 * 96]
    assert ratio[0] == pytest.approx(1.4 * 0.6, rel=0.06)
    assert ratio[(STEP_DAY + 30) // 10] == pytest.approx(0.6, rel=0.06)
    assert ratio[-1] == 1.0
