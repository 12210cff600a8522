"""The whole field: every point read, every setpoint answered for, and a dead device that costs nothing."""

import asyncio
import dataclasses
import math
import time
from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest
from structlog.testing import capture_logs

from energy.devices.codec import encode
from energy.devices.field import ModbusField
from energy.devices.layout import Register, Table
from energy.devices.map_library import load_map, shipped_maps
from energy.domain import (
    Applied,
    Level,
    Limited,
    Point,
    Quality,
    Rejected,
    Setpoint,
    Unreachable,
)
from tests.devices.conftest import AT, QUICK, Answer, Bank, region_at, registers_reply, reply

Serve = Callable[[], tuple[int, Bank]]
Script = Callable[[Answer], Awaitable[int]]
FieldOf = Callable[..., ModbusField]
DEAD_PORT = 9
"""The discard service: nobody listens there on loopback."""


def put(bank: Bank, register: Register, value: float) -> None:
    words = encode(register, value)
    if register.table is Table.INPUT:
        bank.set_input_registers(register.address, words)
    else:
        bank.set_holding_registers(register.address, words)


def fill(bank: Bank, name: str, values: dict[Point, float]) -> None:
    content = load_map(shipped_maps()[name])
    for point, value in values.items():
        found = content.point(point)
        assert found is not None
        put(bank, found.readback_register, value)


def setpoint(asset_id: str, power_kw: float, point: Point = Point.POWER_KW_SETPOINT) -> Setpoint:
    return Setpoint(
        asset_id=asset_id,
        point=point,
        power_kw=power_kw,
        valid_until=AT + timedelta(seconds=120),
        level=Level.PLAN,
        reason="test",
    )


def echoing(bank: Bank) -> None:
    """Let the battery show in its readback register what was written."""
    content = load_map(shipped_maps()["generic_battery"])
    point = content.point(Point.POWER_KW_SETPOINT)
    assert point is not None

    def show(address: int, words: list[int]) -> tuple[int, list[int]]:
        if address == point.address:
            raw = int.from_bytes(b"".join(word.to_bytes(2, "big") for word in words), "big", signed=True)
            put(bank, point.readback_register, raw * point.factor)
        return address, words

    bank.on_write = show


async def test_every_point_comes_back_in_our_unit_and_sign(serve: Serve, field_of: FieldOf) -> None:
    (meter, meter_bank), (park, park_bank), (store, store_bank), (hub, hub_bank) = (
        serve(),
        serve(),
        serve(),
        serve(),
    )
    expected = {
        "load": {Point.POWER_KW: 6123.456, Point.ENERGY_KWH_DRAWN: 1e6, Point.ENERGY_KWH_FED_IN: 0.0},
        "pv_park": {
            Point.POWER_KW: -1234.5,
            Point.POWER_KW_AVAILABLE: -2000.0,
            Point.ENERGY_KWH_FED_IN: 77.25,
            Point.ENERGY_KWH_DRAWN: 3.5,
            Point.POWER_KW_MIN: -1234.5,
        },
        "battery": {
            Point.POWER_KW: -500.25,
            Point.ENERGY_KWH: 2000.0,
            Point.ENERGY_KWH_DRAWN: 12.5,
            Point.ENERGY_KWH_FED_IN: 11.5,
            Point.POWER_KW_SETPOINT: -500.0,
        },
        "ev_hub": {
            Point.POWER_KW: 321.0,
            Point.ENERGY_KWH_BACKLOG: 99.99,
            Point.ENERGY_KWH_URGENT: 9.99,
            Point.ENERGY_KWH_DRAWN: 123.0,
            Point.POWER_KW_MAX: 400.0,
        },
    }
    ports = {"load": meter, "pv_park": park, "battery": store, "ev_hub": hub}
    region = region_at(ports)
    for bank, asset in zip((meter_bank, park_bank, store_bank, hub_bank), ports, strict=True):
        fill(bank, region.asset(asset).device.profile, expected[asset])
    readings = await field_of(region).read(AT)
    found = {(reading.asset_id, reading.point): reading for reading in readings}
    assert len(readings) == sum(len(points) for points in expected.values())
    for asset, points in expected.items():
        for point, value in points.items():
            reading = found[asset, point]
            assert reading.quality is Quality.GOOD, (asset, point)
            assert reading.value == pytest.approx(value, abs=0.01)
            assert reading.measured_at == AT


async def test_a_setpoint_is_written_read_back_and_applied(serve: Serve, field_of: FieldOf) -> None:
    port, bank = serve()
    echoing(bank)
    field = field_of(region_at({"battery": port}))
    for power_kw in (-750.0, 250.5, 250.5, 0.0):
        [outcome] = await field.apply([setpoint("battery", power_kw)], AT)
        assert isinstance(outcome, Applied)
        assert outcome.read_back_kw == pytest.approx(power_kw, abs=0.01)
    put_in = bank.get_holding_registers(40, 2)
    assert put_in == [0, 0]


