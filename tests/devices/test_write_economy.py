"""What may stay unwritten: nothing that the device might drop, nothing that is not known to stand."""

import dataclasses
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from energy.devices.register_map import Readback, Write
from energy.devices.write_economy import Economy, Wanted, is_due, kept_s, refresh_every_s

AT = datetime(2020, 6, 1, 12, 0, tzinfo=UTC)
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


def wanted(power_kw: float, *, is_exact: bool = False) -> Wanted:
    return Wanted(power_kw=power_kw, words=((round(power_kw) & 0xFFFF,),), is_exact=is_exact)


def told(power_kw: float, *, tick_s: float = 5.0) -> Economy:
    """A device that was asked twice, ``tick_s`` apart, and written at AT."""
    economy = Economy()
    economy.note_asked(AT - timedelta(seconds=tick_s))
    economy.note_asked(AT)
    economy.note_written(wanted(power_kw), AT)
    return economy


def stays(economy: Economy, power_kw: float, held_kw: float | None, age_s: float = 5.0, **more: Any) -> bool:
    write = dataclasses.replace(WRITE, **{key: more[key] for key in more if key != "is_exact"})
    asked = wanted(power_kw, is_exact=bool(more.get("is_exact")))
    return economy.may_stay(asked, held_kw, write=write, at=AT + timedelta(seconds=age_s))


def test_an_unchanged_value_that_the_device_holds_stays() -> None:
    assert stays(told(100.0), 100.0, 100.3)


def test_after_a_start_or_when_forgotten_everything_is_written() -> None:
    assert not stays(Economy(), 100.0, 100.0)
    economy = told(100.0)
    economy.forget()
    assert not stays(economy, 100.0, 100.0)


def test_what_the_device_holds_decides_not_what_it_was_told() -> None:
    economy = told(100.0)
    assert not stays(economy, 100.0, 0.0)
    assert not stays(economy, 100.0, None)


def test_a_step_smaller_than_the_least_stays_and_a_larger_one_goes() -> None:
    economy = told(100.0)
    assert stays(economy, 104.0, 100.0)
    assert not stays(economy, 106.0, 100.0)


def test_small_steps_do_not_add_up_unseen() -> None:
    economy = told(100.0)
    assert stays(economy, 104.0, 100.0)
    assert not stays(economy, 108.0, 100.0), "it is measured from what the device holds"


def test_a_bound_that_tightens_and_the_safe_state_are_never_left_out() -> None:
    assert not stays(told(100.0), 99.0, 100.0, is_exact=True)


def test_a_value_is_renewed_at_a_third_of_what_the_device_keeps_it() -> None:
    assert stays(told(100.0), 100.0, 100.0, age_s=55.0)
    assert not stays(told(100.0), 100.0, 100.0, age_s=60.0)


def test_a_value_is_renewed_before_a_tick_that_would_come_too_late() -> None:
    assert not stays(told(100.0, tick_s=60.0), 100.0, 100.0, age_s=40.0)


def test_the_shorter_of_watchdog_and_reversion_counts() -> None:
    assert not stays(told(100.0), 100.0, 100.0, age_s=20.0, reversion_s=60.0)


def test_a_device_that_keeps_its_value_for_ever_is_written_on_change_only() -> None:
    forever: dict[str, Any] = {"watchdog_s": "none", "reversion_s": "none"}
    assert stays(told(100.0), 100.0, 100.0, age_s=86_400.0, **forever)
    assert not stays(told(100.0), 50.0, 100.0, age_s=86_400.0, **forever)


def test_a_clock_that_went_back_is_no_reason_to_wait() -> None:
    assert not stays(told(100.0), 100.0, 100.0, age_s=-1.0)


def test_only_what_was_seen_in_this_tick_is_fresh() -> None:
    economy = told(100.0)
    assert economy.is_fresh(AT, AT)
    assert economy.is_fresh(AT - timedelta(seconds=4), AT)
    assert not economy.is_fresh(AT - timedelta(seconds=5), AT)
    assert not economy.is_fresh(None, AT)
    assert not economy.is_fresh(AT + timedelta(seconds=1), AT)


@example(tick_s=136.62331652206163, kept_by_s=45.0)
@given(
    tick_s=st.floats(min_value=1.0, max_value=300.0),
    kept_by_s=st.floats(min_value=2.01, max_value=100.0),
)
def test_between_two_writes_never_passes_half_of_what_the_device_keeps(
    tick_s: float, kept_by_s: float
) -> None:
    lasts_s = tick_s * kept_by_s
    every_s = refresh_every_s(tick_s=tick_s, lasts_s=lasts_s)
    assert every_s <= max(tick_s, 0.5 * lasts_s)
    ticks = round(every_s / tick_s)
    due = [is_due(age_s=n * tick_s, tick_s=tick_s, lasts_s=lasts_s) for n in range(1, ticks + 1)]
    assert due[-1] or every_s == pytest.approx(min(lasts_s / 3, lasts_s / 2 - tick_s), rel=1e-9)
    assert not any(due[:-1])


def test_a_device_that_says_nothing_keeps_its_value_for_ever() -> None:
    assert kept_s(dataclasses.replace(WRITE, watchdog_s="unknown")) is None
    assert kept_s(dataclasses.replace(WRITE, reversion_s=60.0)) == 60.0
