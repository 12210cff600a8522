"""Sealed segments: one chain wherever its entries lie, and no byte of it changes unseen."""

import json
import lzma
import os
import signal
import sqlite3
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from energy.errors import RecordBroken
from energy.ledger.chain import Draft, Head
from energy.ledger.reader import ledger_reader
from energy.ledger.upkeep import Upkeep
from energy.ledger.writer import Ledger
from tests.ledger.sealed_ledger import DAY, QUICK, T0, fill, sealed, tamper, tend


@pytest.fixture(scope="module")
def pristine(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pristine")
    sealed(folder / "ledger.sqlite", days=4)
    return folder


def copied(pristine: Path, folder: Path) -> Path:
    folder.mkdir(exist_ok=True, parents=True)
    (folder / "ledger").mkdir(exist_ok=True)
    for old in (folder / "ledger").iterdir():
        old.unlink()
    for name in ("ledger.sqlite", *(f"ledger/{path.name}" for path in (pristine / "ledger").iterdir())):
        (folder / name).write_bytes((pristine / name).read_bytes())
    return folder


def segment_files(folder: Path) -> list[Path]:
    return sorted((folder / "ledger").iterdir())


def test_readers_see_one_chain_wherever_its_entries_lie(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite"
    with Ledger(path) as ledger, Upkeep(ledger, QUICK) as upkeep:
        for day in range(3):
            fill(ledger, day=day)
        before, ticks = ledger.entries(), ledger.entries(kind="tick")
        newest_plans = ledger.recent(5, kind="plan")
        for _ in range(20):
            upkeep.step(T0 + 2 * DAY)
            now = ledger.entries()
            assert now[: len(before)] == before, "at every step of the sealing"
            ledger.verify(head=before[-1].hash)
        assert len(segment_files(tmp_path)) == 2
        with ledger_reader(tmp_path) as reader:
            assert reader.entries(kind="tick") == ticks
            assert reader.entries(after=4, limit=5) == before[4:9]
            assert reader.recent(5, kind="plan") == newest_plans
            assert list(reader.recent(100)) == list(reversed(now))
            assert reader.last("tick") == ticks[-1]
            assert reader.last("never") is None
            assert reader.head() == ledger.head() == now[-1].hash
            assert [segment.first for segment in reader.segments()] == [1, 7]
            held = sqlite3.connect(path).execute("SELECT count(*), min(sequence) FROM entry").fetchone()
            assert held == (8, 13), "the last day and two entries about segments"


def test_a_segment_ends_at_midnight_and_at_its_limits(tmp_path: Path) -> None:
    sealed(tmp_path / "ledger.sqlite", days=3, entries=150)
    with ledger_reader(tmp_path) as reader:
        assert [(item.first_at[:10], item.last_at[:10]) for item in reader.segments()] == [
            ("2020-06-01", "2020-06-01"),
            ("2020-06-02", "2020-06-02"),
        ]
        assert reader.verify().segments == 2
        assert [entry.sequence for entry in reader.entries()] == list(range(1, 453))


def test_any_tool_that_reads_xz_and_json_reads_a_segment(pristine: Path) -> None:
    lines = lzma.decompress(segment_files(pristine)[1].read_bytes()).decode().splitlines()
    first = json.loads(lines[0])
    assert (first["format"], first["first"]) == ("energiewaage ledger segment 1", 7)
    entries = [json.loads(line) for line in lines[1:]]
    with ledger_reader(pristine) as reader:
        assert [entry["hash"] for entry in entries] == [
            entry.hash for entry in reader.entries(6, len(entries))
        ]
        assert entries[1]["beside"] == reader.entries(7, 1)[0].beside


def test_only_sealed_entries_can_leave_the_file(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite"
    sealed(path)
    connection = sqlite3.connect(path, isolation_level=None)
    for sql in (
        "DELETE FROM entry",
        "DELETE FROM segment",
        "UPDATE entry SET at = ''",
        "UPDATE segment SET last_sequence = 99",
        "UPDATE segment SET removed = 0",
    ):
        with pytest.raises(sqlite3.IntegrityError, match="append-only"):
            connection.execute(sql)
    connection.close()


def flip(data: bytes, at: int, bits: int) -> bytes:
    return data[:at] + bytes([data[at] ^ bits]) + data[at + 1 :]


def cut(data: bytes, at: int, bits: int) -> bytes:
    return data[:at]


def cut_out(data: bytes, at: int, bits: int) -> bytes:
    return data[:at] + data[at + 1 + bits % 40 :]


def insert(data: bytes, at: int, bits: int) -> bytes:
    return data[:at] + bytes([bits]) + data[at:]


def repeat(data: bytes, at: int, bits: int) -> bytes:
    return data + data[at:]


def pad(data: bytes, at: int, bits: int) -> bytes:
    return data + b"\0" * 4


CHANGES: list[Callable[[bytes, int, int], bytes]] = [flip, cut, cut_out, insert, repeat, pad]


@settings(max_examples=150, deadline=None)
@given(
    change=st.sampled_from(CHANGES), which=st.integers(0, 2), place=st.floats(0, 1), bits=st.integers(1, 255)
)
def test_no_byte_of_a_segment_changes_unseen(
    pristine: Path, change: Callable[[bytes, int, int], bytes], which: int, place: float, bits: int
) -> None:
    folder = copied(pristine, pristine.parent / "changed")
    file = segment_files(folder)[which]
    data = file.read_bytes()
    changed = change(data, min(len(data) - 1, int(place * len(data))), bits)
    file.write_bytes(changed)
    with ledger_reader(folder) as reader:
        if changed == data:
            reader.verify()
            return
        first = reader.segments()[which].first
        with pytest.raises(RecordBroken, match=f"{file.name}: entry ") as caught:
            reader.verify()
        named = int(str(caught.value).split(": entry ")[1].split(":")[0])
        assert first <= named <= reader.segments()[which].last + 1


@settings(max_examples=150, deadline=None)
@given(place=st.floats(0, 1), bits=st.integers(1, 255))
def test_a_byte_that_changes_in_the_active_file_is_found_or_changes_nothing(
    pristine: Path, place: float, bits: int
) -> None:
    folder = copied(pristine, pristine.parent / "flipped")
    file = folder / "ledger.sqlite"
    data = file.read_bytes()
    with ledger_reader(folder) as reader:
        before, segments = reader.entries(), reader.segments()
    file.write_bytes(flip(data, min(len(data) - 1, int(place * len(data))), bits))
    try:
        with ledger_reader(folder) as reader:
            reader.verify(head=before[-1].hash)
            assert reader.entries() == before
            assert [item.last for item in reader.segments()] == [item.last for item in segments]
    except RecordBroken:
        return
    except Exception as error:  # noqa: BLE001 - what else it may be is the test
        assert type(error).__name__ == "StoreUnavailable", repr(error)  # noqa: PT017 - told apart from RecordBroken


def rename(folder: Path) -> None:
    segment_files(folder)[0].rename(folder / "ledger" / "000000000002-000000000006.jsonl.xz")


def swap(folder: Path) -> None:
    one, two, _ = segment_files(folder)
    one_bytes, two_bytes = one.read_bytes(), two.read_bytes()
    one.write_bytes(two_bytes)
    two.write_bytes(one_bytes)


def lose(folder: Path) -> None:
    segment_files(folder)[1].unlink()


def add(folder: Path) -> None:
    (folder / "ledger" / "000000000500-000000000600.jsonl.xz").write_bytes(b"more")


def add_next(folder: Path) -> None:
    data = lzma.decompress(segment_files(folder)[2].read_bytes())
    (folder / "ledger" / "000000000021-000000000026.jsonl.xz").write_bytes(lzma.compress(data))


def sql(*statements: str) -> Callable[[Path], None]:
    return lambda folder: tamper(folder / "ledger.sqlite", *statements)


@pytest.mark.parametrize(
    ("change", "sequence"),
    [
        (rename, 1),
        (swap, 1),
        (lose, 7),
        (add, 500),
        (add_next, 21),
        (sql("DELETE FROM segment WHERE first_sequence = 1"), 1),
        (sql("DELETE FROM segment WHERE first_sequence = 7"), 7),
        (sql("UPDATE segment SET removed = 1 WHERE first_sequence = 1"), 7),
        (sql("UPDATE segment SET removed = 1"), 21),
        (sql("""UPDATE segment SET kinds = '["tick"]' WHERE first_sequence = 7"""), 7),
        (sql("UPDATE segment SET first_at = '2020' WHERE first_sequence = 7"), 7),
        (sql("UPDATE segment SET blocks = '[]' WHERE first_sequence = 7"), 7),
        (sql("UPDATE segment SET blocks = replace(blocks, 'plan', 'plum') WHERE first_sequence = 7"), 7),
        (sql("UPDATE segment SET sha256 = x'00' WHERE first_sequence = 7"), 7),
        (sql("UPDATE segment SET last_hash = x'00' WHERE first_sequence = 1"), 6),
        (sql("UPDATE format SET beside_covered_from = 9"), 1),
    ],
)
def test_what_is_done_to_whole_segments_or_their_index_is_found(
    pristine: Path, tmp_path: Path, change: Callable[[Path], None], sequence: int
) -> None:
    folder = copied(pristine, tmp_path / "changed")
    change(folder)
    with ledger_reader(folder) as reader, pytest.raises(RecordBroken, match=f"entry {sequence}:"):
        reader.verify()


def test_heads_noted_elsewhere_show_a_cut_tail_and_a_chain_written_anew(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite"
    with Ledger(path) as ledger, Upkeep(ledger, QUICK) as upkeep:
        heads: list[Head] = []
        for day in range(3):
            fill(ledger, day=day)
            tend(upkeep, T0 + day * DAY)
            head = ledger.head_line()
            assert head is not None
            heads.append(Head.read(str(head)))
        found = ledger.verify(heads=heads)
        assert (found.heads, found.heads_removed, found.head) == (3, 0, heads[-1].hash)
    tamper(path, "DELETE FROM entry WHERE sequence = (SELECT max(sequence) FROM entry)")
    cut_at = f"entry {heads[-1].sequence}: the chain ends before"
    with ledger_reader(path) as reader, pytest.raises(RecordBroken, match=cut_at):
        reader.verify(heads=heads)
    other = Head(sequence=heads[0].sequence, at=heads[0].at, hash="0" * 64)
    with (
        ledger_reader(path) as reader,
        pytest.raises(RecordBroken, match=f"entry {other.sequence}: the head"),
    ):
        reader.verify(heads=[other])


COUNTED = {"execute", "executemany", "write", "fsync", "rename", "chmod", "unlink", "open", "mkdir"}


def killed_at(path: Path, call: int, work: Callable[[], None]) -> bool:
    """Do the work in a child, killed at its n-th call that touches a file; False if it ended before."""
    child = os.fork()
    if child == 0:
        left = [call]

        def profile(frame: Any, event: str, function: Any) -> None:
            if event == "c_call" and function.__name__ in COUNTED:
                left[0] -= 1
                if left[0] == 0:
                    os.kill(os.getpid(), signal.SIGKILL)

        sys.setprofile(profile)
        try:
            work()
        finally:
            sys.setprofile(None)
            os._exit(0)
    _, status = os.waitpid(child, 0)
    return os.WIFSIGNALED(status)


def test_sealing_that_is_killed_at_any_call_goes_on_and_loses_nothing(tmp_path: Path) -> None:
    path, call, killed = tmp_path / "ledger.sqlite", 0, True
    with Ledger(path) as ledger:
        for day in range(2):
            fill(ledger, day=day)
        before = ledger.entries()

    def work() -> None:
        with Ledger(path) as ledger, Upkeep(ledger, QUICK) as upkeep:
            for _ in range(6):
                upkeep.step(T0 + DAY)

    while killed:
        call += 1
        for folder in (tmp_path / "ledger", tmp_path):
            for file in folder.iterdir() if folder.is_dir() else ():
                if file.is_file():
                    file.unlink()
        with Ledger(path) as ledger:
            for entry in before:
                ledger.append_many(
                    [Draft(kind=entry.kind, at=entry.at, body=entry.body, beside=entry.beside)]
                )
        killed = killed_at(path, call, work)
        with ledger_reader(path) as reader:
            reader.verify(head=before[-1].hash)
        with Ledger(path) as ledger, Upkeep(ledger, QUICK) as upkeep:
            tend(upkeep, T0 + DAY, steps=6)
            assert ledger.entries()[: len(before)] == before
            assert ledger.verify(head=before[-1].hash).segments == 1
        assert len(segment_files(tmp_path)) == 1
    assert call > 40
