"""``energiewaage data`` lists what cannot be true."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from energy.__main__ import app

START = datetime(2021, 2, 1, tzinfo=UTC)
DAYS = 40
AT = 30 * 96


@pytest.fixture
def file(tmp_path: Path) -> Path:
    at = np.arange(DAYS * 96)
    noise = np.random.default_rng(1).normal(0.0, 8.0, at.size)
    load_kw = 1000.0 - 350.0 * np.cos(2.0 * np.pi * (at % 96) / 96) + noise
    load_kw[AT : AT + 40] = 1203.7
    path = tmp_path / "load.csv"
    rows = [
        f"{START + place * timedelta(minutes=15):%Y-%m-%dT%H:%MZ},{value}"
        for place, value in enumerate(load_kw)
    ]
    path.write_text("\n".join(["utc,load_kw", *rows]) + "\n", encoding="utf-8")
    return path


def test_a_stuck_meter_in_a_file_is_listed(file: Path) -> None:
    result = CliRunner().invoke(app, ["data", "--data", str(file), "--target", "load_kw", "--json"])
    assert result.exit_code == 0
    (found,) = json.loads(result.stdout)["data_faults"]["load_kw"]
    assert (found["kind"], found["value"], found["kept_out"]) == ("stuck", 1203.7, True)
    assert found["to"] == "2021-03-03T10:00:00Z"
    plain = CliRunner().invoke(app, ["data", "--data", str(file), "--target", "load_kw"])
    assert "stuck" in plain.stdout


def test_findings_outside_the_span_are_left_out(file: Path) -> None:
    arguments = ["data", "--data", str(file), "--target", "load_kw", "--json", "--to", "2021-03-01T00:00Z"]
    result = CliRunner().invoke(app, arguments)
    assert json.loads(result.stdout)["data_faults"]["load_kw"] == []
