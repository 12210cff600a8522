"""One side of the memory figure, in a process of its own.

``python -m tests.benchmarks.poller SIDE SWEEPS PORT...`` reads a region with one device a port (a port that
stands there again has one unit more) and prints how much memory that took: the peak of all, and what it grew
by once the region was known.
"""

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable

from energy.devices.field import ModbusField
from energy.devices.map_library import maps_of
from energy.region.model import Region
from tests.benchmarks.bare_modbus import BareModbus
from tests.benchmarks.field_of_servers import region_at, requests_of, ticking
from tests.benchmarks.own_memory import memory_mb


async def _poll(side: str, region: Region, sweeps: int) -> None:
    read: Callable[[], Awaitable[object]]
    if side == "ours":
        field = ModbusField(region, maps_of(region))
        moment = ticking()
        read = lambda: field.read(moment())  # noqa: E731 - two ways to read, one line each
    else:
        read = (await BareModbus.connect(requests_of(region))).read
    for _ in range(sweeps):
        await read()


def _main(side: str, sweeps: int, ports: list[int]) -> None:
    region = region_at(len(ports), ports)
    maps_of(region)
    before_mb = memory_mb("VmRSS")
    asyncio.run(_poll(side, region, sweeps))
    peak_mb = memory_mb("VmHWM")
    print(json.dumps({"peak_mb": peak_mb, "grown_mb": peak_mb - before_mb}))


if __name__ == "__main__":
    _main(sys.argv[1], int(sys.argv[2]), [int(port) for port in sys.argv[3:]])
