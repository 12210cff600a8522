"""The ledger's upkeep: retention, heads noted elsewhere, older files, and never in the loop's way."""

import dataclasses
import hashlib
import sqlite3
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from energy.errors import RecordBroken
from energy.ledger.chain import GENESIS_HASH_1, Head
from energy.ledger.reader import ledger_reader
from energy.ledger.sealing import SealingLimits
from energy.ledger.upkeep import Upkeep, UpkeepRules
from energy.ledger.writer import Ledger
from tests.ledger.sealed_ledger import DAY, QUICK, T0, fill, sealed, tend

FORGETTING = UpkeepRules(
    sealing=QUICK.sealing, retention=timedelta(days=3), lasting_kinds=frozenset({"commission"}), inline=True
)


def aged(path: Path, *, days: int) -> list[Head]:
    """Keep a ledger with short retention for some days; a test of the first day lasts."""
    heads: list[Head] = []
    with Ledger(path) as ledger, Upkeep(ledger, FORGETTING) as upkeep:
        ledger.append("commission", T0, {"asset_id": "battery", "verdict": "passed", "share": 0.1})
        for day in range(days):
            fill(ledger, day=day)
            tend(upkeep, T0 + day * DAY + timedelta(hours=1))
            head = ledger.head_line()
            assert head is not None
            heads.append(head)
        ledger.verify()
    return heads


def test_retention_is_chained_deletes_for_real_and_forgets_nothing_lasting(tmp_path: Path) -> None:
    heads = aged(tmp_path / "ledger.sqlite", days=8)
    with ledger_reader(tmp_path) as reader:
        found = reader.verify(heads=heads)
        assert found.segments == 4
        assert found.heads + found.heads_removed == 8
        assert found.heads_removed >= 2
        names = [path.name for path in sorted((tmp_path / "ledger").iterdir())]
        assert names == [segment.file_name for segment in reader.segments()]
        assert reader.entries(limit=1)[0].sequence == found.first == reader.removed_until() + 1
        removals = reader.entries(kind="segment_removed")
        assert removals[-1].body["last"] == reader.removed_until()
        assert {"first", "last_hash", "sha256"} <= removals[-1].body.keys()
        (test,) = reader.lasting("commission")
        assert (test.sequence, test.at, test.body["asset_id"]) == (1, T0, "battery")
        assert not reader.entries(kind="commission")


def test_what_lasts_is_carried_on_from_segment_to_segment(tmp_path: Path) -> None:
    aged(tmp_path / "ledger.sqlite", days=14)
    with ledger_reader(tmp_path) as reader:
        (carried,) = reader.entries(kind="carried")
        assert carried.at > T0 + 8 * DAY, "the first entry that carried it is gone too"
        (test,) = reader.lasting("commission")
        assert test.body == {"asset_id": "battery", "verdict": "passed", "share": 0.1}
        assert list(reader.lasting("commission", after=1)) == []


def test_a_missing_file_without_its_entry_is_a_broken_chain(tmp_path: Path) -> None:
    aged(tmp_path / "ledger.sqlite", days=8)
    oldest = sorted((tmp_path / "ledger").iterdir())[0]
    oldest.unlink()
    with (
        ledger_reader(tmp_path) as reader,
        pytest.raises(RecordBroken, match=f"{oldest.name}: entry .* missing"),
    ):
        reader.verify()


