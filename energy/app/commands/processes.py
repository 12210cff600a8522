"""Commands that start the processes of the house: demo, run, plant, dashboard."""

import asyncio
import json
import os
import sys
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer

from energy.app.commands.options import (
    AsJson,
    DataFolder,
    FirstPort,
    RegionName,
    Scheduler,
    moment,
    print_json,
    scheduler_address,
)
from energy.app.data_folder import default_folder
from energy.app.refusal import bad_option
from energy.region.model import Region

DEMO_REGION = "fichtelgebirge"
DEMO_START = "2020-05-18T06:00Z"
"""A Monday morning in spring: sun, wind and a lively price."""
DEMO_PORT = 8080
HEADLESS_TICK_S = 60.0
DEMO_SPEED = 60.0
LEDGER_DAYS = 730
"""Two years; fewer only where somebody says so on the command line."""

Start = Annotated[
    str | None,
    typer.Option(
        "--start", help=f"Simulated start, UTC (default {DEMO_START} or inside the history).", metavar="T"
    ),
]
Seed = Annotated[int, typer.Option("--seed", help="Seed of the plant's noise.", min=0)]
Speed = Annotated[
    float | None, typer.Option("--speed", help="Simulated seconds per second.", min=0.1, max=3600.0)
]


def register(app: typer.Typer) -> None:
    """Add this module's commands."""
    app.command()(demo)
    app.command()(run)
    app.command()(plant)
    app.command()(dashboard)


def demo(
    *,
    days: Annotated[
        float | None, typer.Option("--days", help="End after this many simulated days.", min=0.01)
    ] = None,
    headless: Annotated[
        bool, typer.Option("--headless", help="In lockstep, flat out, without pages.")
    ] = False,
    seed: Seed = 1,
    speed: Speed = None,
    tick: Annotated[
        float | None, typer.Option("--tick", help="Simulated seconds per tick.", min=1.0, max=60.0)
    ] = None,
    start: Start = None,
    region: Annotated[str, typer.Option("--region", help="The region to simulate.")] = DEMO_REGION,
    port: Annotated[int, typer.Option("--port", help="The dashboard's port.", min=1, max=65535)] = DEMO_PORT,
    first_port: FirstPort = None,
    data: DataFolder = None,
    as_json: AsJson = False,
) -> None:
    """Run a simulated region end to end: plant, controller, dashboard."""
    from energy.region.loader import load_region

    loaded = load_region(region)
    begin = moment(start, "--start") if start is not None else _start_inside(loaded)
    if headless:
        from energy.app.headless import HeadlessSettings, run_headless
        from energy.app.showing import print_summary, with_progress

        if speed is not None:
            raise bad_option("--speed", speed, "headless runs flat out", "leave it out")
        if port != DEMO_PORT:
            raise bad_option("--port", port, "headless serves no pages", "leave it out")
        settings = HeadlessSettings(
            region_name=region,
            region=loaded,
            start=begin,
            days=days if days is not None else 1.0,
            seed=seed,
            tick_s=tick if tick is not None else HEADLESS_TICK_S,
            folder=data,
            first_port=first_port,
        )
        result = with_progress(
            "simulating", lambda progress: asyncio.run(run_headless(settings, progress=progress))
        )
        if as_json:
            print_json(result)
        else:
            print_summary(result)
        if result["broken_invariants"]:
            raise typer.Exit(1)
        return
    from energy.app.demo import DemoSettings, run_demo

    run_demo(
        DemoSettings(
            region_name=region,
            region=loaded,
            start=begin,
            days=days,
            seed=seed,
            speed=speed if speed is not None else DEMO_SPEED,
            tick_s=tick,
            port=port,
            first_port=first_port,
            folder=data,
        )
    )


