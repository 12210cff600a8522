"""Servers to drive the driver with: a third party's Modbus server, and one that answers by script."""

import asyncio
import dataclasses
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from datetime import UTC, datetime

import pytest
from pyModbusTCP.server import DataBank, ModbusServer

from energy.devices.field import ModbusField
from energy.devices.field_settings import FieldSettings
from energy.devices.map_library import maps_of
from energy.devices.modbus import Patience
from energy.region.asset import Endpoint
from energy.region.loader import load_region
from energy.region.model import Region

AT = datetime(2020, 6, 1, 12, 0, tzinfo=UTC)
QUICK = Patience(connect_s_max=2.0, answer_s_max=0.8)
PATIENT = Patience(connect_s_max=5.0, answer_s_max=10.0)
"""Where nothing may depend on how busy the machine is."""


def tcp(port: int, host: str = "127.0.0.1") -> Endpoint:
    """Give the address of a Modbus/TCP server."""
    return Endpoint(transport="tcp", host=host, port=port, serial=None)


Answer = Callable[[bytes], bytes | Awaitable[bytes | None] | None]


class Bank(DataBank):
    """A third party's register store that can also hold its own opinion of what is written."""

    def __init__(self) -> None:
        super().__init__(coils_size=2000, d_inputs_size=2000, h_regs_size=2000, i_regs_size=2000)
        self.reads = 0
        self.on_write: Callable[[int, list[int]], tuple[int, list[int]]] = lambda address, words: (
            address,
            words,
        )

    def get_input_registers(self, address, number=1, srv_info=None):
        self.reads += srv_info is not None
        return super().get_input_registers(address, number, srv_info)

    def set_holding_registers(self, address, word_list, srv_info=None):
        if srv_info is not None:
            address, word_list = self.on_write(address, list(word_list))
        return super().set_holding_registers(address, word_list, srv_info)


@pytest.fixture
def serve() -> Iterator[Callable[[], tuple[int, Bank]]]:
    """Start third-party servers on free ports; gives the port and the registers."""
    servers: list[ModbusServer] = []

    def start() -> tuple[int, Bank]:
        bank = Bank()
        server = ModbusServer(host="127.0.0.1", port=0, no_block=True, data_bank=bank)
        server.start()
        servers.append(server)
        return server._service.server_address[1], bank

    yield start
    for server in servers:
        server.stop()


@pytest.fixture
async def script() -> AsyncIterator[Callable[[Answer], Awaitable[int]]]:
    """Start servers that answer each request frame by a function; None closes the connection."""
    servers: list[asyncio.Server] = []
    writers: list[asyncio.StreamWriter] = []

    async def start(answer: Answer) -> int:
        async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writers.append(writer)
            try:
                while True:
                    head = await reader.readexactly(6)
                    frame = head + await reader.readexactly(int.from_bytes(head[4:6], "big"))
                    reply = answer(frame)
                    reply = await reply if isinstance(reply, Awaitable) else reply
                    if reply is None:
                        break
                    writer.write(reply)
            except (asyncio.IncompleteReadError, ConnectionError):
                pass
            finally:
                writer.close()

        server = await asyncio.start_server(handle, "127.0.0.1", 0)
        servers.append(server)
        return server.sockets[0].getsockname()[1]

    yield start
    for server in servers:
        server.close()
    for writer in writers:
        writer.close()
    await asyncio.sleep(0)


def reply(frame: bytes, pdu: bytes, *, transaction: int | None = None, unit: int | None = None) -> bytes:
    """Frame an answer to a request, with the header's fields bent if asked."""
    number = frame[0:2] if transaction is None else transaction.to_bytes(2, "big")
    unit_byte = frame[6:7] if unit is None else bytes([unit])
    return number + b"\x00\x00" + (len(pdu) + 1).to_bytes(2, "big") + unit_byte + pdu


def registers_reply(frame: bytes, *, count: int | None = None, value: int = 0) -> bytes:
    """Answer a read of registers, with another count if asked."""
    asked = int.from_bytes(frame[10:12], "big") if count is None else count
    return reply(frame, bytes([frame[7], 2 * asked]) + value.to_bytes(2, "big") * asked)


def region_at(ports: dict[str, int], *, units: dict[str, int] | None = None) -> Region:
    """Give Musterstadt with only these assets (and the grid point's map), each at its port."""
    region = load_region("musterstadt")
    assets = tuple(
        dataclasses.replace(
            asset,
            device=dataclasses.replace(
                asset.device, port=ports[asset.id], unit=(units or {}).get(asset.id, 1)
            ),
        )
        for asset in region.assets
        if asset.id in ports
    )
    return dataclasses.replace(region, assets=assets)


@pytest.fixture
async def field_of() -> AsyncIterator[Callable[..., ModbusField]]:
    """Make fields that are closed at the end."""
    fields: list[ModbusField] = []

    def make(
        region: Region,
        *,
        now: Callable[[], datetime] | None = None,
        answers_s: dict[str, float | None] | None = None,
        **settings: object,
    ) -> ModbusField:
        maps = maps_of(region)
        for asset_id, answer_s in (answers_s or {}).items():
            name = region.asset(asset_id).device.profile
            maps = {**maps, name: dataclasses.replace(maps[name], answer_s=answer_s)}
        field = ModbusField(region, maps, FieldSettings(patience=QUICK, **settings), now=now)
        fields.append(field)
        return field

    yield make
    for field in fields:
        await field.close()
