"""The reserve on a real disk: made, found again, given free for a failed write."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from energy.app.disk_space import FILE_NAME, DiskSpace
from energy.errors import StoreUnavailable

T0 = datetime(2026, 1, 1, 3, tzinfo=UTC)
RESERVE_BYTES = 1_000_000
FULL = StoreUnavailable("database or disk is full", may_be_full=True)


def test_the_reserve_takes_up_room_and_is_found_by_the_next_life(tmp_path: Path) -> None:
    DiskSpace(tmp_path, reserve_bytes_max=RESERVE_BYTES).look(T0)
    made = (tmp_path / FILE_NAME).stat()
    assert made.st_size == RESERVE_BYTES
    assert made.st_blocks * 512 >= RESERVE_BYTES, "blocks, not only a length"
    DiskSpace(tmp_path, reserve_bytes_max=RESERVE_BYTES).look(T0)
    assert (tmp_path / FILE_NAME).stat().st_ino == made.st_ino


def test_a_reserve_that_was_only_half_made_is_made_whole(tmp_path: Path) -> None:
    (tmp_path / FILE_NAME).write_bytes(b"0" * 1_000)
    DiskSpace(tmp_path, reserve_bytes_max=RESERVE_BYTES).look(T0)
    assert (tmp_path / FILE_NAME).stat().st_size == RESERVE_BYTES


def test_a_write_that_failed_for_want_of_room_gets_the_reserve_once(tmp_path: Path) -> None:
    space = DiskSpace(tmp_path, reserve_bytes_max=RESERVE_BYTES)
    space.look(T0)
    assert not space.release_for(StoreUnavailable("locked")), "room would not help"
    assert space.release_for(FULL)
    assert space.is_short
    assert not (tmp_path / FILE_NAME).exists()
    assert not space.release_for(FULL), "there is no more to give"
    assert any(note.startswith("disk_full") for note in space.look(T0 + timedelta(minutes=1)))
    assert not (tmp_path / FILE_NAME).exists(), "it does not come and go every tick"
    space.look(T0 + timedelta(minutes=6))
    assert (tmp_path / FILE_NAME).exists()
    assert not space.is_short


def test_a_person_may_delete_the_reserve_and_it_is_made_again(tmp_path: Path) -> None:
    space = DiskSpace(tmp_path, reserve_bytes_max=RESERVE_BYTES)
    space.look(T0)
    (tmp_path / FILE_NAME).unlink()
    space.look(T0 + timedelta(seconds=5))
    assert (tmp_path / FILE_NAME).exists()


def test_a_run_that_is_not_real_holds_no_reserve(tmp_path: Path) -> None:
    space = DiskSpace(tmp_path, reserve_bytes_max=0)
    space.look(T0)
    assert not list(tmp_path.iterdir())
    assert not space.is_short


def test_room_that_cannot_be_measured_is_said(tmp_path: Path) -> None:
    (note,) = DiskSpace(tmp_path / "gone").look(T0)
    assert note.startswith("disk_low")
    assert "cannot be measured" in note
