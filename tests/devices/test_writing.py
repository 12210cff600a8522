"""Setpoints that arrive: what is written, in which order, as the device saw it, and what stays unwritten."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from energy.devices.write_budget import CountInMemory, WriteBudget
from energy.devices.write_budget_file import FILE_NAME, CountInFile
from energy.domain import Applied, Level, Limited, Rejected
from tests.devices.conftest import AT
from tests.devices.inverter import (
    ENABLE,
    KEPT_S,
    LEFT,
    LIMIT,
    LOCAL,
    MAP,
    RAMP,
    RATED,
    SCALE,
    TIMER,
    Serve,
    SiteOf,
    sites,
)


@pytest.fixture
async def site_of(serve: Serve, tmp_path: Path) -> AsyncIterator[SiteOf]:
    async with sites(serve, tmp_path) as make:
        yield make


async def test_timers_are_armed_before_the_value_and_the_switch_comes_last(site_of: SiteOf) -> None:
    site = site_of()
    outcome = await site.tick(-2400.0)
    assert isinstance(outcome, Applied), outcome
    assert outcome.read_back_kw == pytest.approx(-2400.0)
    assert site.inverter.log[1:] == [("timer", 60), ("ramp", 5), ("limit", 600), ("enable", 1)]


async def test_what_stands_already_is_not_armed_again(site_of: SiteOf) -> None:
    site = site_of()
    await site.tick(-2400.0)
    assert site.inverter.order == ["timer", "ramp", "limit", "enable"]
    assert isinstance(await site.tick(-1000.0), Applied)
    assert site.inverter.order == ["limit", "enable"]
    site.inverter.put(RAMP, 0)
    assert isinstance(await site.tick(-1100.0), Applied)
    assert site.inverter.order == ["ramp", "limit", "enable"]


async def test_an_unchanged_value_is_renewed_at_a_third_of_its_time_and_never_runs_out(
    site_of: SiteOf,
) -> None:
    site = site_of()
    writes: list[list[str]] = []
    for _ in range(13):
        assert isinstance(await site.tick(-2400.0), Applied)
        assert 0 < site.inverter.shows(LEFT + 1) <= KEPT_S
        writes.append(site.inverter.order)
    renewed = [index for index, order in enumerate(writes) if order]
    assert renewed == [0, 4, 8, 12], "every 20 s of the 60 s that it lasts"
    assert writes[4] == ["limit", "enable"]


@pytest.mark.parametrize("tick_s", [1, 2, 7, 20, 29])
async def test_whatever_the_tick_the_value_never_runs_out(site_of: SiteOf, tick_s: int) -> None:
    site = site_of(tick_s=tick_s)
    for _ in range(12):
        assert isinstance(await site.tick(-2400.0), Applied)
        assert site.inverter.shows(ENABLE) == 1


async def test_the_heartbeat_counts_seconds_in_every_tick_also_when_nothing_else_is_written(
    site_of: SiteOf,
) -> None:
    site = site_of()
    for _ in range(3):
        await site.tick(-2400.0)
    beats = [value for name, value in site.inverter.log if name == "beat"]
    first = int(AT.timestamp())
    assert beats == [first, first + 5, first + 10]
    assert site.inverter.log[0][0] == "beat"


async def test_a_small_step_stays_unless_it_tightens_the_bound(site_of: SiteOf) -> None:
    site = site_of()
    await site.tick(-2400.0)
    await site.tick(-2400.0)
    site.inverter.log.clear()
    outcome = await site.tick(-2403.5)
    assert isinstance(outcome, Applied)
    assert outcome.read_back_kw == pytest.approx(-2400.0)
    assert site.inverter.order == []
    assert isinstance(await site.tick(-2396.5), Applied)
    assert site.inverter.order == ["limit", "enable"]


async def test_a_timer_that_cannot_be_armed_keeps_the_value_from_being_written(site_of: SiteOf) -> None:
    site = site_of()
    site.inverter.ignored.add(TIMER)
    outcome = await site.tick(-2400.0)
    assert isinstance(outcome, Rejected)
    assert "'WMaxLimPct_RvrtTms' shows 0 instead of 60" in outcome.reason
    assert "limit" not in site.inverter.order
    assert site.inverter.shows(ENABLE) == 0


async def test_a_value_whose_timer_does_not_run_is_limited_and_says_so(site_of: SiteOf) -> None:
    site = site_of()
    site.inverter.starts_timer = False
    for is_tried in (True, False, True):
        outcome = await site.tick(-2400.0)
        assert isinstance(outcome, Limited)
        assert "timer does not run" in outcome.reason
        assert ("limit" in site.inverter.order) is is_tried, "it is tried again after a while"


async def test_a_timer_that_stands_still_is_limited_and_says_so(site_of: SiteOf) -> None:
    site = site_of()
    site.inverter.counts_down = False
    assert isinstance(await site.tick(-2400.0), Applied)
    outcome = await site.tick(-2400.0)
    assert isinstance(outcome, Limited)
    assert "timer stands still at 60 s" in outcome.reason
    site.inverter.counts_down = True
    site.inverter.pass_s(5)
    await site.tick(-2400.0)
    assert isinstance(await site.tick(-2400.0), Applied)


async def test_a_device_without_a_countdown_is_not_missed_it(site_of: SiteOf) -> None:
    site = site_of()
    site.inverter.bank.set_holding_registers(LEFT, [0xFFFF, 0xFFFF])
    site.inverter.starts_timer = site.inverter.counts_down = False
    for _ in range(3):
        assert isinstance(await site.tick(-2400.0), Applied)
    assert site.inverter.order == ["timer", "ramp", "limit", "enable"]


@pytest.mark.parametrize(
    ("address", "value", "reason"),
    [
        (SCALE, 0x8000, "what scales it is not known (WMaxLimPct_SF, power_kw_rated)"),
        (RATED, 0, "what scales it is not known"),
        (LOCAL, 1, "switched to local operation"),
        (LOCAL, 7, "whether it is switched to local operation"),
    ],
)
async def test_what_is_not_known_or_not_allowed_writes_nothing(
    site_of: SiteOf, address: int, value: int, reason: str
) -> None:
    site = site_of()
    site.inverter.put(address, value)
    outcome = await site.tick(-2400.0)
    assert isinstance(outcome, Rejected), outcome
    assert reason in outcome.reason
    assert site.inverter.log == []


async def test_a_value_that_does_not_fit_its_register_writes_nothing(site_of: SiteOf) -> None:
    site = site_of(('type: uint16\n    unit: "%"', 'type: uint16\n    scale: 0.001\n    unit: "%"'))
    outcome = await site.tick(-2400.0)
    assert isinstance(outcome, Rejected), outcome
    assert "does not fit" in outcome.reason
    assert site.inverter.log == []


async def test_before_a_sweep_nothing_is_written_since_nothing_is_known(site_of: SiteOf) -> None:
    site = site_of()
    [outcome] = await site.field.apply([site.setpoint(-2400.0)], AT)
    assert isinstance(outcome, Rejected)
    assert site.inverter.log == []


async def test_a_switch_that_the_device_ignores_leaves_it_free_and_says_so(site_of: SiteOf) -> None:
    site = site_of()
    site.inverter.ignored.add(ENABLE)
    outcome = await site.tick(-2400.0)
    assert isinstance(outcome, Limited)
    assert outcome.read_back_kw == site.field._lines["pv_park"].asset.power_kw_nameplate[0]
    assert "'WMaxLim_Ena' shows 0 instead of 1" in outcome.reason


async def test_what_the_device_dropped_is_written_again_at_once(site_of: SiteOf) -> None:
    site = site_of()
    await site.tick(-2400.0)
    await site.tick(-2400.0)
    for address in (LIMIT, TIMER, RAMP, ENABLE, LEFT + 1):
        site.inverter.put(address, 0)
    site.inverter.log.clear()
    assert isinstance(await site.tick(-2400.0), Applied)
    assert site.inverter.order == ["timer", "ramp", "limit", "enable"]


async def test_a_connection_that_broke_lets_everything_be_written_again(site_of: SiteOf) -> None:
    site = site_of()
    await site.tick(-2400.0)
    site.inverter.log.clear()
    site.field._lines["pv_park"].forget(site.at)
    await site.tick(-2400.0)
    assert site.inverter.order == ["limit", "enable"], "the sweep shows that the timers stand"


async def test_our_own_bound_after_a_restart_is_written_again(site_of: SiteOf) -> None:
    site = site_of()
    for address, value in {LIMIT: 600, TIMER: KEPT_S, RAMP: 5, ENABLE: 1, LEFT + 1: 33}.items():
        site.inverter.put(address, value)
    assert isinstance(await site.tick(-2400.0), Applied)
    assert site.inverter.order == ["limit", "enable"]


FLASH = (
    "storage: ram\n      write_budget_per_day: unlimited",
    "storage: flash\n      write_budget_per_day: 40",
)
NO_BEAT = (MAP[MAP.index("heartbeat:") : MAP.index("points:")], "")


async def test_writes_are_counted_before_they_are_sent_and_end_with_the_budget(
    site_of: SiteOf, tmp_path: Path
) -> None:
    count = CountInFile(tmp_path / FILE_NAME)
    site = site_of(FLASH, NO_BEAT, budget=WriteBudget(count))
    counted: list[int] = []
    taken = site.inverter._take

    def look(address: int, words: list[int]) -> tuple[int, list[int]]:
        with CountInFile(tmp_path / FILE_NAME) as other:
            counted.append(other.of("pv_park", AT.date()))
        return taken(address, words)

    site.inverter.bank.on_write = look
    outcomes = [await site.tick(-2400.0 + 100.0 * turn) for turn in range(19)]
    assert counted[:6] == [4, 4, 4, 4, 6, 6], "four values at first, then two at a time"
    assert all(isinstance(outcome, Applied) for outcome in outcomes[:18])
    assert isinstance(outcomes[18], Rejected)
    assert "38 of 40 register writes are spent on 2020-06-01 (UTC)" in outcomes[18].reason
    assert isinstance(await site.tick(-10.0, level=Level.GRID_OPERATOR), Applied), "what is kept for duties"
    assert isinstance(await site.tick(-5.0, level=Level.GRID_OPERATOR), Rejected)
    assert len(counted) == count.of("pv_park", AT.date()) == 40
    count.close()


async def test_a_plan_that_a_duty_limits_is_renewed_from_what_a_budget_keeps(site_of: SiteOf) -> None:
    count = CountInMemory()
    large = (FLASH[0], FLASH[1].replace("40", "2000"))
    site = site_of(large, NO_BEAT, budget=WriteBudget(count))
    count.add("pv_park", AT.date(), 1895)
    for _ in range(40):
        assert isinstance(await site.tick(-1200.0, is_duty=True), Applied)
        assert site.inverter.shows(ENABLE) == 1, "the grid operator's bound stands"
    assert 1900 < count.of("pv_park", AT.date()) < 2000


async def test_what_stays_unwritten_costs_no_budget(site_of: SiteOf) -> None:
    count = CountInMemory()
    site = site_of(FLASH, NO_BEAT, budget=WriteBudget(count))
    for _ in range(4):
        await site.tick(-2400.0)
    assert count.of("pv_park", AT.date()) == 4


MIRROR = (
    """        - {name: WMaxLimPct_RmpTms, value: 5,
           register: {table: holding, address: 102, type: uint16, unit: s, sign: as_ours}}""",
    """        - {name: Copy, value: setpoint,
           register: {table: holding, address: 102, type: int16, unit: kW, sign: as_ours}}""",
)


async def test_a_step_mirrors_the_setpoint_in_its_own_unit_and_sign(site_of: SiteOf) -> None:
    site = site_of(MIRROR)
    assert isinstance(await site.tick(-2400.0), Applied)
    assert site.inverter.log[1:] == [("timer", 60), ("ramp", 0x10000 - 2400), ("limit", 600), ("enable", 1)]
    assert isinstance(await site.tick(-2400.0), Applied)
    assert isinstance(await site.tick(-800.0), Applied)
    assert site.inverter.shows(RAMP) == 0x10000 - 800
