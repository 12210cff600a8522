"""The least that pymodbus can do: the same registers read in the same requests, nothing made of them."""

import asyncio

from pymodbus.client import AsyncModbusTcpClient

from energy.devices.layout import Table
from energy.devices.map_library import maps_of
from energy.devices.read_plan import ReadBlock, plan_reads
from energy.region.model import Region

Line = tuple[AsyncModbusTcpClient, int, tuple[ReadBlock, ...]]
"""A client, the unit behind it, and the requests that read all of its registers."""


class BareModbus:
    """One client a device; devices side by side, the requests of one in series."""

    def __init__(self, lines: list[Line]) -> None:
        self._lines = lines

    @classmethod
    async def connect(cls, region: Region) -> "BareModbus":
        """Connect a client to each asset's device."""
        maps = maps_of(region)
        lines: list[Line] = []
        for asset in region.assets:
            device = asset.device
            client = AsyncModbusTcpClient(device.host, port=device.port, retries=0, reconnect_delay=0)
            assert await client.connect()
            lines.append((client, device.unit, plan_reads(maps[device.profile])))
        return cls(lines)

    @property
    def requests(self) -> int:
        """How many requests one reading of everything takes."""
        return sum(len(blocks) for _, _, blocks in self._lines)

    async def read(self) -> None:
        """Read every register once."""
        await asyncio.gather(*(_read(client, unit, blocks) for client, unit, blocks in self._lines))

    def close(self) -> None:
        """Drop all connections."""
        for client, _, _ in self._lines:
            client.close()


async def _read(client: AsyncModbusTcpClient, unit: int, blocks: tuple[ReadBlock, ...]) -> None:
    for block in blocks:
        ask = client.read_input_registers if block.table is Table.INPUT else client.read_holding_registers
        answer = await ask(block.address, count=block.count, device_id=unit)
        assert not answer.isError(), answer
