"""The least that pymodbus can do: the same registers read in the same requests, nothing made of them.

Knows nothing of ours: ``python -m tests.benchmarks.bare_modbus SWEEPS`` takes requests as JSON from standard
input and prints the peak memory, in kB, of a process that carries pymodbus alone.
"""

import asyncio
import json
import sys
from pathlib import Path

from pymodbus.client import AsyncModbusTcpClient

Request = tuple[int, int, str, int, int]
"""Port, unit, table (coil, discrete, input, holding), address, count."""


class BareModbus:
    """One client a port; ports side by side, the requests of one in series."""

    def __init__(self, clients: dict[int, AsyncModbusTcpClient], requests: list[Request]) -> None:
        """Prepare; ``connect`` does the rest."""
        self._requests = len(requests)
        self._lines = [
            (client, [request for request in requests if request[0] == port])
            for port, client in clients.items()
        ]

    @classmethod
    async def connect(cls, requests: list[Request]) -> "BareModbus":
        """Connect a client to each port."""
        clients: dict[int, AsyncModbusTcpClient] = {}
        for port, *_ in requests:
            if port not in clients:
                client = AsyncModbusTcpClient("127.0.0.1", port=port, retries=0, reconnect_delay=0)
                assert await client.connect()
                clients[port] = client
        return cls(clients, requests)

    @property
    def requests(self) -> int:
        """How many requests one reading of everything takes."""
        return self._requests

    async def read(self) -> None:
        """Read every register once."""
        await asyncio.gather(*(_read(client, requests) for client, requests in self._lines))

    def close(self) -> None:
        """Drop all connections."""
        for client, _ in self._lines:
            client.close()


async def _read(client: AsyncModbusTcpClient, requests: list[Request]) -> None:
    asks = {
        "coil": client.read_coils,
        "discrete": client.read_discrete_inputs,
        "input": client.read_input_registers,
        "holding": client.read_holding_registers,
    }
    for _, unit, table, address, count in requests:
        answer = await asks[table](address, count=count, device_id=unit)
        assert not answer.isError(), answer


async def _poll(requests: list[Request], sweeps: int) -> None:
    bare = await BareModbus.connect(requests)
    for _ in range(sweeps):
        await bare.read()
    bare.close()


if __name__ == "__main__":
    asyncio.run(_poll([tuple(request) for request in json.load(sys.stdin)], int(sys.argv[1])))
    status = Path("/proc/self/status").read_text(encoding="ascii")
    print(next(line.split()[1] for line in status.splitlines() if line.startswith("VmHWM")))
