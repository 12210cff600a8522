"""After months without a value a model is judged on days before them, not on the few hours since."""

from datetime import UTC, datetime, time
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from energy.domain import FloatArray
from energy.forecast.calendar import calendar_of
from energy.forecast.gates import DayAheadGate
from energy.forecast.judging.rolling_origin import day_ahead, judge
from energy.forecast.series import History, Kind, SeriesSpec

START = datetime(2020, 12, 31, 23, tzinfo=UTC)
DAYS = 280
GAP = slice(24 * 100, 24 * 250)


def values_of(kind: Kind) -> FloatArray:
    """Weather that comes and goes over days, by which a price and a park move."""
    rng = np.random.default_rng(8)
    at = np.arange(DAYS * 24)
    weather = np.zeros(at.size)
    for hour in range(1, at.size):
        weather[hour] = 0.98 * weather[hour - 1] + rng.normal()
    by_clock = 10.0 * np.sin((at % 24 - 8.0) / 12.0 * np.pi)
    values = 45.0 + by_clock + 3.0 * weather if kind == "price" else np.clip(40.0 + 9.0 * weather, 0.0, 100.0)
    values[GAP] = np.nan
    return values


@pytest.mark.parametrize("kind", ["price", "wind"])
def test_the_band_after_a_long_gap_is_of_the_size_of_the_errors(kind: Kind) -> None:
    values = values_of(kind)
    spec = SeriesSpec(asset_id="a", kind=kind, zone=ZoneInfo("Europe/Berlin"))
    history = History(start=START, value=values, step_s=3600)
    calendar = calendar_of(START, values.size, step_s=3600, zone=spec.zone, holidays_of="")
    gates = DayAheadGate(at=time(12), published=kind == "price")
    origins = tuple(day_ahead(calendar, gates, range(259, DAYS)))
    found = judge(spec, history, origins, gates=gates, retrain_days=28)
    truth = values[found.index]
    inside = (truth >= found.quantiles[0]) & (truth <= found.quantiles[4])
    assert inside.mean() > 0.75
    assert found.quantiles[4].max() < 4.0 * np.nanmax(values)
    assert found.rungs == {"learned": len(origins)}
