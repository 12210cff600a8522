"""The command that lists data that lies."""

from pathlib import Path
from typing import Annotated, get_args

import typer

from energy.app.commands.options import AsJson, moment, print_json
from energy.app.data_folder import default_folder
from energy.app.refusal import bad_option


def register(app: typer.Typer) -> None:
    """Add this module's command."""
    app.command(name="data")(list_faults)


def list_faults(
    region: Annotated[
        str | None, typer.Argument(help="A region folder or name; none with --target.", metavar="REGION")
    ] = None,
    asset: Annotated[str | None, typer.Argument(help="Only this asset.", metavar="ASSET")] = None,
    *,
    data: Annotated[
        Path | None, typer.Option("--data", help="The data folder; with --target a CSV.", metavar="PATH")
    ] = None,
    target: Annotated[str | None, typer.Option("--target", help="Column of the CSV.", metavar="C")] = None,
    kind: Annotated[str | None, typer.Option("--kind", help="Of the column: load, pv, ...")] = None,
    rated: Annotated[float | None, typer.Option("--rated", help="Greatest value that can be true.")] = None,
    start: Annotated[str | None, typer.Option("--from", help="Touching [from, to).", metavar="T")] = None,
    end: Annotated[str | None, typer.Option("--to", help="See --from.", metavar="T")] = None,
    as_json: AsJson = False,
) -> None:
    """List data that cannot be true: what, from when to when, why, and whether forecasts leave it out."""
    from energy.app.data_faults import faults_in_file, print_faults, within
    from energy.forecast.series import Kind

    first = moment(start, "--from") if start is not None else None
    last = moment(end, "--to") if end is not None else None
    if target is not None:
        if data is None:
            raise bad_option("--target", target, "there is no file", "name one with --data")
        known = {name: name for name in get_args(Kind)}
        if kind is not None and kind not in known:
            raise bad_option("--kind", kind, "no such kind", f"use one of: {', '.join(known)}")
        chosen: Kind | None = next((name for name in get_args(Kind) if name == kind), None)
        found = faults_in_file(data, target, kind=chosen, rated_kw=rated)
        name = str(data)
    else:
        if region is None:
            raise bad_option("REGION", "", "neither a region nor a column", "name a region, or --target")
        name, found = _on_record(region, asset, data, end)
    found = within(found, first, last)
    if as_json:
        print_json({"data": name, "data_faults": found})
    else:
        print_faults(found)


def _on_record(
    region: str, asset: str | None, data: Path | None, end: str | None
) -> tuple[str, dict[str, list[dict[str, object]]]]:
    from energy.app.data_faults import faults_on_record
    from energy.historian.sqlite_reader import open_reader
    from energy.planning.past import expected_assets
    from energy.region.loader import load_region

    checked = load_region(region)
    names = [item.id for item in expected_assets(checked)]
    if asset is not None and asset not in names:
        raise bad_option("ASSET", asset, "it is not forecast", f"use one of: {', '.join(names)}")
    with open_reader(data if data is not None else default_folder(checked.id)) as reader:
        status = reader.status()
        known_at = moment(end, "--to") if end is not None else (status[0].at if status is not None else None)
        if known_at is None:
            raise bad_option("REGION", region, "no controller has run here", "start one, or name --to")
        found = faults_on_record(checked, reader, known_at=known_at)
    return checked.id, {name: found[name] for name in found if asset in (None, name)}
