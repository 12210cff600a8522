"""Writing behind one slow line: everybody gets a turn, and what presses does not wait."""

import asyncio
import dataclasses
from collections.abc import Awaitable, Callable
from datetime import timedelta
from itertools import pairwise

from energy.devices.field import ModbusField
from energy.domain import Applied, Level, Outcome, Point, Setpoint, Unreachable
from energy.region.model import Region
from tests.devices.conftest import AT, Answer, region_at, reply

Script = Callable[[Answer], Awaitable[int]]
FieldOf = Callable[..., ModbusField]
TICK = timedelta(seconds=5)


class Bus:
    """Units behind a gateway, each with its own registers, that answers after a while."""

    def __init__(self, answer_s: float) -> None:
        self.answer_s = answer_s
        self.written: list[int] = []
        self._registers: dict[tuple[int, int], int] = {}

    async def answer(self, frame: bytes) -> bytes:
        await asyncio.sleep(self.answer_s)
        unit, function, address = frame[6], frame[7], int.from_bytes(frame[8:10], "big")
        if function == 16:
            words = frame[13:]
            for place in range(len(words) // 2):
                word = int.from_bytes(words[2 * place : 2 * place + 2], "big")
                self._registers[unit, address + place] = word
            self.written.append(unit)
            return reply(frame, frame[7:12])
        count = int.from_bytes(frame[10:12], "big")
        words = [self._registers.get((unit, address + place), 0) for place in range(count)]
        data = b"".join(word.to_bytes(2, "big") for word in words)
        return reply(frame, bytes([function, len(data)]) + data)


def park_of(port: int, size: int) -> Region:
    """Put so many parks behind one endpoint."""
    region = region_at({"pv_park": port})
    [park] = [asset for asset in region.assets if asset.id == "pv_park"]
    others = [asset for asset in region.assets if asset.id != "pv_park"]
    parks = [
        dataclasses.replace(park, id=f"park_{unit}", device=dataclasses.replace(park.device, unit=unit))
        for unit in range(1, size + 1)
    ]
    return dataclasses.replace(region, assets=(*others, *parks))


def asked(unit: int, tick: int, power_kw: float = -1000.0, level: Level = Level.PLAN) -> Setpoint:
    return Setpoint(
        asset_id=f"park_{unit}",
        point=Point.POWER_KW_MIN,
        power_kw=power_kw,
        valid_until=AT + (tick + 1) * TICK,
        level=level,
        reason="test",
    )


def applied(outcomes: list[Outcome]) -> list[int]:
    return [unit for unit, outcome in enumerate(outcomes, start=1) if isinstance(outcome, Applied)]


async def test_whom_the_time_for_writing_did_not_suffice_for_is_written_first_in_the_next_tick(
    script: Script, field_of: FieldOf
) -> None:
    bus = Bus(0.0)
    field = field_of(park_of(await script(bus.answer), 12), apply_s_max=0.6)
    runs: list[list[int]] = []
    for tick in range(4):
        bus.answer_s = 0.0
        await field.read(AT + tick * TICK)
        bus.answer_s = 0.03
        setpoints = [asked(unit, tick, -1000.0 - 50.0 * tick) for unit in range(1, 13)]
        outcomes = await field.apply(setpoints, AT + tick * TICK)
        assert all(isinstance(outcome, Applied | Unreachable) for outcome in outcomes), outcomes
        runs.append(applied(outcomes))
        if tick == 0:
            late = [outcome for outcome in outcomes if isinstance(outcome, Unreachable)]
            assert late, "the line is too slow for all of them"
            assert all("its turn did not come within 0.6 s" in outcome.reason for outcome in late)
    for before, after in pairwise(runs):
        assert set(before) | set(after) == set(range(1, 13)), "nobody waits for more than one tick"


async def test_what_presses_is_written_first(script: Script, field_of: FieldOf) -> None:
    bus = Bus(0.0)
    field = field_of(park_of(await script(bus.answer), 5))
    await field.read(AT)
    for tick, units in enumerate([(4,), (1, 2, 3, 5)]):
        await field.apply([asked(unit, tick) for unit in units], AT + tick * TICK)
    await field.read(AT + 2 * TICK)
    bus.written.clear()
    setpoints = [
        asked(1, 2, -2000.0),
        asked(2, 2, -1500.0),
        asked(3, 2, -500.0),
        asked(4, 2, -2000.0),
        asked(5, 2, -1200.0, level=Level.GRID_OPERATOR),
    ]
    outcomes = await field.apply(setpoints, AT + 2 * TICK)
    assert applied(outcomes) == [1, 2, 3, 4, 5], "answered in the order in which they were asked"
    order = list(dict.fromkeys(bus.written))
    assert order == [3, 5, 4, 1, 2], "what tightens, duties, and then what the device would drop soonest"
