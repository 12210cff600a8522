"""A series file to begin with can be planned as it is where the region has a history."""

import csv
from pathlib import Path

import pytest
from typer.testing import CliRunner

from energy.__main__ import app
from energy.optimize.files.template import series_template
from energy.periods import HORIZON_PERIODS, parse_utc
from energy.region.loader import load_region

BY_HAND = Path(__file__).parents[2] / "docs" / "by_hand"


@pytest.mark.parametrize("name", ["musterstadt", "fichtelgebirge"])
def test_a_template_is_planned_as_it_is(name, tmp_path):
    series, out = tmp_path / "series.csv", tmp_path / "plan.json"
    written = CliRunner().invoke(app, ["plan", name, "--template", str(series)])
    assert written.exit_code == 0, written.output
    assert "192 quarter hours" in written.output
    assert "no value is missing" in written.output
    again = CliRunner().invoke(app, ["plan", name, "--series", str(series), "--out", str(out)])
    assert again.exit_code == 0, again.output
    assert out.exists()


def test_beyond_the_history_fields_are_left_empty():
    lines, empty = series_template(load_region("musterstadt"), parse_utc("2031-01-01T10:07Z"))
    rows = list(csv.reader(lines))
    assert len(rows) == HORIZON_PERIODS + 1
    assert rows[1] == ["2031-01-01T10:00:00Z", *[""] * (len(rows[0]) - 1)]
    assert empty == HORIZON_PERIODS * (len(rows[0]) - 1)


def test_without_a_history_of_its_own_an_asset_is_left_empty_but_stands_in_the_header():
    lines, empty = series_template(load_region(str(BY_HAND)), None)
    assert lines[0] == "utc,load_kw,price_eur_per_mwh"
    assert empty >= HORIZON_PERIODS


def test_the_plan_asks_for_its_files(tmp_path):
    refused = CliRunner().invoke(app, ["plan", "musterstadt", "--out", str(tmp_path / "plan.json")])
    assert refused.exit_code == 2
    assert "--series: it is required" in refused.output