async def test_an_unchanged_setpoint_is_written_again_to_feed_the_watchdog(
    serve: Serve, field_of: FieldOf
) -> None:
    port, bank = serve()
    writes = 0

    def count(address: int, words: list[int]) -> tuple[int, list[int]]:
        nonlocal writes
        writes += 1
        return address, words

    bank.on_write = count
    field = field_of(region_at({"pv_park": port}))
    asked = dataclasses.replace(
        setpoint("pv_park", -1000.0, Point.POWER_KW_MIN), valid_until=AT + timedelta(hours=1)
    )
    for second in range(0, 180, 5):
        await field.read(AT + timedelta(seconds=second))
        await field.apply([asked], AT + timedelta(seconds=second))
    assert writes == 3, "at 0, 60 and 120 s: at a third of the 180 s that the device keeps it"


async def test_a_device_that_holds_something_else_is_limited(serve: Serve, field_of: FieldOf) -> None:
    port, bank = serve()
    bank.on_write = lambda address, _words: (address, [9000, 0])
    field = field_of(region_at({"pv_park": port}))
    [outcome] = await field.apply([setpoint("pv_park", -2000.0, Point.POWER_KW_MIN)], AT)
    assert isinstance(outcome, Limited)
    assert outcome.read_back_kw == pytest.approx(-900.0)


async def test_an_exception_on_writing_is_rejected(script: Script, field_of: FieldOf) -> None:
    port = await script(lambda frame: reply(frame, bytes([frame[7] | 0x80, 3])))
    field = field_of(region_at({"battery": port}))
    [outcome] = await field.apply([setpoint("battery", 10.0)], AT)
    assert isinstance(outcome, Rejected)
    assert "exception 3" in outcome.reason


async def test_a_written_value_that_cannot_be_read_back_is_not_called_applied(
    script: Script, field_of: FieldOf
) -> None:
    def answer(frame: bytes) -> bytes:
        if frame[7] == 16:
            return reply(frame, frame[7:12])
        return registers_reply(frame, value=0x7FC0)

    field = field_of(region_at({"battery": await script(answer)}))
    [outcome] = await field.apply([setpoint("battery", 10.0)], AT)
    assert isinstance(outcome, Unreachable)
    assert "written, but" in outcome.reason


@pytest.mark.parametrize(
    ("wanted", "reason"),
    [
        (setpoint("battery", math.nan), "nameplate"),
        (setpoint("battery", math.inf), "nameplate"),
        (setpoint("battery", -1e6), "nameplate"),
        (setpoint("battery", 0.0, Point.POWER_KW_MAX), "cannot be commanded"),
        (setpoint("nobody", 0.0), "no asset"),
        (setpoint("load", 0.0), "takes nothing"),
        (dataclasses.replace(setpoint("battery", 0.0), valid_until=AT), "ran out"),
    ],
)
async def test_what_must_not_be_written_is_rejected_before_it_leaves(
    serve: Serve, field_of: FieldOf, wanted: Setpoint, reason: str
) -> None:
    port, bank = serve()
    bank.on_write = lambda _address, _words: pytest.fail("it was written")
    field = field_of(region_at({"battery": port, "load": port}, units={"load": 2}))
    [outcome] = await field.apply([wanted], AT)
    assert isinstance(outcome, Rejected)
    assert reason in outcome.reason


async def test_outcomes_come_in_the_order_of_the_setpoints(serve: Serve, field_of: FieldOf) -> None:
    port, _ = serve()
    field = field_of(region_at({"pv_park": port, "wind_park": DEAD_PORT}))
    wanted = [
        setpoint("wind_park", -10.0, Point.POWER_KW_MIN),
        setpoint("nobody", 0.0),
        setpoint("pv_park", -20.0, Point.POWER_KW_MIN),
        setpoint("pv_park", -30.0, Point.POWER_KW_MIN),
    ]
    outcomes = await field.apply(wanted, AT)
    assert [type(outcome) for outcome in outcomes] == [Unreachable, Rejected, Applied, Applied]
    assert [outcome.setpoint for outcome in outcomes] == wanted


async def test_values_beyond_the_nameplate_or_not_implemented_are_not_believed(
    serve: Serve, field_of: FieldOf
) -> None:
    port, bank = serve()
    fill(bank, "generic_battery", {Point.POWER_KW: 90_000.0, Point.ENERGY_KWH: 9000.0})
    bank.set_input_registers(110, [0x7FF8, 0, 0, 0])
    readings = await field_of(region_at({"battery": port})).read(AT)
    quality = {reading.point: reading.quality for reading in readings}
    assert quality[Point.POWER_KW] is Quality.IMPLAUSIBLE
    assert quality[Point.ENERGY_KWH] is Quality.IMPLAUSIBLE
    assert quality[Point.ENERGY_KWH_DRAWN] is Quality.NOT_IMPLEMENTED
    assert quality[Point.ENERGY_KWH_FED_IN] is Quality.GOOD
    assert all((reading.value is None) == (reading.quality is not Quality.GOOD) for reading in readings)


