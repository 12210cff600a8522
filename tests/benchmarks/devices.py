"""MEASURE: our field against bare pymodbus on the same servers, and what a silent device costs the rest."""

import asyncio
import dataclasses
import json
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from energy.devices.field import ModbusField
from energy.devices.layout import Table
from energy.devices.map_library import load_map, maps_of, shipped_maps
from energy.devices.modbus import ModbusEndpoint, Patience
from energy.devices.read_plan import plan_reads
from energy.domain import Quality
from energy.region.asset import Endpoint
from energy.region.model import Region
from tests.benchmarks.bare_modbus import BareModbus
from tests.benchmarks.field_of_servers import field_of_servers, part_of, requests_of, ticking
from tests.benchmarks.figure import Figure, Pairs, Say, figure_of, interleaved
from tests.source_code import ROOT

SIZES = (1, 10, 100, 300)
PAIRS = 31
REQUESTS_A_SIDE = 600
"""So many requests make one side of a pair, whatever the number of devices."""
MEMORY_RUNS = 3
MEMORY_SWEEPS = 20
KB_PER_MB = 1024.0
GOOD_FRACTION_MIN = 0.8
SILENT_OF = 100
"""One device in so many is silent."""
ROUNDS = 7
TICKS_A_ROUND = 100
_BARE = "bare pymodbus, same registers in the same requests to the same servers"


def figures(say: Say) -> Iterator[Figure]:
    """Measure everything of this group."""
    yield from request_figures()
    with field_of_servers(max(SIZES)) as (region, _):
        for size in SIZES:
            say(f"devices: {size} polled")
            part = part_of(region, size)
            with asyncio.Runner() as runner:
                yield from poll_figures(part, runner)
            yield from memory_figures(part)
    say("devices: one in a hundred silent")
    with field_of_servers(SILENT_OF) as (region, server), asyncio.Runner() as runner:
        yield from silent_figures(region, server, runner)


@dataclass(frozen=True, slots=True, kw_only=True)
class Spent:
    """What some ticks took: on the wall, and of this process's processor time."""

    wall_s: float
    cpu_s: float


def request_figures() -> Iterator[Figure]:
    """Count the requests of one sweep for each shipped map: no time, so nothing to repeat."""
    for name, path in shipped_maps().items():
        content = load_map(path)
        blocks = plan_reads(content)
        registers = sum(block.count for block in blocks)
        yield Figure(
            name=f"devices.requests_per_sweep.{name}",
            value=len(blocks),
            unit="requests",
            against=f"{len(content.points)} points in {registers} registers or bits",
            n=1,
        )


