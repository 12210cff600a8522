"""Runs the simulated field: servers up, time driven by the clock or in lockstep, state kept at the end."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from energy.devices.plant.certificates import PlantTls
from energy.devices.plant.control import HOST, ControlServer
from energy.devices.plant.endpoint import Endpoint, endpoints_of, require_free
from energy.devices.plant.field import SimulatedField
from energy.devices.plant.nature import SUBSTEP_S
from energy.errors import BadInput, Fault
from energy.ports import Clock
from energy.region.model import Region

CATCH_UP = timedelta(minutes=15)
"""How much simulated time passes before waiting requests are answered."""
POLL_S = 0.05
"""How often the clock is looked at; a sub-step lasts longer on the wall at up to 100 times real time."""
NO_TLS = PlantTls()


def _nobody(_: int) -> None:
    """Tell nobody."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlantSettings:
    """What a plant runs on.

    ``clock`` says what simulated time it is; None is lockstep: time moves over the control connection alone.
    ``control_port`` 0 takes any free port. With no ``state_folder`` nothing is kept, and nothing resumed.
    ``tls`` names the certificates of devices that speak TLS. ``on_ready`` is called with the control port
    once every server listens.
    """

    region: Region
    start: datetime
    seed: int
    clock: Clock | None = None
    control_port: int = 0
    state_folder: Path | None = None
    tls: PlantTls = NO_TLS
    on_ready: Callable[[int], None] = _nobody


async def run_plant(settings: PlantSettings) -> None:
    """Run until told to stop over the control connection, or until cancelled.

    Raises:
        BadInput: a file is wrong, a port is in use, or the history does not reach the time.
    """
    require_free(settings.region)
    field = SimulatedField(
        settings.region, start=settings.start, seed=settings.seed, state_folder=settings.state_folder
    )
    field.resume(latest=settings.clock.now() if settings.clock is not None else None)
    stopped = asyncio.Event()
    control = ControlServer(field, lockstep=settings.clock is None, on_stop=stopped.set)
    endpoints = endpoints_of(field.devices.values(), settings.tls)
    try:
        settings.on_ready(await _listen(settings, endpoints, control))
        try:
            if settings.clock is None:
                await stopped.wait()
            else:
                await _follow_clock(field, settings.clock, stopped)
        finally:
            field.save()
    finally:
        await control.stop()
        for endpoint in endpoints:
            await endpoint.stop()


async def _listen(settings: PlantSettings, endpoints: list[Endpoint], control: ControlServer) -> int:
    for endpoint in endpoints:
        try:
            await endpoint.start()
        except OSError as error:
            raise _in_use("device", endpoint.name, error.strerror or str(error)) from error
    try:
        return await control.start(settings.control_port)
    except OSError as error:
        why = error.strerror or str(error)
        raise _in_use("control_port", f"{HOST}:{settings.control_port}", why) from error


async def _follow_clock(field: SimulatedField, clock: Clock, stopped: asyncio.Event) -> None:
    """Step whole sub-steps as the clock passes them; after an outage, catch up in pieces."""
    substep = timedelta(seconds=SUBSTEP_S)
    origin = datetime.fromtimestamp(0, tz=UTC)
    while not stopped.is_set():
        reached = origin + (clock.now() - origin) // substep * substep
        goal = min(reached, field.world.at + CATCH_UP)
        if goal > field.world.at:
            field.advance_to(goal)
        with suppress(TimeoutError):
            async with asyncio.timeout(POLL_S if goal == reached else 0.0):
                await stopped.wait()


def _in_use(place: str, address: str, why: str) -> BadInput:
    return BadInput(
        [
            Fault(
                file="(plant)",
                line=None,
                place=place,
                value=address,
                limit=f"cannot listen there: {why}",
                mend="end the program that holds the port, or choose another",
            )
        ]
    )
