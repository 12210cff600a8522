"""Assets that share an endpoint: what one device does wrong must not cost its neighbours anything."""

import asyncio
import dataclasses
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import ExitStack
from datetime import timedelta
from itertools import pairwise

import pytest
from structlog.testing import capture_logs

from energy.backoff import JITTER_FRACTION
from energy.devices.field import ModbusField
from energy.devices.layout import Table
from energy.devices.modbus import ModbusEndpoint
from energy.domain import Level, Point, Quality, Rejected, Setpoint, Unreachable
from energy.region.asset import SerialLine
from energy.region.model import Region
from tests.devices.conftest import AT, QUICK, Answer, Bank, region_at, registers_reply, reply, tcp
from tests.devices.serial_bus import SerialBus, registers

Serve = Callable[[], tuple[int, Bank]]
Script = Callable[[Answer], Awaitable[int]]
FieldOf = Callable[..., ModbusField]


def setpoint(asset_id: str, power_kw: float, point: Point = Point.POWER_KW_SETPOINT) -> Setpoint:
    return Setpoint(
        asset_id=asset_id,
        point=point,
        power_kw=power_kw,
        valid_until=AT + timedelta(seconds=120),
        level=Level.PLAN,
        reason="test",
    )


class Insane(ModbusEndpoint):
    """An endpoint whose failing nobody thought of."""

    async def open(self) -> None:
        raise RuntimeError("the library lost its mind")


async def test_an_endpoint_that_fails_unexpectedly_costs_only_its_own_assets(
    serve: Serve, field_of: FieldOf
) -> None:
    (port, _), (sick, _) = serve(), serve()
    field = field_of(region_at({"load": port, "battery": port, "pv_park": sick}), backoff_s_min=0.001)
    gateway = field._gateways[tcp(sick)]
    gateway._endpoint = Insane(tcp(sick), QUICK)
    asked = [setpoint("pv_park", -1.0, Point.POWER_KW_MIN), setpoint("battery", 5.0)]
    with capture_logs() as logs:
        outcomes = await field.apply(asked, AT)
        for second in range(5):
            readings = await field.read(AT + timedelta(seconds=second))
            await asyncio.sleep(0.01)
    quality = {reading.asset_id: reading.quality for reading in readings if reading.point is Point.POWER_KW}
    assert quality["load"] is Quality.GOOD
    assert quality["pv_park"] is Quality.COMM_ERROR
    assert isinstance(outcomes[0], Unreachable)
    assert not isinstance(outcomes[1], Unreachable)
    assert "lost its mind" in outcomes[0].reason
    failing = [entry for entry in logs if entry["asset_id"] == "pv_park"]
    assert [entry["event"] for entry in failing] == ["device_failing"]


UNITS = {
    "load": 1,
    "grid_loss": 2,
    "grid_point": 3,
    "pv_park": 4,
    "wind_park": 5,
    "hydro": 6,
    "ev_hub": 7,
    "battery": 8,
}


def behind_one_port(port: int) -> Region:
    """Put all of Musterstadt behind one serial gateway."""
    region = region_at(dict.fromkeys(UNITS, port), units=UNITS)
    assert len(region.assets) == len(UNITS)
    return region


async def never(_: bytes) -> bytes:
    await asyncio.sleep(30)
    return b""


@pytest.mark.parametrize("living", [1, 8])
async def test_one_living_unit_among_seven_dead_is_heard_at_once_and_never_waits_for_them(
    script: Script, field_of: FieldOf, living: int
) -> None:
    async def answer(frame: bytes) -> bytes:
        return registers_reply(frame) if frame[6] == living else await never(frame)

    field = field_of(behind_one_port(await script(answer)), backoff_s_min=0.05, backoff_s_max=0.2)
    waits_s: list[float] = []
    asset_id = next(name for name, unit in UNITS.items() if unit == living)
    for tick in range(12):
        begun_s = time.monotonic()
        readings = await field.read(AT + timedelta(seconds=tick))
        waits_s.append(time.monotonic() - begun_s)
        good = {reading.asset_id for reading in readings if reading.quality is Quality.GOOD}
        assert good == {asset_id}, f"tick {tick}"
        await asyncio.sleep(0.3)
    assert waits_s[0] < 2.5 + 1.0
    assert max(waits_s[1:]) < QUICK.answer_s_max / 2


async def test_a_dead_unit_behind_a_shared_endpoint_comes_back_while_ticks_go_on(
    script: Script, field_of: FieldOf
) -> None:
    dead = set(UNITS.values()) - {1}

    async def answer(frame: bytes) -> bytes:
        return await never(frame) if frame[6] in dead else registers_reply(frame)

    field = field_of(behind_one_port(await script(answer)), backoff_s_min=0.05, backoff_s_max=0.2)
    await field.read(AT)
    dead.clear()
    good: set[str] = set()
    for tick in range(60):
        await asyncio.sleep(0.1)
        readings = await field.read(AT + timedelta(seconds=tick))
        good = {reading.asset_id for reading in readings if reading.quality is Quality.GOOD}
        if good == set(UNITS):
            break
    assert good == set(UNITS)


