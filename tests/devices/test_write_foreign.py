"""A bound that somebody else set on a device keeps their timers, whoever of us writes it again."""

import dataclasses
import sqlite3
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from energy.devices.write_budget import CountInMemory, FieldRecord, WriteBudget
from energy.devices.write_budget_file import FILE_NAME, CountInFile
from energy.devices.write_economy import Foreign
from energy.devices.write_foreign import Look, known_after
from energy.domain import Applied, Level, Point, Rejected
from energy.errors import RecordBroken, StoreUnavailable
from tests.devices.conftest import AT
from tests.devices.inverter import (
    ENABLE,
    FALLBACK,
    KEPT_S,
    LEFT,
    LIMIT,
    MAP,
    RAMP,
    TIMER,
    Serve,
    Site,
    SiteOf,
    sites,
)

SAFE = (
    "      arming:\n",
    """      arming:
        - {name: WMaxLimPctRvrt, value: safe_value,
           register: {table: holding, address: 112, type: uint16, unit: "%", reference: power_kw_rated,
                      scale_factor: WMaxLimPct_SF, sign: inverted}}
""",
)
BY_REGION = ("safe_value_kw: unknown", "safe_value_kw: by_region")


@pytest.fixture
async def site_of(serve: Serve, tmp_path: Path) -> AsyncIterator[SiteOf]:
    async with sites(serve, tmp_path) as make:
        yield make


@pytest.fixture
def record(tmp_path: Path) -> Iterator[CountInFile]:
    with CountInFile(tmp_path / FILE_NAME) as record:
        yield record


def shown(site: Site, *addresses: int) -> list[int]:
    return [site.inverter.shows(address) for address in addresses]


def bound_by_others(site: Site) -> None:
    """Somebody set 60 % without a timer, for good."""
    site.inverter.put(LIMIT, 600)
    site.inverter.put(ENABLE, 1)


async def test_a_bound_that_somebody_else_set_is_left_as_it_is_while_it_is_what_is_asked(
    site_of: SiteOf,
) -> None:
    site = site_of()
    bound_by_others(site)
    for _ in range(20):
        outcome = await site.tick(-2400.0)
        assert isinstance(outcome, Applied), outcome
        assert outcome.read_back_kw == pytest.approx(-2400.0)
    assert site.inverter.order == []
    assert (site.inverter.shows(TIMER), site.inverter.shows(ENABLE)) == (0, 1)


async def test_a_bound_that_somebody_else_set_comes_back_with_their_timers_not_ours(site_of: SiteOf) -> None:
    site = site_of()
    bound_by_others(site)
    site.inverter.put(RAMP, 7)
    assert isinstance(await site.tick(-2400.0), Applied)
    assert isinstance(await site.tick(-1000.0), Applied)
    assert site.inverter.shows(TIMER) == KEPT_S, "what we set ends with us"
    site.inverter.log.clear()
    assert isinstance(await site.tick(-2400.0), Applied)
    assert site.inverter.order == ["timer", "ramp", "limit", "enable"]
    site.inverter.pass_s(10 * KEPT_S)
    shown = [site.inverter.shows(address) for address in (LIMIT, TIMER, RAMP, ENABLE)]
    assert shown == [600, 0, 7, 1], "it outlives us"


async def test_it_keeps_their_timers_though_we_were_killed_after_we_had_tightened_it(
    site_of: SiteOf, record: CountInFile
) -> None:
    site = site_of(budget=WriteBudget(record))
    bound_by_others(site)
    assert isinstance(await site.tick(-1000.0), Applied)
    assert shown(site, LIMIT, TIMER) == [250, KEPT_S]
    again = site_of(budget=WriteBudget(record), after=site)
    assert isinstance(await again.tick(-1000.0), Applied)
    assert isinstance(await again.tick(-2400.0, level=Level.PROTECTION), Applied)
    again.inverter.pass_s(10 * KEPT_S)
    assert shown(again, LIMIT, TIMER, ENABLE) == [600, 0, 1]


async def test_it_keeps_their_timers_though_our_own_ran_out_while_we_were_down(
    site_of: SiteOf, record: CountInFile
) -> None:
    site = site_of(budget=WriteBudget(record))
    bound_by_others(site)
    await site.tick(-1000.0)
    site.inverter.pass_s(10 * KEPT_S)
    assert shown(site, ENABLE) == [0], "our timer dropped ours, and with it theirs"
    again = site_of(budget=WriteBudget(record), after=site)
    assert isinstance(await again.tick(-2400.0, is_duty=True), Applied)
    again.inverter.pass_s(10 * KEPT_S)
    assert shown(again, LIMIT, TIMER, ENABLE) == [600, 0, 1]


