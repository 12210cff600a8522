"""The demo as a person starts it: it comes up, starts again what dies, and leaves nothing behind."""

import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from tests.closed_loop.ports import free_range

PATIENCE_S = 90.0


class Terminal:
    """What the demo prints, line by line."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self.seen: list[str] = []
        self._lines: queue.Queue[str] = queue.Queue()
        threading.Thread(target=self._listen, daemon=True).start()

    def wait_for(self, text: str) -> str:
        begun = time.monotonic()
        while time.monotonic() - begun < PATIENCE_S:
            try:
                line = self._lines.get(timeout=0.5)
            except queue.Empty:
                assert self.process.poll() is None, self.seen
                continue
            self.seen.append(line)
            if text in line:
                return line
        raise AssertionError(f"no line with {text!r} in {PATIENCE_S:.0f} s: {self.seen}")

    def _listen(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self._lines.put(line.rstrip())


@contextmanager
def demo(folder: Path, web_port: int, first_port: int) -> Iterator[Terminal]:
    command = [sys.executable, "-m", "energy", "demo", "--region", "musterstadt"]
    command += ["--port", str(web_port), "--speed", "120"]
    command += ["--first-port", str(first_port), "--data", str(folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        try:
            yield Terminal(process)
        finally:
            if process.poll() is None:
                process.terminate()


def energiewaage(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "energy", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def children(pid: int) -> dict[str, int]:
    """The demo's processes by name."""
    found = {}
    for child in Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split():
        words = Path(f"/proc/{child}/cmdline").read_text(encoding="utf-8").split("\0")
        for name, mark in (("plant", "plant"), ("controller", "run"), ("dashboard", "--region")):
            if mark in words:
                found[name] = int(child)
    return found


def test_the_demo_comes_up_restarts_what_dies_and_leaves_nothing_behind(tmp_path: Path) -> None:
    first = free_range(9)
    with demo(tmp_path, first + 8, first) as terminal:
        address = terminal.wait_for("Energiewaage runs:").split("runs: ")[1].split()[0]
        assert "Sampletown" in httpx.get(f"{address}en").text
        line = terminal.wait_for("plan: optimal")
        assert "import" in line or "export" in line
        pids = children(terminal.process.pid)
        assert set(pids) == {"plant", "controller", "dashboard"}
        asked = energiewaage(
            "set", "musterstadt", "battery", "--reason", "test", "--data", str(tmp_path), "--", "-300"
        )
        assert "taken: -300.0 kW" in asked.stdout, asked.stderr
        refused = energiewaage(
            "set", "musterstadt", "battery", "--reason", "t", "--data", str(tmp_path), "99999"
        )
        assert refused.returncode == 1
        assert "outside" in refused.stderr
        for name in ("plant", "controller", "dashboard"):
            os.kill(pids[name], signal.SIGKILL)
            terminal.wait_for(f"{name} ended (exit code -9)")
            terminal.wait_for(f"{name} runs again")
        pids = children(terminal.process.pid)
        terminal.process.send_signal(signal.SIGINT)
        assert terminal.process.wait(timeout=30) == 0
        assert not [pid for pid in pids.values() if Path(f"/proc/{pid}").exists()]


def test_a_demo_that_is_killed_takes_its_processes_with_it(tmp_path: Path) -> None:
    first = free_range(9)
    with demo(tmp_path, first + 8, first) as terminal:
        terminal.wait_for("Energiewaage runs:")
        pids = children(terminal.process.pid)
        terminal.process.kill()
        terminal.process.wait()
        deadline = time.monotonic() + 20.0
        while time.monotonic() < deadline and any(Path(f"/proc/{pid}").exists() for pid in pids.values()):
            time.sleep(0.1)
        assert len(pids) == 3
        assert not [pid for pid in pids.values() if Path(f"/proc/{pid}").exists()]
