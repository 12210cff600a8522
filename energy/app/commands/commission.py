"""The command that makes a point-to-point test of an asset with a witness, and the list of who was tested."""

import asyncio
import contextlib
import getpass
import math
import os
import signal
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TextIO, cast

import typer

from energy.app.commands.options import AsJson, DataFolder, FirstPort, RegionName, moment, print_json
from energy.app.data_folder import LEDGER, default_folder, only_controller
from energy.app.refusal import bad_option
from energy.domain import Point
from energy.ports import Clock
from energy.region.model import Region

if TYPE_CHECKING:
    from energy.app.commissioning import Job, Result
    from energy.commissioning import CommissioningProtocol

EXIT_INTERRUPTED = 130
STOP_FIRST = "stop the controller first (it writes to the same devices), then begin the test again"
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
"""A lost terminal ends a test like Ctrl-C: the device is handed back."""
Values = Annotated[
    list[str] | None,
    typer.Option(
        "--value",
        help="What the device's own display shows, as POINT=NUMBER in our unit; minus feeds in.",
        metavar="POINT=NUMBER",
    ),
]
Moved = Annotated[
    list[str] | None,
    typer.Option(
        "--moved",
        help="What the witness sees on the device's own display while a move stands, by direction and "
        "magnitude, one for each move in order: charges=100, discharges=100, draws=40, feeds_in=3200. "
        "Without it the test asks.",
        metavar="DIRECTION=KW",
    ),
]


def register(app: typer.Typer) -> None:
    """Add this module's commands."""
    app.command()(commission)


def commission(
    region: RegionName,
    asset: Annotated[
        str | None, typer.Argument(help="The asset's id in the region file.", metavar="ASSET")
    ] = None,
    *,
    witness: Annotated[
        str | None, typer.Option("--witness", help="Who stands beside the device.", metavar="NAME")
    ] = None,
    data: DataFolder = None,
    first_port: FirstPort = None,
    value: Values = None,
    moved: Moved = None,
    yes: Annotated[bool, typer.Option("--yes", help="Agree beforehand to what is written.")] = False,
    start: Annotated[bool, typer.Option("--start", help="A machine that stands may be started.")] = False,
    readings_only: Annotated[
        bool, typer.Option("--readings-only", help="Compare the readings; write nothing.")
    ] = False,
    standing: Annotated[
        bool, typer.Option("--list", help="Only say where each asset stands; no device is reached.")
    ] = False,
    begin: Annotated[str | None, typer.Option("--simulated-start", hidden=True)] = None,
    epoch: Annotated[str | None, typer.Option("--epoch", hidden=True)] = None,
    speed: Annotated[float, typer.Option("--speed", hidden=True)] = 1.0,
    as_json: AsJson = False,
) -> None:
    """Test one asset point to point, with a witness; needed before authority above observe.

    Compares every value with the device's own display, proves the sign by a small actuation that the witness
    sees there, and the watchdog by silence, hands the device back, and keeps the protocol in the ledger. Says
    what it will write and asks for a yes. Ctrl-C at any time hands the device back.
    """
    from energy.app.ports_of_region import on_ports
    from energy.region.loader import load_region

    loaded = on_ports(load_region(region), first_port)
    folder = data if data is not None else default_folder(loaded.id)
    if standing:
        _list(loaded, folder, as_json=as_json)
        return
    simulated = begin is not None and epoch is not None
    job = _job(loaded, asset, witness, simulated=simulated, readings_only=readings_only, start=start)
    told = _Told(values=_values(value or [], job), flows_kw=_flows_kw(moved or []), yes=yes)
    clock = _clock(begin, epoch, speed)
    result = asyncio.run(_test(job, folder, clock, told, as_json=as_json, speed=speed if simulated else 1.0))
    _print(result.protocol, as_json=as_json)
    if result.interrupted:
        raise typer.Exit(EXIT_INTERRUPTED)
    if not _is_success(job, result.protocol):
        raise typer.Exit(1)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Told:
    """What the people said on the command line."""

    values: dict[Point, float]
    flows_kw: list[float]
    yes: bool


def _clock(begin: str | None, epoch: str | None, speed: float) -> Clock:
    from energy.app.clock import ScaledClock, SystemClock

    if begin is None or epoch is None:
        return SystemClock()
    return ScaledClock(start=moment(begin, "--simulated-start"), epoch=moment(epoch, "--epoch"), speed=speed)


def _job(
    region: Region,
    asset_id: str | None,
    witness: str | None,
    *,
    simulated: bool,
    readings_only: bool,
    start: bool,
) -> "Job":
    from energy.app.commissioning import Job
    from energy.app.simulated_field import is_on_this_machine
    from energy.devices.field_settings import FieldSettings
    from energy.devices.map_library import maps_of
    from energy.devices.tls import files_named_in

    known = {asset.id: asset for asset in region.assets}
    if asset_id is None or asset_id not in known:
        mend = f"use one of: {', '.join(known)}"
        raise bad_option("ASSET", asset_id, "no such asset in the region", mend)
    tester = getpass.getuser()
    witness = (witness or "").strip()
    if not witness or witness.casefold() == tester.casefold():
        limit = f"a second person sees what the device shows; the tester is {tester}"
        raise bad_option("--witness", witness or None, limit, "name the person who stands beside the device")
    asset = known[asset_id]
    if simulated and not is_on_this_machine(asset.device.endpoint):
        limit = "simulated time is for devices simulated on this machine: one at another address may be real"
        raise bad_option(
            "--simulated-start", asset.device.endpoint.name, limit, "leave it out, and --epoch and --speed"
        )
    if region.illustrative and not simulated and not readings_only:
        typer.echo(
            "the region file says illustrative: only its readings are tested, nothing is written", err=True
        )
        readings_only = True
    content = maps_of(region)[asset.device.profile]
    return Job(
        region=region,
        asset=asset,
        content=content,
        tester=tester,
        witness=witness,
        settings=FieldSettings(tls=files_named_in(os.environ)),
        simulated=simulated,
        readings_only=readings_only,
        start=start,
    )


