"""The thread that brings the log to the disk: how often, and what it says when it cannot."""

import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from energy.domain import Point, Quality, Reading
from energy.errors import StoreUnavailable
from energy.historian.flushing import LogFlusher
from energy.historian.sqlite_record import SqliteRecord

T0 = datetime(2020, 6, 1, 10, tzinfo=UTC)
TRACED = """
import sys, time
from pathlib import Path
from energy.historian.flushing import LogFlusher
log = Path(sys.argv[1]) / "t.sqlite-wal"
log.write_bytes(b"header")
flusher = LogFlusher(log.with_name("t.sqlite"), every_s=0.2)
end_s, commits = time.monotonic() + 1.1, 0
while time.monotonic() < end_s:
    flusher.committed()
    commits += 1
    time.sleep(0.001)
flusher.close()
print(commits)
"""


def reading(at: datetime, value: float) -> Reading:
    return Reading(asset_id="a", point=Point.POWER_KW, value=value, quality=Quality.GOOD, measured_at=at)


def write(record: SqliteRecord, second: int) -> None:
    record.write_readings([reading(T0 + timedelta(seconds=second), float(second))])
    record.commit()


def test_a_thousand_commits_in_a_second_cost_a_few_flushes(tmp_path: Path) -> None:
    source = tmp_path / "count.c"
    counting = 'int fdatasync(int f) { (void)f; return write(2, "F", 1) - 1; }\n'
    source.write_text("#include <unistd.h>\n" + counting, encoding="utf-8")
    library = tmp_path / "count.so"
    subprocess.run(["gcc", "-shared", "-fPIC", "-o", str(library), str(source)], check=True)  # noqa: S607 - where it is installed
    command = [sys.executable, "-c", TRACED, str(tmp_path)]
    environment = {"LD_PRELOAD": str(library), "PYTHONPATH": str(Path(__file__).parents[2])}
    done = subprocess.run(command, capture_output=True, check=True, env=environment)
    flushes = done.stderr.count(b"F")
    assert int(done.stdout) > 100
    assert 2 <= flushes <= 7, "one every 0.2 s of 1.1 s, and one at the end"


def test_a_flush_that_fails_is_told_once_and_what_was_committed_is_visible(tmp_path: Path) -> None:
    with SqliteRecord(tmp_path) as record:
        write(record, 0)
        log = tmp_path / "telemetry.sqlite-wal"
        log.unlink()
        log.symlink_to(log.name)
        told: list[str] = []
        end_s = time.monotonic() + 10.0
        while not told and time.monotonic() < end_s:
            try:
                write(record, 5)
            except StoreUnavailable as error:
                told.append(str(error))
            time.sleep(0.01)
        assert "more than the last second" in told[0]
        log.unlink()
        end = T0 + timedelta(seconds=60)
        samples = record.samples("a", Point.POWER_KW, start=T0, end=end)
        assert samples.value.tolist() == pytest.approx([0.0, 5.0])


def test_a_log_that_is_gone_was_copied_and_is_no_trouble(tmp_path: Path) -> None:
    flusher = LogFlusher(tmp_path / "telemetry.sqlite")
    flusher.committed()
    flusher.close()
    assert flusher.trouble() is None


def test_trouble_is_said_once(tmp_path: Path) -> None:
    flusher = LogFlusher(tmp_path / ("n" * 252))
    flusher.committed()
    flusher.close()
    assert "File name too long" in str(flusher.trouble())
    assert flusher.trouble() is None
