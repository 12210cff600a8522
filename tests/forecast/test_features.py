"""A forecast reads its features as the model that learned them did."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from energy.domain import FloatArray
from energy.forecast.frame import frame_of
from energy.forecast.gates import DayAheadGate
from energy.forecast.ladder import HISTORY_DAYS_MAX
from energy.forecast.learned.features import rows_of
from energy.forecast.series import History, Kind, SeriesSpec

BERLIN = ZoneInfo("Europe/Berlin")
START = datetime(2019, 9, 1, 22, tzinfo=UTC)
FIRST = date(2019, 9, 2)
DAYS = 280
EVES_OF_HOLIDAYS = ("2020-04-09", "2020-04-30", "2020-05-20", "2020-03-28", "2020-03-29")
"""Days before Good Friday, Labour Day and Ascension Day, and those around a change to summer time."""


@pytest.mark.parametrize("kind", ["load", "pv", "wind", "price"])
def test_a_forecasts_last_day_has_the_features_that_its_kind_was_learned_with(kind: Kind) -> None:
    spec = SeriesSpec(asset_id="x", kind=kind, zone=BERLIN, holidays="DE-BY")
    value = _course()
    whole = frame_of(spec, History(start=START, value=value), known=value.size, periods=value.size)
    gates = DayAheadGate(at=time(12))
    for day in EVES_OF_HOLIDAYS:
        number = (date.fromisoformat(day) - FIRST).days
        index = np.flatnonzero(whole.calendar.day == number)
        gate = gates.gate_of(whole.calendar, index)
        learned = rows_of(whole, index, gate, near=False)
        cut = (int(gate[0]) // 96 - HISTORY_DAYS_MAX) * 96
        recent = History(start=START + timedelta(minutes=15 * cut), value=value[cut : int(gate[0])])
        ends = frame_of(spec, recent, known=int(gate[0]) - cut, periods=int(index[-1]) + 1 - cut)
        asked = rows_of(ends, index - cut, gate - cut, near=False)
        np.testing.assert_allclose(asked.full, learned.full, rtol=1e-6, atol=1e-6, err_msg=day)
        np.testing.assert_allclose(asked.linear, learned.linear, rtol=1e-6, atol=1e-6, err_msg=day)


def _course() -> FloatArray:
    rng = np.random.default_rng(3)
    hours = np.arange(DAYS * 96) / 4.0
    day = np.maximum(0.0, np.sin(2.0 * np.pi * (hours - 5.0) / 24.0))
    value: FloatArray = 100.0 * day * (1.0 + 0.2 * rng.standard_normal(hours.size)) + 20.0
    return np.where(day > 0.0, np.abs(value), 0.0)
