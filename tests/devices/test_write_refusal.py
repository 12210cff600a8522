"""What a device does not take, or shows late, is not repeated in every tick, nor held against it too soon."""

import dataclasses
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from energy.devices.field import ModbusField
from energy.devices.field_settings import FieldSettings
from energy.devices.map_library import maps_of
from energy.devices.register_map import Readback, Write
from energy.devices.write_budget import CountInMemory, WriteBudget
from energy.devices.write_refusal import RETRY_S_MAX, RETRY_S_MIN, Refusal, Shown, retry_s
from energy.domain import Applied, Level, Limited, Point, Rejected, Setpoint, Unreachable
from tests.devices.conftest import AT, PATIENT, region_at
from tests.devices.inverter import (
    ENABLE,
    KEPT_S,
    LEFT,
    LIMIT,
    MAP,
    RAMP,
    TIMER,
    Serve,
    SiteOf,
    sites,
)
from tests.devices.test_field import fill

FLASH = (
    "storage: ram\n      write_budget_per_day: unlimited",
    "storage: flash\n      write_budget_per_day: 2000",
)
NO_BEAT = (MAP[MAP.index("heartbeat:") : MAP.index("points:")], "")
LATE = ("readback: {tolerance_kw: 3}", "readback: {tolerance_kw: 3, settles_s: 8}")


@pytest.fixture
async def site_of(serve: Serve, tmp_path: Path) -> AsyncIterator[SiteOf]:
    async with sites(serve, tmp_path) as make:
        yield make


async def test_a_clamped_value_is_renewed_in_time_and_not_written_in_every_tick(site_of: SiteOf) -> None:
    count = CountInMemory()
    site = site_of(FLASH, NO_BEAT, budget=WriteBudget(count))
    site.inverter.percent_max = 80
    ticks = 200
    for _ in range(ticks):
        outcome = await site.tick(-4000.0)
        assert isinstance(outcome, Limited), outcome
        assert outcome.read_back_kw == pytest.approx(-3200.0)
        assert "it holds something else" in outcome.reason
        assert site.inverter.shows(ENABLE) == 1, "the bound stands"
    every_s = KEPT_S / 3
    assert count.of("pv_park", AT.date()) <= 4 + 2 * ticks * 5 / every_s


async def test_a_value_that_cannot_be_armed_is_tried_again_ever_more_seldom(site_of: SiteOf) -> None:
    site = site_of()
    site.inverter.ignored.add(TIMER)
    tried: list[int] = []
    for tick in range(70):
        outcome = await site.tick(-2400.0)
        assert isinstance(outcome, Rejected)
        assert "'WMaxLimPct_RvrtTms' shows 0 instead of 60" in outcome.reason
        if site.inverter.order:
            tried.append(5 * tick)
    assert tried == [0, 10, 30, 70, 150, 310]


async def test_what_changes_is_written_at_once(site_of: SiteOf) -> None:
    site = site_of()
    site.inverter.percent_max = 80
    for _ in range(3):
        await site.tick(-4000.0)
    site.inverter.log.clear()
    await site.tick(-4000.0)
    assert site.inverter.order == []
    assert isinstance(await site.tick(-3000.0), Applied)
    assert site.inverter.order == ["limit", "enable"], "other words"
    for _ in range(2):
        await site.tick(-3900.0)
    site.inverter.put(LIMIT, 500)
    site.inverter.log.clear()
    assert isinstance(await site.tick(-3900.0), Limited)
    assert site.inverter.order == ["limit", "enable"], "the device holds something else than before"
    site.inverter.put(RAMP, 0)
    assert isinstance(await site.tick(-3900.0), Limited)
    assert site.inverter.order == ["ramp", "limit", "enable"], "a register beside it was changed"


async def test_a_device_that_takes_it_after_all_is_believed_without_another_write(site_of: SiteOf) -> None:
    site = site_of()
    site.inverter.percent_max = 80
    assert isinstance(await site.tick(-4000.0), Limited)
    site.inverter.put(LIMIT, 1000)
    site.inverter.log.clear()
    assert isinstance(await site.tick(-4000.0), Applied)
    assert site.inverter.order == []


async def test_a_device_that_shows_it_a_tick_later_gets_its_time(site_of: SiteOf) -> None:
    site = site_of(LATE)
    assert isinstance(await site.tick(-2400.0), Applied)
    site.inverter.shows_late = True
    site.inverter.log.clear()
    for power_kw in (-1000.0, -3000.0, -500.0):
        outcome = await site.tick(power_kw)
        assert isinstance(outcome, Limited)
        assert outcome.is_settling
        assert "not shown yet, which may take 8 s" in outcome.reason
        assert site.inverter.order == ["limit", "enable"]
        outcome = await site.tick(power_kw)
        assert isinstance(outcome, Applied), outcome
        assert outcome.read_back_kw == pytest.approx(power_kw)
        assert site.inverter.order == [], "it was not written again"
    for _ in range(16):
        assert isinstance(await site.tick(-500.0), Applied), "nor is its countdown taken to stand still"
        assert site.inverter.shows(ENABLE) == 1


