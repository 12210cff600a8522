"""Runs the simulated field: servers up, time driven by the clock or in lockstep, state kept at the end."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from energy.devices.plant.control import HOST, ControlServer
from energy.devices.plant.endpoint import Endpoint, endpoints_of, require_free
from energy.devices.plant.field import SimulatedField
from energy.devices.plant.nature import SUBSTEP_S
from energy.errors import BadInput, Fault
from energy.region.model import Region

CATCH_UP = timedelta(minutes=15)
"""How much simulated time passes before waiting requests are answered."""
WAIT_S_MIN = 0.01
WAIT_S_MAX = 1.0


def wall_now() -> datetime:
    """Read the system clock."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class PlantSettings:
    """What a plant runs on.

    ``speed`` is simulated seconds per second on the wall, None for lockstep. With a speed, simulated time is
    ``start`` at ``wall_epoch`` (None: when it is ready). ``control_port`` 0 takes any free port. With no
    ``state_folder`` nothing is kept, and nothing resumed. ``on_ready`` is called with the control port once
    every server listens.
    """

    region: Region
    start: datetime
    seed: int
    speed: float | None = None
    wall_epoch: datetime | None = None
    control_port: int = 0
    state_folder: Path | None = None
    on_ready: Callable[[int], None] = lambda _: None
    wall_now: Callable[[], datetime] = wall_now


async def run_plant(settings: PlantSettings) -> None:
    """Run until told to stop over the control connection, or until cancelled.

    Raises:
        BadInput: a file is wrong, a port is in use, the speed is no positive number, or the history ends.
    """
    _check_speed(settings.speed)
    require_free(settings.region)
    field = SimulatedField(
        settings.region, start=settings.start, seed=settings.seed, state_folder=settings.state_folder
    )
    field.resume(latest=None if settings.speed is None else _now(settings, settings.wall_epoch))
    stopped = asyncio.Event()
    control = ControlServer(field, lockstep=settings.speed is None, on_stop=stopped.set)
    endpoints = endpoints_of(field.devices.values())
    try:
        port = await _listen(settings, endpoints, control)
        epoch = settings.wall_epoch if settings.wall_epoch is not None else settings.wall_now()
        settings.on_ready(port)
        try:
            await _drive(field, settings, epoch=epoch, stopped=stopped)
        finally:
            field.save()
    finally:
        await control.stop()
        for endpoint in endpoints:
            await endpoint.stop()


async def _drive(
    field: SimulatedField, settings: PlantSettings, *, epoch: datetime, stopped: asyncio.Event
) -> None:
    if settings.speed is None:
        await stopped.wait()
    else:
        await _follow_clock(field, settings, epoch=epoch, speed=settings.speed, stopped=stopped)


async def _listen(settings: PlantSettings, endpoints: list[Endpoint], control: ControlServer) -> int:
    for endpoint in endpoints:
        try:
            await endpoint.start()
        except OSError as error:
            host, port = endpoint.address
            raise _in_use("device", host, port, str(error)) from error
    try:
        return await control.start(settings.control_port)
    except OSError as error:
        raise _in_use("control_port", HOST, settings.control_port, error.strerror or str(error)) from error


async def _follow_clock(
    field: SimulatedField,
    settings: PlantSettings,
    *,
    epoch: datetime,
    speed: float,
    stopped: asyncio.Event,
) -> None:
    """Step whole sub-steps as the clock passes them; after an outage, catch up in pieces."""
    substep = timedelta(seconds=SUBSTEP_S)
    origin = datetime.fromtimestamp(0, tz=UTC)
    while not stopped.is_set():
        now = _now(settings, epoch)
        reached = origin + (now - origin) // substep * substep
        goal = min(reached, field.world.at + CATCH_UP)
        if goal > field.world.at:
            field.advance_to(goal)
        left_s = 0.0 if goal < reached else (reached + substep - now).total_seconds() / speed
        wait_s = max(WAIT_S_MIN, min(WAIT_S_MAX, left_s)) if left_s > 0.0 else 0.0
        with suppress(TimeoutError):
            async with asyncio.timeout(wait_s):
                await stopped.wait()


def _now(settings: PlantSettings, epoch: datetime | None) -> datetime:
    """Give the simulated moment; before there is an epoch it is the start."""
    if settings.speed is None or epoch is None:
        return settings.start
    return settings.start + settings.speed * (settings.wall_now() - epoch)


def _check_speed(speed: float | None) -> None:
    if speed is not None and not 0.0 < speed <= 86_400.0:
        raise BadInput(
            [
                Fault(
                    file="(command line)",
                    line=None,
                    place="speed",
                    value=speed,
                    limit="above 0 and at most 86400 simulated seconds per second",
                    mend="choose for example 60",
                )
            ]
        )


def _in_use(place: str, host: str, port: int, why: str) -> BadInput:
    return BadInput(
        [
            Fault(
                file="(plant)",
                line=None,
                place=place,
                value=f"{host}:{port}",
                limit=f"cannot listen there: {why}",
                mend="end the program that holds the port, or choose another",
            )
        ]
    )