def poll_figures(region: Region, runner: asyncio.Runner, *, pairs: int = PAIRS) -> Iterator[Figure]:
    """Measure requests per second, and the client's own processor time, which no server can hide."""
    field = ModbusField(region, maps_of(region))
    bare = runner.run(BareModbus.connect(requests_of(region)))
    moment = ticking()
    readings = runner.run(field.read(moment()))
    assert not any(reading.quality is Quality.COMM_ERROR for reading in readings)
    ticks = max(1, REQUESTS_A_SIDE // bare.requests)
    measured = interleaved(
        pairs,
        ours=lambda _: runner.run(_spent(ticks, lambda: field.read(moment()))),
        theirs=lambda _: runner.run(_spent(ticks, bare.read)),
    )
    readings = runner.run(field.read(moment()))
    good = sum(reading.quality is Quality.GOOD for reading in readings)
    assert good >= GOOD_FRACTION_MIN * len(readings), (
        "who doubts what the servers say measures something else"
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


def memory_figures(region: Region, *, runs: int = MEMORY_RUNS) -> Iterator[Figure]:
    """Measure the peak memory of two processes: one polls with our field, one with bare pymodbus.

    Both have read the region and its maps, since both must know what to ask. What polling adds stands beside,
    and what a process takes that carries pymodbus alone and is told what to ask.
    """
    pairs = [(_memory("ours", region), _memory("bare", region)) for _ in range(runs)]
    yield figure_of(
        [ours["peak_mb"] / bare["peak_mb"] for ours, bare in pairs],
        name=f"devices.poll_memory_ratio.{len(region.assets)}",
        unit="peak resident bytes, ours/theirs",
        against="a process with bare pymodbus that read the same region, same requests",
        more={
            "ours_mb": float(np.median([ours["peak_mb"] for ours, _ in pairs])),
            "theirs_mb": float(np.median([bare["peak_mb"] for _, bare in pairs])),
            "ours_grown_mb": float(np.median([ours["grown_mb"] for ours, _ in pairs])),
            "theirs_grown_mb": float(np.median([bare["grown_mb"] for _, bare in pairs])),
            "pymodbus_alone_mb": _alone_mb(region),
        },
    )


def silent_figures(
    region: Region,
    server: subprocess.Popen[str],
    runner: asyncio.Runner,
    *,
    rounds: int = ROUNDS,
    ticks: int = TICKS_A_ROUND,
) -> Iterator[Figure]:
    """Measure how old the others' values are when a tick ends, with one device silent and without it.

    The age of a value is the time from the moment when its answer came to the end of the tick that read it.
    The first tick waits for the silent device until its patience ends; that one is a figure of its own. Ticks
    follow each other without a pause, so the silent device is tried as often as its backoff allows.
    """
    silent, others = region.assets[-1], region.assets[:-1]
    broken = ClockedField(region)
    sound = ClockedField(dataclasses.replace(region, assets=others))
    for field in (broken, sound):
        runner.run(field.ages_s())
    ports = [asset.device.port for asset in region.assets]
    assert ports.count(silent.device.port) > 1, "the silent device must have neighbours on its connection"
    assert server.stdin is not None
    server.stdin.write(f"{ports.index(silent.device.port)} {silent.device.unit}\n")
    begun_s = time.perf_counter()
    runner.run(broken.ages_s())
    first_s = time.perf_counter() - begun_s
    measured = [
        interleaved(
            ticks, ours=lambda _: runner.run(broken.ages_s()), theirs=lambda _: runner.run(sound.ages_s())
        )
        for _ in range(rounds)
    ]
    assert len(measured[-1][-1][0]) == len(measured[-1][-1][1]), "the others all answer"
    for field in (broken, sound):
        runner.run(field.close())
    against = f"the same {len(others)} devices alone; {ticks} ticks a round, the first tick left out"
    for percent in (99, 50):
        yield _percentiles(measured, percent).seconds_ratio(
            name=f"devices.silent_age_p{percent}_ratio.{len(region.assets)}",
            against=f"p{percent} of the age of a value at the end of its tick: {against}",
        )
    yield Figure(
        name=f"devices.silent_first_tick_s.{len(region.assets)}",
        value=first_s,
        unit="s",
        against="absolute: the one tick in which the silence is noticed",
        n=1,
    )


class ClockedField:
    """A field that notes when each answer came."""

    def __init__(self, region: Region) -> None:
        """Put an endpoint that notes the time in the place of each endpoint."""
        self._came_s: list[float] = []
        self._field = ModbusField(region, maps_of(region))
        self._moment = ticking()
        for where, gateway in self._field._gateways.items():
            is_shared = len(gateway._lines) > 1
            gateway._endpoint = _ClockedEndpoint(where, self._came_s, is_shared=is_shared)

    async def ages_s(self) -> list[float]:
        """Read once; give the ages of all answers at the end."""
        self._came_s.clear()
        await self._field.read(self._moment())
        end_s = asyncio.get_running_loop().time()
        return [end_s - came_s for came_s in self._came_s]

    async def close(self) -> None:
        """Drop all connections."""
        await self._field.close()


class _ClockedEndpoint(ModbusEndpoint):
    def __init__(self, where: Endpoint, came_s: list[float], *, is_shared: bool) -> None:
        super().__init__(where, Patience(), is_shared=is_shared)
        self._came_s = came_s

    async def read(self, unit: int, table: Table, *, address: int, count: int) -> Sequence[int]:
        values = await super().read(unit, table, address=address, count=count)
        self._came_s.append(asyncio.get_running_loop().time())
        return values


def _percentiles(rounds: Sequence[Sequence[tuple[list[float], list[float]]]], percent: float) -> Pairs:
    return Pairs(
        ours_s=[float(np.percentile([age for ours, _ in one for age in ours], percent)) for one in rounds],
        theirs_s=[
            float(np.percentile([age for _, theirs in one for age in theirs], percent)) for one in rounds
        ],
    )


def _memory(side: str, region: Region) -> dict[str, float]:
    ports = [str(asset.device.port) for asset in region.assets]
    command = [sys.executable, "-m", "tests.benchmarks.poller", side, str(MEMORY_SWEEPS), *ports]
    done = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True)
    found: dict[str, float] = json.loads(done.stdout)
    return found


def _alone_mb(region: Region) -> float:
    command = [sys.executable, "-m", "tests.benchmarks.bare_modbus", str(MEMORY_SWEEPS)]
    requests = json.dumps(requests_of(region))
    done = subprocess.run(command, cwd=ROOT, check=True, input=requests, stdout=subprocess.PIPE, text=True)
    return float(done.stdout) / KB_PER_MB


async def _spent(ticks: int, tick: Callable[[], Awaitable[object]]) -> Spent:
    wall_s, cpu_s = time.perf_counter(), time.process_time()
    for _ in range(ticks):
        await tick()
    return Spent(wall_s=time.perf_counter() - wall_s, cpu_s=time.process_time() - cpu_s)
