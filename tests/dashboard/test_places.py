"""Feeders and municipalities: warned in time, unknown where a meter is missing, summed without stores."""

import pytest

from dashboard.places import LOAD_FRACTION_WARNING, FeederRow, feeders_of, municipalities_of
from energy.domain import Point
from energy.region.asset import Name
from tests.dashboard.valley import alarms, readings, valley

REGION = valley()
KNOWN = {(item.asset_id, item.point): item.value for item in readings(REGION) if item.value is not None}


def feeder(power_kw):
    return FeederRow(
        feeder_id="f",
        name=Name(de="F", en="F"),
        power_kw=power_kw,
        power_kw_max=1000.0,
        alarms=(),
        alarms_behind=0,
    )


@pytest.mark.parametrize(
    ("power_kw", "fraction", "warns"),
    [(900.0, 0.9, False), (901.0, 0.901, True), (-950.0, 0.95, True), (0.0, 0.0, False), (None, None, False)],
)
def test_a_feeder_warns_beyond_nine_tenths_of_its_limit_either_way(power_kw, fraction, warns):
    assert LOAD_FRACTION_WARNING == 0.9
    row = feeder(power_kw)
    assert (row.load_fraction, row.warns) == (fraction, warns)


def test_a_feeder_carries_its_alarms_and_counts_those_behind_it():
    rows = {row.feeder_id: row for row in feeders_of(REGION, KNOWN, alarms())}
    assert [alarm.code for alarm in rows["feeder_0"].alarms] == ["feeder_limit_breached"]
    assert rows["feeder_2"].alarms_behind == 1
    assert rows["feeder_3"].alarms_behind == 0


def row_of(known, place_id):
    return next(row for row in municipalities_of(REGION, known) if row.municipality.id == place_id)


def test_a_municipality_sums_what_it_uses_and_makes_without_its_stores():
    row = row_of(KNOWN, "place_1")
    assert (row.consumption_kw, row.generation_kw) == (1450.0, 640.0 + 750.0 + 2000.0)
    assert row.own_fraction == pytest.approx(3390.0 / 1450.0)


def test_a_missing_meter_leaves_the_municipality_unknown_and_is_named():
    blind = {key: value for key, value in KNOWN.items() if key != ("load_3", Point.POWER_KW)}
    row = row_of(blind, "place_3")
    assert row.consumption_kw is None
    assert row.own_fraction is None
    assert row.generation_kw == 1390.0
    assert row.missing == ("load_3",)


def test_all_municipalities_are_listed_by_name():
    names = [row.municipality.name.de for row in municipalities_of(REGION, KNOWN)]
    assert names == sorted(names)
    assert len(names) == 17
