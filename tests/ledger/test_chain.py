"""The ledger: append-only, chained, and honest after a crash."""

import hashlib
import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from energy.errors import RecordBroken, StoreUnavailable
from energy.ledger.chain import GENESIS_HASH, Draft
from energy.ledger.reader import ledger_reader
from energy.ledger.writer import Ledger

T0 = datetime(2020, 6, 1, 10, tzinfo=UTC)


def filled(path: Path, count: int = 6) -> str:
    with Ledger(path) as ledger:
        for number in range(count):
            ledger.append("tick", T0 + timedelta(minutes=number), {"number": number, "filler": "x" * 400})
        return ledger.head()


def tamper(path: Path, sql: str) -> None:
    connection = sqlite3.connect(path, isolation_level=None)
    for trigger in ("entry_never_changes", "entry_never_goes"):
        connection.execute(f"DROP TRIGGER {trigger}")
    connection.execute(sql)
    connection.close()


def test_an_entry_carries_the_hash_of_all_before_it(tmp_path: Path) -> None:
    with Ledger(tmp_path / "ledger.sqlite") as ledger:
        assert ledger.head() == GENESIS_HASH
        first = ledger.append("tick", T0, {"b": 1.0, "a": None})
        text = f'{GENESIS_HASH}\ntick\n2020-06-01T10:00:00Z\n{{"a":null,"b":1.0}}\n'
        assert first.hash == hashlib.sha256(text.encode()).hexdigest() == ledger.head()
        second, third = ledger.append_many(
            [Draft(kind="plan", at=T0, body={}), Draft(kind="tick", at=T0, body={})]
        )
        assert [second.sequence, third.sequence] == [2, 3]
        assert ledger.head() == third.hash
        ledger.verify()


def test_what_stands_beside_is_chained_too_and_can_be_left_out(tmp_path: Path) -> None:
    with Ledger(tmp_path / "a.sqlite") as one, Ledger(tmp_path / "b.sqlite") as two:
        kept = one.append("tick", T0, {"a": 1}, {"wall_s": 1.5})
        other = two.append("tick", T0, {"a": 1}, {"wall_s": 9.9})
        assert kept.beside == {"wall_s": 1.5} == one.entries()[0].beside
        assert kept.hash != other.hash
    tamper(tmp_path / "a.sqlite", """UPDATE entry SET beside = '{"wall_s":1.4}'""")
    with ledger_reader(tmp_path / "a.sqlite") as reader, pytest.raises(RecordBroken, match="entry 1:"):
        reader.verify()
    with (
        Ledger(tmp_path / "c.sqlite", beside_kept=False) as one,
        Ledger(tmp_path / "d.sqlite", beside_kept=False) as two,
    ):
        one.append("tick", T0, {"a": 1}, {"wall_s": 1.5})
        two.append("tick", T0, {"a": 1}, {"wall_s": 9.9})
        assert one.head() == two.head()


def test_entries_come_back_as_they_were_small_and_large(tmp_path: Path) -> None:
    bodies = [{"text": "ä" * length, "value": 0.1} for length in (1, 100, 100_000)]
    with Ledger(tmp_path / "ledger.sqlite") as ledger:
        written = [ledger.append("tick", T0, body) for body in bodies]
        ledger.append("request", T0, {})
        with ledger_reader(tmp_path / "ledger.sqlite") as reader:
            assert reader.entries(kind="tick") == written
            assert [entry.body for entry in reader.entries(1, 2)] == [bodies[1], bodies[2]]
            assert [entry.sequence for entry in reader.recent(2)] == [4, 3]
            assert reader.recent(5, kind="request") == reader.entries(3)
            last = reader.last("tick")
            assert last is not None
            assert last.body == bodies[2]
            assert reader.last("plan") is None
            assert reader.head() == ledger.head()


