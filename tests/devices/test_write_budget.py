"""Writes to memory that wears out are counted before they are sent, and a restart does not renew a budget."""

import dataclasses
import multiprocessing
import os
import signal
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from energy.devices.register_map import Readback, Write
from energy.devices.write_budget import CountInMemory, WriteBudget, WriteCount, is_counted, ordinary_max
from energy.devices.write_budget_file import FILE_NAME, CountInFile
from energy.errors import StoreUnavailable

AT = datetime(2020, 6, 1, 23, 0, tzinfo=UTC)
DAY = AT.date()
WRITE = Write(
    safe_value_kw=0.0,
    readback=Readback(tolerance_kw=0.5),
    watchdog_s=600.0,
    watchdog_fed_by="write",
    reversion_s="none",
    storage="flash",
    write_budget_per_day=100,
    min_step_kw=1.0,
)


def take(budget: WriteBudget, writes: int = 1, *, at: datetime = AT, safe: bool = False) -> str | None:
    return budget.take("battery", WRITE, writes, at=at, is_towards_safe=safe)


@pytest.fixture(params=["memory", "file"])
def count(request: pytest.FixtureRequest, tmp_path: Path) -> WriteCount:
    return CountInMemory() if request.param == "memory" else CountInFile(tmp_path / FILE_NAME)


def test_counts_add_up_by_asset_and_day(count: WriteCount) -> None:
    for asset_id, day, writes in [("a", DAY, 2), ("a", DAY, 3), ("b", DAY, 7)]:
        count.add(asset_id, day, writes)
    assert (count.of("a", DAY), count.of("b", DAY), count.of("c", DAY)) == (5, 7, 0)
    assert count.of("a", DAY + timedelta(days=1)) == 0


def test_the_last_part_is_kept_for_the_safe_state() -> None:
    budget = WriteBudget(CountInMemory())
    assert take(budget, 95) is None
    reason = take(budget)
    assert reason is not None
    assert "95 of 100 register writes are spent on 2020-06-01 (UTC)" in reason
    assert "renewed at 2020-06-02T00:00:00+00:00" in reason
    assert "5 are kept for the safe state" in reason
    assert take(budget, 5, safe=True) is None
    assert "100 of 100" in str(take(budget, safe=True))


def test_a_refused_write_is_not_counted() -> None:
    count = CountInMemory()
    budget = WriteBudget(count)
    take(budget, 90)
    assert take(budget, 6) is not None
    assert count.of("battery", DAY) == 90


def test_a_new_day_renews_the_budget() -> None:
    budget = WriteBudget(CountInMemory())
    take(budget, 95)
    assert take(budget) is not None
    assert take(budget, at=AT + timedelta(hours=1)) is None
    assert budget.notes(AT + timedelta(hours=1)) == ()


def test_a_person_is_told_once_in_the_log_and_as_long_as_it_lasts_in_the_notes() -> None:
    budget = WriteBudget(CountInMemory())
    with capture_logs() as logs:
        take(budget, 79)
        assert budget.notes(AT) == ()
        for _ in range(3):
            take(budget)
        [note] = budget.notes(AT)
        take(budget, 13)
        take(budget)
    assert note.startswith("write_budget_low@battery: 82 of 100")
    assert budget.notes(AT)[0].startswith("write_budget_spent@battery: 95 of 100")
    assert [entry["event"] for entry in logs] == ["write_budget_low", "write_budget_low"]


def test_memory_that_does_not_wear_out_is_not_counted() -> None:
    count = CountInMemory()
    free = dataclasses.replace(WRITE, storage="ram", write_budget_per_day="unlimited")
    assert WriteBudget(count).take("battery", free, 10, at=AT, is_towards_safe=False) is None
    assert count.of("battery", DAY) == 0
    assert is_counted(dataclasses.replace(WRITE, write_budget_per_day="unknown"))
    assert is_counted(dataclasses.replace(WRITE, storage="ram"))
    assert not is_counted(free)


def test_even_the_smallest_budget_keeps_one_write_for_the_safe_state() -> None:
    assert [ordinary_max(budget) for budget in (1, 2, 10, 20, 21, 1000)] == [0, 1, 9, 19, 19, 950]


class Full:
    """A disk without room."""

    def of(self, asset_id: str, day: date) -> int:
        del asset_id, day
        return 0

    def add(self, asset_id: str, day: date, writes: int) -> None:
        raise StoreUnavailable(f"the disk is full: {writes} of {asset_id} on {day}")


def test_what_cannot_be_counted_is_not_written() -> None:
    assert "the disk is full" in str(take(WriteBudget(Full())))


def test_a_restart_goes_on_counting(tmp_path: Path) -> None:
    path = tmp_path / FILE_NAME
    with CountInFile(path) as count:
        take(WriteBudget(count), 95)
    with CountInFile(path) as count:
        assert take(WriteBudget(count)) is not None


def _count_and_die(path: Path) -> None:
    count = CountInFile(path)
    for _ in range(37):
        count.add("battery", DAY, 1)
    os.kill(os.getpid(), signal.SIGKILL)


def test_a_killed_controller_loses_no_count(tmp_path: Path) -> None:
    path = tmp_path / FILE_NAME
    child = multiprocessing.get_context("spawn").Process(target=_count_and_die, args=(path,))
    child.start()
    child.join(60)
    assert child.exitcode == -signal.SIGKILL
    with CountInFile(path) as count:
        assert count.of("battery", DAY) == 37


def test_counts_older_than_a_year_go(tmp_path: Path) -> None:
    with CountInFile(tmp_path / FILE_NAME) as count:
        count.add("battery", DAY - timedelta(days=500), 4)
        count.add("battery", DAY, 1)
        assert count.of("battery", DAY - timedelta(days=500)) == 0
