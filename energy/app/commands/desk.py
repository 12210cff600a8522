"""Commands for planners: forecast, backtest, plan."""

from pathlib import Path
from typing import Annotated

import typer

from energy.app.commands.options import (
    AsJson,
    DataFolder,
    RegionName,
    clock_time,
    day,
    moment,
    print_json,
    zone_named,
)
from energy.app.data_folder import default_folder
from energy.app.refusal import bad_option

HistoryDays = Annotated[
    int | None, typer.Option(help="See only so many last days of the target, as of a new asset.", metavar="N")
]
WithoutPhysical = Annotated[
    bool, typer.Option("--without-physical", help="Leave out what physics expects of PV and wind.")
]


def register(app: typer.Typer) -> None:
    """Add this module's commands."""
    app.command()(forecast)
    app.command()(backtest)
    app.command()(plan)


def forecast(
    region: RegionName,
    *,
    at: Annotated[str | None, typer.Option("--at", help="As known at this moment, UTC.", metavar="T")] = None,
    by: Annotated[
        str, typer.Option("--by", help="asset, or municipality: with the region's sum.", metavar="WHAT")
    ] = "asset",
    data: DataFolder = None,
    as_json: AsJson = False,
) -> None:
    """Show the forecasts that the latest plan stands on."""
    from energy.app.data_faults import faults_on_record
    from energy.app.forecast_sums import print_sums, sums_json
    from energy.app.showing import forecast_rows
    from energy.historian.sqlite_reader import open_reader
    from energy.region.loader import load_region

    if by not in ("asset", "municipality"):
        raise bad_option("--by", by, "neither asset nor municipality", "write asset or municipality")
    checked = load_region(region)
    folder = data if data is not None else default_folder(checked.id)
    with open_reader(folder) as reader:
        status = reader.status()
        known_at = moment(at, "--at") if at is not None else (status[0].at if status is not None else None)
        if known_at is None:
            raise bad_option(
                "--data", str(folder), "no controller has run here", "start one, or name a moment with --at"
            )
        forecasts = reader.forecasts_at(known_at)
        faults = faults_on_record(checked, reader, known_at=known_at) if as_json else {}
    rows = forecast_rows(forecasts)
    if not rows:
        raise bad_option(
            "--at", str(known_at), "no plan with forecasts was issued by then", "name a later moment"
        )
    if as_json:
        sums = {"sums": sums_json(checked, forecasts)} if by == "municipality" else {}
        print_json({"region": checked.id, "forecasts": rows, **sums, "data_faults": faults})
        return
    if by == "municipality":
        print_sums(checked, forecasts)
        return
    typer.echo("kW; positive draws, negative feeds in")
    for row in rows:
        p05, p50, p95 = (row["quantiles_kw"][index] for index in (0, 2, 4))
        typer.echo(f"{row['asset']} ({row['model']}, issued {row['issued_at']}): p05 p50 p95 in kW, hourly")
        for index in range(0, len(p50), 4):
            typer.echo(f"  +{index / 4:4.0f} h {p05[index]:10.0f} {p50[index]:10.0f} {p95[index]:10.0f}")


