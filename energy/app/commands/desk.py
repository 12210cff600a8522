"""Commands for planners: forecast, plan."""

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from energy.app.commands.options import (
    AsJson,
    DataFolder,
    RegionName,
    Scheduler,
    moment,
    print_json,
    scheduler_address,
)
from energy.app.data_folder import default_folder
from energy.app.refusal import bad_option

if TYPE_CHECKING:
    from energy.region.model import Region


def register(app: typer.Typer) -> None:
    """Add this module's commands."""
    app.command()(forecast)
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
    from energy.app.forecast_view import lines_of, reasons, verdicts
    from energy.app.showing import forecast_rows
    from energy.app.weather_view import behind_in_words, weather_behind
    from energy.domain import QUANTILES
    from energy.historian.sqlite_reader import open_reader
    from energy.periods import PERIOD_S
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
        issued_at = forecasts[0].issued_at if forecasts else known_at
        notes = reader.notes_at(known_at)
        behind = weather_behind(checked, reader, known_at=issued_at)
        faults = faults_on_record(checked, reader, known_at=known_at) if as_json else {}
    rows = forecast_rows(forecasts)
    trained = verdicts(folder)
    if not rows:
        raise bad_option(
            "--at", str(known_at), "no plan with forecasts was issued by then", "name a later moment"
        )
    if as_json:
        sums = {"sums": sums_json(checked, forecasts)} if by == "municipality" else {}
        for row, item in zip(rows, forecasts, strict=True):
            row["rung"], row["why_not_above"] = reasons(checked, item, notes, trained.get(item.asset_id))
        head = {"region": checked.id, "quantiles": list(QUANTILES), "step_s": PERIOD_S, "notes": list(notes)}
        print_json({**head, "forecasts": rows, **sums, "data_faults": faults, "weather": behind})
        return
    for line in behind_in_words(behind):
        typer.echo(line)
    if by == "municipality":
        print_sums(checked, forecasts)
        return
    for item in forecasts:
        for line in lines_of(checked, item, notes, trained.get(item.asset_id)):
            typer.echo(line)


def plan(
    region: RegionName,
    *,
    series: Annotated[
        Path | None, typer.Option("--series", help="CSV of expected series.", metavar="FILE")
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", help="Where the plan goes, JSON.", metavar="FILE")
    ] = None,
    state: Annotated[
        Path | None, typer.Option("--state", help="JSON of measured states.", metavar="FILE")
    ] = None,
    at: Annotated[
        str | None, typer.Option("--at", help="Start, UTC (default: the file's first).", metavar="T")
    ] = None,
    before: Annotated[
        Path | None,
        typer.Option("--before", help="The plan before, which this one holds on to.", metavar="FILE"),
    ] = None,
    scheduler: Scheduler = None,
    template: Annotated[
        Path | None,
        typer.Option(
            "--template", help="Plan nothing: write a file for --series to begin with.", metavar="FILE"
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Optimise once from files, without devices.

    The series' columns are utc, <asset id>_kw as magnitudes (of a source what is available) and
    price_eur_per_mwh; --template writes a file that has them. The state:
    {"assets": {"battery": {"energy_kwh": 2000}}, "billed_peak_kw": 6000}.
    """
    from energy.app.plan_words import plan_in_words
    from energy.app.showing import write_json
    from energy.optimize.files.planning import plan_from_files
    from energy.region.loader import load_region

    start = moment(at, "--at") if at is not None else None
    address = scheduler_address(scheduler)
    if template is not None:
        _write_template(load_region(region), template, start)
        return
    if series is None or out is None:
        option, wanted = ("--series", "what is expected") if series is None else ("--out", "the plan's file")
        raise bad_option(
            option, None, f"it is required: {wanted}", f"add {option} FILE, or write --template FILE"
        )
    result = plan_from_files(
        load_region(region), series=series, state=state, at=start, before=before, scheduler=address
    )
    write_json(out, result)
    if as_json:
        print_json(result)
        return
    for line in plan_in_words(result):
        typer.echo(line)
    if state is None:
        typer.echo("without --state stores stand still, and the billed peak so far counts as 0 kW")
    typer.echo(f"written to {out}")


def _write_template(region: "Region", path: Path, at: datetime | None) -> None:
    from energy.app.showing import write_text
    from energy.optimize.files.template import series_template

    lines, empty = series_template(region, at)
    write_text(path, "".join(f"{line}\n" for line in lines), option="--template")
    left = f"{empty} values are empty, fill them in" if empty else "no value is missing"
    if len(lines) == 1:
        left = "without a history it is the header alone; --at T adds its quarter hours"
    typer.echo(f"{len(lines) - 1} quarter hours written to {path}: {left}")
