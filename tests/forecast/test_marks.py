"""Data that lies is found when it could be known, and what is true is left alone."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from energy.domain import FloatArray
from energy.forecast.marks.fault import FaultKind, Marks
from energy.forecast.marks.listing import known_at_gate, listed, truth_of
from energy.forecast.marks.looking import marks_of, possible
from energy.forecast.reference import clear_sky
from energy.forecast.series import History, Kind, SeriesSpec

BERLIN = ZoneInfo("Europe/Berlin")
START = datetime(2021, 2, 1, tzinfo=UTC)
DAYS = 60
AT = 45 * 96 + 40
"""Ten in the morning of the 46th day."""


def spec_of(kind: Kind = "load", rated_kw: float | None = None) -> SeriesSpec:
    return SeriesSpec(asset_id="a", kind=kind, zone=BERLIN, rated_kw=rated_kw)


def load_kw(days: int = DAYS, *, seed: int = 1) -> FloatArray:
    """A town by day and night, weekends lower, with noise."""
    at = np.arange(days * 96)
    week = np.where((at // 96) % 7 >= 5, 0.8, 1.0)
    noise = np.random.default_rng(seed).normal(0.0, 8.0, at.size)
    kw: FloatArray = 1000.0 * week * (1.0 - 0.35 * np.cos(2.0 * np.pi * (at % 96) / 96)) + noise
    return kw


def pv_kw(days: int = DAYS) -> FloatArray:
    at_s = int(START.timestamp()) + 900 * np.arange(days * 96)
    clouds = np.random.default_rng(2).uniform(0.2, 1.0, days)
    kw: FloatArray = 800.0 * np.repeat(clouds, 96) * clear_sky(at_s, step_s=900, location=(51.16, 10.45))
    return kw


def wind_kw(days: int = DAYS) -> FloatArray:
    step = np.random.default_rng(3).normal(0.0, 1.0, days * 96)
    speed = np.abs(np.convolve(step, np.ones(200) / 12.0, mode="same")) * 5.0
    kw: FloatArray = np.clip(speed - 3.0, 0.0, 10.0) * 200.0
    return kw


def found(values: FloatArray, spec: SeriesSpec | None = None) -> Marks:
    return marks_of(spec or spec_of(), History(start=START, value=values))


def kinds(marks: Marks) -> set[FaultKind]:
    return {span.kind for span in marks.spans}


def with_value(values: FloatArray, first: int, count: int, value: float | FloatArray) -> FloatArray:
    changed = values.copy()
    changed[first : first + count] = value
    return changed


def test_what_is_true_is_left_alone() -> None:
    flat_hydro = np.where(np.arange(DAYS * 96) < 45 * 96, 500.0 + load_kw() / 10.0, 560.0)
    whole = np.round(load_kw() / 10.0)
    weekdays = np.where((np.arange(DAYS * 96) // 96) % 7 >= 5, 0.0, load_kw())
    assert not found(load_kw()).spans
    assert not found(pv_kw(), spec_of("pv", 900.0)).spans
    assert not found(wind_kw(), spec_of("wind", 2000.0)).spans
    assert not found(flat_hydro[: 47 * 96], spec_of("hydro")).spans, "two days of one flow"
    assert not found(whole).spans, "a load in whole tens"
    assert "zero" not in kinds(found(weekdays)), "a works that rests at the weekend"


def test_a_calm_day_of_a_wind_park_is_true() -> None:
    calm = with_value(wind_kw(), AT, 96, 0.0)
    assert not found(calm, spec_of("wind", 2000.0)).spans


@pytest.mark.parametrize(
    ("count", "value", "kind"),
    [
        (40, 1203.7, "stuck"),
        (1, 9000.0, "spike"),
        (3, 2600.0, "spike"),
        (1, 0.0, "zero"),
        (50, 0.0, "zero"),
        (8, -900.0, "negative"),
        (6, np.nan, "gap"),
    ],
)
def test_a_fault_in_a_load_is_found_and_named(count: int, value: float, kind: str) -> None:
    marks = found(with_value(load_kw(), AT, count, value))
    (span,) = marks.spans
    assert span.kind == kind
    assert abs(span.first - AT) <= 1, "of a run the first value may be true"
    assert span.end == AT + count


def test_another_unit_is_found_for_two_weeks() -> None:
    for factor in (1000.0, 0.001):
        marks = found(with_value(load_kw(), AT, 10 * 96, factor * load_kw()[AT : AT + 10 * 96]))
        assert kinds(marks) == {"unit"}
        assert marks.kept_out()[AT : AT + 10 * 96].mean() > 0.95


def test_a_lone_charger_is_not_in_another_unit_each_time_a_car_comes() -> None:
    rng = np.random.default_rng(5)
    values = np.full(120 * 96, 0.01) + rng.uniform(0.0, 0.002, 120 * 96)
    for day in range(0, 120, 3):
        values[day * 96 + 70 : day * 96 + 78] = 3.7
    marks = found(values)
    left_out = [span for span in marks.spans if span.kind == "unit"]
    assert len(left_out) <= 8
    assert not any(span.first > 60 * 96 for span in left_out)


def test_a_series_that_goes_wild_later_says_no_less_of_its_past() -> None:
    values = with_value(load_kw(200), AT, 1, 2500.0)
    later = values.copy()
    for day in (20, 70, 120):
        wild = slice(AT + day * 96, AT + (day + 12) * 96, 2)
        later[wild] *= 3.0
    before = [span for span in found(values).spans if span.kind == "spike"]
    assert [span.first for span in before] == [AT]
    assert before[0] in found(later).spans


def test_an_hour_and_a_day_counted_twice_are_found() -> None:
    values = load_kw()
    hour = with_value(values, AT, 4, values[AT - 4 : AT])
    day = with_value(values, AT, 96, values[AT - 96 : AT])
    for changed, count in ((hour, 4), (day, 96)):
        (span,) = found(changed).spans
        assert (span.kind, span.first, span.end) == ("repeated", AT, AT + count)


def test_a_park_dark_at_noon_for_days_is_found_on_the_second() -> None:
    marks = found(with_value(pv_kw(), 45 * 96, 3 * 96, 0.0), spec_of("pv", 900.0))
    (span,) = marks.spans
    assert span.kind == "zero"
    assert span.decided == 47 * 96
    assert not marks.kept_out(46 * 96)[: 46 * 96].any()
    assert not found(with_value(pv_kw(), 45 * 96, 96, 0.0), spec_of("pv", 900.0)).spans, "one dark day"


def test_more_than_the_rated_power_is_left_out_unless_it_is_the_rule() -> None:
    spec = spec_of("pv", 900.0)
    once = found(with_value(pv_kw(), AT, 3, 1400.0), spec)
    assert kinds(once) == {"above_rated"}
    assert once.kept_out().sum() == 3
    always = marks_of(spec_of("load", 900.0), History(start=START, value=load_kw()))
    late = always.kept_out()[40 * 96 :]
    assert not late.any(), "the rated power is wrong, not every noon"
    assert any(not span.kept_out for span in always.spans)


def test_own_use_at_night_is_no_fault() -> None:
    night = np.where(pv_kw() == 0.0, -4.0, pv_kw())
    assert not found(night, spec_of("pv", 900.0)).spans
    assert possible(spec_of("pv", 900.0), night).min() == 0.0


def test_labels_an_hour_off_since_the_clock_change_are_told_but_used() -> None:
    days = 80
    local = np.arange(days * 96)
    change = (datetime(2021, 3, 28, 1, tzinfo=UTC) - START) // timedelta(minutes=15)
    honest = load_kw(days)
    clock = np.where(local >= change, local + 4, local)  # people get up an hour earlier in UTC
    right = np.interp(clock, local, honest)
    assert not found(right).spans
    (span,) = found(honest).spans
    assert (span.kind, span.first, span.kept_out) == ("shifted", change, False)


def test_a_growing_park_and_an_exchanged_meter_are_followed_within_two_weeks() -> None:
    grown = load_kw()
    grown[AT:] *= 2.0
    assert not found(grown).kept_out()[AT + 96 :].any()
    smaller = load_kw()
    smaller[30 * 96 :] *= 0.001
    assert not found(smaller).kept_out()[45 * 96 :].any()


@settings(max_examples=25, deadline=None)
@given(
    gate=st.integers(30 * 96, DAYS * 96 - 1),
    first=st.integers(20 * 96, DAYS * 96 - 200),
    count=st.integers(1, 150),
    value=st.sampled_from([0.0, 1000.0, 5e5, -300.0, 1500.0]),
    seed=st.integers(0, 99),
)
def test_what_follows_a_gate_never_decides_on_what_is_left_out_at_it(
    gate: int, first: int, count: int, value: float, seed: int
) -> None:
    values = with_value(load_kw(seed=seed), first, count, value)
    other = values.copy()
    other[gate:] = np.random.default_rng(seed).uniform(0.0, 1e4, other.size - gate)
    one, two = found(values), found(other)
    np.testing.assert_array_equal(one.kept_out(gate)[:gate], two.kept_out(gate)[:gate])
    short = found(values[:gate])
    np.testing.assert_array_equal(one.kept_out(gate)[:gate], short.kept_out()[:gate])


def test_what_is_held_against_a_forecast_is_what_can_have_been() -> None:
    values = with_value(with_value(load_kw(), AT, 40, 1111.0), AT + 300, 3, -900.0)
    history = History(start=START, value=values)
    marks = marks_of(spec_of(), history)
    truth = truth_of(history, marks)
    assert np.isnan(truth[AT + 300 : AT + 303]).all(), "nothing of the sort can have happened"
    assert truth[AT + 20] == 1111.0, "a stuck meter is still the truth that a bill knows"
    stuck, negative = listed(history, marks)
    assert (stuck["kind"], stuck["value"], stuck["kept_out"]) == ("stuck", 1111.0, True)
    assert stuck["usual"] == pytest.approx(float(load_kw()[AT]), rel=0.3)
    assert (negative["kind"], negative["from"]) == ("negative", "2021-03-21T13:00:00Z")
    seen = known_at_gate(spec_of(), history, marks, known=AT + 5)
    assert seen.size == AT + 5
    assert np.isfinite(seen).all(), "so soon nobody can tell"
