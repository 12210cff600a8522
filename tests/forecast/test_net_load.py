"""A load that is net of generation may be negative, once it has turned on enough days."""

from dataclasses import replace
from datetime import UTC, datetime, time
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from energy.domain import FloatArray
from energy.forecast.calendar import calendar_of
from energy.forecast.gates import DayAheadGate
from energy.forecast.judging.rolling_origin import Judged, day_ahead, judge
from energy.forecast.marks.listing import truth_of
from energy.forecast.marks.looking import marks_of
from energy.forecast.net_load import TURNING_DAYS, as_net, known_by, net_from
from energy.forecast.series import History, SeriesSpec

START = datetime(2021, 3, 31, 22, tzinfo=UTC)
SPEC = SeriesSpec(asset_id="a", kind="load", zone=ZoneInfo("Europe/Berlin"))
DAYS = 60
HOUR = np.arange(24 * DAYS) % 24


def net_kw(*, sun_from_day: int = 0) -> FloatArray:
    """Drawn all day, fed in at noon by as much."""
    rng = np.random.default_rng(4)
    drawn = 100.0 + 30.0 * np.sin((HOUR - 14.0) / 12.0 * np.pi)
    sun = np.clip(np.sin((HOUR - 6.0) / 12.0 * np.pi), 0.0, None) * np.repeat(rng.uniform(1.0, 3.0, DAYS), 24)
    sun[: 24 * sun_from_day] = 0.0
    kw: FloatArray = drawn - 100.0 * sun + rng.normal(0.0, 2.0, HOUR.size)
    return kw


def judged(values: FloatArray, first: int) -> Judged:
    history = History(start=START, value=values, step_s=3600)
    calendar = calendar_of(START, values.size, step_s=3600, zone=SPEC.zone, holidays_of="")
    gates = DayAheadGate(at=time(12))
    return judge(
        SPEC, history, tuple(day_ahead(calendar, gates, range(first, DAYS))), gates=gates, retrain_days=28
    )


def test_what_feeds_in_on_many_days_is_forecast_below_nothing() -> None:
    values = net_kw()
    found = judged(values, 30)
    truth = values[found.index]
    assert known_by(SPEC, values, step_s=3600) == as_net(SPEC)
    assert truth.min() < -80.0
    assert found.quantiles[2].min() < -30.0
    assert abs(np.mean(found.quantiles[2] - truth)) < 10.0
    assert 0.8 < np.mean((found.quantiles[0] <= truth) & (truth <= found.quantiles[4])) < 0.98


def test_nothing_of_a_net_load_is_called_impossible() -> None:
    history = History(start=START, value=net_kw(), step_s=3600)
    assert np.isfinite(truth_of(history, marks_of(as_net(SPEC), history))).all()


@pytest.mark.parametrize("days", [TURNING_DAYS - 1, 40])
def test_a_meter_turned_the_wrong_way_is_no_net_load(days: int) -> None:
    values = net_kw(sun_from_day=DAYS)
    values[480 : 480 + 24 * days] *= -1.0
    assert net_from(SPEC, values, step_s=3600) is None
    assert net_from(SPEC, np.full(24 * DAYS, np.nan), step_s=3600) is None


def test_only_what_was_known_by_then_makes_it_one() -> None:
    values = net_kw(sun_from_day=40)
    turned = net_from(SPEC, values, step_s=3600)
    assert turned is not None
    assert 40 * 24 < turned <= 52 * 24
    assert net_from(SPEC, values[: turned - 1], step_s=3600) is None
    assert net_from(SPEC, values[:turned], step_s=3600) == turned
    before = judged(values, 35)
    later = values.copy()
    later[41 * 24 :] = 100.0
    known = before.known < 41 * 24
    assert known.any()
    assert judged(later, 35).quantiles[:, known].tobytes() == before.quantiles[:, known].tobytes()


def test_other_kinds_stay_what_they_are() -> None:
    assert net_from(replace(SPEC, kind="price"), net_kw(), step_s=3600) is None
