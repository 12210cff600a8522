"""Judges forecasts on the measured series that docs/forecasting.md shows, and draws its pictures.

    python -m tools.judge_forecasts --data FOLDER --reports FOLDER [--case zurich] [--table]

``FOLDER`` of the data holds the CSV files; each case's report is kept as JSON. ``--table`` judges nothing: it
prints the table of the reports that are there and draws the pictures.
"""

import argparse
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from energy.app.backtest_pictures import write_pictures
from energy.forecast.judging.backtest import run_backtest
from energy.forecast.judging.backtest_options import BacktestOptions

PICTURES = Path(__file__).parent.parent / "docs" / "pictures"
GERMANY = "dev_de_15min_2019_2023.csv.gz"
GERMANY_HOURS = "dev_de_hourly_2015_2020.csv.gz"
SUN = (
    "radiation_direct_horizontal_de_w_per_m2",
    "radiation_diffuse_horizontal_de_w_per_m2",
    "temperature_de_c",
)
HEAD = (
    *("series", "MAE", "of last week's (90 % sure)", "MAPE, of the operators'", "nMAE", "mean error"),
    *("90 % band: all, months, hours", "pinball of seasonal's", "CPU s"),
)
PV: Mapping[str, Any] = {"capacity_column": "pv_capacity_mw", "features_known": SUN}
LOAD_2023: Mapping[str, Any] = {"operator": "load_forecast_mw", "holidays": "DE"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One series and the days of it that are judged."""

    words: str
    file: str
    target: str
    start: date
    end: date
    drawn: bool = False
    options: Mapping[str, Any] = field(default_factory=dict)


CASES = {
    "zurich": Case(
        words="Zurich, load, 2021",
        file="dev_zurich_city_load_15min_2019_2021.csv.gz",
        target="load_mw",
        start=date(2021, 1, 1),
        end=date(2022, 1, 1),
        drawn=True,
        options={"zone": ZoneInfo("Europe/Zurich"), "holidays": "CH-ZH", "location": (47.37, 8.54)},
    ),
    "germany": Case(
        words="Germany, load, 2023",
        file=GERMANY,
        target="load_mw",
        start=date(2023, 1, 1),
        end=date(2024, 1, 1),
        drawn=True,
        options=LOAD_2023,
    ),
    "germany_operator": Case(
        words="the same, operators' forecast as an input",
        file=GERMANY,
        target="load_mw",
        start=date(2023, 1, 1),
        end=date(2024, 1, 1),
        options={**LOAD_2023, "features_known": ("load_forecast_mw",)},
    ),
    "luxembourg": Case(
        words="Luxembourg, load, September to December 2020",
        file="dev_lu_15min_2020.csv.gz",
        target="load_mw",
        start=date(2020, 9, 1),
        end=date(2021, 1, 1),
        drawn=True,
        options={"zone": ZoneInfo("Europe/Luxembourg"), "holidays": "LU", "location": (49.6, 6.13)},
    ),
    "pv": Case(
        words="Germany, PV, 2018 and 2019, reanalysis weather",
        file=GERMANY_HOURS,
        target="pv_mw",
        start=date(2018, 1, 1),
        end=date(2020, 1, 1),
        options=PV,
    ),
    "pv_30_days": Case(
        words="the same, 30 days of history",
        file=GERMANY_HOURS,
        target="pv_mw",
        start=date(2018, 1, 1),
        end=date(2020, 1, 1),
        options={**PV, "history_days": 30},
    ),
    "pv_30_days_plain": Case(
        words="the same, 30 days, without the physical model",
        file=GERMANY_HOURS,
        target="pv_mw",
        start=date(2018, 1, 1),
        end=date(2020, 1, 1),
        options={**PV, "history_days": 30, "physical": False},
    ),
}


def main() -> None:
    """Judge, or print the table and draw."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path)
    parser.add_argument("--reports", type=Path, required=True)
    parser.add_argument("--case", choices=CASES, action="append")
    parser.add_argument("--table", action="store_true")
    arguments = parser.parse_args()
    wanted = arguments.case if arguments.case else list(CASES)
    if not arguments.table:
        arguments.reports.mkdir(parents=True, exist_ok=True)
        for name in wanted:
            report = run_backtest(_options(arguments.data, CASES[name]))
            (arguments.reports / f"{name}.json").write_text(json.dumps(report), encoding="utf-8")
    print("\n".join(_show(arguments.reports, wanted)))


def _options(folder: Path, case: Case) -> BacktestOptions:
    return BacktestOptions(
        data=folder / case.file, target=case.target, start=case.start, end=case.end, **case.options
    )


def _show(folder: Path, names: list[str]) -> list[str]:
    rows = [
        f"| {' | '.join(HEAD)} |",
        f"|{' --- |' * len(HEAD)}",
    ]
    for name in names:
        path = folder / f"{name}.json"
        if not path.exists():
            continue
        report = json.loads(path.read_text(encoding="utf-8"))
        rows.append(_row(CASES[name].words, report))
        if CASES[name].drawn:
            write_pictures(PICTURES / f"forecast_{name}", report)
    return rows


def _row(words: str, report: Mapping[str, Any]) -> str:
    rivals = report["baselines"]
    week, operator = rivals["week"], rivals.get("operator")
    low, high = (1.0 - end for end in reversed(week["skill_p05_p95"]))
    relative = "" if report["mape"] is None else f"{_percent(report['mape'])} %"
    if operator is not None and report["mape"] is not None:
        relative += f", {report['mape'] / operator['mape']:.3f}"
    mean = report["mae"] / report["nmae"]
    bands = [_span(report[group]) for group in ("by_month", "by_hour")]
    cells = (
        words,
        f"{report['mae']:.4g} MW",
        f"{1.0 - week['skill']:.3f} ({low:.2f} to {high:.2f})",
        relative,
        f"{_percent(report['nmae'])} %",
        f"{100.0 * report['bias'] / mean:+.2f} %",
        f"{_percent(report['coverage']['p05_p95'])} %, {', '.join(bands)}",
        f"{report['pinball'] / rivals['seasonal']['pinball']:.3f}",
        f"{report['cpu_s']:.0f}",
    )
    return f"| {' | '.join(cells)} |"


def _span(group: Mapping[str, Any]) -> str:
    covered = [score["coverage"]["p05_p95"] for score in group.values()]
    known = [share for share in covered if share is not None]
    return f"{100.0 * min(known):.0f} to {100.0 * max(known):.0f}"


def _percent(share: float) -> str:
    return f"{100.0 * share:.2f}"


if __name__ == "__main__":
    main()
