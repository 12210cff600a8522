"""The controller and the plant as processes that end on a signal."""

import asyncio
import logging
import sys
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import structlog

from energy.app.compose import Plant, controller_of
from energy.app.live import run, stop_on_signals
from energy.devices.plant.run import PlantSettings, run_plant
from energy.ledger.upkeep import RETENTION_DEFAULT
from energy.ports import Clock
from energy.region.model import Region

log = structlog.get_logger(__name__)


def log_to_standard_error() -> None:
    """One line an event, without colour, so that a journal can keep it."""
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.KeyValueRenderer(key_order=["timestamp", "level", "event"]),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.PrintLoggerFactory(file=sys.stderr),
    )


async def run_service(
    region: Region,
    *,
    folder: Path,
    clock: Clock,
    tick_s: float,
    simulated: Plant | None,
    ledger_kept: timedelta = RETENTION_DEFAULT,
    scheduler: str | None = None,
) -> None:
    """Run the controller until SIGINT or SIGTERM.

    Raises:
        EnergiewaageError: it cannot start.
    """
    log_to_standard_error()
    speed = simulated.speed if simulated is not None else 1.0
    if simulated is not None:
        log.info("simulated: no point-to-point test is asked for")
    with stop_on_signals() as stop:
        async with controller_of(
            region,
            folder=folder,
            clock=clock,
            tick_s=tick_s,
            simulated=simulated,
            ledger_kept=ledger_kept,
            scheduler=scheduler,
        ) as parts:
            sys.stdout.write('{"ready": true}\n')
            sys.stdout.flush()
            await run(parts, clock=clock, tick_s=tick_s, speed=speed, stop=stop)


async def run_plant_service(settings: PlantSettings) -> None:
    """Run the plant until SIGINT, SIGTERM or an order to stop.

    Raises:
        EnergiewaageError: it cannot start.
    """
    log_to_standard_error()
    with stop_on_signals() as stop:
        work = asyncio.create_task(run_plant(settings))
        waiting = asyncio.create_task(stop.wait())
        await asyncio.wait({work, waiting}, return_when=asyncio.FIRST_COMPLETED)
        waiting.cancel()
        if not work.done():
            work.cancel()
        with suppress(asyncio.CancelledError):
            await work
