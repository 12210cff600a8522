"""A small region on free ports, its plant, and a bare Modbus client to look at it with."""

import asyncio
import math
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from pymodbus.client import AsyncModbusTcpClient

from energy.devices.codec import decode, encode
from energy.devices.layout import Register, Table
from energy.devices.map_library import maps_of
from energy.devices.plant.control_client import PlantControl
from energy.devices.plant.run import PlantSettings, run_plant
from energy.devices.register_map import RegisterMap
from energy.domain import Point
from energy.ports import Clock
from energy.region.loader import load_region
from energy.region.model import Region

START = datetime(2020, 6, 1, 9, 0, tzinfo=UTC)
HISTORY_START = datetime(2020, 6, 1, tzinfo=UTC)
PERIODS = 96
ANSWER_S_MAX = 2.0

REGION = """
schema_version: energiewaage.region/1
id: testdorf
name: {{de: Testdorf, en: Testville}}
timezone: Europe/Berlin
holidays: DE-BY
location: {{latitude: 50.0, longitude: 12.0}}
market: {{day_ahead: {{file: prices.csv, column: price_eur_per_mwh}}}}
municipalities: [{{id: dorf, name: {{de: Dorf, en: Village}}}}]
assets:
  - {{id: grid_point, kind: grid_point, name: {{de: N, en: N}},
     power_kw_import_max: 9000, power_kw_export_max: 9000,
     device: {{profile: generic_meter, host: 127.0.0.1, port: {ports[0]}}}}}
  - {{id: load, kind: load, name: {{de: N, en: N}}, power_kw_max: 5000,
     history: {{file: measured.csv, column: load_kw}},
     device: {{profile: generic_meter, host: 127.0.0.1, port: {ports[1]}, unit: 1}}}}
  - {{id: loss, kind: grid_loss, name: {{de: N, en: N}}, fraction_of_load: 0.04, power_kw_max: 300,
     device: {{profile: generic_meter, host: 127.0.0.1, port: {ports[1]}, unit: 2}}}}
  - {{id: pv, kind: pv, name: {{de: N, en: N}}, power_kw_rated: 2000, ramp_kw_per_s: 50, safe_fraction: 0.3,
     history: {{file: measured.csv, column: pv_kw}},
     device: {{profile: generic_park_controller, host: 127.0.0.1, port: {ports[2]}}}}}
  - {{id: battery, kind: battery, name: {{de: N, en: N}}, energy_kwh_capacity: 2000, energy_kwh_min: 100,
     energy_kwh_max: 1900, power_kw_charge_max: 1000, power_kw_discharge_max: 1000, efficiency_charge: 0.95,
     efficiency_discharge: 0.95, wear_eur_per_kwh: 0.01, ramp_kw_per_s: 100,
     device: {{profile: generic_battery, host: 127.0.0.1, port: {ports[3]}}}}}
  - {{id: hub, kind: ev_hub, name: {{de: N, en: N}}, power_kw_max: 600, power_kw_safe: 60, dwell_h: 4,
     ramp_kw_per_s: 20, history: {{file: measured.csv, column: ev_kw}},
     device: {{profile: generic_ev_hub, host: 127.0.0.1, port: {ports[4]}}}}}
"""


def free_ports(count: int) -> list[int]:
    """Find ports that nobody listens on."""
    probes = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [probe.getsockname()[1] for probe in probes]
    for probe in probes:
        probe.close()
    return ports


@pytest.fixture
def region(tmp_path: Path) -> Region:
    """A village with one asset of most kinds and a day of history."""
    folder = tmp_path / "testdorf"
    (folder / "history").mkdir(parents=True)
    rows, prices = ["utc,load_kw,pv_kw,ev_kw"], ["utc,price_eur_per_mwh"]
    for index in range(PERIODS):
        moment = HISTORY_START + index * timedelta(minutes=15)
        hour = index / 4.0
        load_kw = 2000.0 + 500.0 * math.sin(hour / 24.0 * math.tau)
        pv_kw = max(0.0, 1800.0 * math.sin((hour - 5.0) / 14.0 * math.pi)) if 5.0 <= hour <= 19.0 else 0.0
        rows.append(f"{moment:%Y-%m-%dT%H:%M:%SZ},{load_kw:.3f},{pv_kw:.3f},{100.0 + 5.0 * (index % 7):.3f}")
        prices.append(f"{moment:%Y-%m-%dT%H:%M:%SZ},{40.0 + index % 5:.2f}")
    (folder / "history" / "measured.csv").write_text("\n".join(rows) + "\n")
    (folder / "history" / "prices.csv").write_text("\n".join(prices) + "\n")
    (folder / "region.yaml").write_text(REGION.format(ports=free_ports(5)))
    return load_region(str(folder))


@dataclass(frozen=True, slots=True, kw_only=True)
class Eye:
    """Looks at devices over Modbus, one fresh connection a request."""

    region: Region
    maps: dict[str, RegisterMap]

    def register(self, asset_id: str, point: Point, *, readback: bool = False) -> Register:
        found = self.maps[self.region.asset(asset_id).device.profile].point(point)
        assert found is not None
        return found.readback_register if readback else found

    def has(self, asset_id: str, point: Point) -> bool:
        profile = self.region.asset(asset_id).device.profile
        return self.maps[profile].point(point) is not None

    async def ask(self, asset_id: str, request: Callable[[AsyncModbusTcpClient, int], Awaitable]):
        device = self.region.asset(asset_id).device
        client = AsyncModbusTcpClient(
            device.host, port=device.port, timeout=ANSWER_S_MAX, retries=0, reconnect_delay=0
        )
        assert await client.connect()
        try:
            return await request(client, device.unit)
        finally:
            client.close()

    async def words(self, asset_id: str, register: Register):
        def read(client: AsyncModbusTcpClient, unit: int):
            call = (
                client.read_input_registers
                if register.table is Table.INPUT
                else client.read_holding_registers
            )
            return call(register.address, count=register.width, device_id=unit)

        return await self.ask(asset_id, read)

    async def value(self, asset_id: str, point: Point, *, readback: bool = False) -> float | None:
        register = self.register(asset_id, point, readback=readback)
        answer = await self.words(asset_id, register)
        assert not answer.isError(), answer
        return decode(register, answer.registers)[0]

    async def write(self, asset_id: str, point: Point, power_kw: float):
        register = self.register(asset_id, point)
        words = encode(register, power_kw)

        def send(client: AsyncModbusTcpClient, unit: int):
            if len(words) == 1:
                return client.write_register(register.address, words[0], device_id=unit)
            return client.write_registers(register.address, words, device_id=unit)

        return await self.ask(asset_id, send)


def eye_on(region: Region) -> Eye:
    return Eye(region=region, maps=maps_of(region))


@pytest.fixture
def eye(region: Region) -> Eye:
    return eye_on(region)


@asynccontextmanager
async def running(
    region: Region,
    *,
    seed: int = 1,
    start: datetime = START,
    clock: Clock | None = None,
    state_folder: Path | None = None,
) -> AsyncIterator[PlantControl]:
    """Run a plant and give a control connection to it."""
    ready: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    settings = PlantSettings(
        region=region,
        start=start,
        seed=seed,
        clock=clock,
        state_folder=state_folder,
        on_ready=ready.set_result,
    )
    plant = asyncio.create_task(run_plant(settings))
    await asyncio.wait([plant, ready], return_when=asyncio.FIRST_COMPLETED)
    if plant.done():
        plant.result()
    async with await PlantControl.connect(ready.result()) as control:
        yield control
        if not plant.done():
            await control.stop()
    await plant
