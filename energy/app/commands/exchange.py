"""The command that takes histories in: import."""

from datetime import datetime
from pathlib import Path
from typing import Annotated, Literal

import typer

from energy.app.clock import wall_now
from energy.app.commands.options import AsJson, DataFolder, RegionName, print_json, zone_named
from energy.app.data_folder import default_folder, only_controller
from energy.domain import Point
from energy.historian.exchange.metering_options import Told

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
    app.command(name="import")(import_history)


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
            write_rejected(judged.report, rejected)
            report = take(judged, folder, asset, point, now)
    if as_json:
        print_json(report_json(report))
        return
    for line in report_lines(report):
        typer.echo(line)


def _beside(folder: Path, asset: str, now: datetime) -> Path:
    return folder / "imports" / f"{asset}-{now:%Y%m%dT%H%M%S%f}Z-rejected.txt"
