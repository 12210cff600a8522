"""Commands that judge without touching a device: check, replay."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from energy.app.commands.options import AsJson, DataFolder, RegionName, moment, print_json
from energy.app.data_folder import LEDGER, default_folder
from energy.app.refusal import bad_option
from energy.errors import BadInput, Fault
from energy.periods import format_utc


def register(app: typer.Typer) -> None:
    """Add this module's commands."""
    app.command()(check)
    app.command()(replay)


def check(region: RegionName, *, as_json: AsJson = False) -> None:
    """Validate a region folder with its register maps and histories; every fault at once.

    A file that ends in .yaml, and is no region.yaml, is checked as a single register map.
    """
    from energy.devices.map_library import check_devices, warnings_of_region
    from energy.devices.plant.nature import without_past
    from energy.region.history import RegionHistory
    from energy.region.history_check import faults_of_history
    from energy.region.idle_weights import idle_weights
    from energy.region.loader import FILE_NAME, load_region

    path = Path(region)
    if path.suffix == ".yaml" and path.name != FILE_NAME:
        _check_map(path, as_json=as_json)
        return
    checked = load_region(region)
    faults = faults_of_history(checked)
    try:
        check_devices(checked)
    except BadInput as error:
        faults.extend(error.faults)
    if faults:
        raise BadInput(faults)
    warnings = [
        *warnings_of_region(checked),
        *idle_weights(checked),
        *without_past(checked, RegionHistory(checked)),
    ]
    if as_json:
        print_json(
            {"region": checked.id, "assets": len(checked.assets), "faults": 0, "warnings": len(warnings)}
        )
    else:
        _print_warnings(warnings)
        typer.echo(
            f"{checked.id}: {len(checked.assets)} assets, no fault found; authority {checked.authority}"
        )


def _check_map(path: Path, *, as_json: bool) -> None:
    """Lint one register map, and say what is true of it and must be known."""
    from energy.devices.map_library import load_map, warnings_in

    content, warnings = load_map(path), warnings_in(path)
    if as_json:
        result = {"register_map": content.product, "points": len(content.points), "faults": 0}
        print_json({**result, "warnings": len(warnings)})
    else:
        _print_warnings(warnings)
        typer.echo(f"{content.product}: {len(content.points)} points, no fault found")


def _print_warnings(warnings: Sequence[Fault]) -> None:
    for warning in warnings:
        typer.echo(f"warning: {warning}")


def replay(
    region: RegionName,
    *,
    start: Annotated[str | None, typer.Option("--from", help="First moment, UTC.", metavar="T")] = None,
    end: Annotated[str | None, typer.Option("--to", help="Past-the-end moment, UTC.", metavar="T")] = None,
    data: DataFolder = None,
    as_json: AsJson = False,
) -> None:
    """Decide recorded ticks again and report any difference."""
    from energy.app.replaying import replay_ticks
    from energy.region.loader import load_region

    checked = load_region(region)
    folder: Path = data if data is not None else default_folder(checked.id)
    first = moment(start, "--from") if start is not None else None
    last = moment(end, "--to") if end is not None else None
    if first is not None and last is not None and last <= first:
        limit = f"it must lie after --from, {format_utc(first)}"
        raise bad_option("--to", format_utc(last), limit, "name a later end")
    report = replay_ticks(checked, folder / LEDGER, start=first, end=last)
    if as_json:
        print_json(report)
    else:
        typer.echo(f"{report['ticks']} ticks decided again, {report['different']} differ")
        for reason, count in report["reasons"].items():
            typer.echo(f"{count} ticks cannot be decided again: {reason}")
        for digest, count in report["other_code"].items():
            typer.echo(
                f"{count} ticks were decided by other code ({digest:.12}, here {report['own_code']:.12})"
            )
        for line in report["differences"]:
            typer.echo(line)
        if report["different"] > len(report["differences"]):
            typer.echo(f"... and {report['different'] - len(report['differences'])} more")
    nothing = report["ticks"] == 0 and report["not_replayable"] == 0
    if nothing:
        limit = "no tick is recorded in this span: nothing was decided again, and nothing is proven"
        typer.echo(f"{limit}. Mend: name a span in which the controller ran", err=True)
    if nothing or report["different"]:
        raise typer.Exit(1)
