"""The command that judges forecasts on a file."""

from pathlib import Path
from typing import Annotated

import typer

from energy.app.commands.options import AsJson, clock_time, day, print_json, zone_named
from energy.app.refusal import bad_option

DataFile = Annotated[
    Path, typer.Option("--data", help="CSV with a column utc and a regular grid.", metavar="FILE")
]
Target = Annotated[str, typer.Option("--target", help="The column to forecast.", metavar="COLUMN")]
FeaturesKnown = Annotated[str, typer.Option(help="Columns known ahead for the next day: A,B")]
FeaturesPast = Annotated[str, typer.Option(help="Columns that become known with the target: C")]
Operator = Annotated[str | None, typer.Option(help="A published forecast to compare with.")]
CapacityColumn = Annotated[str | None, typer.Option(help="Installed capacity, same unit.")]
Tz = Annotated[str, typer.Option(help="Local time of gate and day.")]
Holidays = Annotated[str, typer.Option(help="Country and state, for example DE-BY.")]
Location = Annotated[str | None, typer.Option(help="LAT,LON in degrees.")]
Start = Annotated[str | None, typer.Option("--from", help="First local day judged.", metavar="T")]
End = Annotated[str | None, typer.Option("--to", help="Day past the last one.", metavar="T")]
Gate = Annotated[str, typer.Option(help="Local time of issue on the day before.", metavar="HH:MM")]
Intraday = Annotated[
    bool, typer.Option("--intraday", help="Forecast the coming hours through the day instead.")
]
EveryH = Annotated[int, typer.Option(help="Within the day: hours between forecasts.")]
ReachH = Annotated[int, typer.Option(help="Within the day: hours each forecast reaches.")]
Price = Annotated[str | None, typer.Option(help="Day-ahead price, for the cost of error.", metavar="COLUMN")]
ImbalancePrice = Annotated[str | None, typer.Option(help="Imbalance price, with --price.", metavar="COLUMN")]
HistoryDays = Annotated[
    int | None,
    typer.Option(help="See only so many last days of the target, as of a new asset.", metavar="N"),
]
YearlyEnergy = Annotated[
    float | None,
    typer.Option(help="Known before it is measured, target's unit times hours: a profile.", metavar="E"),
]
StandardShares = Annotated[
    str, typer.Option("--standard-profile", help="Whose load it is: h25:0.6,g25:0.4 (default a town).")
]
WithoutPhysical = Annotated[
    bool, typer.Option("--without-physical", help="Leave out what physics expects of PV and wind.")
]
Tilt = Annotated[float | None, typer.Option(help="Of PV modules, degrees; default a usual mix.")]
Azimuth = Annotated[float | None, typer.Option(help="Where they look, degrees; 180 is south.")]
Pictures = Annotated[
    Path | None, typer.Option("--pictures", help="Draw the judgement here, SVG.", metavar="FOLDER")
]


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(backtest)


def backtest(
    *,
    data: DataFile,
    target: Target,
    features_known: FeaturesKnown = "",
    features_past: FeaturesPast = "",
    operator: Operator = None,
    capacity_column: CapacityColumn = None,
    tz: Tz = "Europe/Berlin",
    holidays: Holidays = "",
    location: Location = None,
    start: Start = None,
    end: End = None,
    gate: Gate = "12:00",
    intraday: Intraday = False,
    every_h: EveryH = 6,
    reach_h: ReachH = 48,
    price: Price = None,
    imbalance_price: ImbalancePrice = None,
    history_days: HistoryDays = None,
    yearly_energy: YearlyEnergy = None,
    standard_profile: StandardShares = "",
    without_physical: WithoutPhysical = False,
    tilt: Tilt = None,
    azimuth: Azimuth = None,
    pictures: Pictures = None,
    as_json: AsJson = False,
) -> None:
    """Judge forecasts on any CSV, day ahead or within the day: rolling origin, only what was known."""
    from energy.app.backtest_pictures import write_pictures
    from energy.app.scores_table import print_scores
    from energy.app.showing import with_progress
    from energy.forecast.judging.backtest import run_backtest
    from energy.forecast.judging.backtest_options import BacktestOptions
    from energy.forecast.judging.backtest_prior import Geometry
    from energy.forecast.judging.backtest_profile import Year
    from energy.forecast.series import CENTRE_OF_GERMANY

    options = BacktestOptions(
        data=data,
        target=target,
        features_known=_names(features_known),
        features_past=_names(features_past),
        operator=operator,
        capacity_column=capacity_column,
        zone=zone_named(tz),
        holidays=holidays,
        start=day(start, "--from") if start is not None else None,
        end=day(end, "--to") if end is not None else None,
        gate=clock_time(gate, "--gate"),
        intraday=intraday,
        every_h=every_h,
        reach_h=reach_h,
        price=price,
        imbalance_price=imbalance_price,
        location=_location(location) if location is not None else CENTRE_OF_GERMANY,
        history_days=history_days,
        physical=not without_physical,
        geometry=Geometry(tilt_degrees=tilt, azimuth_degrees=azimuth),
        year=Year(energy=yearly_energy, shares=_shares(standard_profile)),
    )
    result = with_progress("backtest", lambda progress: run_backtest(options, progress))
    if pictures is not None:
        write_pictures(pictures, result)
    if as_json:
        print_json(result)
    else:
        print_scores(result)


def _names(text: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in text.split(",") if name.strip())


def _shares(text: str) -> dict[str, float]:
    parts = [part.partition(":") for part in _names(text)]
    try:
        return {name.strip().lower(): float(share) for name, _, share in parts}
    except ValueError as error:
        raise bad_option("--standard-profile", text, "not NAME:SHARE,...", "write h25:0.6,g25:0.4") from error


def _location(text: str) -> tuple[float, float]:
    try:
        latitude, longitude = (float(part) for part in text.split(","))
    except ValueError as error:
        raise bad_option("--location", text, "not LAT,LON", "write for example 50.1,11.9") from error
    return latitude, longitude
