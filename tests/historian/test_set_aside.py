"""A broken record at the controller's start: control comes first, nothing is deleted, people are told."""

import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from energy.app.record_opening import opened_record
from energy.domain import Point, Quality, Reading
from energy.errors import RecordBroken
from energy.historian.limits import DEFAULT_RETENTION
from energy.historian.set_aside import notes_of_asides
from energy.historian.sqlite_record import SqliteRecord
from energy.ledger.writer import Ledger
from energy.region.loader import load_region

NOW = datetime(2020, 6, 3, 10, 5, tzinfo=UTC)
REGION = load_region("musterstadt")


def filled(folder: Path) -> Path:
    """Make a record of an hour; gives its file."""
    with SqliteRecord(folder) as record:
        for minute in range(60):
            at = NOW - timedelta(minutes=minute)
            record.write_readings(
                [
                    Reading(
                        asset_id=REGION.grid_point.id,
                        point=Point.POWER_KW,
                        value=1.0,
                        quality=Quality.GOOD,
                        measured_at=at,
                    )
                ]
            )
        record.commit()
    return folder / "telemetry.sqlite"


def overwritten(file: Path, begin: int, length: int) -> bytes:
    """Break it; gives what stands there now."""
    content = bytearray(file.read_bytes())
    content[begin : begin + length] = b"\xa5" * length
    file.write_bytes(content)
    return bytes(content)


@pytest.mark.parametrize(("begin", "length"), [(0, 100), (4096, 200_000)], ids=["header", "pages"])
def test_a_broken_record_is_put_aside_whole_and_a_new_one_begins(
    tmp_path: Path, begin: int, length: int
) -> None:
    broken = overwritten(filled(tmp_path), begin, length)
    opened = opened_record(tmp_path, REGION, NOW, retention=DEFAULT_RETENTION)
    assert opened.record.latest() == {}
    opened.record.close()
    aside = tmp_path / "telemetry.sqlite.broken-20200603T100500Z"
    assert aside.read_bytes() == broken
    (note,) = notes_of_asides(tmp_path)
    assert note.startswith("record_set_aside: ")
    assert aside.name in note
    aside.unlink()
    assert notes_of_asides(tmp_path) == []


def test_a_whole_record_stays_where_it_is(tmp_path: Path) -> None:
    filled(tmp_path)
    opened = opened_record(tmp_path, REGION, NOW, retention=DEFAULT_RETENTION)
    assert len(opened.record.latest()) == 1
    opened.record.close()
    assert notes_of_asides(tmp_path) == []


def test_a_whole_record_of_a_later_version_is_not_put_aside(tmp_path: Path) -> None:
    """Somebody is changing the program: he is asked."""
    connection = sqlite3.connect(filled(tmp_path))
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(RecordBroken, match="schema version 99"):
        opened_record(tmp_path, REGION, NOW, retention=DEFAULT_RETENTION)
    assert notes_of_asides(tmp_path) == []


def test_a_broken_ledger_is_never_put_aside(tmp_path: Path) -> None:
    Ledger(tmp_path).close()
    overwritten(tmp_path / "ledger.sqlite", 0, 100)
    with pytest.raises(RecordBroken):
        Ledger(tmp_path)
    assert not list(tmp_path.glob("ledger*.broken*"))
