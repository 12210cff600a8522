"""A judgement as pictures and as a table: every figure finds its place, and a missing one is a gap."""

from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from energy.app.backtest_pictures import pictures_of, write_pictures
from energy.app.scores_table import print_scores
from energy.app.svg import round_ticks
from energy.errors import BadInput

NAMES = (
    "coverage_by_hour.svg",
    "coverage_by_month.svg",
    "error_by_hour.svg",
    "error_by_lead_time.svg",
    "reliability.svg",
)


def score(mae: float, covered: float | None = 0.9) -> dict[str, Any]:
    return {
        "mae": mae,
        "n": 31,
        "coverage": {"p05_p95": covered, "p25_p75": covered},
        "mae_baselines": {"week": 2.0 * mae, "operator": None},
    }


def report(**changes: Any) -> dict[str, Any]:
    rival = {"mae": 2.0, "mape": 0.04, "skill": 0.5, "skill_p05_p95": [0.4, 0.6], "cost_eur": 260.0}
    return {
        **score(1.0),
        "rmse": 1.5,
        "nmae": 0.02,
        "mape": 0.021,
        "bias": -0.1,
        "cost_eur": 130.0,
        "cost_basis": "65 EUR/MWh of error",
        "sharpness": {"p05_p95": 4.0, "p25_p75": 1.5},
        "reliability": {"p05": 0.05, "p25": 0.25, "p50": 0.5, "p75": 0.75, "p95": 0.95},
        "by_hour": {"00": score(0.0, None), "01": score(1.0, 0.7), "02": score(2.0)},
        "by_month": {"2020-01": score(1.0)},
        "by_lead_time": {"12": score(1.0), "13": score(1.2)},
        "baselines": {"week": rival, "note": "plain shifts"},
        "model": "learned",
        "target": "pv_mw",
        "from": "2020-01-01",
        "to": "2020-01-31",
        "gate": "12:00",
        "step": "60 min",
        "intraday": None,
        "n": 744,
        "days": 31,
        "n_marked_judged": 7,
        "n_certain": 300,
        "n_missing": 3,
        "data_faults_found": {"stuck": 2},
        **changes,
    }


def test_each_picture_is_well_formed_and_has_its_axes_named(tmp_path: Path) -> None:
    write_pictures(tmp_path / "new", report())
    assert tuple(sorted(path.name for path in (tmp_path / "new").iterdir())) == NAMES
    for name, content in pictures_of(report()).items():
        words = "".join(ElementTree.fromstring(content).itertext())  # noqa: S314 (we wrote it)
        assert "pv_mw, 2020-01-01 to 2020-01-31, day ahead, gate 12:00, 744 periods" in words
        assert ("MW" in words) == name.startswith("error")
        assert "nan" not in content


def test_an_hour_of_certain_zeros_is_a_gap_in_the_course() -> None:
    content = pictures_of(report())["coverage_by_hour.svg"]
    assert content.count("<circle") == 2 * 2


def test_rivals_without_a_value_are_not_in_the_legend() -> None:
    content = pictures_of(report())["error_by_hour.svg"]
    assert "last week" in content
    assert "grid operator" not in content


def test_a_folder_that_cannot_be_written_is_a_fault(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(BadInput) as caught:
        write_pictures(tmp_path / "file" / "folder", report())
    assert caught.value.faults[0].place == "--pictures"


def test_the_table_says_how_sure_and_where_it_is_worst(capsys: pytest.CaptureFixture[str]) -> None:
    print_scores(report())
    text = capsys.readouterr().out
    for words in (
        "50.0 % (40 to 60)",
        "90 % band covers 90.00 %",
        "300 periods were certain",
        "worst hours by MAE: 02 2.000, 01 1.000, 00 0.000; band off in 01 70.00 % (too narrow)",
        "MAE MW",
        "7 of those judged lie in findings",
        "3 judged periods without a measured value",
        "findings in the whole file: stuck 2",
        "0.100 too low",
    ):
        assert words in text


@pytest.mark.parametrize(
    ("high", "end"), [(0.034, 0.04), (1.0, 1.0), (17.3, 20.0), (99.0, 100.0), (4321.0, 5000.0)]
)
def test_an_axis_ends_at_a_round_number(high: float, end: float) -> None:
    top, ticks = round_ticks(high)
    assert top == pytest.approx(end)
    assert 3 <= len(ticks) <= 7


def test_a_short_run_names_no_hour_whose_band_is_off(capsys: pytest.CaptureFixture[str]) -> None:
    print_scores(report(days=5))
    assert "too few to tell" in capsys.readouterr().out