def test_nothing_of_a_batch_is_recorded_if_one_is_wrong(tmp_path: Path) -> None:
    good = Draft(kind="tick", at=T0, body={})
    with Ledger(tmp_path / "ledger.sqlite") as ledger:
        for bad in (
            Draft(kind="Tick\n", at=T0, body={}),
            Draft(kind="tick", at=T0, body={"power_kw": float("nan")}),
            Draft(kind="tick", at=T0.replace(tzinfo=None), body={}),
        ):
            with pytest.raises(ValueError, match=r"kind|JSON|time zone"):
                ledger.append_many([good, bad])
        assert ledger.head() == GENESIS_HASH


@pytest.mark.parametrize(
    ("sql", "sequence"),
    [
        ("UPDATE entry SET body = CAST('{}' AS BLOB), compressed = 0 WHERE sequence = 3", 3),
        ("UPDATE entry SET body = x'00' WHERE sequence = 2", 2),
        ("UPDATE entry SET at = '2020-06-01T10:00:01Z' WHERE sequence = 4", 4),
        ("UPDATE entry SET kind = 'plan' WHERE sequence = 1", 1),
        ("UPDATE entry SET hash = x'00' WHERE sequence = 5", 5),
        ("DELETE FROM entry WHERE sequence = 3", 3),
        ("DELETE FROM entry WHERE sequence = 1", 1),
        ("UPDATE entry SET sequence = 99 WHERE sequence = 6", 6),
        ("INSERT INTO entry SELECT 7, kind, at, body, compressed, hash, beside FROM entry LIMIT 1", 7),
    ],
)
def test_tampering_is_found_at_the_first_wrong_entry(tmp_path: Path, sql: str, sequence: int) -> None:
    path = tmp_path / "ledger.sqlite"
    filled(path)
    tamper(path, sql)
    with ledger_reader(path) as reader, pytest.raises(RecordBroken, match=f"entry {sequence}:"):
        reader.verify()


def test_a_cut_at_the_end_is_found_with_a_head_noted_elsewhere(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite"
    head = filled(path)
    tamper(path, "DELETE FROM entry WHERE sequence = 6")
    with ledger_reader(path) as reader:
        reader.verify()
        with pytest.raises(RecordBroken, match="entry 6: the chain ends before the noted head"):
            reader.verify(head=head)


def test_the_file_itself_refuses_changes(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite"
    filled(path)
    connection = sqlite3.connect(path, isolation_level=None)
    for sql in ("UPDATE entry SET kind = 'x'", "DELETE FROM entry"):
        with pytest.raises(sqlite3.IntegrityError, match="append-only"):
            connection.execute(sql)
    connection.close()


def test_a_missing_or_foreign_file_is_told_apart(tmp_path: Path) -> None:
    with pytest.raises(StoreUnavailable, match="does not exist yet"):
        ledger_reader(tmp_path / "ledger.sqlite")
    garbage = tmp_path / "garbage.sqlite"
    garbage.write_bytes(b"not a database" * 1000)
    with pytest.raises(RecordBroken, match="Mend"):
        Ledger(garbage)


CHILD = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from energy.ledger.writer import Ledger
with Ledger(Path(sys.argv[1])) as ledger:
    while True:
        entry = ledger.append("tick", datetime(2020, 6, 1, tzinfo=UTC), {"filler": "x" * 2000})
        print(entry.sequence, entry.hash, flush=True)
"""


def test_every_acknowledged_entry_survives_sigkill(tmp_path: Path) -> None:
    path, dice = tmp_path / "ledger.sqlite", random.Random(1)  # noqa: S311 - seeded on purpose
    for _ in range(10):
        child = subprocess.Popen(
            [sys.executable, "-c", CHILD, str(path)], stdout=subprocess.PIPE, text=True, env=dict(os.environ)
        )
        assert child.stdout is not None
        acknowledged = [child.stdout.readline()]
        time.sleep(dice.uniform(0.0, 0.05))
        child.send_signal(signal.SIGKILL)
        acknowledged.extend(child.stdout.read().splitlines(keepends=True))
        child.wait()
        child.stdout.close()
        sequence, head = next(line for line in reversed(acknowledged) if line.endswith("\n")).split()
        with Ledger(path) as ledger:
            ledger.verify(head=head)
            assert ledger.entries(int(sequence) - 1, 1)[0].hash == head