def test_a_removal_that_was_cut_short_is_finished_at_the_next_start(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite"
    sealed(path, days=4)
    with Ledger(path) as ledger:
        oldest = ledger.oldest_segment()
        assert oldest is not None
        ledger.enter_removal(oldest, (), T0 + 4 * DAY)
        ledger.verify()
        assert (tmp_path / "ledger" / oldest.file_name).exists()
        with Upkeep(ledger, QUICK):
            assert not (tmp_path / "ledger" / oldest.file_name).exists()
            assert ledger.verify().first == oldest.last + 1


@pytest.mark.parametrize("inline", [True, False])
def test_a_segment_that_was_altered_is_kept_and_nothing_of_it_carried_on(
    tmp_path: Path, *, inline: bool
) -> None:
    path = tmp_path / "ledger.sqlite"
    sealed(path, days=6)
    rules = dataclasses.replace(FORGETTING, inline=inline)
    with Ledger(path) as ledger:
        oldest = ledger.oldest_segment()
        assert oldest is not None
        file = tmp_path / "ledger" / oldest.file_name
        file.write_bytes(file.read_bytes()[:-1] + b"!")
        with Upkeep(ledger, rules) as upkeep:
            deadline_s = time.monotonic() + 10.0
            while not upkeep.notes(T0) and time.monotonic() < deadline_s:
                upkeep.step(T0 + 6 * DAY)
            (note,) = upkeep.notes(T0)
        assert "is not what was sealed" in note
        assert file.exists()
        assert ledger.removed_until() == 0
        assert not ledger.entries(kind="segment_removed")


def test_one_wrong_reading_of_the_clock_removes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite"
    sealed(path, days=4)
    rules = dataclasses.replace(FORGETTING, retention=timedelta(days=5))
    with Ledger(path) as ledger, Upkeep(ledger, rules) as upkeep:
        tend(upkeep, T0 + 4000 * DAY)
        assert ledger.removed_until() == 0
        assert ledger.verify().first == 1


def test_heads_go_to_a_file_each_hour_and_a_lost_mount_is_a_note(tmp_path: Path) -> None:
    mount = tmp_path / "mount"
    mount.mkdir()
    rules = UpkeepRules(heads=mount / "heads.txt", inline=True)
    with Ledger(tmp_path / "ledger.sqlite") as ledger, Upkeep(ledger, rules) as upkeep:
        for minute in range(0, 180, 20):
            at = T0 + timedelta(minutes=minute)
            ledger.append("tick", at, {"minute": minute})
            upkeep.step(at)
            assert not upkeep.notes(at)
        lines = (mount / "heads.txt").read_text().splitlines()
        assert len(lines) == 3
        assert ledger.verify(heads=[Head.read(line) for line in lines]).heads == 3
        (mount / "heads.txt").unlink()
        mount.rmdir()
        for hours in (3, 4):
            upkeep.step(T0 + timedelta(hours=hours, minutes=1))
        (note,) = upkeep.notes(T0)
        assert note.startswith("ledger_head_not_noted: ")
        mount.mkdir()
        for hours in (5, 6):
            upkeep.step(T0 + timedelta(hours=hours, minutes=2))
        assert not upkeep.notes(T0)


def test_a_failure_is_a_note_until_it_goes_well_again(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite"
    with Ledger(path) as ledger, Upkeep(ledger, QUICK) as upkeep:
        for day in range(3):
            fill(ledger, day=day)
        (tmp_path / "ledger").write_text("in the way")
        upkeep.step(T0 + 2 * DAY)
        (note,) = upkeep.notes(T0)
        assert note.startswith("ledger_upkeep_failed: ")
        (tmp_path / "ledger").unlink()
        upkeep.step(T0 + 2 * DAY + timedelta(minutes=1))
        assert upkeep.notes(T0), "not tried again at once"
        tend_after = T0 + 2 * DAY + timedelta(minutes=11)
        for _ in range(20):
            upkeep.step(tend_after)
        assert not upkeep.notes(T0)
        assert ledger.verify().segments == 2


def test_sealing_runs_beside_the_loop_and_the_ledger_grows_meanwhile(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite"
    rules = UpkeepRules(sealing=SealingLimits(delay=timedelta(0), forgotten_per_step=50))
    with Ledger(path) as ledger:
        for day in range(2):
            fill(ledger, day=day, entries=300)
        before = ledger.entries()
        with Upkeep(ledger, rules) as upkeep:
            ended, steps = time.monotonic() + 20.0, 0
            while time.monotonic() < ended and (not ledger.segments() or ledger.forget_sealed(0)):
                ledger.append("tick", T0 + DAY, {"steps": steps})
                upkeep.step(T0 + DAY)
                steps += 1
            assert not upkeep.notes(T0)
        assert ledger.verify().segments == 1
        assert ledger.entries()[: len(before)] == before


def test_a_file_of_the_first_version_goes_on_in_the_same_chain(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite"
    connection = sqlite3.connect(path, isolation_level=None)
    connection.executescript(
        """
        CREATE TABLE entry (sequence INTEGER PRIMARY KEY, kind TEXT NOT NULL, at TEXT NOT NULL,
            body BLOB NOT NULL, compressed INTEGER NOT NULL, hash BLOB NOT NULL, beside TEXT) STRICT;
        CREATE INDEX entry_kind ON entry (kind, sequence);
        CREATE TRIGGER entry_never_changes BEFORE UPDATE ON entry
            BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
        CREATE TRIGGER entry_never_goes BEFORE DELETE ON entry
            BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
        PRAGMA application_id = 0x45574C47;
        PRAGMA user_version = 1;
        """
    )
    previous, rows = GENESIS_HASH_1, list[tuple[Any, ...]]()
    for sequence in range(1, 5):
        at, body = f"2020-06-01T10:00:0{sequence}Z", b'{"number":%d}' % sequence
        previous = hashlib.sha256(b"\n".join((previous.encode(), b"tick", at.encode(), body))).hexdigest()
        rows.append((sequence, "tick", at, body, 0, bytes.fromhex(previous), '{"wall_s":1.0}'))
    connection.executemany("INSERT INTO entry VALUES (?, ?, ?, ?, ?, ?, ?)", rows)
    connection.close()
    with Ledger(path) as ledger, Upkeep(ledger, QUICK) as upkeep:
        ledger.verify(head=previous)
        fill(ledger, day=1)
        tend(upkeep, T0 + DAY)
        found = ledger.verify(head=previous)
        assert (found.first, found.segments) == (1, 1)
        assert [entry.sequence for entry in ledger.entries()] == list(range(1, found.last + 1))


def test_two_equal_runs_in_lockstep_seal_to_the_same_head(tmp_path: Path) -> None:
    heads: list[str] = []
    for run in (1, 2):
        folder = tmp_path / str(run)
        folder.mkdir()
        with Ledger(folder, beside_kept=False) as ledger, Upkeep(ledger, QUICK) as upkeep:
            for number in range(60):
                at = T0 + number * DAY / 20
                ledger.append("tick", at, {"number": number}, {"wall_s": run / 7})
                upkeep.step(at)
            assert len(ledger.segments()) == 3
            heads.append(ledger.head())
    assert heads[0] == heads[1]
