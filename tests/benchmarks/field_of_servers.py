"""A region of many devices whose servers, on libmodbus in a process of their own, cost next to nothing."""

import dataclasses
import subprocess
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from itertools import count, cycle

from energy.devices.map_library import maps_of
from energy.devices.read_plan import plan_reads
from energy.region.loader import load_region
from energy.region.model import Region
from tests.benchmarks.bare_modbus import Request
from tests.benchmarks.copies import region_of_copies
from tests.devices.servers.libmodbus import libmodbus_server

START = datetime(2020, 5, 18, 10, tzinfo=UTC)
TICK = timedelta(seconds=5)
LIVING = "4:11,3:1000,3:1006"
"""What counts up: the least words of a meter's energy, and of a park's power and energy. No other map of
these regions has a number there."""
UNITS_A_PORT = 10
PORTS_MIN = 10
"""So many devices stand alone before some share a port."""
PORTS_MAX = 128
"""What the server takes."""


def ports_for(devices: int) -> int:
    """Give how many ports so many devices stand behind."""
    return min(PORTS_MAX, max(min(devices, PORTS_MIN), devices // UNITS_A_PORT))


@contextmanager
def field_of_servers(devices: int) -> Iterator[tuple[Region, subprocess.Popen[str]]]:
    """Serve so many devices; a line "PORT_INDEX UNIT" to the process makes a unit silent."""
    with libmodbus_server("tcp", str(ports_for(devices)), LIVING) as (process, said):
        yield region_at(devices, [int(port) for port in said.split()]), process


def ticking() -> Callable[[], datetime]:
    """Give the moments of ticks one after the other, however fast they follow."""
    ticks = count()
    return lambda: START + next(ticks) * TICK


def region_at(devices: int, ports: list[int]) -> Region:
    """Give a region of so many devices behind these ports, one after the other and from the first again."""
    region = region_of_copies(load_region("musterstadt"), max(2, devices))  # a grid point alone is no region
    return _spread(region, devices, ports)


def part_of(region: Region, devices: int) -> Region:
    """Give the region's first devices, behind as many of its ports as so many devices have."""
    ports = list(dict.fromkeys(asset.device.endpoint.port for asset in region.assets))
    return _spread(region, devices, ports[: ports_for(devices)])


def requests_of(region: Region) -> list[Request]:
    """Give everything that one sweep asks, in the order in which the field asks it."""
    maps = maps_of(region)
    return [
        (asset.device.endpoint.port, asset.device.unit, block.table.value, block.address, block.count)
        for asset in region.assets
        for block in plan_reads(maps[asset.device.profile])
    ]


def _spread(region: Region, devices: int, ports: list[int]) -> Region:
    met: Counter[int] = Counter()
    assets = []
    for asset, port in zip(region.assets[:devices], cycle(ports), strict=False):
        met[port] += 1
        device = dataclasses.replace(asset.device, host="127.0.0.1", port=port, unit=met[port])
        assets.append(dataclasses.replace(asset, device=device))
    return dataclasses.replace(region, assets=tuple(assets))
