"""Commands that hand the record over and take histories in: export, import."""

from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Annotated, Literal

import typer

from energy.app.clock import wall_now
from energy.app.commands.options import AsJson, DataFolder, RegionName, moment, print_json, zone_named
from energy.app.data_folder import default_folder, only_controller
from energy.app.refusal import bad_option
from energy.domain import Point
from energy.historian.exchange.metering_options import Told
from energy.periods import format_utc

AssetName = Annotated[str, typer.Argument(help="The asset whose history it is.", metavar="ASSET")]
MeteringFile = Annotated[Path, typer.Option("--file", help="The metering file.", metavar="FILE")]
PointName = Annotated[Point, typer.Option("--point", help="What was measured, by its name.")]
ZoneName = Annotated[
    str | None,
    typer.Option("--tz", help="The file's wall clock (default: the region's). Etc/GMT-1: no summer time."),
]
UnitName = Annotated[
    Literal["W", "kW", "MW", "Wh", "kWh", "MWh"] | None,
    typer.Option("--unit", help="Unit of the values, where the file does not say it."),
]
SignName = Annotated[
    Literal["draws-positive", "feeds-positive", "magnitude"] | None,
    typer.Option("--sign", help="What a positive value means, where the asset can do both."),
]
LabelName = Annotated[
    Literal["start", "end"] | None,
    typer.Option("--label", help="Which end of its interval a time names, where the file does not show it."),
]
DecimalName = Annotated[Literal["comma", "point"] | None, typer.Option("--decimal", help="The decimal sign.")]
ColumnName = Annotated[
    str | None, typer.Option("--column", help="Heading or number (from 1) of the column of values.")
]
KeptStatus = Annotated[
    str, typer.Option("--keep-status", help="Further status words whose values count.", metavar="A,B")
]
SpreadHours = Annotated[
    bool, typer.Option("--spread-hours", help="Lay hourly values on their four quarter hours.")
]
RejectedFile = Annotated[
    Path | None,
    typer.Option(
        "--rejected", help="Where all rejected lines go (default: in the data folder).", metavar="FILE"
    ),
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Judge the file, write nothing.")]


def register(app: typer.Typer) -> None:
    """Add this module's commands."""
    app.command()(export)
    app.command(name="import")(import_history)


def export(
    region: RegionName,
    *,
    start: Annotated[str, typer.Option("--from", help="First moment, UTC.", metavar="T")],
    end: Annotated[str, typer.Option("--to", help="Past-the-end moment, UTC.", metavar="T")],
    out: Annotated[Path, typer.Option("--out", help="The folder to write.", metavar="FOLDER")],
    form: Annotated[
        Literal["csv", "parquet", "both"], typer.Option("--format", help="Of the files.")
    ] = "csv",
    resolution: Annotated[
        Literal["15min", "1h", "1d"], typer.Option("--resolution", help="Of the readings.")
    ] = "15min",
    delimiter: Annotated[str, typer.Option("--delimiter", help="Between fields, as ';'.")] = ",",
    decimal_comma: Annotated[bool, typer.Option("--decimal-comma", help="For German spreadsheets.")] = False,
    public: Annotated[bool, typer.Option("--public", help="Only sums that anybody may see.")] = False,
    data: DataFolder = None,
    as_json: AsJson = False,
) -> None:
    """Write readings, forecasts, plans, outcomes and prices as CSV, with units and signs stated."""
    from energy.app.showing import with_progress
    from energy.historian.exchange.csv_table import Dialect
    from energy.historian.exchange.export import Wanted
    from energy.historian.exchange.export import export as export_record
    from energy.region.loader import load_region

    if delimiter not in {",", ";", "\t", "|"} or (decimal_comma and delimiter == ","):
        limit = "one of , ; | or a tab, and not the decimal sign"
        raise bad_option("--delimiter", delimiter, limit, "say --delimiter ';' with --decimal-comma")
    checked = load_region(region)
    folder = data if data is not None else default_folder(checked.id)
    wanted = Wanted(
        resolution=resolution,
        dialect=Dialect(delimiter=delimiter, decimal_comma=decimal_comma),
        public=public,
        format=form,
    )
    span = moment(start, "--from"), moment(end, "--to")
    summary = with_progress(
        "export",
        lambda progress: export_record(
            folder,
            checked,
            *span,
            out,
            wanted=wanted,
            on_progress=lambda done: progress(round(100 * done), 100),
        ),
    )
    if as_json:
        print_json(
            {
                "folder": str(summary.folder),
                "from": format_utc(summary.start),
                "to": format_utc(summary.end),
                "rows": dict(summary.rows),
            }
        )
        return
    typer.echo(f"written to {summary.folder}")
    for name, rows in summary.rows.items():
        typer.echo(f"  {name}: {rows} rows")


def import_history(
    region: RegionName,
    asset: AssetName,
    *,
    file: MeteringFile,
    point: PointName = Point.POWER_KW,
    tz: ZoneName = None,
    unit: UnitName = None,
    sign: SignName = None,
    label: LabelName = None,
    decimal: DecimalName = None,
    column: ColumnName = None,
    keep_status: KeptStatus = "",
    spread_hours: SpreadHours = False,
    rejected: RejectedFile = None,
    dry_run: DryRun = False,
    data: DataFolder = None,
    as_json: AsJson = False,
) -> None:
    """Take a metering file in as an asset's history: the whole file is judged before anything is written."""
    from energy.historian.exchange.history_import import compared, judge_file, take, write_rejected
    from energy.historian.exchange.metering_report import report_json, report_lines
    from energy.region.loader import load_region

    checked = load_region(region)
    told = Told(
        zone=checked.zone if tz is None else zone_named(tz),
        zone_told=tz is not None,
        unit=unit,
        sign=sign,
        label=label,
        decimal=None if decimal is None else "," if decimal == "comma" else ".",
        column=column,
        spread_hours=spread_hours,
        keep_status=frozenset(word.strip().upper() for word in keep_status.split(",") if word.strip()),
    )
    judged = judge_file(file, checked, asset, point, told)
    folder, now = data if data is not None else default_folder(checked.id), wall_now()
    if dry_run:
        report = compared(judged, folder, asset, point, now)
    else:
        with only_controller(folder, mend="stop the controller: an import and it cannot write at once"):
            rejected = rejected if rejected is not None else _beside(folder, asset, now)
            kept = write_rejected(judged.report, rejected)
            report = take(replace(judged, report=kept), folder, asset, point, now, zone=checked.zone)
    if as_json:
        print_json(report_json(report))
        return
    for line in report_lines(report):
        typer.echo(line)


def _beside(folder: Path, asset: str, now: datetime) -> Path:
    return folder / "imports" / f"{asset}-{now:%Y%m%dT%H%M%S%f}Z-rejected.txt"
