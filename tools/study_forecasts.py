"""Judges the forecaster on many series and years at once: ``python -m tools.study_forecasts FOLDER``.

A choice in ``energy.forecast`` must hold on several of them, not on one. The folder holds the files named
below, quarter hours or hours with a column ``utc``; one line of a Markdown table a series, printed as it is
done.
"""

import argparse
import math
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from zoneinfo import ZoneInfo

from energy.forecast.judging.backtest import run_backtest
from energy.forecast.judging.backtest_options import BERLIN, BacktestOptions
from energy.forecast.series import CENTRE_OF_GERMANY

ZURICH, LUXEMBOURG = ZoneInfo("Europe/Zurich"), ZoneInfo("Europe/Luxembourg")
QUARTERS = "dev_de_15min_2019_2023.csv.gz"
HOURS = "dev_de_hourly_2015_2020.csv.gz"
CITY = "dev_zurich_city_load_15min_2019_2021.csv.gz"
SMALL = "dev_lu_15min_2020.csv.gz"
SUN = (
    "radiation_direct_horizontal_de_w_per_m2",
    "radiation_diffuse_horizontal_de_w_per_m2",
    "temperature_de_c",
)
COLUMNS = (
    "series, from",
    "nMAE %",
    "of last week's",
    "mean error %",
    "coverage (months)",
    "hours",
    "pinball, of seasonal",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One series of one year."""

    file: str
    target: str
    start: date
    end: date
    zone: ZoneInfo = BERLIN
    holidays: str = ""
    location: tuple[float, float] = CENTRE_OF_GERMANY
    known: tuple[str, ...] = ()
    capacity: str | None = None


def cases() -> tuple[Case, ...]:
    """List what is judged."""

    def years(file: str, first: int, last: int, zone: ZoneInfo, holidays: str) -> tuple[Case, ...]:
        return tuple(
            Case(
                file=file,
                target="load_mw",
                start=date(year, 1, 1),
                end=date(year + 1, 1, 1),
                zone=zone,
                holidays=holidays,
            )
            for year in range(first, last + 1)
        )

    return (
        *years(QUARTERS, 2020, 2023, BERLIN, "DE"),
        *years(HOURS, 2016, 2019, BERLIN, "DE"),
        *years(CITY, 2020, 2021, ZURICH, "CH-ZH"),
        *(
            Case(
                file=SMALL,
                target=target,
                start=date(2020, 5, 1),
                end=date(2021, 1, 1),
                zone=LUXEMBOURG,
                holidays="LU",
                location=(49.6, 6.13),
            )
            for target in ("load_mw", "pv_mw", "wind_mw")
        ),
        Case(
            file=HOURS,
            target="pv_mw",
            start=date(2018, 1, 1),
            end=date(2020, 1, 1),
            known=SUN,
            capacity="pv_capacity_mw",
        ),
        Case(file=HOURS, target="wind_mw", start=date(2019, 1, 1), end=date(2020, 1, 1)),
    )


def line_of(case: Case, folder: Path) -> str:
    """Judge a case and give its line of the table."""
    report = run_backtest(
        BacktestOptions(
            data=folder / case.file,
            target=case.target,
            start=case.start,
            end=case.end,
            zone=case.zone,
            holidays=case.holidays,
            location=case.location,
            features_known=case.known,
            capacity_column=case.capacity,
        )
    )
    baselines = _part(report, "baselines")
    mae, nmae = _number(report, "mae"), _number(report, "nmae")
    bias = 100.0 * _number(report, "bias") * nmae / mae
    months, hours = (_range(_part(report, key)) for key in ("by_month", "by_hour"))
    return (
        f"| {case.file} {case.target}, {case.start} | {100.0 * nmae:.2f} "
        f"| {mae / _number(_part(baselines, 'week'), 'mae'):.3f} | {bias:+.2f} "
        f"| {_covered(report):.3f} ({months}) | {hours} "
        f"| {_number(report, 'pinball') / _number(_part(baselines, 'seasonal'), 'pinball'):.3f} |"
    )


def _part(report: Mapping[str, object], key: str) -> Mapping[str, object]:
    part = report[key]
    if not isinstance(part, Mapping):
        raise TypeError(f"{key} is no table: {part!r}")
    return part


def _number(report: Mapping[str, object], key: str) -> float:
    value = report[key]
    return float(value) if isinstance(value, int | float) else float("nan")


def _covered(report: Mapping[str, object]) -> float:
    return _number(_part(report, "coverage"), "p05_p95")


def _range(groups: Mapping[str, object]) -> str:
    shares = [_covered(_part(groups, key)) for key in groups]
    known = [share for share in shares if math.isfinite(share)]
    return f"{min(known):.3f} to {max(known):.3f}"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    folder: Path = parser.parse_args().folder
    sys.stdout.write(f"| {' | '.join(COLUMNS)} |\n{'| --- ' * len(COLUMNS)}|\n")
    for case in cases():
        sys.stdout.write(f"{line_of(case, folder)}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
