"""What cannot be true stays out of forecasts of the record, and planners are told of it."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from energy.domain import FloatArray, Point
from energy.forecast.marks.fault import Marks, Span
from energy.periods import PERIOD, periods_between
from energy.planning.inputs import Inputs
from energy.planning.marked import data_notes
from energy.planning.past import expected_assets
from energy.ports import Means
from energy.region.loader import load_region
from energy.region.model import Region

NOW = datetime(2021, 6, 1, tzinfo=UTC)
DAYS = 60
BEGIN = NOW - timedelta(days=DAYS)


class Rows:
    """A record that holds one series for every asset."""

    def __init__(self, power_kw: FloatArray) -> None:
        self._power_kw = power_kw

    def means(
        self, asset_id: str, point: Point, *, start: datetime, end: datetime, known_at: datetime
    ) -> Means:
        assert asset_id
        assert point
        assert end <= known_at
        first = periods_between(BEGIN, start)
        value = np.full(periods_between(start, end), np.nan)
        index = np.arange(first, first + value.size)
        there = (index >= 0) & (index < self._power_kw.size)
        value[there] = self._power_kw[index[there]]
        return Means(start=start, value=value, coverage=np.ones(value.size))


@pytest.fixture(scope="module")
def region() -> Region:
    return load_region("fichtelgebirge")


def load_kw() -> FloatArray:
    at = np.arange(DAYS * 96)
    noise = np.random.default_rng(1).normal(0.0, 8.0, at.size)
    kw: FloatArray = 1000.0 - 350.0 * np.cos(2.0 * np.pi * (at % 96) / 96) + noise
    return kw


def test_a_stuck_meter_is_left_out_and_told_for_a_week(region: Region) -> None:
    stuck = load_kw()
    stuck[-200:-100] = 777.7
    load = next(asset for asset in expected_assets(region) if asset.kind == "load")
    inputs = Inputs(region, Rows(stuck))
    value = inputs.history(load, known_at=NOW).value
    assert np.isnan(value[-199:-100]).all()
    assert np.isfinite(value[-100:]).all()
    assert inputs.measured(load, known_at=NOW).value[-150] == 777.7
    (note,) = data_notes(inputs.marks, end=NOW)
    assert note.startswith(
        f"data_stuck@{load.id}: 2021-05-29T22:15:00Z to 2021-05-30T23:00:00Z: stands still"
    )
    old = load_kw()
    old[-900:-800] = 777.7
    older = Inputs(region, Rows(old))
    older.history(load, known_at=NOW)
    assert data_notes(older.marks, end=NOW) == (), "over a week ago"


def test_what_follows_from_a_backlog_is_not_judged_by_its_leaps(region: Region) -> None:
    hub = next(asset for asset in expected_assets(region) if asset.kind == "ev_hub")
    inputs = Inputs(region, Rows(np.full(DAYS * 96, 900.0)))
    inputs.history(hub, known_at=NOW)
    assert {span.kind for span in inputs.marks[hub.id].spans} <= {"gap"}


def test_a_short_gap_is_no_news_and_labels_off_by_an_hour_are_news_once() -> None:
    periods = 40 * 96
    gap = Span(kind="gap", first=periods - 20, end=periods - 12, decided=periods - 19, why="w")
    shifted = Span(kind="shifted", first=96, end=periods, decided=20 * 96, why="w", kept_out=False)
    marks = {"a": Marks(periods=periods, spans=(gap, shifted))}
    assert data_notes(marks, end=BEGIN + periods * PERIOD) == ()
    long = Span(kind="gap", first=periods - 60, end=periods - 12, decided=periods - 59, why="w")
    (note,) = data_notes({"a": Marks(periods=periods, spans=(long,))}, end=BEGIN + periods * PERIOD)
    assert note.startswith("data_gap@a: ")