async def test_a_fresh_connection_that_has_seen_nothing_keeps_their_timers(
    site_of: SiteOf, record: CountInFile
) -> None:
    scaled = (
        ("    reference: power_kw_rated\n    scale_factor: WMaxLimPct_SF\n", ""),
        ("scale_factors:\n  - {name: WMaxLimPct_SF, table: holding, address: 104}\n", ""),
        ('type: uint16\n    unit: "%"', "type: uint16\n    unit: kW"),
        (MAP[MAP.index("  - {name: remote") : MAP.index("  - name: power_kw_min")], ""),
    )
    site = site_of(*scaled, budget=WriteBudget(record))
    site.inverter.put(LIMIT, 1200)
    site.inverter.put(ENABLE, 1)
    site.inverter.percent_max = 400
    assert isinstance(await site.tick(-1000.0), Applied)
    fresh = site_of(*scaled, budget=WriteBudget(record), after=site)
    [outcome] = await fresh.field.apply([fresh.setpoint(-1200.0, Level.OPERATOR)], fresh.at)
    assert isinstance(outcome, Applied), outcome
    fresh.inverter.pass_s(10 * KEPT_S)
    assert shown(fresh, LIMIT, TIMER, ENABLE) == [1200, 0, 1]


@pytest.mark.parametrize("before_kw", [-3000.0, -400.0])
async def test_a_bound_set_while_we_run_keeps_their_timers(site_of: SiteOf, before_kw: float) -> None:
    site = site_of()
    for _ in range(3):
        await site.tick(before_kw)
    site.inverter.put(TIMER, 0)
    site.inverter.put(LEFT + 1, 0)
    bound_by_others(site)
    site.inverter.log.clear()
    for _ in range(8):
        assert isinstance(await site.tick(-2400.0, is_duty=True), Applied)
    assert site.inverter.order == [], "it is what is asked for: nothing is written"
    assert shown(site, LIMIT, TIMER, ENABLE) == [600, 0, 1]


async def test_a_bound_of_ours_whose_timer_the_device_lost_gets_it_back(
    site_of: SiteOf, record: CountInFile
) -> None:
    site = site_of(budget=WriteBudget(record))
    await site.tick(-2400.0)
    site.inverter.put(TIMER, 0)
    site.inverter.put(LEFT + 1, 0)
    assert isinstance(await site.tick(-2400.0), Applied)
    assert shown(site, TIMER) == [KEPT_S]
    assert record.foreign("pv_park") is None


async def test_what_somebody_else_lifted_is_forgotten(site_of: SiteOf, record: CountInFile) -> None:
    site = site_of(budget=WriteBudget(record))
    bound_by_others(site)
    await site.tick(-1000.0)
    assert record.foreign("pv_park") == Foreign(
        power_kw=pytest.approx(-2400.0), raws={"WMaxLimPct_RvrtTms": 0.0, "WMaxLimPct_RmpTms": 0.0}
    )
    site.inverter.put(TIMER, 0)
    site.inverter.put(ENABLE, 0)
    assert isinstance(await site.tick(-2400.0, is_duty=True), Applied)
    assert record.foreign("pv_park") is None
    assert shown(site, TIMER) == [KEPT_S]


async def test_who_asks_for_more_had_it_released(site_of: SiteOf, record: CountInFile) -> None:
    site = site_of(budget=WriteBudget(record))
    bound_by_others(site)
    await site.tick(-1000.0)
    await site.tick(-3000.0)
    assert record.foreign("pv_park") is None
    assert isinstance(await site.tick(-2400.0), Applied)
    assert shown(site, TIMER) == [KEPT_S], "what we set ends with us"


