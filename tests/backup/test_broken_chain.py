"""A backup whose ledger was forged or decayed is none: it would push good ones out of their rotation."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from energy.app.clock import Stopwatch
from energy.backup.taking import take_backup
from energy.errors import RecordBroken
from energy.historian.sqlite_record import SqliteRecord
from energy.ledger.writer import Ledger
from energy.region.loader import load_region
from tests.backup.test_backup import WALL
from tests.ledger.sealed_ledger import fill, sealed, tamper

Progress = list[tuple[int, int]]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A data folder with two sealed days and a growing one; the days' last entry has number 18 or more."""
    made = tmp_path / "data"
    made.mkdir()
    sealed(made)
    with SqliteRecord(made), Ledger(made) as ledger:
        fill(ledger, day=3)
    return made


def backup(folder: Path, out: Path) -> Progress:
    told: Progress = []
    take_backup(
        load_region("musterstadt"),
        folder=folder,
        out=out,
        made_at=WALL,
        watch=Stopwatch(),
        progress=lambda done, total: told.append((done, total)),
    )
    return told


def flip_active(folder: Path) -> None:
    """One bit of the body of the oldest entry in the growing file: every page stays sound."""
    path = folder / "ledger.sqlite"
    tamper(path)  # removes the triggers
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        sequence, kept = connection.execute("SELECT sequence, body FROM entry ORDER BY sequence").fetchone()
        body = bytearray(kept)
        body[-1] ^= 1
        connection.execute("UPDATE entry SET body = ? WHERE sequence = ?", (bytes(body), sequence))


def flip_sealed(folder: Path) -> None:
    path = sorted((folder / "ledger").iterdir())[0]
    path.chmod(0o644)
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


@pytest.mark.parametrize(
    ("spoil", "file"), [(flip_active, "data/ledger.sqlite"), (flip_sealed, "data/ledger/.*")]
)
def test_a_broken_chain_makes_no_backup_and_names_file_entry_and_mend(
    folder: Path, tmp_path: Path, spoil: Callable[[Path], None], file: str
) -> None:
    spoil(folder)
    with pytest.raises(RecordBroken, match=rf"no backup was made.*{file}: entry \d+: .*Mend: ") as refusal:
        backup(folder, tmp_path / "backup")
    assert ".part-" not in str(refusal.value)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["data"]


def test_the_chain_is_computed_to_its_end_and_progress_says_so(folder: Path, tmp_path: Path) -> None:
    with Ledger(folder) as ledger:
        end = ledger.recent(1)[0].sequence
    told = backup(folder, tmp_path / "backup")
    assert told[-1] == (end, end)
