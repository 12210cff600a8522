"""What the kinds of jobs answer, held against the record by hand."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from energy.domain import Point, Quality, Reading
from energy.errors import BadInput
from energy.historian.preload import preload
from energy.historian.sqlite_record import SqliteRecord
from energy.jobs.kinds import run_job
from energy.periods import PERIOD
from energy.region.history import RegionHistory
from energy.region.loader import load_region
from tests.dashboard.day import status

T0 = datetime(2020, 6, 1, 22, tzinfo=UTC)
"""Midnight in Berlin."""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two local days: a load of 400 kW, a wind park of 100 kW, half a day of the exchange missing."""
    with SqliteRecord(tmp_path) as record:
        exchange = np.full(192, 300.0)
        exchange[:48] = np.nan
        exchange[100] = -50.0
        exchange[150] = 900.0
        record.import_means("load", Point.POWER_KW, T0, np.full(192, 400.0))
        record.import_means("wind_park", Point.POWER_KW, T0, np.full(192, -100.0))
        record.import_means("grid_point", Point.POWER_KW, T0, exchange)
        record.write_status(status(T0 + 192 * PERIOD))
    return tmp_path


def report(folder: Path, **changes: str) -> dict:
    parameters = {"from": "2020-06-01T22:00Z", "to": "2020-06-03T22:00Z", "step": "day", **changes}
    return run_job("report", parameters, "musterstadt", folder)


def test_a_report_adds_up_what_was_measured_and_says_how_much_that_is(folder: Path) -> None:
    found = report(folder)
    assert found["by_kind"]["load"] == {"drawn_kwh": 19_200.0, "fed_in_kwh": 0.0, "coverage": 1.0}
    assert found["by_kind"]["wind"] == {"drawn_kwh": 0.0, "fed_in_kwh": 4_800.0, "coverage": 1.0}
    assert found["by_kind"]["battery"] == {"drawn_kwh": None, "fed_in_kwh": None, "coverage": 0.0}
    whole = found["region"]
    assert whole["import_kwh"] == (142 * 300.0 + 900.0) / 4
    assert whole["export_kwh"] == 12.5
    assert whole["exchange_coverage"] == 0.75
    assert whole["autarky"] == pytest.approx(1 - whole["import_kwh"] / 19_200.0, abs=1e-4)
    assert found["peaks"] == {
        "import_kw_max": 900.0,
        "import_at": "2020-06-03T11:30:00Z",
        "export_kw_max": 50.0,
        "export_at": "2020-06-02T23:00:00Z",
        "coverage_min": 0.9,
        "quarter_hours_left_out": 48,
    }
    assert found["steps"]["start"] == ["2020-06-02", "2020-06-03"]
    assert found["steps"]["fed_in_kwh"] == [2_400.0, 2_400.0]
    assert sum(found["steps"]["import_kwh"]) == whole["import_kwh"]
    places = found["by_municipality"].values()
    assert sum(place["drawn_kwh"] for place in places if place["drawn_kwh"] is not None) == 19_200.0


def test_a_quarter_hour_covered_in_part_is_so_counted_and_is_no_peak(tmp_path: Path) -> None:
    first = T0 + timedelta(days=10)
    with SqliteRecord(tmp_path) as record:
        seconds = [*range(0, 391, 15), *range(900, 3601, 15)]
        """The first reading after the gap stands for 120 s: 510 s of the first quarter hour are covered."""
        for second in seconds:
            value = 900.0 if second < 900 else 300.0
            at = first + timedelta(seconds=second)
            record.write_readings(
                [
                    Reading(
                        asset_id="grid_point",
                        point=Point.POWER_KW,
                        value=value,
                        quality=Quality.GOOD,
                        measured_at=at,
                    )
                ]
            )
        record.write_status(status(first + timedelta(hours=1)))
    span = {"from": "2020-06-11T22:00Z", "to": "2020-06-11T23:00Z", "step": "hour"}
    found = report(tmp_path, **span)
    assert found["region"]["exchange_coverage"] == pytest.approx((510 + 2700) / 3600, abs=1e-4)
    assert found["peaks"]["import_kw_max"] == 300.0
    assert found["peaks"]["quarter_hours_left_out"] == 1
    assert "quarter hours" in found["energies_over"]


def test_an_hour_of_which_nothing_is_known_is_missing_and_not_nothing(folder: Path) -> None:
    steps = report(folder, step="hour")["steps"]
    assert len(steps["start"]) == 48
    assert steps["import_kwh"][:12] == [None] * 12
    assert steps["import_kwh"][12] == 300.0


def test_a_day_of_the_clock_change_is_one_step(folder: Path) -> None:
    found = report(folder, **{"from": "2020-10-23T22:00Z", "to": "2020-10-26T23:00Z"})
    assert found["steps"]["start"] == ["2020-10-24", "2020-10-25", "2020-10-26"]


@pytest.mark.parametrize(
    ("kind", "parameters", "says"),
    [
        ("guess", {}, "no such kind"),
        ("report", {}, "report needs it"),
        ("report", {"from": "2020-06-01T00:00Z", "to": "2020-08-01T00:00Z"}, "31 days"),
        ("report", {"from": "2020-06-02T00:00Z", "to": "2020-06-01T00:00Z"}, "after from"),
        ("report", {"from": "yesterday", "to": "2020-06-01T00:00Z"}, "from"),
        (
            "report",
            {"from": "2020-06-01T00:00Z", "to": "2020-06-02T00:00Z", "colour": "red"},
            "no such parameter",
        ),
        ("backtest", {"asset": "battery"}, "it is not forecast"),
        ("backtest", {"asset": "load", "days": "-3"}, "whole number"),
        ("backtest", {"asset": "load"}, "Mend"),
    ],
)
def test_a_wrong_order_is_answered_with_what_is_wrong(
    folder: Path, kind: str, parameters: dict[str, str], says: str
) -> None:
    with pytest.raises(BadInput, match=says):
        run_job(kind, parameters, "musterstadt", folder)


def test_a_backtest_judges_the_record_of_one_asset(tmp_path: Path) -> None:
    region = load_region("musterstadt")
    start = datetime(2020, 5, 18, tzinfo=UTC)
    with SqliteRecord(tmp_path) as record:
        preload(region, RegionHistory(region), record, start=start)
        record.write_status(status(start + timedelta(hours=1)))
    found = run_job("backtest", {"asset": "load", "days": "3"}, "musterstadt", tmp_path)
    assert found["asset"] == "load"
    assert found["days"] == 3
    assert found["n"] == 288
    assert 0.0 < found["nmae"] < found["baselines"]["d1"]["mae"]
    assert 0.5 < found["coverage"]["p05_p95"] <= 1.0
