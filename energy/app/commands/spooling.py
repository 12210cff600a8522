"""Commands about telemetry on its way to a further store: spool."""

from typing import Annotated

import typer

from energy.app.commands.options import AsJson, DataFolder, RegionName, print_json
from energy.app.data_folder import default_folder
from energy.periods import format_utc

REFUSED_SHOWN_MAX = 100


def register(app: typer.Typer) -> None:
    """Add this module's commands."""
    app.command()(spool)


def spool(
    region: RegionName,
    *,
    refused: Annotated[
        bool, typer.Option("--refused", help="Show the newest readings set aside, with the reasons.")
    ] = False,
    data: DataFolder = None,
    as_json: AsJson = False,
) -> None:
    """Show what waits for InfluxDB, since when, what was lost, and what the server refused and why."""
    from energy.historian.influx.spool_reader import open_spool_reader
    from energy.historian.instants import moment_of
    from energy.region.loader import load_region

    folder = data if data is not None else default_folder(load_region(region).id)
    with open_spool_reader(folder) as reader:
        tally, since = reader.tally, reader.waits_since
        lines = reader.refused(limit=REFUSED_SHOWN_MAX) if refused else []
    if as_json:
        shown = {"refused": [{"line": item.line, "reason": item.reason} for item in lines]} if refused else {}
        print_json(
            {
                "waiting_readings": tally.waiting_lines,
                "waiting_bytes": tally.waiting_bytes,
                "waiting_since": None if since is None else format_utc(since),
                "delivered_readings": tally.delivered_lines,
                "lost_readings": tally.lost_lines,
                "last_lost_at": None if tally.lost_ms is None else format_utc(moment_of(tally.lost_ms)),
                "refused_readings": tally.refused_lines,
                "last_refused_at": None
                if tally.refused_ms is None
                else format_utc(moment_of(tally.refused_ms)),
                **shown,
            }
        )
        return
    waits = "" if since is None else f" ({tally.waiting_bytes / 1e6:.1f} MB, since {format_utc(since)})"
    typer.echo(f"waiting    {tally.waiting_lines}{waits}")
    typer.echo(f"delivered  {tally.delivered_lines}")
    typer.echo(f"lost       {tally.lost_lines}")
    typer.echo(f"refused    {tally.refused_lines}")
    for item in lines:
        typer.echo(f"{item.line}\n  {item.reason}")
