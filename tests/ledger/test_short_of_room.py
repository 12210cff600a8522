"""The ledger's upkeep where room is short: it must never take what the next entries need."""

import resource
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

from energy.ledger.reader import ledger_reader
from energy.ledger.upkeep import RETRY, Upkeep
from energy.ledger.writer import Ledger
from tests.ledger.sealed_ledger import DAY, QUICK, T0, fill


@contextmanager
def files_up_to(size_bytes: int) -> Iterator[None]:
    """Let no file of this process grow further: its writer meets an error of the disk in the middle."""
    before, most = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size_bytes, most))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (before, most))


def test_a_sealing_that_fails_gives_back_what_it_took(tmp_path: Path) -> None:
    with Ledger(tmp_path / "ledger.sqlite") as ledger, Upkeep(ledger, QUICK) as upkeep:
        for day in range(2):
            fill(ledger, day=day, entries=200)
        with files_up_to(100):
            upkeep.step(T0 + 2 * DAY)
        assert upkeep.notes(T0), "the disk took it all the same"
        assert list((tmp_path / "ledger").iterdir()) == []
        upkeep.step(T0 + 2 * DAY + RETRY)
        assert not upkeep.notes(T0)
        assert len(list((tmp_path / "ledger").iterdir())) == 1
        ledger.verify()


def test_nothing_is_sealed_on_a_full_disk(tmp_path: Path) -> None:
    short = [True]
    with Ledger(tmp_path / "ledger.sqlite") as ledger:
        with Upkeep(ledger, QUICK, is_short=lambda: short[0]) as upkeep:
            for day in range(2):
                fill(ledger, day=day)
            upkeep.step(T0 + 2 * DAY)
            assert not (tmp_path / "ledger").exists()
            short[0] = False
            upkeep.step(T0 + 2 * DAY)
        with ledger_reader(tmp_path) as reader:
            assert len(reader.segments()) == 1


def test_a_clock_that_goes_back_does_not_make_a_retry_wait(tmp_path: Path) -> None:
    with Ledger(tmp_path / "ledger.sqlite") as ledger, Upkeep(ledger, QUICK) as upkeep:
        for day in range(2):
            fill(ledger, day=day)
        with files_up_to(10):
            upkeep.step(T0 + 9 * DAY)
        upkeep.step(T0 + 2 * DAY + timedelta(seconds=5))
        assert not upkeep.notes(T0)
