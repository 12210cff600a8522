"""An import takes all of a file or says why not; what was measured stays, and nothing is guessed."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from energy.__main__ import app
from energy.app.data_folder import only_controller
from energy.domain import Point, Quality, Reading
from energy.errors import BadInput
from energy.historian.exchange.metering_file import judge
from energy.historian.exchange.metering_options import Told
from energy.historian.sqlite_reader import open_reader
from energy.historian.sqlite_record import SqliteRecord
from energy.region.loader import load_region
from tests.historian.metering_layouts import BERLIN, LAYOUTS, repeated_starts, series

DAY = datetime(2020, 6, 9, 22, tzinfo=UTC)
MUSTERSTADT = load_region("musterstadt")
LOAD = MUSTERSTADT.asset("load")


@pytest.mark.parametrize("name", LAYOUTS)
@given(
    day=st.sampled_from([datetime(2020, 3, 29), datetime(2020, 10, 25), datetime(2024, 7, 1)]),  # noqa: DTZ001 - local days
    before=st.integers(0, 1),
    seed=st.integers(0, 9999),
)
@settings(max_examples=12, deadline=None)
def test_a_series_written_in_any_layout_comes_back(name: str, day: datetime, before: int, seed: int) -> None:
    write, zone = LAYOUTS[name]
    begin = (day - timedelta(days=before)).replace(tzinfo=BERLIN).astimezone(UTC)
    end = (day + timedelta(days=1)).replace(tzinfo=BERLIN).astimezone(UTC)
    count = (end - begin) // timedelta(minutes=15)
    values = np.random.default_rng(seed).integers(0, 99_999_999, count) / 10_000
    rows = series(begin, values.tolist())
    result = judge(write(rows), "file", LOAD, Point.POWER_KW, Told(zone=ZoneInfo(zone)))
    assert result.start == begin
    assert not result.report.rejected
    np.testing.assert_allclose(result.values, values, atol=2e-4)


def run(*arguments: str) -> tuple[int, str]:
    outcome = CliRunner().invoke(app, ["import", "musterstadt", *arguments])
    return outcome.exit_code, outcome.output


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "lastgang.csv"
    path.write_bytes(repeated_starts(series(DAY, [100.0 + place for place in range(96)])))
    return path


def test_measured_quarter_hours_stay_and_the_report_says_how_many(file: Path, tmp_path: Path) -> None:
    data = tmp_path / "data"
    with SqliteRecord(data) as record:
        for second in range(0, 1_860, 60):
            at = DAY + timedelta(seconds=second)
            record.write_readings(
                [
                    Reading(
                        asset_id="load",
                        point=Point.POWER_KW,
                        value=50.0,
                        quality=Quality.GOOD,
                        measured_at=at,
                    )
                ]
            )
        record.commit()
    code, output = run("load", "--file", str(file), "--data", str(data), "--json")
    report = json.loads(output)
    assert (code, report["already_recorded"], report["already_recorded_differing"]) == (0, 2, 2)
    assert report["taken"] == 94
    with open_reader(data) as reader:
        end = DAY + timedelta(days=1)
        means = reader.means_many(["load"], Point.POWER_KW, DAY, end)["load"]
    np.testing.assert_allclose(means.value[:4], [50.0, 50.0, 102.0, 103.0])


def test_an_import_was_not_known_before_it_was_made(file: Path, tmp_path: Path) -> None:
    assert run("load", "--file", str(file), "--data", str(tmp_path / "data"))[0] == 0
    end = DAY + timedelta(days=1)
    with open_reader(tmp_path / "data") as reader:
        then = reader.means("load", Point.POWER_KW, start=DAY, end=end, known_at=end + timedelta(days=9))
    assert np.isnan(then.value).all()


def test_a_dry_run_writes_nothing(file: Path, tmp_path: Path) -> None:
    code, output = run("load", "--file", str(file), "--data", str(tmp_path / "data"), "--dry-run")
    assert code == 0
    assert "nothing written" in output
    assert not (tmp_path / "data").exists()


def test_a_running_controller_keeps_an_import_out(file: Path, tmp_path: Path) -> None:
    with only_controller(tmp_path / "data"):
        code, output = run("load", "--file", str(file), "--data", str(tmp_path / "data"))
    assert code == 2
    assert "stop the controller" in output


def test_rejected_lines_are_kept_beside_the_record(file: Path, tmp_path: Path) -> None:
    text = file.read_text(encoding="utf-8-sig").replace("100,0000", "broken", 1)
    file.write_text(text, encoding="utf-8")
    code, output = run("load", "--file", str(file), "--data", str(tmp_path / "data"))
    assert code == 0
    (kept,) = (tmp_path / "data" / "imports").iterdir()
    assert str(kept) in output
    named = str(tmp_path / "rejected.txt")
    again = run("load", "--file", str(file), "--data", str(tmp_path / "data"), "--rejected", named, "--json")
    assert json.loads(again[1])["rejected_file"] == named
    assert "10.06.2020 00:00;broken" in kept.read_text(encoding="utf-8").splitlines()


def test_the_file_of_a_single_metering_point_is_refused_for_households(file: Path, tmp_path: Path) -> None:
    text = file.read_text(encoding="utf-8-sig")
    file.write_text(f"Messlokation;DE0001234567800000000000001234567\n{text}", encoding="utf-8")
    code, output = run("load", "--file", str(file), "--data", str(tmp_path / "data"))
    assert code == 2
    assert "legal ground" in output
    assert "1234567800000" not in output
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize(
    ("asset", "point", "text", "option"),
    [
        ("load", Point.POWER_KW, "Beginn;Wert\n{rows}", "--unit"),
        ("grid_point", Point.POWER_KW, "Beginn;kW\n{rows}", "--sign"),
        ("load", Point.POWER_KW, "Zeit;kW\n{part}", "--label"),
        ("load", Point.POWER_KW, "Beginn;kW\n{thousands}", "--decimal"),
        ("load", Point.POWER_KW, "Beginn;kW;kW\n{two}", "--column"),
        ("load", Point.POWER_KW, "Beginn;kW\n{hours}", "--file"),
        ("load", Point.ENERGY_KWH, "Beginn;kW\n{rows}", "--point"),
        ("load", Point.POWER_KW, "Beginn;kW\n{negative}", "--sign"),
    ],
)
def test_what_the_file_leaves_open_is_asked_for(asset: str, point: Point, text: str, option: str) -> None:
    labels = [f"10.06.2020 {hour:02d}:{minute:02d}" for hour in range(24) for minute in (0, 15, 30, 45)]
    content = text.format(
        rows="\n".join(f"{label};5,5" for label in labels),
        part="\n".join(f"{label};5,5" for label in labels[5:20]),
        thousands="\n".join(f"{label};1.234" for label in labels),
        two="\n".join(f"{label};5,5;6,5" for label in labels),
        hours="\n".join(f"{label};5,5" for label in labels[::4]),
        negative="\n".join(f"{label};-5,5" for label in labels),
    )
    with pytest.raises(BadInput) as caught:
        judge(content.encode(), "file", MUSTERSTADT.asset(asset), point, Told(zone=BERLIN))
    assert [fault.place for fault in caught.value.faults] == [option]


def test_a_source_feeds_in_and_values_beyond_its_nameplate_are_refused() -> None:
    rows = series(DAY, [100.0] * 95 + [99_999.0])
    wind = judge(
        repeated_starts(rows), "file", MUSTERSTADT.asset("wind_park"), Point.POWER_KW, Told(zone=BERLIN)
    )
    np.testing.assert_array_equal(wind.values, [-100.0] * 95)
    (rejected,) = wind.report.rejected
    assert rejected.line == 97
    assert "implausible" in rejected.fault.limit