async def test_first_its_timers_are_waited_for(site_of: SiteOf) -> None:
    site = site_of(LATE)
    site.inverter.shows_late = True
    outcomes = [await site.tick(-2400.0) for _ in range(3)]
    assert [type(outcome) for outcome in outcomes] == [Rejected, Limited, Applied]
    assert site.inverter.order == ["timer", "ramp", "limit", "enable"], "each was written once"


async def test_a_device_that_never_shows_it_is_limited_when_its_time_is_over(site_of: SiteOf) -> None:
    site = site_of(LATE)
    site.inverter.percent_max = 80
    seen: list[bool] = []
    for _ in range(20):
        outcome = await site.tick(-4000.0)
        assert isinstance(outcome, Limited)
        seen.append(outcome.is_settling)
    assert seen == [True, True, *([False] * 18)], "8 s, whatever is renewed later"


async def test_a_setpoint_that_moves_on_gives_no_new_time(site_of: SiteOf) -> None:
    site = site_of(LATE)
    site.inverter.percent_max = 50
    outcomes = [await site.tick(-4000.0 + 50.0 * tick) for tick in range(5)]
    assert [isinstance(outcome, Limited) and outcome.is_settling for outcome in outcomes] == [
        *(True, True),
        *(False, False, False),
    ]


async def test_a_timer_that_stands_still_is_found_though_it_is_shown_late(site_of: SiteOf) -> None:
    site = site_of(LATE)
    await site.tick(-2400.0)
    site.inverter.counts_down = False
    site.inverter.put(LEFT + 1, KEPT_S)
    reasons = [getattr(await site.tick(-2400.0), "reason", "") for _ in range(6)]
    assert any("timer stands still" in reason for reason in reasons), reasons


async def test_a_command_that_had_to_be_undone_is_not_repeated_in_every_tick(serve: Serve) -> None:
    port, bank = serve()
    fill(bank, "generic_battery", {Point.POWER_KW: 0.0, Point.ENERGY_KWH: 100.0})
    told: list[bool] = []

    def take(address: int, words: list[int]) -> tuple[int, list[int]]:
        told.append(any(words))
        bank.set_input_registers(120, [0x7149, 0xF2CA] if any(words) else [0, 0])
        return address, words

    bank.on_write = take
    region = region_at({"battery": port})
    field = ModbusField(region, maps_of(region), FieldSettings(patience=PATIENT))
    for tick in range(6):
        at = AT + tick * timedelta(seconds=5)
        await field.read(at)
        asked = Setpoint(
            asset_id="battery",
            point=Point.POWER_KW_SETPOINT,
            power_kw=50.0,
            valid_until=at + timedelta(seconds=60),
            level=Level.PLAN,
            reason="test",
        )
        [outcome] = await field.apply([asked], at)
        assert isinstance(outcome, Unreachable), outcome
        assert "told to rest" in outcome.reason
    await field.close()
    assert told == [True, False, True, False], "at once, and after 10 s"


WRITE = Write(
    safe_value_kw=0.0,
    readback=Readback(tolerance_kw=0.5),
    watchdog_s=180.0,
    watchdog_fed_by="write",
    reversion_s="none",
    storage="ram",
    write_budget_per_day="unlimited",
    min_step_kw=5.0,
)
REFUSED = Rejected(
    setpoint=Setpoint(
        asset_id="a",
        point=Point.POWER_KW_MAX,
        power_kw=9.0,
        valid_until=AT,
        level=Level.PLAN,
        reason="test",
    ),
    at=AT,
    reason="no",
)
REFUSAL = Refusal(
    registers=((9,),),
    power_kw=9.0,
    outcome=REFUSED,
    arrived=True,
    shown=Shown(held_kw=5.0, registers=(1.0,)),
    since=AT,
    at=AT,
    tries=1,
)


@pytest.mark.parametrize(
    ("age_s", "shown", "waits"),
    [
        (5.0, Shown(held_kw=5.4, registers=(1.0,)), True),
        (5.0, Shown(held_kw=5.6, registers=(1.0,)), False),
        (5.0, Shown(held_kw=None, registers=(1.0,)), False),
        (5.0, Shown(held_kw=5.0, registers=(2.0,)), False),
        (RETRY_S_MIN, Shown(held_kw=5.0, registers=(1.0,)), False),
        (-1.0, Shown(held_kw=5.0, registers=(1.0,)), False),
    ],
)
def test_it_waits_as_long_as_nothing_changes(age_s: float, shown: Shown, *, waits: bool) -> None:
    at = AT + timedelta(seconds=age_s)
    assert REFUSAL.waits(((9,),), shown, write=WRITE, at=at, tick_s=5.0) is waits
    assert not REFUSAL.waits(((8,),), shown, write=WRITE, at=at, tick_s=5.0)


def test_what_arrived_is_renewed_in_time_however_long_it_waits() -> None:
    old = dataclasses.replace(REFUSAL, tries=9)
    for age_s, waits in ((55.0, True), (60.0, False)):
        at = AT + timedelta(seconds=age_s)
        assert old.waits(((9,),), REFUSAL.shown, write=WRITE, at=at, tick_s=5.0) is waits


def test_the_waits_double_up_to_a_bound() -> None:
    assert [retry_s(tries) for tries in (1, 2, 3, 6, 1000)] == [10.0, 20.0, 40.0, RETRY_S_MAX, RETRY_S_MAX]
