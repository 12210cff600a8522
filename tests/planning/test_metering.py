"""The watch over the meters, on a record of the shipped region with feeders."""

from collections.abc import Mapping
from datetime import datetime, timedelta

import numpy as np
import pytest

from energy.domain import FloatArray, Point
from energy.periods import PERIOD, parse_utc, period_start, periods_between
from energy.planning.metering import WINDOW_PERIODS, MeterWatch, nodes_of
from energy.ports import Means
from energy.region.loader import load_region
from energy.region.model import Region
from tools.study_meters import Truth, drifted, read_by, truth_of

ONSET_PERIOD = 96 * 150
BEGIN = parse_utc("2020-01-05T23:00Z")
NOW = BEGIN + (ONSET_PERIOD + 3 * 96) * PERIOD


class Rows:
    """Answers as a record does from rows of means, and counts how often it is asked."""

    def __init__(self, power_kw: Mapping[str, FloatArray], *, coverage: float = 1.0) -> None:
        self._power_kw = power_kw
        self._coverage = coverage
        self.asked = 0
        self.earliest = NOW

    def means(
        self, asset_id: str, point: Point, *, start: datetime, end: datetime, known_at: datetime
    ) -> Means:
        assert point is Point.POWER_KW
        assert end <= period_start(known_at)
        self.asked += 1
        self.earliest = min(self.earliest, start)
        first = periods_between(BEGIN, start)
        value = self._power_kw[asset_id][first : periods_between(BEGIN, end)]
        return Means(start=start, value=value, coverage=np.full(value.size, self._coverage))


@pytest.fixture(scope="module")
def region() -> Region:
    return load_region("fichtelgebirge")


@pytest.fixture(scope="module")
def truth(region: Region) -> Truth:
    return truth_of(region)


def rows_of(truth: Truth, meter_id: str | None = None) -> dict[str, FloatArray]:
    record = read_by(truth, np.random.default_rng(4))
    if meter_id is not None:
        record = drifted(record, meter_id, onset=ONSET_PERIOD, drift_fraction=0.02)
    return dict(zip(record.limit_fraction, record.power_kw, strict=True))


def test_every_electricity_meter_stands_at_a_node(region: Region) -> None:
    nodes = nodes_of(region)
    assert [node.meter_id for node in nodes] == [region.grid_point.id, *(one.id for one in region.feeders)]
    listed = [meter_id for node in nodes for meter_id in node.member_ids]
    assert len(listed) == len(set(listed))
    thermal = {"boiler", "heat_load", "heat_storage", "hydrogen_storage"}
    expected = {one.id for one in region.members if one.kind not in thermal}
    assert set(listed) == expected | {one.id for one in region.feeders}


def test_a_drift_on_a_feeder_becomes_a_note_that_names_the_meter(region: Region, truth: Truth) -> None:
    feeder_id = region.feeders[0].id
    (note,) = MeterWatch(region, Rows(rows_of(truth, feeder_id))).notes(NOW)
    assert note.startswith(f"meter_drift@{feeder_id}: reads 2.0 % (standard error ")
    assert "too high since about 2020-06-0" in note


def test_meters_in_their_class_need_no_note(region: Region, truth: Truth) -> None:
    assert MeterWatch(region, Rows(rows_of(truth))).notes(NOW) == ()


def test_quarter_hours_measured_in_part_are_left_out(region: Region, truth: Truth) -> None:
    rows = Rows(rows_of(truth, region.feeders[0].id), coverage=0.9)
    assert MeterWatch(region, rows).notes(NOW) == ()


def test_the_record_is_read_once_an_hour_over_a_bounded_window(region: Region, truth: Truth) -> None:
    rows = Rows(rows_of(truth))
    watch = MeterWatch(region, rows)
    watch.notes(NOW)
    once = rows.asked
    watch.notes(NOW + timedelta(minutes=45))
    assert rows.asked == once
    assert rows.earliest == NOW - WINDOW_PERIODS * PERIOD
    watch.notes(NOW + timedelta(minutes=60))
    assert rows.asked == 2 * once


def test_a_watch_begun_anew_says_the_same(region: Region, truth: Truth) -> None:
    rows = Rows(rows_of(truth, region.feeders[1].id))
    watch = MeterWatch(region, rows)
    watch.notes(NOW - timedelta(hours=5))
    assert watch.notes(NOW) == MeterWatch(region, rows).notes(NOW) != ()
