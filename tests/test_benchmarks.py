"""The benchmarks answer in lines of JSON, and say so where they cannot."""

import json
import subprocess
import sys
from datetime import timedelta

import pytest

from tests.benchmarks.__main__ import main
from tests.benchmarks.figure import Figure, Pairs, interleaved
from tests.benchmarks.historian import year_figure
from tests.benchmarks.historian_growth import growth_figures
from tests.benchmarks.historian_questions import latest_figure, month_figure
from tests.source_code import ROOT
from tools.draw_growth import chart_of, points_of


def test_a_figure_is_one_line_of_json_with_its_interval() -> None:
    text = year_figure(pairs=3, periods=960).line()
    line = json.loads(text)
    assert "\n" not in text
    assert list(line)[:7] == ["name", "value", "unit", "against", "n", "p25", "p75"]
    assert line["name"] == "historian.year_read_ratio"
    assert line["n"] == 3
    assert 0.0 < line["p25"] <= line["value"] <= line["p75"]


def test_questions_and_growth_are_measured_against_bare_rows() -> None:
    figures = [
        latest_figure(pairs=3, points=20),
        month_figure(pairs=3, assets=6, span=timedelta(days=2)),
        *growth_figures(5, ticks=120, tick_s=60.0),
    ]
    assert [figure.name for figure in figures] == [
        "historian.latest_ratio",
        "historian.month_by_kind_ratio",
        "historian.ingest_ratio.sqlite.5",
        "historian.tick_share_p99.5",
        "historian.mb_a_day.5",
    ]
    assert all(figure.value > 0.0 for figure in figures)


def test_ratios_are_taken_pair_by_pair() -> None:
    pairs = Pairs(ours_s=[2.0, 40.0, 3.0], theirs_s=[1.0, 10.0, 1.0])
    assert pairs.seconds_ratio(name="x", against="y").value == pytest.approx(3.0)
    assert pairs.rate_ratio(name="x", of="rows", against="y").value == pytest.approx(1.0 / 3.0)


def test_who_begins_changes_from_pair_to_pair() -> None:
    order: list[str] = []
    sides = {side: lambda number, side=side: order.append(f"{side} {number}") for side in ("ours", "theirs")}
    interleaved(2, ours=sides["ours"], theirs=sides["theirs"])
    assert order == ["ours 0", "theirs 0", "theirs 1", "ours 1"]


def test_an_unknown_group_is_refused_by_name() -> None:
    command = [sys.executable, "-m", "tests.benchmarks", "weather"]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert ended.returncode == 2
    assert ended.stdout == ""
    assert "weather" in ended.stderr
    assert "historian" in ended.stderr


def test_only_groups_on_invented_regions_take_a_seed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["historian", "--seed", "1"]) == 2
    assert main(["optimize", "--sizes", "XL"]) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert "optimize_growth" in told.err
    assert "some of S,M,L" in told.err


def test_growth_is_drawn_from_its_own_lines_alone() -> None:
    more = {"run_s": 10.0, "own_s": 0.1, "problem_s": 0.01, "hand_own_s": 0.05}
    figures = [
        Figure(name=name, value=1.0, unit="processor s", against="", n=1, more=more)
        for name in ("optimize.growth_s.10x192", "optimize.growth_s.100x192", "optimize.growth_milp_s.3000")
    ]
    points = points_of([figure.line() for figure in figures])
    assert set(points) == {(10, 192), (100, 192)}
    chart = chart_of({assets: seen for (assets, _periods), seen in points.items()}, "assets")
    assert chart.lines[0].name == "inside HiGHS"
    assert chart.lines[0].points == [(1.0, 1.0), (2.0, 1.0)]
    assert (chart.y.low, chart.y.high) == (-2.0, 1.0)


def test_a_figure_that_was_not_reached_is_null() -> None:
    missed = Figure(name="x", value=None, unit="s", against="absolute", n=1)
    assert json.loads(missed.line())["value"] is None