def run(
    region: RegionName,
    *,
    data: DataFolder = None,
    start: Annotated[str | None, typer.Option("--start", hidden=True)] = None,
    epoch: Annotated[str | None, typer.Option("--epoch", hidden=True)] = None,
    speed: Annotated[float, typer.Option("--speed", hidden=True)] = 1.0,
    tick: Annotated[float | None, typer.Option("--tick", help="Seconds per tick.", min=1.0, max=60.0)] = None,
    first_port: FirstPort = None,
    ledger_days: Annotated[
        int, typer.Option("--ledger-days", help="How long sealed parts of the ledger are kept.", min=31)
    ] = LEDGER_DAYS,
    scheduler: Scheduler = None,
) -> None:
    """Run the controller until it is told to stop; then every asset is handed back in its safe state."""
    from energy.app.clock import ScaledClock, SystemClock
    from energy.app.compose import Plant
    from energy.app.ports_of_region import observing, on_ports
    from energy.app.service import run_service
    from energy.ports import Clock
    from energy.region.loader import load_region

    address = scheduler_address(scheduler)
    if (start is None) != (epoch is None):
        missing = "--epoch" if epoch is None else "--start"
        raise bad_option(missing, None, "simulated time needs --start and --epoch", "give both, or neither")
    loaded = on_ports(load_region(region), first_port)
    if loaded.illustrative and start is None:
        loaded = observing(loaded)
        typer.echo("the region file says illustrative: it is only observed, nothing is written", err=True)
    typer.echo(f"{loaded.id}: authority {loaded.authority}", err=True)
    clock: Clock = SystemClock()
    simulated = None
    if start is not None and epoch is not None:
        clock = ScaledClock(start=moment(start, "--start"), epoch=moment(epoch, "--epoch"), speed=speed)
        simulated = Plant(speed=speed)
    folder: Path = data if data is not None else default_folder(loaded.id)
    tick_s = tick if tick is not None else loaded.control.tick_s
    asyncio.run(
        run_service(
            loaded,
            folder=folder,
            clock=clock,
            tick_s=tick_s,
            simulated=simulated,
            ledger_kept=timedelta(days=ledger_days),
            scheduler=address,
        )
    )


def plant(
    region: RegionName,
    *,
    start: Start = None,
    seed: Seed = 1,
    speed: Speed = None,
    epoch: Annotated[str | None, typer.Option("--epoch", hidden=True)] = None,
    lockstep: Annotated[
        bool, typer.Option("--lockstep", help="Time moves only by the control connection.")
    ] = False,
    control_port: Annotated[
        int, typer.Option("--control-port", help="0 takes any free one.", min=0, max=65535)
    ] = 0,
    state: Annotated[Path | None, typer.Option("--state", help="Where its state survives a restart.")] = None,
    first_port: FirstPort = None,
) -> None:
    """Run the simulated field: one Modbus server an endpoint. Says in one line of JSON when it is ready."""
    from energy.app.clock import ScaledClock, wall_now
    from energy.app.ports_of_region import on_ports
    from energy.app.service import run_plant_service
    from energy.devices.plant.certificates import tls_named_in
    from energy.devices.plant.run import PlantSettings
    from energy.region.loader import load_region

    if lockstep and speed is not None:
        raise bad_option("--speed", speed, "lockstep has no speed of its own", "leave one of the two out")
    loaded = on_ports(load_region(region), first_port)
    begin = moment(start, "--start") if start is not None else _start_inside(loaded)
    clock = ScaledClock(
        start=begin,
        epoch=moment(epoch, "--epoch") if epoch is not None else wall_now(),
        speed=speed if speed is not None else 1.0,
    )
    settings = PlantSettings(
        region=loaded,
        start=begin,
        seed=seed,
        clock=None if lockstep else clock,
        control_port=control_port,
        state_folder=state,
        tls=tls_named_in(os.environ),
        on_ready=_say_ready,
    )
    asyncio.run(run_plant_service(settings))


def dashboard(
    region: RegionName,
    *,
    data: DataFolder = None,
    host: Annotated[str, typer.Option("--host", help="Loopback only.")] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", min=1, max=65535)] = DEMO_PORT,
) -> None:
    """Serve the pages and the API of a data folder, in a process of its own."""
    from energy.region.loader import load_region

    loaded = load_region(region)
    folder = data if data is not None else default_folder(loaded.id)
    command = [sys.executable, "-m", "dashboard", "--region", str(loaded.folder), "--data", str(folder)]
    sys.stdout.flush()
    os.execv(sys.executable, [*command, "--host", host, "--port", str(port)])  # noqa: S606 (our own package)


def _start_inside(region: Region) -> datetime:
    """The demo's own start where the history holds it, else one with a past to learn from."""
    from energy.historian.preload import span_of
    from energy.region.history import RegionHistory

    first, last = span_of(region, RegionHistory(region))
    preferred = moment(DEMO_START, "--start")
    if first <= preferred <= last - timedelta(days=1):
        return preferred
    return first + min(timedelta(days=90), (last - first) / 2)


def _say_ready(control_port: int) -> None:
    typer.echo(json.dumps({"ready": True, "control_port": control_port}))
    sys.stdout.flush()
