"""A report as a person reads it."""

from datetime import UTC, datetime
from io import StringIO
from pathlib import Path

import numpy as np
from rich.console import Console

from energy.app.report_view import print_report
from energy.domain import Point
from energy.historian.sqlite_record import SqliteRecord
from energy.jobs.kinds import run_job
from energy.periods import PERIOD
from tests.dashboard.day import status


def test_a_report_is_a_short_table_with_separators_and_what_was_not_measured(tmp_path: Path) -> None:
    start = datetime(2020, 6, 1, 22, tzinfo=UTC)
    with SqliteRecord(tmp_path) as record:
        record.import_means("load", Point.POWER_KW, start, np.full(96, 400.0))
        record.write_status(status(start + 96 * PERIOD))
    span = {"from": "2020-06-01T22:00Z", "to": "2020-06-02T22:00Z"}
    text = StringIO()
    print_report(run_job("report", span, "musterstadt", tmp_path), Console(file=text, width=100))
    lines = text.getvalue().splitlines()
    assert len(lines) < 40
    load = next(line for line in lines if " load " in line)
    assert "9,600" in load
    assert "100.0%" in load
    assert "highest import: - kW (no quarter hour)" in lines
