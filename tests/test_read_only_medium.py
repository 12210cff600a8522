"""A record on a read-only medium is read as it is; nothing that could be written is taken to stand still."""

import os
import shutil
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from energy.errors import StoreUnavailable
from energy.ledger.active_file import LAYOUT
from energy.ledger.reader import ledger_reader
from energy.ledger.writer import Ledger
from energy.sqlite_file import open_reader
from energy.sqlite_medium import Medium, medium_of, reading_uri
from tests.ledger.sealed_ledger import T0, fill

FILE = Path("/medium/ledger.sqlite")
ROOT = Path(__file__).parents[1]
READ_ONLY = "mount --bind {0} {0} && mount -o remount,ro,bind {0} && exec {1} -c '{2}' {0}"
VERIFY = """
import sys; from pathlib import Path
from energy.errors import StoreUnavailable
from energy.ledger.reader import ledger_reader
from energy.sqlite_file import copy_file
folder = Path(sys.argv[1])
try:
    with ledger_reader(folder) as ledger: print(ledger.verify().last)
    copy_file(folder / "ledger.sqlite", folder.parent / "copy.sqlite", lambda _done: None)
except StoreUnavailable as error: print(error)
"""


def test_only_a_medium_without_a_writer_is_taken_as_standing_still() -> None:
    for medium in (
        Medium(is_read_only=False, wal_bytes=0, has_both=False),
        Medium(is_read_only=False, wal_bytes=9, has_both=True),
        Medium(is_read_only=True, wal_bytes=9, has_both=True),
        Medium(is_read_only=True, wal_bytes=0, has_both=True),
    ):
        assert reading_uri(FILE, medium).endswith("?mode=ro")
    still = Medium(is_read_only=True, wal_bytes=0, has_both=False)
    assert reading_uri(FILE, still).endswith("?mode=ro&immutable=1")
    with pytest.raises(StoreUnavailable, match=r"9 bytes wait in ledger\.sqlite-wal.*Mend: copy the whole"):
        reading_uri(FILE, Medium(is_read_only=True, wal_bytes=9, has_both=False))


def test_a_folder_that_can_be_written_is_read_beside_its_writer(tmp_path: Path) -> None:
    with Ledger(tmp_path) as ledger:
        fill(ledger, day=0)
        medium = medium_of(tmp_path / "ledger.sqlite")
        assert not medium.is_read_only
        assert medium.wal_bytes > 0
        with closing(open_reader(tmp_path / "ledger.sqlite", LAYOUT)) as reader:
            before = reader.execute("SELECT count(*) FROM entry")
            ledger.append("note", T0, {})
            assert reader.execute("SELECT count(*) FROM entry") == [(before[0][0] + 1,)]


def in_read_only(folder: Path) -> str | None:
    """Verify and copy a ledger where its folder is mounted read-only; None where no namespace is granted."""
    script = READ_ONLY.format(folder, sys.executable, VERIFY)
    command = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c"]
    probe = subprocess.run([*command, f"mount --bind {folder} {folder}"], capture_output=True, check=False)
    if probe.returncode:
        return None
    done = subprocess.run(
        [*command, script],
        capture_output=True,
        check=True,
        text=True,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    return done.stdout.strip()


def test_a_ledger_is_verified_and_copied_from_a_read_only_mount(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Where a machine grants no namespace, the decision's test above stands alone; this one says so."""
    folder, live = tmp_path / "medium", tmp_path / "live"
    for place in (folder, live):
        place.mkdir()
    with Ledger(folder) as ledger:
        fill(ledger, day=0)
    before = sorted(path.name for path in folder.iterdir())
    said = in_read_only(folder)
    if said is None:
        with capsys.disabled():
            print("\nno user namespace on this machine: reading from a read-only mount was not tried")
        return
    assert said == "6"
    assert sorted(path.name for path in folder.iterdir()) == before
    with ledger_reader(folder) as original:
        head = original.head()
    shutil.move(tmp_path / "copy.sqlite", live / "ledger.sqlite")
    with ledger_reader(live) as copy:
        assert copy.head() == head
    (tmp_path / "copy.sqlite").unlink(missing_ok=True)
    with Ledger(folder) as ledger:
        fill(ledger, day=1)
        assert in_read_only(folder) == "12", "a living writer is read beside, with what only its log holds"
        (tmp_path / "copy.sqlite").unlink()
        shutil.copytree(folder, tmp_path / "taken")
    assert in_read_only(tmp_path / "taken") == "12", "a writer that died left both"
    (tmp_path / "taken" / "ledger.sqlite-shm").unlink()
    assert "Mend: copy the whole folder" in (in_read_only(tmp_path / "taken") or "")
