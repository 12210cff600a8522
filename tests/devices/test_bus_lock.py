"""Dead units behind a gateway with one line: hanging up does not free it, and the neighbours must not pay."""

import asyncio
import time
from collections.abc import Callable
from datetime import timedelta

import pytest
from structlog.testing import capture_logs

from energy.devices.field import ModbusField
from energy.devices.field_settings import FieldSettings
from energy.devices.layout import Table
from energy.devices.map_library import maps_of
from energy.devices.modbus import ModbusEndpoint, Patience
from energy.domain import Quality
from energy.errors import DeviceUnreachable
from tests.devices.conftest import AT, tcp
from tests.devices.servers.bus_gateway import BusGateway
from tests.devices.test_gateway import UNITS, behind_one_port

PATIENCE = Patience(connect_s_max=2.0, answer_s_max=0.4, gateway_s_max=0.8)
TIMEOUT_S = 0.6
"""The gateway's own: longer than our patience, as with usual ones."""


async def tick_through(
    field: ModbusField, *, tick_s: float, ticks: int, before: Callable[[int], None]
) -> list[set[str]]:
    """Read on the grid of ticks, leaving out what comes too late; give who was good each time."""
    begun_s = time.monotonic()
    seen: list[set[str]] = []
    for tick in range(ticks):
        before(tick)
        at = AT + timedelta(seconds=time.monotonic() - begun_s)
        readings = await field.read(at)
        seen.append({reading.asset_id for reading in readings if reading.quality is Quality.GOOD})
        passed_s = time.monotonic() - begun_s
        await asyncio.sleep(tick_s - passed_s % tick_s)
    return seen


def field_behind(bus: BusGateway, tick_s: float) -> ModbusField:
    region = behind_one_port(bus.port)
    settings = FieldSettings(patience=PATIENCE, backoff_s_min=0.4, backoff_s_max=20.0)
    return ModbusField(region, maps_of(region), settings.paced(tick_s))


@pytest.mark.parametrize(
    ("tick_s", "dead", "lost_max"), [(0.4, {2}, 1), (2.0, {1, 2, 4, 5}, 2)], ids=["short", "long"]
)
async def test_dead_units_behind_one_line_cost_their_neighbours_next_to_nothing(
    tick_s: float, dead: set[int], lost_max: int
) -> None:
    async with BusGateway(timeout_s=TIMEOUT_S).serving() as bus:
        field = field_behind(bus, tick_s)

        def kill(tick: int) -> None:
            if tick == 2:
                bus.dead = dead
                bus.asked.clear()

        with capture_logs() as logs:
            seen = await tick_through(field, tick_s=tick_s, ticks=9, before=kill)
        await field.close()
        tries = sum(unit in dead for unit in bus.asked) / len(dead)
    alive = {asset_id for asset_id, unit in UNITS.items() if unit not in dead}
    for asset_id in alive:
        lost = sum(asset_id not in good for good in seen)
        assert lost <= lost_max, f"{asset_id}: {[sorted(alive - good) for good in seen]}"
    failed = {entry["asset_id"] for entry in logs if entry["event"] == "device_failing"}
    assert failed == set(UNITS) - alive
    assert tries <= 10, "the waits between the tries grow"
    assert bus.connections <= 4 + 8 * len(dead)


async def test_a_try_that_a_tick_ends_counts_as_a_failure() -> None:
    async with BusGateway(timeout_s=0.05).serving() as bus:
        bus.timeout_s = 30.0
        bus.dead = {2}
        field = field_behind(bus, 0.2)
        line = field._lines["grid_loss"]
        failures: list[int] = []
        for tick in range(2):
            line.backoff._failed_at_s = -60.0 if tick else line.backoff._failed_at_s
            line.note_failure("test", AT)
            await field.read(AT + timedelta(seconds=tick))
            await asyncio.sleep(0.15)
            failures.append(line.backoff._failures)
        await field.close()
    assert failures[1] > failures[0]


async def opened(bus: BusGateway, *, is_shared: bool = True) -> ModbusEndpoint:
    endpoint = ModbusEndpoint(tcp(bus.port), PATIENCE, is_shared=is_shared)
    await endpoint.open()
    return endpoint


async def read(endpoint: ModbusEndpoint, unit: int) -> None:
    await endpoint.open()
    await endpoint.read(unit, Table.HOLDING, address=0, count=1)


async def test_a_neighbour_gets_the_time_for_which_the_dead_one_holds_the_line() -> None:
    async with BusGateway(timeout_s=1.1).serving() as bus:
        bus.dead = {2}
        endpoint = await opened(bus)
        with pytest.raises(DeviceUnreachable, match="no answer"):
            await read(endpoint, 2)
        await read(endpoint, 3)
        assert endpoint.connections == 2
        endpoint.close()


async def test_a_neighbours_first_silence_behind_a_dead_one_is_asked_once_more() -> None:
    async with BusGateway(timeout_s=1.5).serving() as bus:
        bus.dead = {2}
        endpoint = await opened(bus)
        with pytest.raises(DeviceUnreachable, match="no answer"):
            await read(endpoint, 2)
        begun_s = time.monotonic()
        await read(endpoint, 3)
        assert time.monotonic() - begun_s > 0.8, "the first question's time was over"
        endpoint.close()


async def test_a_unit_that_stays_silent_is_not_excused_for_ever() -> None:
    async with BusGateway(timeout_s=0.1).serving() as bus:
        bus.timeout_s = 30.0
        bus.dead = {2, 3}
        endpoint = await opened(bus)
        begun_s = time.monotonic()
        for unit in (2, 3):
            with pytest.raises(DeviceUnreachable, match="no answer"):
                await read(endpoint, unit)
        assert time.monotonic() - begun_s < 6.0
        endpoint.close()


async def test_alone_on_its_connection_a_device_gets_its_patience_and_no_more() -> None:
    async with BusGateway(timeout_s=30.0).serving() as bus:
        bus.dead = {2}
        endpoint = await opened(bus, is_shared=False)
        for _ in range(2):
            begun_s = time.monotonic()
            with pytest.raises(DeviceUnreachable, match=r"no answer within 0\.4 s"):
                await read(endpoint, 2)
            assert time.monotonic() - begun_s < 1.5
        endpoint.close()
