"""A Dask scheduler and its workers on loopback, each a real process."""

import json
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

READY_S = 90.0
FILE = "scheduler.json"
LOOPBACK = ["--host", "127.0.0.1", "--no-dashboard"]


@dataclass
class Cluster:
    """A scheduler and its workers, each a process."""

    folder: Path
    processes: list = field(default_factory=list)

    def start(self, program, *arguments):
        child = subprocess.Popen(
            [sys.executable, "-m", f"distributed.cli.{program}", *arguments],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd=Path(__file__).parents[3],
        )
        self.processes.append(child)
        return child

    def scheduler(self):
        file = ["--scheduler-file", str(self.folder / FILE)]
        return self.start("dask_scheduler", *LOOPBACK, "--port", "0", *file)

    @property
    def address(self):
        file = self.folder / FILE
        ends = time.perf_counter() + READY_S
        while time.perf_counter() < ends:
            if file.exists() and (text := file.read_text(encoding="utf-8")).endswith("}"):
                return json.loads(text)["address"]
            time.sleep(0.1)
        raise TimeoutError("the scheduler did not come up")

    def worker(self):
        options = ["--nthreads", "1", "--no-nanny", "--local-directory", str(self.folder)]
        return self.start("dask_worker", self.address, *LOOPBACK, *options)

    def close(self):
        for child in reversed(self.processes):
            child.kill()
            child.wait()