def _values(pairs: Sequence[str], job: "Job") -> dict[Point, float]:
    names = [point.name.value for point in job.content.points]
    values: dict[Point, float] = {}
    for pair in pairs:
        name, _, text = pair.partition("=")
        try:
            number = float(text)
        except ValueError:
            number = math.nan
        if name not in names or not math.isfinite(number):
            mend = f"write for example power_kw=-12.5; the map has: {', '.join(names)}"
            raise bad_option("--value", pair, "a point of the register map, = and a number", mend)
        values[Point(name)] = number
    return values


def _flows_kw(texts: Sequence[str]) -> list[float]:
    from energy.commissioning import flow_kw_of

    flows_kw = []
    for text in texts:
        flow_kw = flow_kw_of(text)
        if flow_kw is None:
            limit = "a direction and a magnitude in kW, as the display shows it while the move stands"
            mend = "write for example charges=100, discharges=100, draws=40 or feeds_in=3200"
            raise bad_option("--moved", text, limit, mend)
        flows_kw.append(flow_kw)
    return flows_kw


async def _test(
    job: "Job", folder: Path, clock: Clock, told: _Told, *, as_json: bool, speed: float
) -> "Result":
    from energy.app.commissioning import commission as make
    from energy.app.conversation import Conversation, Pause, Unbreakable
    from energy.app.service import log_to_standard_error
    from energy.devices.write_budget import WriteBudget
    from energy.devices.write_budget_file import FILE_NAME, CountInFile
    from energy.ledger.writer import Ledger

    stop = asyncio.Event()
    for number in SIGNALS:
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    pause = Pause(stop, speed=speed)
    out = sys.stderr if as_json else sys.stdout
    talk = Conversation(pause, values=told.values, flows_kw=told.flows_kw, yes=told.yes, out=out)
    with (
        contextlib.redirect_stderr(cast("TextIO", Unbreakable(sys.stderr))),
        only_controller(folder, mend=STOP_FIRST),
        Ledger(folder / LEDGER) as ledger,
        CountInFile(folder / FILE_NAME) as count,
    ):
        log_to_standard_error()
        return await make(job, talk, ledger, clock, WriteBudget(count))


def _is_success(job: "Job", protocol: "CommissioningProtocol") -> bool:
    from energy.commissioning import Verdict

    if job.readings_only:
        return all(step.verdict is Verdict.PASSED for step in protocol.steps)
    return protocol.verdict is Verdict.PASSED


def _print(protocol: "CommissioningProtocol", *, as_json: bool) -> None:
    """Print the protocol; it is in the ledger, so nobody being there to read it is no fault."""
    from energy.app.conversation import mute

    try:
        if as_json:
            print_json(protocol.body())
        else:
            _print_protocol(protocol)
        sys.stdout.flush()
    except OSError:
        mute(sys.stdout)


def _print_protocol(protocol: "CommissioningProtocol") -> None:
    typer.echo("")
    typer.echo(f"PROTOCOL of the point-to-point test of {protocol.asset_id} ({protocol.kind})")
    typer.echo(f"device       {protocol.device}, register map {protocol.map_name}")
    typer.echo(f"fingerprint  {protocol.fingerprint}")
    typer.echo(f"tester       {protocol.tester}")
    typer.echo(f"witness      {protocol.witness}")
    typer.echo(f"time         {protocol.started_at:%Y-%m-%d %H:%M:%S} to {protocol.ended_at:%H:%M:%S} UTC")
    if protocol.simulated:
        typer.echo("SIMULATED: it proves nothing of a real device")
    for step in protocol.steps:
        typer.echo(f"{step.name.value:12} {step.verdict.value}")
        for line in step.words:
            typer.echo(f"{'':13}{line}")
    typer.echo(f"VERDICT      {protocol.verdict.value}; authority at most {protocol.authority_max.value}")


def _list(region: Region, folder: Path, *, as_json: bool) -> None:
    from energy.app.commissioning_record import standings
    from energy.commissioning import Standing
    from energy.devices.map_library import maps_of
    from energy.ledger.reader import ledger_reader
    from energy.periods import format_utc

    maps = maps_of(region)
    if (folder / LEDGER).exists():
        with ledger_reader(folder / LEDGER) as ledger:
            found = standings(region, maps, ledger)
    else:
        found = {asset.id: Standing(state="never") for asset in region.assets}
    rows = []
    for asset in region.assets:
        item = found[asset.id]
        rows.append(
            {
                "asset": asset.id,
                "kind": asset.kind,
                "commanded": asset.dispatch_point is not None,
                "authority": region.authority_of(asset).value,
                "state": item.state,
                "authority_max": item.authority_max.value,
                "at": None if item.last is None else format_utc(item.last.ended_at),
                "tester": None if item.last is None else item.last.tester,
                "witness": None if item.last is None else item.last.witness,
            }
        )
    if as_json:
        print_json(rows)
        return
    _print_list(rows)


def _print_list(rows: Sequence[dict[str, object]]) -> None:
    from rich.console import Console
    from rich.table import Table

    columns = ("asset", "kind", "authority", "state", "at", "tester", "witness", "authority_max")
    table = Table(*columns)
    for row in rows:
        table.add_row(*("-" if row[name] is None else str(row[name]) for name in columns))
    Console().print(table)