async def test_an_exception_on_one_block_leaves_the_others(script: Script, field_of: FieldOf) -> None:
    def answer(frame: bytes) -> bytes:
        if int.from_bytes(frame[8:10], "big") == 1020:
            return reply(frame, bytes([frame[7] | 0x80, 2]))
        return registers_reply(frame)

    field = field_of(region_at({"pv_park": await script(answer)}))
    with capture_logs() as logs:
        for _ in range(3):
            readings = await field.read(AT)
    quality = {reading.point: reading.quality for reading in readings}
    assert quality.pop(Point.POWER_KW_MIN) is Quality.COMM_ERROR
    assert set(quality.values()) == {Quality.GOOD}
    assert [entry["event"] for entry in logs] == ["device_failing"]


async def never(frame: bytes) -> bytes:
    await asyncio.sleep(30)
    return b""


async def test_a_silent_device_costs_the_others_nothing(
    serve: Serve, script: Script, field_of: FieldOf
) -> None:
    good, _ = serve()
    silent = await script(never)
    ports = {"load": good, "pv_park": silent, "wind_park": DEAD_PORT}
    field = field_of(region_at(ports), backoff_s_min=30.0)
    begun_s = time.monotonic()
    readings = await field.read(AT)
    first_s = time.monotonic() - begun_s
    begun_s = time.monotonic()
    for _ in range(20):
        readings = await field.read(AT)
        outcomes = await field.apply([setpoint("pv_park", -1.0, Point.POWER_KW_MIN)], AT)
    later_s = (time.monotonic() - begun_s) / 20
    quality = {(reading.asset_id, reading.quality) for reading in readings}
    assert quality == {
        ("load", Quality.GOOD),
        ("pv_park", Quality.COMM_ERROR),
        ("wind_park", Quality.COMM_ERROR),
    }
    assert isinstance(outcomes[0], Unreachable)
    assert "no answer since" in outcomes[0].reason
    assert first_s < QUICK.answer_s_max + 1.0
    assert later_s < QUICK.answer_s_max / 4


async def test_a_silent_unit_behind_a_gateway_leaves_its_neighbours(
    script: Script, field_of: FieldOf
) -> None:
    async def answer(frame: bytes) -> bytes:
        return await never(frame) if frame[6] == 2 else registers_reply(frame)

    port = await script(answer)
    region = region_at(
        {"load": port, "grid_loss": port, "grid_point": port},
        units={"load": 1, "grid_loss": 2, "grid_point": 3},
    )
    field = field_of(region, backoff_s_min=30.0)
    for _ in range(2):
        readings = await field.read(AT)
        power = {reading.asset_id: reading.quality for reading in readings if reading.point is Point.POWER_KW}
        assert power == {
            "load": Quality.GOOD,
            "grid_loss": Quality.COMM_ERROR,
            "grid_point": Quality.GOOD,
        }


async def test_a_read_ends_at_its_deadline_however_slow_the_devices(
    script: Script, field_of: FieldOf
) -> None:
    async def slow(frame: bytes) -> bytes:
        await asyncio.sleep(0.5)
        return registers_reply(frame)

    field = field_of(region_at({"ev_hub": await script(slow)}), read_s_max=0.25)
    begun_s = time.monotonic()
    readings = await field.read(AT)
    assert time.monotonic() - begun_s < 1.5
    assert {reading.quality for reading in readings} == {Quality.COMM_ERROR}


async def test_failing_and_recovery_are_logged_once_each_with_the_duration(
    script: Script, field_of: FieldOf
) -> None:
    dead = True

    def answer(frame: bytes) -> bytes | None:
        return None if dead else registers_reply(frame)

    field = field_of(region_at({"load": await script(answer)}), retry="in_tick", backoff_s_max=4.0)
    with capture_logs() as logs:
        for second in range(10):
            dead = second < 7
            await field.read(AT + timedelta(seconds=second))
    assert [(entry["event"], entry["asset_id"]) for entry in logs] == [
        ("device_failing", "load"),
        ("device_recovered", "load"),
    ]
    assert logs[1]["failing_s"] == 7.0


async def test_tried_behind_a_device_comes_back_without_a_tick_waiting_for_it(
    script: Script, field_of: FieldOf
) -> None:
    dead = True

    async def answer(frame: bytes) -> bytes:
        return await never(frame) if dead else registers_reply(frame)

    field = field_of(region_at({"load": await script(answer)}), backoff_s_min=0.05, backoff_s_max=0.1)
    await field.read(AT)
    dead = False
    waits: list[float] = []
    for tick in range(100):
        begun_s = time.monotonic()
        readings = await field.read(AT + timedelta(seconds=tick))
        waits.append(time.monotonic() - begun_s)
        if readings[0].quality is Quality.GOOD:
            break
        await asyncio.sleep(0.02)
    assert readings[0].quality is Quality.GOOD
    assert max(waits[:-1]) < QUICK.answer_s_max / 4


async def test_a_closed_field_leaves_no_task_and_no_connection(script: Script, field_of: FieldOf) -> None:
    field = field_of(region_at({"load": await script(never)}), backoff_s_min=0.01)
    await field.read(AT)
    await asyncio.sleep(0.02)
    await field.read(AT)
    await field.close()
    assert asyncio.all_tasks() - {asyncio.current_task()} <= {
        task for task in asyncio.all_tasks() if "handle" in repr(task.get_coro())
    }
