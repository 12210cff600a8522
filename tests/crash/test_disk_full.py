"""A disk that fills up under a running controller, by a shim everywhere and on a real tmpfs beside it."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.controller.conftest import NOW
from tests.crash.lives import ROOT, house_of
from tests.crash.shims import compiled

DISK_BYTES = 160_000_000
STEP_BYTES = 4096
WAIT_S_MAX = 60.0


class Disk:
    """A small disk with a controller on it, seen from outside."""

    def __init__(self, place: Path, folder: Path, environment: dict[str, str], prefix: list[str]) -> None:
        house = house_of(place, 0, power_cut=False)
        self.folder = folder
        self._said = place / "said"
        self._python = [*prefix, sys.executable, "-m"]
        self._inside = str(folder)
        self._arguments = [self._inside, str(house.region_folder), NOW.isoformat()]
        self._path = {**os.environ, "PYTHONPATH": str(ROOT)}
        self._shim = environment

    @contextmanager
    def running(self) -> Iterator["Disk"]:
        with (
            self._said.open("wb") as out,
            subprocess.Popen(
                [*self._python, "tests.crash.disk_child", *self._arguments],
                stdout=out,
                env={**self._path, **self._shim},
                cwd=ROOT,
            ) as child,
        ):
            try:
                yield self
            finally:
                child.send_signal(signal.SIGKILL)

    def lines(self, kind: str) -> list[list[str]]:
        """Give what the child said of a kind, whole lines only."""
        lines = self._said.read_text(encoding="utf-8").split("\n")[:-1]
        return [line.split(" ") for line in lines if line.startswith(f"{kind} ")]

    def ticks_with(self, code: str, *, after: int = 0) -> list[list[str]]:
        return [line for line in self.lines("tick")[after:] if code in line[3].split(",")]

    def until(self, met: Callable[[], bool]) -> None:
        deadline_s = time.monotonic() + WAIT_S_MAX
        while not met():
            assert time.monotonic() < deadline_s, self._said.read_text(encoding="utf-8")[-600:]
            time.sleep(0.02)

    def read(self, *what: str) -> dict[str, Any]:
        """Read the folder in a process of its own, where the disk is seen."""
        command = [*self._python, "tests.crash.disk_reader", self._inside, *what]
        done = subprocess.run(command, capture_output=True, check=True, env=self._path, cwd=ROOT)
        answer: dict[str, Any] = json.loads(done.stdout)
        return answer

    def leave_free(self, free_bytes: int) -> None:
        """Fill the rest of the disk with ballast."""
        raise AssertionError(free_bytes)


class SmallDisk(Disk):
    """The shim counts lengths: the ballast is a file with a hole."""

    def leave_free(self, free_bytes: int) -> None:
        ballast = self.folder / "ballast"
        others = sum(file.stat().st_size for file in self.folder.iterdir() if file != ballast)
        with ballast.open("wb") as file:
            file.truncate(max(0, DISK_BYTES - others - free_bytes))


class RealDisk(Disk):
    """A tmpfs in a namespace of its own: the ballast takes up what is there."""

    def leave_free(self, free_bytes: int) -> None:
        ballast = self.folder / "ballast"
        found = os.statvfs(self.folder)
        have = ballast.stat().st_size if ballast.exists() else 0
        wanted = have + found.f_bavail * found.f_frsize - free_bytes
        with ballast.open("ab") as file:
            file.truncate(min(have, wanted))
            for size in range(wanted, min(have, wanted), -STEP_BYTES):
                try:
                    os.posix_fallocate(file.fileno(), 0, size)
                except OSError:
                    continue  # the controller was faster
                return


def live_through_a_full_disk(disk: Disk) -> None:
    """Plenty, low, full on the reserve, nothing left, and plenty again."""
    reserve = disk.folder / "reserve.bin"
    disk.until(lambda: len(disk.lines("tick")) > 20)
    assert reserve.stat().st_size == pytest.approx(DISK_BYTES / 20, rel=0.01)
    assert not disk.ticks_with("disk_low")
    disk.leave_free(12_000_000)
    disk.until(lambda: bool(disk.ticks_with("disk_low")))
    assert reserve.exists()

    disk.leave_free(0)
    disk.until(lambda: len(disk.ticks_with("disk_full")) > 120)
    full = disk.ticks_with("disk_full")
    assert not reserve.exists()
    assert int(full[-1][2]) - int(full[0][2]) >= 100, "setpoints go out"
    assert not disk.lines("failed"), "the very tick that met the full disk wrote on the reserve"
    seen = disk.read("people", full[1][1], full[-1][1])
    assert "disk_full" in seen["alarms"]
    assert 1 <= seen["samples"] <= len(full) // 10 + 2, "one image a minute, not one a tick"

    disk.leave_free(0)
    disk.until(lambda: len(disk.lines("failed")) > 5)
    sent = {line[2] for line in disk.lines("failed")[-3:]}
    assert len(sent) == 1, "what cannot be recorded is not sent"

    disk.leave_free(100_000_000)
    before = len(disk.lines("tick"))
    disk.until(lambda: len(disk.lines("tick")) > before + 100 and reserve.exists())
    disk.until(lambda: "disk_" not in disk.lines("tick")[-1][3])
    again = disk.lines("tick")[-1]
    disk.until(
        lambda: len(disk.lines("image")) > 0 and int(disk.lines("image")[-1][1]) > int(again[1]) + 50_000
    )
    seen = disk.read("people", again[1], str(int(again[1]) + 49_000))
    assert seen["samples"] == 10, "every tick is recorded again"


def judge_what_is_left(disk: Disk) -> None:
    """Every acknowledged entry is there, the chain holds, no page is broken."""
    acknowledged = {int(line[1]): line[2] for line in disk.lines("ledger") if line[0] == "ledger"}
    left = disk.read("left")
    assert {number: left["entries"].get(str(number)) for number in acknowledged} == acknowledged
    assert len(acknowledged) > 250
    assert left["said_that_it_failed"]
    assert left["broken"] == []


def rule_is(place: Path, size_bytes: int) -> None:
    """Tell the shim in one step: it may read at any moment."""
    (place / "next_rule").write_text(str(size_bytes), encoding="utf-8")
    (place / "next_rule").replace(place / "rule")


@contextmanager
def small_disk(place: Path) -> Iterator[SmallDisk]:
    """Run a controller on a disk made small by the shim; its size stands in the file ``rule``."""
    rule_is(place, DISK_BYTES)
    folder = (place / "data").resolve()
    folder.mkdir()
    environment = {
        "LD_PRELOAD": str(compiled("failing_disk", place)),
        "FAIL_FOLDER": str(folder),
        "FAIL_RULE": str(place / "rule"),
    }
    disk = SmallDisk(place, folder, environment, [])
    with disk.running():
        yield disk


def test_a_disk_that_fills_up_stops_nothing_and_breaks_nothing(tmp_path: Path) -> None:
    with small_disk(tmp_path) as disk:
        live_through_a_full_disk(disk)
    judge_what_is_left(disk)


def test_a_disk_that_becomes_read_only_stops_sending_until_it_can_be_written_again(tmp_path: Path) -> None:
    with small_disk(tmp_path) as disk:
        disk.until(lambda: len(disk.lines("tick")) > 130)
        rule_is(tmp_path, 0)
        disk.until(lambda: len(disk.lines("failed")) > 10)
        sent = {line[2] for line in disk.lines("failed")[-8:]}
        assert len(sent) == 1, "what cannot be recorded is not sent"
        assert (disk.folder / "reserve.bin").exists(), "room would not help"
        rule_is(tmp_path, DISK_BYTES)
        before = len(disk.lines("tick"))
        disk.until(lambda: len(disk.lines("tick")) > before + 130)
        assert disk.lines("tick")[-1][2] > next(iter(sent))
        assert "record_unavailable" not in disk.lines("tick")[-1][3]
    judge_what_is_left(disk)


@contextmanager
def namespace_with_tmpfs(folder: Path) -> Iterator[int | None]:
    """Hold a small tmpfs on ``folder`` in a namespace of its own; None where this machine grants none."""
    mount = f"mount -t tmpfs -o size={DISK_BYTES} none {folder} && echo mounted && exec cat"
    command = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", mount]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as holder:
        assert holder.stdin is not None
        assert holder.stdout is not None
        yield holder.pid if holder.stdout.readline() == "mounted\n" else None
        holder.stdin.close()


def test_a_real_tmpfs_that_fills_up_stops_nothing_and_breaks_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Where a machine grants no namespace, the shim's test above stands alone; this one says so."""
    folder = tmp_path / "data"
    folder.mkdir()
    with namespace_with_tmpfs(folder) as holder:
        if holder is None:
            with capsys.disabled():
                print("\nno user namespace on this machine: the full disk was tested by the shim alone")
            return
        prefix = ["nsenter", "--target", str(holder), "--user", "--mount", "--preserve-credentials"]
        seen = Path(f"/proc/{holder}/root{folder}")
        disk = RealDisk(tmp_path, folder, {}, [*prefix, f"--wdns={ROOT}"])
        disk.folder = seen
        with disk.running():
            live_through_a_full_disk(disk)
        judge_what_is_left(disk)
