"""Metering files of every layout become the series that they were written from, with nothing passed over."""

import csv
import json
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from energy.domain import Point
from energy.historian.exchange.metering_file import Judged, judge
from energy.historian.exchange.metering_options import Told
from energy.historian.exchange.metering_report import report_json
from energy.region.loader import load_region

CASES = Path(__file__).parents[1] / "cases" / "metering_files"
BERLIN = ZoneInfo("Europe/Berlin")


def judged(folder: Path, options: dict[str, Any]) -> Judged:
    (file,) = folder.glob("lastgang.*")
    zone = ZoneInfo(options.get("tz", "Europe/Berlin"))
    rest = {name: value for name, value in options.items() if name != "tz"}
    load = load_region("musterstadt").asset("load")
    return judge(file.read_bytes(), file.name, load, Point.POWER_KW, Told(zone=zone, **rest))


@pytest.mark.parametrize("name", sorted(folder.name for folder in CASES.iterdir()))
def test_the_file_gives_the_series_that_it_was_written_from(name: str) -> None:
    expected = json.loads((CASES / name / "expected.json").read_text(encoding="utf-8"))
    with (CASES / name / "expected.csv").open(encoding="utf-8") as file:
        rows = [(datetime.fromisoformat(row["utc"]), row["power_kw"]) for row in csv.DictReader(file)]
    result = judged(CASES / name, expected["options"])
    values = np.array([float(text) if text else np.nan for _, text in rows])
    assert result.start == rows[0][0]
    np.testing.assert_allclose(result.values, values, rtol=1e-6)
    report = report_json(result.report)
    assert {key: report[key] for key in expected["report"]} == expected["report"]


def test_every_line_of_a_file_is_accounted_for() -> None:
    for folder in CASES.iterdir():
        options = json.loads((folder / "expected.json").read_text(encoding="utf-8"))["options"]
        report = judged(folder, options).report
        assert report.lines == report.accepted + len(report.rejected) + report.without_value, folder.name