class Dying(ModbusEndpoint):
    """Reads once, and from then on fails in a way that nobody thought of."""

    async def read(self, unit: int, table: Table, *, address: int, count: int) -> Sequence[int]:
        raise LookupError(f"nobody thought of {unit} {table} {address} {count}")


async def test_what_a_try_behind_the_tick_ends_with_is_heard(script: Script, field_of: FieldOf) -> None:
    port = await script(registers_reply)
    field = field_of(region_at({"load": port}), backoff_s_min=0.01)
    gateway = field._gateways[tcp(port)]
    line = field._lines["load"]
    await field.read(AT)
    line.backoff.fail(-60.0)
    gateway._endpoint = Dying(tcp(port), QUICK)
    with capture_logs() as logs:
        await field.read(AT)
        probe = gateway._probe
        assert probe is not None
        await asyncio.wait({probe})
        await asyncio.sleep(0)
        await field.read(AT)
    assert [entry["event"] for entry in logs] == ["device_failing"]
    assert gateway._backoff.is_down


async def test_what_ran_out_while_a_neighbour_was_slow_is_not_written(
    script: Script, field_of: FieldOf
) -> None:
    now = AT
    written: list[int] = []

    async def answer(frame: bytes) -> bytes:
        nonlocal now
        if frame[7] in {6, 16}:
            written.append(frame[6])
            now = AT + timedelta(seconds=120)
            return reply(frame, frame[7:12])
        return registers_reply(frame)

    port = await script(answer)
    region = region_at({"pv_park": port, "battery": port}, units={"pv_park": 4, "battery": 8})
    field = field_of(region, now=lambda: now)
    asked = [setpoint("pv_park", 0.0, Point.POWER_KW_MIN), setpoint("battery", 5.0)]
    outcomes = await field.apply(asked, AT)
    assert written == [4]
    assert not isinstance(outcomes[0], Rejected)
    assert isinstance(outcomes[1], Rejected)
    assert "the setpoint ran out" in outcomes[1].reason
    again = await field.apply(asked[1:], AT)
    assert isinstance(again[0], Rejected)
    assert written == [4]


def on_serial_line(path: str) -> Region:
    """Put all of Musterstadt on one serial line."""
    region = behind_one_port(1)
    line = SerialLine(device=path, baud_rate=115200)
    assets = tuple(
        dataclasses.replace(
            asset,
            device=dataclasses.replace(asset.device, host=None, port=None, transport="serial", serial=line),
        )
        for asset in region.assets
    )
    return dataclasses.replace(region, assets=assets)


async def test_a_dead_unit_on_a_serial_line_costs_its_neighbours_nothing(field_of: FieldOf) -> None:
    dead = UNITS["hydro"]

    async def answer(request: bytes) -> bytes | None:
        return None if request[0] == dead else registers(request, 0)

    with ExitStack() as stack:
        field = field_of(on_serial_line(SerialBus(answer, stack).path), backoff_s_min=0.05, backoff_s_max=0.2)
        waits_s: list[float] = []
        for tick in range(8):
            begun_s = time.monotonic()
            readings = await field.read(AT + timedelta(seconds=tick))
            waits_s.append(time.monotonic() - begun_s)
            failed = {reading.asset_id for reading in readings if reading.quality is Quality.COMM_ERROR}
            assert failed == {"hydro"}, f"tick {tick}"
            await asyncio.sleep(0.2)
        await field.close()
    assert max(waits_s[1:]) < QUICK.answer_s_max / 2


async def test_whom_a_ticks_time_did_not_suffice_for_comes_first_in_the_next(
    script: Script, field_of: FieldOf
) -> None:
    async def slow(frame: bytes) -> bytes:
        await asyncio.sleep(0.2)
        return registers_reply(frame)

    units = {"load": 1, "grid_loss": 2, "grid_point": 3}
    region = region_at(dict.fromkeys(units, await script(slow)), units=units)
    field = field_of(region, read_s_max=0.5, backoff_s_min=0.01, backoff_s_max=0.01)
    heard: set[str] = set()
    for tick in range(4):
        readings = await field.read(AT + timedelta(seconds=tick))
        heard |= {reading.asset_id for reading in readings if reading.quality is Quality.GOOD}
        await asyncio.sleep(0.4)
    assert heard == set(units)


async def test_tried_in_tick_a_device_comes_back_by_the_controllers_time_alone(
    script: Script, field_of: FieldOf
) -> None:
    tries: list[float] = []
    now = AT

    def answer(frame: bytes) -> bytes | None:
        tries.append((now - AT).total_seconds())
        return None

    field = field_of(
        region_at({"load": await script(answer)}), retry="in_tick", backoff_s_min=60.0, backoff_s_max=300.0
    )
    for minute in range(20):
        now = AT + timedelta(minutes=minute)
        await field.read(now)
        await field.apply([], now)
    assert all(tries.count(moment) == 2 for moment in tries), "a reset is tried once more at once"
    waits_s = [after - before for before, after in pairwise(sorted(set(tries)))]
    for wait_s, longest_s in zip(waits_s, [60, 120, 240, 300, 300], strict=False):
        assert (1.0 - JITTER_FRACTION) * longest_s <= wait_s <= longest_s, waits_s
    assert len(waits_s) >= 4