def backtest(
    *,
    data: Annotated[
        Path, typer.Option("--data", help="CSV with a column utc and a regular grid.", metavar="FILE")
    ],
    target: Annotated[str, typer.Option("--target", help="The column to forecast.", metavar="COLUMN")],
    features_known: Annotated[str, typer.Option(help="Columns known ahead for the next day: A,B")] = "",
    features_past: Annotated[str, typer.Option(help="Columns that become known with the target: C")] = "",
    operator: Annotated[str | None, typer.Option(help="A published forecast to compare with.")] = None,
    capacity_column: Annotated[str | None, typer.Option(help="Installed capacity, same unit.")] = None,
    tz: Annotated[str, typer.Option(help="Local time of gate and day.")] = "Europe/Berlin",
    holidays: Annotated[str, typer.Option(help="Country and state, for example DE-BY.")] = "",
    location: Annotated[str | None, typer.Option(help="LAT,LON in degrees.")] = None,
    start: Annotated[str | None, typer.Option("--from", help="First local day judged.", metavar="T")] = None,
    end: Annotated[str | None, typer.Option("--to", help="Day past the last one.", metavar="T")] = None,
    gate: Annotated[
        str, typer.Option(help="Local time of issue on the day before.", metavar="HH:MM")
    ] = "12:00",
    intraday: Annotated[
        bool, typer.Option("--intraday", help="Forecast the coming hours through the day instead.")
    ] = False,
    every_h: Annotated[int, typer.Option(help="Within the day: hours between forecasts.")] = 6,
    reach_h: Annotated[int, typer.Option(help="Within the day: hours each forecast reaches.")] = 48,
    price: Annotated[
        str | None, typer.Option(help="Day-ahead price, for the cost of error.", metavar="COLUMN")
    ] = None,
    imbalance_price: Annotated[
        str | None, typer.Option(help="Imbalance price, with --price.", metavar="COLUMN")
    ] = None,
    history_days: HistoryDays = None,
    without_physical: WithoutPhysical = False,
    tilt: Annotated[float | None, typer.Option(help="Of PV modules, degrees; default a usual mix.")] = None,
    azimuth: Annotated[float | None, typer.Option(help="Where they look, degrees; 180 is south.")] = None,
    pictures: Annotated[
        Path | None, typer.Option("--pictures", help="Draw the judgement here, SVG.", metavar="FOLDER")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Judge forecasts on any CSV, day ahead or within the day: rolling origin, only what was known."""
    from energy.app.backtest_pictures import write_pictures
    from energy.app.scores_table import print_scores
    from energy.app.showing import with_progress
    from energy.forecast.backtest import run_backtest
    from energy.forecast.backtest_options import BacktestOptions
    from energy.forecast.backtest_prior import Geometry
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
    )
    result = with_progress("backtest", lambda progress: run_backtest(options, progress))
    if pictures is not None:
        write_pictures(pictures, result)
    if as_json:
        print_json(result)
    else:
        print_scores(result)


def plan(
    region: RegionName,
    *,
    series: Annotated[Path, typer.Option("--series", help="CSV of expected series.", metavar="FILE")],
    out: Annotated[Path, typer.Option("--out", help="Where the plan goes, JSON.", metavar="FILE")],
    state: Annotated[
        Path | None, typer.Option("--state", help="JSON of measured states.", metavar="FILE")
    ] = None,
    at: Annotated[
        str | None, typer.Option("--at", help="Start, UTC (default: the file's first).", metavar="T")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Optimise once from files, without devices.

    The series' columns are utc, <asset id>_kw as magnitudes (of a source what is available) and
    price_eur_per_mwh. The state: {"assets": {"battery": {"energy_kwh": 2000}}, "billed_peak_kw": 6000}.
    """
    from energy.app.showing import write_json
    from energy.optimize.files import plan_from_files
    from energy.region.loader import load_region

    result = plan_from_files(
        load_region(region), series=series, state=state, at=moment(at, "--at") if at is not None else None
    )
    write_json(out, result)
    if as_json:
        print_json(result)
    else:
        typer.echo(f"{result['status']}: {result['objective_eur']:,.2f} EUR; written to {out}")
        for name, value in result["objective_parts_eur"].items():
            typer.echo(f"  {name:14} {value:14,.2f} EUR")
        if state is None:
            typer.echo("without --state stores stand still, and the billed peak so far counts as 0 kW")


def _names(text: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in text.split(",") if name.strip())


def _location(text: str) -> tuple[float, float]:
    try:
        latitude, longitude = (float(part) for part in text.split(","))
    except ValueError as error:
        raise bad_option("--location", text, "not LAT,LON", "write for example 50.1,11.9") from error
    return latitude, longitude
