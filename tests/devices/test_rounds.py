"""What a tick's time does not suffice for goes on behind it: nobody that answers is cut off or blamed."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

import pytest
from structlog.testing import capture_logs

from energy.devices.field import ModbusField
from energy.domain import Level, Point, Quality, Reading, Setpoint, Unreachable
from tests.devices.conftest import AT, Answer, region_at, registers_reply, reply
from tests.devices.test_gateway import UNITS, behind_one_port

Script = Callable[[Answer], Awaitable[int]]
FieldOf = Callable[..., ModbusField]
ANSWER_S = 0.1


class Slow:
    """A device that takes its time for each answer, and counts who connects."""

    def __init__(self, answer_s: float = ANSWER_S) -> None:
        self.answer_s = answer_s
        self.asked: list[int] = []

    async def answer(self, frame: bytes) -> bytes:
        self.asked.append(frame[6])
        await asyncio.sleep(self.answer_s)
        if frame[7] == 16:
            return reply(frame, frame[7:12])
        return registers_reply(frame)


def good(readings: list[Reading]) -> dict[str, datetime]:
    """Give the moment of each asset whose power is good."""
    return {
        reading.asset_id: reading.measured_at
        for reading in readings
        if reading.quality is Quality.GOOD and reading.point is Point.POWER_KW
    }


def connections(field: ModbusField) -> int:
    [gateway] = field._gateways.values()
    return gateway._endpoint.connections


async def test_a_device_whose_sweep_takes_longer_than_a_tick_waits_is_read_all_the_same(
    script: Script, field_of: FieldOf
) -> None:
    device = Slow()
    field = field_of(region_at({"battery": await script(device.answer)}), read_s_max=1.5 * ANSWER_S)
    blocks = len(field._lines["battery"].blocks)
    assert blocks * ANSWER_S > 1.5 * ANSWER_S, "it must not fit"
    ages_s: list[float] = []
    with capture_logs() as logs:
        for tick in range(10):
            at = AT + timedelta(seconds=tick)
            found = good(await field.read(at))
            if "battery" in found:
                ages_s.append((at - found["battery"]).total_seconds())
            await asyncio.sleep((blocks + 1) * ANSWER_S)
    assert len(ages_s) >= 8, "every tick but the first has values"
    assert set(ages_s) == {1.0}, "and says when their reading began"
    assert connections(field) == 1
    assert not logs, "nothing failed"
    assert not field._lines["battery"].backoff.is_down


async def test_a_bus_whose_round_does_not_fit_is_read_whole_and_nobody_is_cut_off(
    script: Script, field_of: FieldOf
) -> None:
    bus = Slow(0.03)
    field = field_of(behind_one_port(await script(bus.answer)), read_s_max=0.3)
    rounds_s = 0.03 * sum(len(line.blocks) for line in field._lines.values())
    assert rounds_s > 1.2 * 0.3, "it must not fit"
    seen: list[set[str]] = []
    with capture_logs() as logs:
        for tick in range(10):
            at = AT + timedelta(seconds=tick)
            found = good(await field.read(at))
            assert all(0.0 <= (at - moment).total_seconds() <= 1.0 for moment in found.values())
            seen.append(set(found))
            await asyncio.sleep(rounds_s)
    assert all(found == set(UNITS) for found in seen[1:]), seen
    assert connections(field) == 1
    assert not logs


async def test_on_a_bus_that_is_always_behind_everybody_is_read_in_turn(
    script: Script, field_of: FieldOf
) -> None:
    bus = Slow(0.03)
    field = field_of(behind_one_port(await script(bus.answer)), read_s_max=0.25)
    heard: dict[str, int] = dict.fromkeys(UNITS, 0)
    for tick in range(12):
        for asset_id in good(await field.read(AT + timedelta(seconds=tick))):
            heard[asset_id] += 1
    assert min(heard.values()) >= 2
    assert max(heard.values()) <= min(heard.values()) + 2, "nobody is read twice while another waits"


async def test_what_was_read_behind_the_tick_bears_the_moment_of_its_reading(
    script: Script, field_of: FieldOf
) -> None:
    now = AT
    bus = Slow(0.03)
    field = field_of(behind_one_port(await script(bus.answer)), read_s_max=0.3, now=lambda: now)
    first = good(await field.read(AT))
    now = AT + timedelta(seconds=2)
    await asyncio.sleep(1.0)
    bus.answer_s = 10.0
    second = good(await field.read(AT + timedelta(seconds=5)))
    assert set(second) == set(UNITS) - set(first)
    assert sum(moment == now for moment in second.values()) >= len(second) - 1
    assert set(second.values()) <= {AT, now}, "one may have been under way when the tick's time was over"


async def test_a_try_that_succeeds_behind_the_tick_is_not_thrown_away(
    script: Script, field_of: FieldOf
) -> None:
    device = Slow(30.0)
    region = region_at({"load": await script(device.answer)})
    field = field_of(region, read_s_max=0.3, backoff_s_min=0.01, backoff_s_max=0.01)
    await field.read(AT)
    await asyncio.sleep(1.0)
    device.answer_s = 0.0
    assert not good(await field.read(AT + timedelta(seconds=1)))
    await asyncio.sleep(0.5)
    device.answer_s = 0.6
    found = good(await field.read(AT + timedelta(seconds=2)))
    assert found == {"load": AT + timedelta(seconds=1)}


@pytest.mark.parametrize("named_s", [None, 1.5])
async def test_a_map_says_how_long_its_device_may_take(
    script: Script, field_of: FieldOf, named_s: float | None
) -> None:
    device = Slow(1.0)
    region = region_at({"load": await script(device.answer)})
    field = field_of(region, read_s_max=3.0, answers_s={"load": named_s})
    found = good(await field.read(AT))
    assert set(found) == (set() if named_s is None else {"load"})


async def test_a_write_waits_for_no_neighbours_slow_sweep(script: Script, field_of: FieldOf) -> None:
    bus = Slow(0.0)
    region = behind_one_port(await script(bus.answer))
    field = field_of(region, read_s_max=0.1, apply_s_max=2.0)
    await field.read(AT)
    bus.answer_s = 0.1
    await field.read(AT + timedelta(seconds=1))
    asked = [
        Setpoint(
            asset_id="battery",
            point=Point.POWER_KW_SETPOINT,
            power_kw=5.0,
            valid_until=AT + timedelta(minutes=2),
            level=Level.PLAN,
            reason="test",
        )
    ]
    [outcome] = await field.apply(asked, AT + timedelta(seconds=1))
    assert not isinstance(outcome, Unreachable), outcome
    assert connections(field) == 1
