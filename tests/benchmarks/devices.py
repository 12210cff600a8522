"""MEASURE: our field against bare pymodbus on the same servers, and what a silent device costs the rest."""

import asyncio
import dataclasses
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from energy.devices.field import ModbusField
from energy.devices.map_library import maps_of
from energy.devices.plant.control_client import PlantControl
from energy.devices.plant.faults import FaultKind
from energy.domain import Quality
from energy.region.model import Region
from tests.benchmarks.bare_modbus import BareModbus
from tests.benchmarks.field_of_copies import START, field_of_copies
from tests.benchmarks.figure import Figure, Pairs, Say, interleaved

SIZES = (1, 10, 45)
ASSETS = max(SIZES)
PAIRS = 31
REQUESTS_A_SIDE = 600
"""So many requests make one side of a pair, whatever the number of devices."""
SILENT_ID = "wind_park"
ROUNDS = 7
TICKS_A_ROUND = 120
_BARE = "bare pymodbus, same registers in the same requests to the same servers"


def figures(say: Say) -> Iterator[Figure]:
    """Measure everything of this group."""
    with field_of_copies(ASSETS + 1) as (region, control_port), asyncio.Runner() as runner:
        for size in SIZES:
            say(f"devices: {size} polled")
            yield from poll_figures(_part(region, size), runner)
        say("devices: one silent")
        yield from silent_figures(region, control_port, runner)


@dataclass(frozen=True, slots=True, kw_only=True)
class Spent:
    """What some ticks took: on the wall, and of this process's processor time."""

    wall_s: float
    cpu_s: float


def poll_figures(region: Region, runner: asyncio.Runner, *, pairs: int = PAIRS) -> Iterator[Figure]:
    """Measure requests per second, and the client's own processor time, which no server can hide."""
    field = ModbusField(region, maps_of(region))
    bare = runner.run(BareModbus.connect(region))
    readings = runner.run(field.read(START))
    assert not any(reading.quality is Quality.COMM_ERROR for reading in readings)
    ticks = max(1, REQUESTS_A_SIDE // bare.requests)
    measured = interleaved(
        pairs,
        ours=lambda _: runner.run(_spent(ticks, lambda: field.read(START))),
        theirs=lambda _: runner.run(_spent(ticks, bare.read)),
    )
    runner.run(field.close())
    bare.close()
    size = len(region.assets)
    wall = Pairs(
        ours_s=[ours.wall_s / ticks for ours, _ in measured],
        theirs_s=[theirs.wall_s / ticks for _, theirs in measured],
    )
    cpu = Pairs(
        ours_s=[ours.cpu_s / ticks for ours, _ in measured],
        theirs_s=[theirs.cpu_s / ticks for _, theirs in measured],
    )
    yield wall.rate_ratio(name=f"devices.poll_ratio.{size}", of="requests", against=_BARE)
    yield cpu.seconds_ratio(
        name=f"devices.poll_cpu_ratio.{size}", against=f"{_BARE}; processor time of the client alone"
    )


def silent_figures(
    region: Region,
    control_port: int,
    runner: asyncio.Runner,
    *,
    rounds: int = ROUNDS,
    ticks: int = TICKS_A_ROUND,
) -> Iterator[Figure]:
    """Measure ticks with one device silent against ticks of as many that all answer, in turn.

    The first tick waits for the silent device until its patience ends; that one is a figure of its own.
    """
    whole = dataclasses.replace(region, assets=tuple(a for a in region.assets if a.id != SILENT_ID))
    part = _part(region, ASSETS)
    broken, sound = ModbusField(part, maps_of(part)), ModbusField(whole, maps_of(whole))
    runner.run(_seconds(broken))
    runner.run(_seconds(sound))
    runner.run(_silence(control_port))
    first_s = runner.run(_seconds(broken))
    pairs = [
        interleaved(
            ticks, ours=lambda _: runner.run(_seconds(broken)), theirs=lambda _: runner.run(_seconds(sound))
        )
        for _ in range(rounds)
    ]
    runner.run(broken.close())
    runner.run(sound.close())
    yield _percentiles(pairs, 99).seconds_ratio(
        name=f"devices.silent_p99_ratio.{ASSETS}",
        against=f"p99 of {ticks} ticks each of {ASSETS} devices that all answer; the first tick left out",
    )
    yield _percentiles(pairs, 50).seconds_ratio(
        name=f"devices.silent_p50_ratio.{ASSETS}",
        against="p50 of the same ticks",
    )
    yield Figure(
        name=f"devices.silent_first_tick_s.{ASSETS}",
        value=first_s,
        unit="s",
        against="absolute: the one tick in which the silence is noticed",
        n=1,
    )


def _percentiles(rounds: Sequence[Sequence[tuple[float, float]]], percent: float) -> Pairs:
    return Pairs(
        ours_s=[float(np.percentile([ours for ours, _ in one], percent)) for one in rounds],
        theirs_s=[float(np.percentile([theirs for _, theirs in one], percent)) for one in rounds],
    )


def _part(region: Region, size: int) -> Region:
    return dataclasses.replace(region, assets=region.assets[:size])


async def _spent(ticks: int, tick: Callable[[], Awaitable[object]]) -> Spent:
    wall_s, cpu_s = time.perf_counter(), time.process_time()
    for _ in range(ticks):
        await tick()
    return Spent(wall_s=time.perf_counter() - wall_s, cpu_s=time.process_time() - cpu_s)


async def _seconds(field: ModbusField) -> float:
    return (await _spent(1, lambda: field.read(START))).wall_s


async def _silence(control_port: int) -> None:
    async with await PlantControl.connect(control_port) as control:
        await control.set_fault(SILENT_ID, FaultKind.SILENT)
