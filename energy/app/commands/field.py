"""Commands that reach the field: read the devices, and ask the running controller to hold, set or release."""

import asyncio
import dataclasses
import getpass
import os
import time
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Annotated
from uuid import uuid4

import typer

from energy.app.commands.options import AsJson, DataFolder, FirstPort, RegionName, print_json
from energy.app.data_folder import LEDGER, REQUESTS, default_folder
from energy.app.refusal import bad_option
from energy.domain import Authority, Reading, Request, RequestKind
from energy.region.model import Region

UNITS = {"kw": "kW", "kwh": "kWh", "m3": "m3", "c": "degC", "s": "s", "": ""}
"""How people write the units of points."""
ANSWER_S = 15.0
"""Two ticks at 5 s and a little; a fast demo answers at once."""
AssetName = Annotated[str, typer.Argument(help="The asset's id in the region file.", metavar="ASSET")]
Reason = Annotated[str, typer.Option("--reason", help="Why; kept in the ledger.", metavar="TEXT")]
Minutes = Annotated[float, typer.Option("--minutes", help="When it ends by itself.", min=1.0, max=1440.0)]


def register(app: typer.Typer) -> None:
    """Add this module's commands."""
    app.command()(read)
    app.command()(hold)
    app.command("set")(set_power)
    app.command()(release)


def read(
    region: RegionName,
    asset: Annotated[str | None, typer.Argument(help="Only this asset.", metavar="ASSET")] = None,
    *,
    first_port: FirstPort = None,
    as_json: AsJson = False,
) -> None:
    """Read the live devices once and print a table; with ASSET nothing else is spoken to."""
    from energy.app.clock import wall_now
    from energy.app.ports_of_region import on_ports
    from energy.app.service import log_to_standard_error
    from energy.devices.field import ModbusField
    from energy.devices.field_settings import FieldSettings
    from energy.devices.map_library import maps_of
    from energy.devices.tls import files_named_in
    from energy.region.loader import load_region

    log_to_standard_error()
    checked = on_ports(load_region(region), first_port)
    maps = maps_of(checked)
    if asset is not None:
        _require_asset(checked, asset)
        checked = dataclasses.replace(
            checked, assets=tuple(item for item in checked.assets if item.id == asset)
        )

    async def once() -> Sequence[Reading]:
        settings = FieldSettings(tls=files_named_in(os.environ))
        field = ModbusField(checked, maps, settings, now=wall_now)
        try:
            return await field.read(wall_now())
        finally:
            await field.close()

    readings = asyncio.run(once())
    if as_json:
        print_json(
            [
                {"asset": item.asset_id, "point": item.point, "value": item.value, "quality": item.quality}
                for item in readings
            ]
        )
    else:
        _print_table(readings)
    if not any(item.value is not None for item in readings):
        raise typer.Exit(1)


def hold(
    region: RegionName,
    asset: AssetName,
    *,
    reason: Reason,
    minutes: Minutes = 60.0,
    data: DataFolder = None,
) -> None:
    """Hold the asset's present power until the time is over."""
    _post(region, asset, RequestKind.HOLD, power_kw=None, reason=reason, minutes=minutes, data=data)


def set_power(
    region: RegionName,
    asset: AssetName,
    power_kw: Annotated[
        float, typer.Argument(help="kW; positive draws, negative feeds in.", metavar="POWER_KW")
    ],
    *,
    reason: Reason,
    minutes: Minutes = 60.0,
    data: DataFolder = None,
) -> None:
    """Set the asset's power (or its bound, where a bound is what it takes) until the time is over.

    Put -- before a negative power: energiewaage set REGION ASSET --reason TEXT -- -500
    """
    _post(region, asset, RequestKind.SET, power_kw=power_kw, reason=reason, minutes=minutes, data=data)


def release(
    region: RegionName,
    asset: AssetName,
    *,
    reason: Reason,
    found_limit: Annotated[
        bool,
        typer.Option("--found-limit", help="Stop keeping a limit that was found on the device at start."),
    ] = False,
    data: DataFolder = None,
) -> None:
    """Give the asset back to the plan."""
    kind = RequestKind.CLEAR_LIMIT if found_limit else RequestKind.RELEASE
    _post(region, asset, kind, power_kw=None, reason=reason, minutes=60.0, data=data)


def _post(
    region_name: str,
    asset_id: str,
    kind: RequestKind,
    *,
    power_kw: float | None,
    reason: str,
    minutes: float,
    data: DataFolder,
) -> None:
    from energy.historian.sqlite_reader import open_reader
    from energy.mailbox import Mailbox
    from energy.region.loader import load_region

    region = load_region(region_name)
    _require_asset(region, asset_id)
    folder = data if data is not None else default_folder(region.id)
    with open_reader(folder) as reader:
        status = reader.status()
    if status is None:
        raise bad_option(
            "--data", str(folder), "no controller has run here", "start it with `energiewaage run`"
        )
    made_at = status[0].at
    request = Request(
        request_id=uuid4().hex,
        kind=kind,
        asset_id=asset_id,
        power_kw=power_kw,
        actor=getpass.getuser(),
        reason=reason,
        made_at=made_at,
        until=made_at + timedelta(minutes=minutes),
    )
    with Mailbox(folder / REQUESTS) as mailbox:
        number = mailbox.post(request)
    answer = answer_of(folder, number)
    if answer is None:
        ends = "" if request.until is None else f" before {request.until:%H:%M} UTC"
        typer.echo(f"request {number} is posted, but no controller has taken it within {ANSWER_S:.0f} s")
        typer.echo(f"it stays posted and is carried out if a controller starts{ends}; to withdraw it:")
        typer.echo(f"energiewaage release {region_name} {asset_id} --reason ...")
        raise typer.Exit(1)
    if answer.startswith("refused"):
        typer.echo(f"{asset_id}: {answer}", err=True)
        raise typer.Exit(1)
    holds = request.until is not None and kind in {RequestKind.SET, RequestKind.HOLD}
    until = f", until {request.until:%H:%M} UTC at the latest" if holds else ""
    typer.echo(f"{asset_id}: {answer}{until}")
    if region.authority_of(region.asset(asset_id)) is Authority.OBSERVE:
        typer.echo("the authority is observe: nothing is written to the device")


def answer_of(folder: Path, number: int) -> str | None:
    """Wait for the controller's answer to a request; None where none comes in time."""
    from energy.ledger.reader import ledger_reader

    deadline = time.monotonic() + ANSWER_S
    while time.monotonic() < deadline:
        with ledger_reader(folder / LEDGER) as ledger:
            for entry in ledger.recent(20, kind="request"):
                if entry.body["sequence"] == number:
                    return str(entry.body["answer"])
        time.sleep(0.2)
    return None


def _require_asset(region: Region, asset_id: str) -> None:
    known = [asset.id for asset in region.assets]
    if asset_id not in known:
        raise bad_option("ASSET", asset_id, "no such asset in the region", f"use one of: {', '.join(known)}")


def _print_table(readings: Sequence[Reading]) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table("asset", "point", "value", "unit", "quality")
    for item in readings:
        value = "" if item.value is None else f"{item.value:,.1f}"
        table.add_row(item.asset_id, str(item.point), value, UNITS[item.point.unit], str(item.quality))
    Console().print(table)