async def test_the_device_falls_back_to_no_more_than_they_allow(site_of: SiteOf, record: CountInFile) -> None:
    site = site_of(SAFE, BY_REGION, budget=WriteBudget(record))
    safe_state = site.field._lines["pv_park"].asset.safe_state
    assert safe_state is not None
    assert safe_state.power_kw is not None
    assert safe_state.power_kw < -1200.0
    site.inverter.put(FALLBACK, 1000)
    site.inverter.put(LIMIT, 300)
    site.inverter.put(ENABLE, 1)
    assert isinstance(await site.tick(-1000.0), Applied)
    assert shown(site, FALLBACK, TIMER) == [300, KEPT_S]
    again = site_of(SAFE, BY_REGION, budget=WriteBudget(record), after=site)
    assert isinstance(await again.tick(-1000.0), Applied)
    assert shown(again, FALLBACK) == [300]
    assert isinstance(await again.tick(-1200.0, is_duty=True), Applied)
    assert shown(again, FALLBACK, TIMER) == [1000, 0], "as it was found"
    assert isinstance(await again.tick(-1500.0), Applied)
    assert shown(again, FALLBACK) == [round(safe_state.power_kw / -4.0)], "a person released it"


async def test_what_cannot_be_kept_is_not_written_over(site_of: SiteOf) -> None:
    class Full(CountInMemory):
        def keep_foreign(self, asset_id: str, foreign: Foreign) -> None:
            raise StoreUnavailable(f"the disk is full: {foreign} of {asset_id}")

    site = site_of(budget=WriteBudget(Full()))
    bound_by_others(site)
    outcome = await site.tick(-1000.0)
    assert isinstance(outcome, Rejected)
    assert "must be kept, and cannot be: the disk is full" in outcome.reason
    assert site.inverter.log == []


LOOK = Look(
    point=Point.POWER_KW_MIN,
    held_kw=-1200.0,
    is_free=False,
    is_ours=False,
    registers={"time": (0.0, 60.0), "ramp": (7.0, 5.0)},
    told_kw=None,
    tolerance_kw=3.0,
)
KNOWN = Foreign(power_kw=-1200.0, raws={"time": 0.0, "ramp": 7.0})


def test_a_write_that_was_cut_off_leaves_what_was_known_of_their_timers() -> None:
    half = dataclasses.replace(LOOK, registers={"time": (0.0, 60.0), "ramp": (5.0, 5.0)}, told_kw=-400.0)
    assert known_after(KNOWN, half) == KNOWN


@pytest.mark.parametrize(("held_kw", "kept_kw"), [(-2400.0, -1200.0), (-600.0, -600.0)])
def test_of_two_bounds_the_tighter_one_is_kept_with_the_latest_timers(held_kw: float, kept_kw: float) -> None:
    changed = dataclasses.replace(
        LOOK, held_kw=held_kw, registers={"time": (300.0, 60.0), "ramp": (7.0, 5.0)}, told_kw=-1200.0
    )
    assert known_after(KNOWN, changed) == Foreign(power_kw=kept_kw, raws={"time": 300.0, "ramp": 7.0})


@pytest.fixture(params=["memory", "file"])
def either(request: pytest.FixtureRequest, tmp_path: Path) -> FieldRecord:
    return CountInMemory() if request.param == "memory" else CountInFile(tmp_path / FILE_NAME)


def test_a_record_keeps_one_bound_an_asset_until_it_is_forgotten(either: FieldRecord) -> None:
    other = Foreign(power_kw=-0.1, raws={})
    either.keep_foreign("a", other)
    either.keep_foreign("a", KNOWN)
    either.keep_foreign("b", other)
    either.forget_foreign("b")
    either.forget_foreign("c")
    assert (either.foreign("a"), either.foreign("b")) == (KNOWN, None)


def test_a_file_of_the_version_before_goes_on_counting_and_keeps_bounds(tmp_path: Path) -> None:
    path = tmp_path / FILE_NAME
    with CountInFile(path) as count:
        count.add("a", AT.date(), 3)
    raw = sqlite3.connect(path)
    raw.executescript("DROP TABLE foreign_bound; PRAGMA user_version = 1;")
    raw.close()
    with CountInFile(path) as count:
        count.keep_foreign("a", KNOWN)
        assert (count.of("a", AT.date()), count.foreign("a")) == (3, KNOWN)


def test_what_cannot_be_understood_is_told(tmp_path: Path) -> None:
    path = tmp_path / FILE_NAME
    with CountInFile(path) as count:
        count.keep_foreign("a", KNOWN)
    raw = sqlite3.connect(path)
    raw.execute("UPDATE foreign_bound SET raws = 'nonsense'")
    raw.commit()
    raw.close()
    with CountInFile(path) as count, pytest.raises(RecordBroken, match="'a' cannot be understood"):
        count.foreign("a")
