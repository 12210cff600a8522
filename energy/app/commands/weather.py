"""The command that tries a region's weather settings."""

import os
from typing import Annotated

import typer

from energy.app.commands.options import AsJson, RegionName, print_json


def register(app: typer.Typer) -> None:
    """Add this module's command."""
    app.command()(weather)


def weather(
    region: RegionName,
    *,
    hours: Annotated[int, typer.Option("--hours", help="How many hours to show.", min=1, max=240)] = 48,
    as_json: AsJson = False,
) -> None:
    """Fetch the region's weather once and show it; nothing is recorded. Exit code 1 where it is no use."""
    from rich.console import Console
    from rich.table import Table

    from energy.app.clock import wall_now
    from energy.app.weather_view import fetched_once, troubles_of, weather_json, weather_row, weather_table
    from energy.region.loader import load_region

    checked, at = load_region(region), wall_now()
    found = fetched_once(checked, os.environ, at=at)
    troubles = troubles_of(checked, found, at=at)
    if as_json:
        print_json(
            {
                "region": checked.id,
                "weather": [weather_json(item, at=at) for item in found],
                "troubles": troubles,
            }
        )
        raise typer.Exit(1 if troubles else 0)
    console = Console()
    for item in found:
        row = weather_row(item, at=at)
        typer.echo(
            f"{row['source']}: issued {row['issued_at']}, {row['age_h']:g} h old, reaches to "
            f"{row['reaches_to']}; place {item.latitude:g}, {item.longitude:g}"
        )
        heading, rows = weather_table(item, hours=hours)
        table = Table(*heading)
        for cells in rows:
            table.add_row(*cells)
        console.print(table)
    for trouble in troubles:
        typer.echo(trouble, err=True)
    if troubles:
        raise typer.Exit(1)
